/**
 * What reports are made from.
 *
 * @module
 */

import type { Comparison } from "../compare/compare.ts";
import type { Program } from "../machine/program.ts";

/** A scenario that was run: one comparison per kernel. */
export interface ScenarioResult {
  /** Name of the file. */
  readonly file: string;
  /** What was run. */
  readonly program: Program;
  /** What came of it, by kernel. */
  readonly comparisons: readonly Comparison[];
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
