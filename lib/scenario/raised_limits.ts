/**
 * Limits that a scenario may raise: `limits: { steps: 200000, file_size: 4 MiB }`.
 *
 * Some apply before a file is parsed. So they are looked for in its text: on one line, near its
 * beginning. Each has a value beyond which it cannot be raised.
 *
 * @module
 */

import {
  MAX_CELLS,
  MAX_DEPTH,
  MAX_DIAGNOSTICS,
  MAX_EXPRESSION_LENGTH,
  MAX_FILE_SIZE,
  MAX_INCLUDE_DEPTH,
  MAX_INCLUDES,
  MAX_LOOP_COUNT,
  MAX_MEMORY,
  MAX_NODES,
  MAX_STEPS,
  MAX_TEXT_LENGTH,
  MAX_VARIABLES,
} from "./limits.ts";
import { parseMeasure } from "./units.ts";

/** A limit that a scenario may raise. */
export interface RaisableLimit {
  /** What is limited. */
  readonly about: string;
  /** The limit where the scenario says nothing. */
  readonly usual: number;
  /** Value beyond which it cannot be raised. */
  readonly most: number;
}

/** The limits by their keys. */
export const RAISABLE = {
  file_size: { about: "Characters of a file", usual: MAX_FILE_SIZE, most: 16 * MAX_FILE_SIZE },
  depth: { about: "Levels of lists and maps within each other", usual: MAX_DEPTH, most: 64 },
  nodes: { about: "Nodes of a file, aliases replaced", usual: MAX_NODES, most: 10 * MAX_NODES },
  loop: { about: "Passes through one loop", usual: MAX_LOOP_COUNT, most: 10 * MAX_LOOP_COUNT },
  steps: { about: "Steps, and passes through all loops", usual: MAX_STEPS, most: 10 * MAX_STEPS },
  memory: { about: "Bytes of simulated memory", usual: MAX_MEMORY / 4, most: MAX_MEMORY },
  includes: { about: "Files that are included", usual: MAX_INCLUDES, most: 16 * MAX_INCLUDES },
  include_depth: {
    about: "Fragments and included files within each other",
    usual: MAX_INCLUDE_DEPTH,
    most: 4 * MAX_INCLUDE_DEPTH,
  },
  cells: { about: "Cells of a matrix", usual: MAX_CELLS, most: 16 * MAX_CELLS },
  variables: { about: "Variables of a file", usual: MAX_VARIABLES, most: 8 * MAX_VARIABLES },
  expression: {
    about: "Characters of one expression",
    usual: MAX_EXPRESSION_LENGTH,
    most: 10 * MAX_EXPRESSION_LENGTH,
  },
  text: {
    about: "Characters of a text made with expressions",
    usual: MAX_TEXT_LENGTH,
    most: 10 * MAX_TEXT_LENGTH,
  },
  diagnostics: {
    about: "Errors that are told of one scenario",
    usual: MAX_DIAGNOSTICS,
    most: 10 * MAX_DIAGNOSTICS,
  },
} as const satisfies Readonly<Record<string, RaisableLimit>>;

/** Key of a limit. */
export type LimitName = keyof typeof RAISABLE;

/** The limits of a file. */
export type Limits = Readonly<Record<LimitName, number>>;

/** How far into a file its limits are looked for. */
const NEAR = 4096;
const LINE = /^limits:[ \t]*\{([^{}\n]*)\}[ \t]*(?:#.*)?$/m;

/**
 * Finds the limits of a file in its text.
 *
 * @param text The text.
 * @returns The limits: the usual ones, or what the file asks for, as far as that is allowed.
 * @example
 * ```ts
 * import { limitsOf } from "./raised_limits.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(limitsOf("limits: { steps: 200000 }\n").steps, 200000);
 * assertEquals(limitsOf("limits: { steps: 1e99 }\n").steps, 100000);
 * ```
 */
export function limitsOf(text: string): Limits {
  const line = LINE.exec(text.slice(0, NEAR))?.[1] ?? "";
  const given = new Map(
    line.split(",").map((pair): [string, number] => {
      const [key, value = ""] = pair.split(":");
      return [key.trim(), limitValue(value.trim())];
    }),
  );
  const entries = Object.entries(RAISABLE).map(([name, { usual, most }]) => {
    const asked = given.get(name) ?? NaN;
    return [name, asked > 0 && asked <= most ? asked : usual];
  });
  return Object.fromEntries(entries) as Limits;
}

/**
 * Says how to raise a limit.
 *
 * @param name The limit.
 * @returns A hint.
 */
export function raiseHint(name: LimitName): string {
  return `Raise it with limits: { ${name}: ... }, up to ${RAISABLE[name].most}`;
}

/**
 * Reads a limit.
 *
 * @param text The text.
 * @returns The number, units taken into account, or NaN.
 */
export function limitValue(text: string): number {
  const value = parseMeasure(text)?.value ?? NaN;
  return Number.isSafeInteger(value) ? value : NaN;
}
