/**
 * The policy columns of a comparison.
 *
 * @module
 */

import type { CompareExpectation } from "../machine/expectation.ts";
import { matcherNames } from "../machine/matcher.ts";
import type { Program } from "../machine/program.ts";

/** The built-in policies, in the order of the columns; the first is what others are held against. */
export const BUILT_IN_COLUMNS: readonly string[] = ["legacy", "followup", "ideal"];

/**
 * Lists the policies under which a program can run.
 *
 * @param program The program.
 * @returns The built-in policies, then those of the program.
 * @example
 * ```ts
 * import { columnsOf } from "./columns.ts";
 * import { newProgram } from "../machine/program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const policies = { mine: { base: "ideal", events: { CLEAR: "drop" } } };
 * const program = newProgram({ name: "t", policies });
 * assertEquals(columnsOf(program), ["legacy", "followup", "ideal", "mine"]);
 * ```
 */
export function columnsOf(program: Pick<Program, "policies">): string[] {
  return [...new Set([...BUILT_IN_COLUMNS, ...Object.keys(program.policies)])];
}

/**
 * Selects the expectations whose columns, and all columns they are held against, were run.
 *
 * @param expectations The expectations of a program.
 * @param columns The columns that were run.
 * @returns Those that can be evaluated, in their order.
 */
export function answerable(
  expectations: readonly CompareExpectation[],
  columns: readonly string[],
): CompareExpectation[] {
  return expectations.filter(({ column, matcher }) =>
    [column, ...matcherNames(matcher)].every((name) => columns.includes(name))
  );
}
