/**
 * What reports are made from.
 *
 * @module
 */

import { type Comparison, comparisonOf } from "../compare/compare.ts";
import type { ScenarioTest } from "../compare/test_scenario.ts";
import type { Program } from "../machine/program.ts";
import type { RunResult } from "../machine/run.ts";
import type { Recorded } from "./record.ts";

/** A scenario that was run: one comparison per kernel. */
export interface ScenarioResult {
  /** Name of the file. */
  readonly file: string;
  /** What was run. */
  readonly program: Program;
  /** What came of it, by kernel; nothing where it was skipped. */
  readonly comparisons: readonly (Comparison & Partial<Recorded>)[];
}

/** What reports are made from: runs, comparisons with or without a recording, tests, scenarios. */
export type Reportable =
  | RunResult
  | (Comparison & Partial<Recorded>)
  | ScenarioTest
  | ScenarioResult;

/** One of them, or several; runs and comparisons of one program make up one scenario. */
export type Reported = Reportable | readonly Reportable[];

/** Of these each has one. */
const MEMBERS = ["figures", "runs", "results", "comparisons"];

/**
 * Puts what was run together by scenario.
 *
 * @param reported What was run or compared.
 * @returns The scenarios in the order in which they come up first.
 * @throws {TypeError} If something else is among it.
 */
export function scenarioResults(reported: Reported): ScenarioResult[] {
  const results = new Map<Program, ScenarioResult>();
  for (const { file, program, comparisons } of [reported].flat().flatMap(resultsOf)) {
    const before = results.get(program)?.comparisons ?? [];
    results.set(program, { file, program, comparisons: [...before, ...comparisons] });
  }
  return [...results.values()];
}

function resultsOf(one: Reportable): readonly ScenarioResult[] {
  if (!(one instanceof Object && MEMBERS.some((name) => name in one))) {
    throw new TypeError("Cannot report: expected what a run, a comparison or a test gave back");
  }
  if ("results" in one) return one.results;
  if ("comparisons" in one) return [one];
  const { program } = one;
  const comparison = "machine" in one ? comparisonOf(one) : one;
  return [{ file: program.file, program, comparisons: [comparison] }];
}

/**
 * Tells whether a scenario was not run, because it names none of the kernels asked for.
 *
 * @param result The scenario.
 * @returns True if so.
 */
export function isSkipped({ comparisons }: Pick<ScenarioResult, "comparisons">): boolean {
  return comparisons.length === 0;
}

/**
 * Says why a scenario was not run.
 *
 * @param result The scenario.
 * @returns Text such as `names only v5.2, v6.1`.
 */
export function skipText({ program }: Pick<ScenarioResult, "program">): string {
  return `names only ${program.kernels.join(", ")}`;
}

/**
 * Tells whether every run passed and every comparison held.
 *
 * @param result The scenario.
 * @returns True if so.
 */
export function hasPassed({ comparisons }: ScenarioResult): boolean {
  return comparisons.every(({ passed }) => passed);
}

/**
 * Tells whether a scenario passed, but with a trace too full to be sure of it.
 *
 * @param result The scenario.
 * @returns True if so.
 */
export function isInconclusive(result: ScenarioResult): boolean {
  return hasPassed(result) &&
    result.comparisons.some(({ runs }) => runs.some((run) => run.trace_dropped > 0));
}
