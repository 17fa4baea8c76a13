/**
 * From paths on a command line to programs.
 *
 * @module
 */

import { columnsOf } from "../compare/columns.ts";
import { attachListener, type Attachment } from "../machine/attach.ts";
import type { Program } from "../machine/program.ts";
import type { CheckedFile } from "../report/json.ts";
import { checkScenario } from "../scenario/scenario.ts";
import { suggestion } from "../scenario/suggest.ts";
import type { Variables } from "../scenario/variables.ts";
import { type FoundFile, readFiles } from "./files.ts";

/** What to load. */
export interface LoadOptions {
  /** Values for variables. */
  readonly variables: Variables;
  /** Policies that every scenario has to know. */
  readonly policies: readonly string[];
  /** Listeners of the user's own for every scenario. */
  readonly listeners?: readonly Attachment[];
}

/** A scenario that can be run. */
export interface LoadedScenario {
  /** Name of the file. */
  readonly file: string;
  /** The program. */
  readonly program: Program;
}

/** What came of loading. */
export interface Loaded {
  /** The scenarios that can be run. */
  readonly scenarios: readonly LoadedScenario[];
  /** Every file, with what is wrong with it. */
  readonly files: readonly CheckedFile[];
  /** The texts of the files. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads and checks scenario files.
 *
 * @param paths Files and folders.
 * @param options Variables and policies.
 * @returns The scenarios, and everything that is wrong.
 */
export function load(paths: readonly string[], options: LoadOptions): Loaded {
  const scenarios: LoadedScenario[] = [];
  const files: CheckedFile[] = [];
  const sources = new Map<string, string>();
  for (const found of readFiles(paths)) {
    if ("text" in found) sources.set(found.file, found.text);
    const { checked, program } = checkFile(found, options);
    files.push(checked);
    if (program !== undefined) scenarios.push({ file: found.file, program });
  }
  return { scenarios, files, sources };
}

/**
 * Checks one file.
 *
 * @param found The file.
 * @param options Variables, policies and listeners.
 * @returns What is wrong with it, and the program where nothing is.
 */
export function checkFile(
  found: FoundFile,
  { variables, policies, listeners = [] }: LoadOptions,
): { checked: CheckedFile; program?: Program } {
  const { file } = found;
  if ("problem" in found) return { checked: { file, diagnostics: [found.problem] } };
  if (found.text.trim() === "") {
    return {
      checked: { file, diagnostics: [{ message: "Cannot find a scenario: file is empty" }] },
    };
  }
  const { program, diagnostics } = checkScenario(found.text, { file, variables });
  if (program === undefined) return { checked: { file, diagnostics } };
  const attached = attachAll(program, listeners);
  if (typeof attached === "string") {
    return { checked: { file, diagnostics: [{ message: attached }] } };
  }
  const unknown = policies.filter((policy) => !columnsOf(program).includes(policy)).map(
    (policy) => {
      const message = `Unknown policy "${policy}" asked for`;
      const hint = suggestion(policy, columnsOf(program));
      return hint === undefined ? { message } : { message, hint };
    },
  );
  const { name, steps } = program;
  const checked = { file, name, steps: steps.length, diagnostics: unknown };
  return unknown.length > 0 ? { checked } : { checked, program: attached };
}

/** The program with the listeners, or why there is none. */
function attachAll(program: Program, listeners: readonly Attachment[]): Program | string {
  try {
    return listeners.reduce(attachListener, program);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
