/**
 * What can be said of the columns of a comparison.
 *
 * @module
 */

import type { CompareExpectation } from "../machine/expectation.ts";
import { matcherNames } from "../machine/matcher.ts";

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
