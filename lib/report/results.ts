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
