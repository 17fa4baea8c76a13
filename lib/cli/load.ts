/**
 * From paths on a command line to programs.
 *
 * @module
 */

import { columnsOf } from "../machine/program.ts";
import { attachListener, type Attachment } from "../machine/attach.ts";
import type { Program } from "../machine/program.ts";
import type { CheckedFile } from "../report/json.ts";
import { checkScenario } from "../scenario/scenario.ts";
import { suggestion } from "../scenario/suggest.ts";
import type { Variables } from "../scenario/variables.ts";
import { type FoundFile, readFiles } from "./files.ts";
import { includeReader } from "./include_reader.ts";

/** What to load. */
export interface LoadOptions {
  /** Values for variables. */
  readonly variables: Variables;
  /** Seed of everything left to chance; that of the scenario unless given. */
  readonly seed?: number | undefined;
  /** Policies that every scenario has to know. */
  readonly policies: readonly string[];
  /** Kernel profiles that are asked for; those of each scenario where there are none. */
  readonly kernels?: readonly string[];
  /** Listeners of the user's own for every scenario. */
  readonly listeners?: readonly Attachment[];
}

/** A scenario that can be run. */
export interface LoadedScenario {
  /** Name of the file. */
  readonly file: string;
  /** The program. */
  readonly program: Program;
  /** Which cell of the file's matrix it is, from 0. */
  readonly cell: number;
  /** The kernel profiles under which it runs; none if it names none of those asked for. */
  readonly kernels: readonly string[];
}

/** What came of loading. */
export interface Loaded {
  /** The scenarios that can be run. */
  readonly scenarios: readonly LoadedScenario[];
  /** Every file, with what is wrong with it. */
  readonly files: readonly CheckedFile[];
  /** The texts of the files and of those that they include. */
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
    const { checked, programs, included } = checkFile(found, options);
    files.push(checked);
    for (const [file, text] of included) sources.set(file, text);
    const isNamed = paths.includes(found.file);
    for (const [cell, program] of programs.entries()) {
      const kernels = kernelsFor(program, options.kernels ?? [], isNamed);
      scenarios.push({ file: found.file, program, cell, kernels });
    }
  }
  return { scenarios, files, sources };
}

/**
 * Finds the kernels under which a scenario runs.
 *
 * One that was found in a folder or by a pattern does not run under a kernel that it does not name;
 * one whose file is named runs under what is asked for.
 *
 * @param program The scenario.
 * @param asked The kernels that are asked for; its own where there are none.
 * @param isNamed Whether its file is named on the command line.
 * @returns The kernels.
 */
export function kernelsFor(
  { kernels, anyKernel }: Program,
  asked: readonly string[],
  isNamed: boolean,
): readonly string[] {
  if (asked.length === 0) return kernels;
  return isNamed || anyKernel ? asked : asked.filter((kernel) => kernels.includes(kernel));
}

/**
 * Tells whether something is wrong with the files, so that nothing may run.
 *
 * @param loaded What came of loading them.
 * @returns True if something is.
 */
export function isWrong({ files }: Loaded): boolean {
  return files.some(({ diagnostics }) => diagnostics.length > 0);
}

/** What came of checking one file. */
export interface Checked {
  /** What is wrong with it. */
  readonly checked: CheckedFile;
  /** Its programs, one per cell of its matrix; none if anything is wrong. */
  readonly programs: readonly Program[];
  /** The texts of the files that it includes. */
  readonly included: ReadonlyMap<string, string>;
}

/**
 * Checks one file.
 *
 * @param found The file.
 * @param options Variables, policies and listeners.
 * @returns What is wrong with it, and its programs where nothing is.
 */
export function checkFile(
  found: FoundFile,
  { variables, seed, policies, listeners = [] }: LoadOptions,
): Checked {
  const { file } = found;
  if ("problem" in found) return wrong({ file, diagnostics: [found.problem] });
  if (found.text.trim() === "") {
    return wrong({ file, diagnostics: [{ message: "Cannot find a scenario: file is empty" }] });
  }
  const read = includeReader(file);
  const { programs, diagnostics, included } = checkScenario(found.text, {
    file,
    variables,
    read,
    ...(seed === undefined ? {} : { seed }),
  });
  const [first] = programs;
  if (first === undefined) return wrong({ file, diagnostics }, included);
  const attached: Program[] = [];
  for (const program of programs) {
    const one = attachAll(program, listeners);
    if (typeof one === "string") return wrong({ file, diagnostics: [{ message: one }] }, included);
    attached.push(one);
  }
  const unknown = policies.filter((policy) => !columnsOf(first).includes(policy)).map(
    (policy) => {
      const message = `Unknown policy "${policy}" asked for`;
      const hint = suggestion(policy, columnsOf(first));
      return hint === undefined ? { message } : { message, hint };
    },
  );
  const cells = programs.length === 1 ? {} : { cells: programs.length };
  const { name, steps } = first;
  const checked = { file, name, steps: steps.length, ...cells, diagnostics: unknown };
  return unknown.length > 0 ? wrong(checked, included) : { checked, programs: attached, included };
}

function wrong(checked: CheckedFile, included: ReadonlyMap<string, string> = new Map()): Checked {
  return { checked, programs: [], included };
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
