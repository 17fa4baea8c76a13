/**
 * Evaluation of expectations that compare runs under different policies.
 *
 * @module
 */

import type { CompareExpectation } from "./expectation.ts";
import { applies, failure } from "./expect.ts";
import { match, matcherTree, type NameLookup } from "./matcher.ts";
import type { Failure, Mismatch } from "./observed.ts";
import { resolvedNames } from "./resolved.ts";
import { type ComparedValue, valueDiff } from "./value_diff.ts";

/** Figures of several runs: the final value of a figure in one policy column. */
export type ComparisonTable = (figure: string, column: string) => number | undefined;

/**
 * Checks expectations on a comparison; each must hold in its own column.
 *
 * @param expectations The expectations, such as `program.compare`.
 * @param table The figures of the runs.
 * @param kernel Name of the kernel profile of the runs.
 * @returns Those that do not hold, in the order of the scenario.
 * @example
 * ```ts
 * import { checkComparison } from "./expect_compare.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const wanted = {
 *   figure: "guest.faults",
 *   column: "ideal",
 *   matcher: { operator: "<", operand: { name: "legacy" } } as const,
 *   text: "guest.faults: { ideal: < legacy }",
 *   when: {},
 *   position: null,
 * };
 * const [failure] = checkComparison([wanted], () => 16, "v5.2");
 * assertEquals(failure.message, "guest.faults under ideal: expected < 16 (legacy), got 16");
 * ```
 */
export function checkComparison(
  expectations: readonly CompareExpectation[],
  table: ComparisonTable,
  kernel: string,
): Failure[] {
  const failures: Failure[] = [];
  for (const expectation of expectations) {
    const { figure, column, when } = expectation;
    if (!applies(when, { kernel, policy: column })) continue;
    const mismatch = checkColumn(expectation, expectations, (name) => table(figure, name));
    if (mismatch === undefined) continue;
    const subject = `${figure} under ${column}`;
    failures.push(failure(expectation, null, { ...mismatch, subject }));
  }
  return failures;
}

/**
 * Checks a figure in one column.
 *
 * @param expectation What it must be there.
 * @param all All expectations on the comparison; those on the same figure are compared as well.
 * @param lookup The figure by column.
 * @returns What differs, or undefined if all is well.
 */
export function checkColumn(
  expectation: CompareExpectation,
  all: readonly CompareExpectation[],
  lookup: NameLookup,
): Mismatch | undefined {
  const { figure, column, matcher, uses = [] } = expectation;
  const { holds, expected, actual } = compared(expectation, lookup);
  if (holds) return undefined;
  const together = all.filter((one) => one.figure === figure && one.lines === expectation.lines);
  const details = matcherTree(matcher, lookup);
  const values = resolvedNames(uses, matcher, { get: lookup });
  return {
    subject: `${figure} under ${column}`,
    expected,
    actual,
    ...(details.length === 0 ? {} : { details }),
    ...(values.length === 0 ? {} : { values }),
    ...(together.length < 2
      ? {}
      : { diff: valueDiff(together.map((one) => compared(one, lookup))) }),
  };
}

function compared({ column, matcher }: CompareExpectation, lookup: NameLookup): ComparedValue {
  const actual = lookup(column);
  const { holds, expected } = match(actual ?? NaN, matcher, lookup);
  return {
    what: column,
    expected,
    actual: actual === undefined ? "no such figure or column" : `${actual}`,
    holds: holds && actual !== undefined,
  };
}
