/**
 * Evaluation of expectations that compare runs under different policies.
 *
 * @module
 */

import type { CompareExpectation } from "./expectation.ts";
import { applies, failure } from "./expect.ts";
import { match } from "./matcher.ts";
import type { Failure } from "./observed.ts";

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
    const { figure, column, matcher, when } = expectation;
    if (!applies(when, { kernel, policy: column })) continue;
    const actual = table(figure, column);
    const { holds, expected } = match(actual ?? NaN, matcher, (name) => table(figure, name));
    if (holds && actual !== undefined) continue;
    const found = actual === undefined ? "no such figure or column" : `${actual}`;
    const mismatch = { subject: `${figure} under ${column}`, expected, actual: found };
    failures.push(failure(expectation, null, mismatch));
  }
  return failures;
}
