/**
 * The options of a command line, in the types that the commands work with.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";
import type { Attachment } from "../machine/attach.ts";
import { PROFILES } from "../kernel/profile.ts";
import { suggestion } from "../scenario/suggest.ts";
import type { Value } from "../machine/expression.ts";

/** The options as they come from the command line. */
export interface RawOptions {
  /** Whether to write JSON. */
  readonly json?: boolean | undefined;
  /** Kernel profiles. */
  readonly kernel?: readonly string[] | undefined;
  /** Modules of listeners. */
  readonly listener?: readonly string[] | undefined;
  /** Policies. */
  readonly policy?: readonly string[] | undefined;
  /** Seed. */
  readonly seed?: number | undefined;
  /** Assignments of variables. */
  readonly var?: readonly string[] | undefined;
  /** Files of variables. */
  readonly varFromFile?: readonly string[] | undefined;
}

/** The options of a command. */
export interface Settings {
  /** Whether to write JSON. */
  readonly json: boolean;
  /** Kernel profiles asked for; those of the scenario where empty. */
  readonly kernels: readonly string[];
  /** Policies asked for; all where empty. */
  readonly policies: readonly string[];
  /** Seed asked for. */
  readonly seed?: number;
  /** Variables with their values. */
  readonly variables: readonly (readonly [name: string, value: Value])[];
  /** Listeners of the user's own. */
  readonly listeners: readonly Attachment[];
  /** How the program is called. */
  readonly invocation: string;
  /** Words that a rerun has to repeat. */
  readonly rerun: readonly string[];
}

/**
 * Checks the options of a command line.
 *
 * @param options The options.
 * @param files The files, among which a misspelled option may be.
 * @param known The options that the command has.
 * @param invocation How the program is called.
 * @returns The settings.
 * @throws {ValidationError} If anything is wrong.
 */
export async function settingsOf(
  options: RawOptions,
  files: readonly string[],
  known: readonly string[],
  invocation: string,
): Promise<Settings> {
  refuseOptions(files, known);
  const { kernel = [], policy = [], listener = [], seed } = options;
  const { var: assignments = [], varFromFile: variableFiles = [] } = options;
  for (const name of kernel) requireKernel(name);
  if (seed !== undefined && (!Number.isSafeInteger(seed) || seed < 0)) {
    throw new ValidationError(`Option "--seed" must be an integer not below 0, got "${seed}"`);
  }
  const rerun = [
    ...(seed === undefined ? [] : ["--seed", String(seed)]),
    ...variableFiles.flatMap((file) => ["--var-from-file", file]),
    ...assignments.flatMap((assignment) => ["--var", assignment]),
    ...listener.flatMap((module) => ["--listener", module]),
  ];
  return {
    json: options.json === true,
    kernels: [...new Set(kernel)],
    policies: [...new Set(policy)],
    ...(seed === undefined ? {} : { seed }),
    variables: [...await readVariableFiles(variableFiles), ...await readVariables(assignments)],
    listeners: await readListeners(listener),
    invocation,
    rerun,
  };
}

/** A command with room for files takes an option that it does not know for one of them. */
function refuseOptions(files: readonly string[], known: readonly string[]): void {
  const word = files.find((file) => file.startsWith("-"));
  if (word === undefined) return;
  const name = word.replace(/=.*$/, "");
  throw new ValidationError(withHint(`Unknown option "${name}"`, suggestion(name, known)));
}

function requireKernel(name: string): void {
  if (Object.hasOwn(PROFILES, name)) return;
  const hint = suggestion(name, Object.keys(PROFILES));
  throw new ValidationError(withHint(`Unknown kernel profile "${name}"`, hint));
}

async function readVariables(assignments: readonly string[]) {
  if (assignments.length === 0) return [];
  const { parseVariable } = await import("../scenario/variable_text.ts");
  try {
    return assignments.map(parseVariable);
  } catch (error) {
    if (error instanceof SyntaxError) throw new ValidationError(error.message);
    throw error;
  }
}

async function readVariableFiles(files: readonly string[]) {
  if (files.length === 0) return [];
  const { variablesFromFile } = await import("./variables_file.ts");
  return files.flatMap(variablesFromFile);
}

async function readListeners(modules: readonly string[]): Promise<Attachment[]> {
  if (modules.length === 0) return [];
  const { loadListener } = await import("./listener_module.ts");
  return await Promise.all(modules.map(loadListener));
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}
