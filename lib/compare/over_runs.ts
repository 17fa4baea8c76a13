/**
 * Expectations that look at several runs: figures under one kernel against another, and what must
 * happen in some run of a file.
 *
 * @module
 */

import type { CompareExpectation, Expectation } from "../machine/expectation.ts";
import { applies, failure } from "../machine/expect.ts";
import { checkColumn } from "../machine/expect_compare.ts";
import type { Failure } from "../machine/observed.ts";
import type { Program } from "../machine/program.ts";
import { resolvedNames } from "../machine/resolved.ts";
import { answerable } from "./columns.ts";
import type { Comparison } from "./compare.ts";

/** A program and all runs of it. */
export interface RunsOfProgram {
  /** The program. */
  readonly program: Program;
  /** Its runs, by kernel. */
  readonly comparisons: readonly Comparison[];
}

/**
 * Adds the failures of expectations that hold kernels against each other.
 *
 * Expectations that name a kernel outside of the runs are left out.
 *
 * @typeParam Judged Type of the comparisons.
 * @param program The program.
 * @param comparisons Its runs, by kernel.
 * @returns The comparisons; the failures are those of the last one.
 */
export function judgeKernels<Judged extends Comparison>(
  program: Pick<Program, "compareKernels">,
  comparisons: readonly Judged[],
): readonly Judged[] {
  const kernels = comparisons.map(({ kernel }) => kernel);
  const wanted = answerable(program.compareKernels, kernels);
  if (wanted.length === 0) return comparisons;
  const policies = comparisons[0]?.columns ?? [];
  const failures = policies.flatMap((policy) =>
    wanted.flatMap((one) => failureBetween(one, wanted, policy, comparisons))
  );
  return withFailures(comparisons, failures, wanted.length);
}

/**
 * Adds the failures of what must happen in some run of a file and happened in none.
 *
 * @typeParam Ran Type of the results.
 * @param results All programs of the file with all their runs.
 * @returns The results; the failures are those of the last one.
 */
export function judgeSometimes<Ran extends RunsOfProgram>(results: readonly Ran[]): readonly Ran[] {
  const last = results.at(-1);
  if (last === undefined || last.program.sometimes.length === 0) return results;
  const { program: { sometimes }, comparisons } = last;
  const judged = withFailures(comparisons, neverSeen(results), sometimes.length);
  return [...results.slice(0, -1), { ...last, comparisons: judged }];
}

/** A failure for each expectation that has to hold in some run and holds in none. */
function neverSeen(results: readonly RunsOfProgram[]): Failure[] {
  const found = new Map<string, { expectation: Expectation; seen: boolean }>();
  let count = 0;
  for (const { program, comparisons } of results) {
    const runs = comparisons.flatMap(({ runs }) => runs);
    count += runs.length;
    for (const [index, expectation] of program.sometimes.entries()) {
      const { position, text } = expectation;
      const id = position === null ? text : `${position.file}:${position.line}:${position.column}`;
      const seen = runs.some(({ sometimes = [] }) => sometimes[index]);
      found.set(id, { expectation, seen: seen || (found.get(id)?.seen ?? false) });
    }
  }
  return [...found.values()].filter(({ seen }) => !seen).map(({ expectation }) => {
    const values = resolvedNames(expectation.uses ?? [], undefined, new Map());
    const mismatch = {
      ...(values.length === 0 ? {} : { values }),
      subject: `sometimes ${expectation.text}`,
      expected: "it in some run",
      actual: `it in none of ${count}`,
    };
    return { ...failure(expectation, null, mismatch), over: "file" as const };
  });
}

/** Adds failures to the last of some comparisons, and how many expectations were evaluated. */
function withFailures<Judged extends Comparison>(
  comparisons: readonly Judged[],
  failures: readonly Failure[],
  expectations: number,
): readonly Judged[] {
  const last = comparisons.at(-1);
  if (last === undefined) return comparisons;
  return [...comparisons.slice(0, -1), {
    ...last,
    passed: last.passed && failures.length === 0,
    expectations: last.expectations + expectations,
    failures: [...last.failures, ...failures],
  }];
}

function failureBetween(
  expectation: CompareExpectation,
  all: readonly CompareExpectation[],
  policy: string,
  comparisons: readonly Comparison[],
): Failure[] {
  const { figure, column, when } = expectation;
  if (!applies(when, { kernel: column, policy })) return [];
  const table = (kernel: string) =>
    comparisons.find((one) => one.kernel === kernel)?.runs
      .find((run) => run.policy === policy)?.figures[figure];
  const mismatch = checkColumn(expectation, all, table);
  if (mismatch === undefined) return [];
  const subject = `${figure} under ${column} (${policy})`;
  return [{ ...failure(expectation, null, { ...mismatch, subject }), over: "kernels" }];
}
