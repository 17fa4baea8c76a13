/**
 * Failures of a scenario, with equal ones from several runs put together.
 *
 * @module
 */

import type { Comparison, RunSummary } from "../compare/compare.ts";
import type { Failure } from "../machine/observed.ts";
import type { PlacedViolation } from "../machine/run.ts";
import type { ScenarioResult } from "./results.ts";

/** A run, or the comparison of all runs under a kernel where the policy is null. */
export interface Occurrence {
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** Name of the policy, or null. */
  readonly policy: string | null;
}

/** A failure and all runs in which it came up. */
export interface GroupedFailure {
  /** The failure. */
  readonly failure: Failure;
  /** Where it came up, at least once. */
  readonly occurrences: readonly Occurrence[];
  /** The violations that it is about, of the first run. */
  readonly violations: readonly PlacedViolation[];
  /** Trace records that the first run lost, so that it may have missed events. */
  readonly lost: number;
}

/**
 * Collects the failures of a scenario.
 *
 * @param result The scenario.
 * @returns Its failures in the order of the runs, each once.
 */
export function groupFailures(result: ScenarioResult): GroupedFailure[] {
  const groups = new Map<string, GroupedFailure & { occurrences: Occurrence[] }>();
  const add = (failure: Failure, occurrence: Occurrence, run?: RunSummary) => {
    const { position, step, message } = failure;
    const key = JSON.stringify([position?.line, position?.column, step, message]);
    const group = groups.get(key);
    if (group !== undefined) {
      group.occurrences.push(occurrence);
      return;
    }
    const violations = run === undefined ? [] : violationsOf(failure, run);
    const lost = run?.trace_dropped ?? 0;
    groups.set(key, { failure, occurrences: [occurrence], violations, lost });
  };
  for (const comparison of result.comparisons) {
    const { kernel } = comparison;
    for (const run of comparison.runs) {
      for (const failure of run.failures) {
        add(failure, { kernel, policy: run.policy }, run);
      }
    }
    for (const failure of comparison.failures) add(failure, { kernel, policy: null });
  }
  return [...groups.values()];
}

/**
 * Counts the runs of some comparisons.
 *
 * @param comparisons The comparisons.
 * @returns The number of runs.
 */
export function countRuns(comparisons: readonly Comparison[]): number {
  return comparisons.reduce((sum, { runs }) => sum + runs.length, 0);
}

function violationsOf(failure: Failure, run: RunSummary): PlacedViolation[] {
  if (!failure.expectation.startsWith("violations")) return [];
  const { step } = failure;
  if (step === null) return [...run.violations];
  const position = run.steps[step]?.position ?? null;
  return run.violations.filter((violation) =>
    violation.position?.line === position?.line &&
    violation.position?.column === position?.column
  );
}
