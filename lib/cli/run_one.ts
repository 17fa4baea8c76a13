/**
 * Running one scenario under its kernels and policies, and measuring it.
 *
 * What comes of it is plain data, so that it can come from another thread.
 *
 * @module
 */

import { StepError } from "../compare/step_error.ts";
import { kernelSteps } from "../compare/test_scenario.ts";
import { LateError } from "../machine/late.ts";
import type { CheckedFile } from "../report/json.ts";
import { type RecordedComparison, recordSteps } from "../report/record.ts";
import type { LoadedScenario } from "./load.ts";

/** How to run a scenario. */
export interface RunRequest {
  /** Policies; all where empty. */
  readonly policies: readonly string[];
  /** Seed of the machines. */
  readonly seed?: number | undefined;
  /** Most trace records of a run. */
  readonly traceLimit?: number | undefined;
  /** Whether to keep the windows under the first kernel. */
  readonly timelines?: boolean;
  /** Whether to record every run in full. */
  readonly traces?: boolean;
  /** Whether to note what every run reaches. */
  readonly coverage?: boolean;
}

/** What came of a scenario, or why it cannot be carried out. */
export type Outcome =
  | {
    /** What came of it, by kernel, with what was asked for. */
    readonly comparisons: readonly RecordedComparison[];
    /** Wall time of each step over all runs, in ms. */
    readonly wall_ms: readonly number[];
  }
  | {
    /** What is wrong with it. */
    readonly problem: CheckedFile;
  };

/**
 * Tells whether a scenario failed, which ends a run with `--fail-fast`.
 *
 * @param outcome What came of it.
 * @returns True if so.
 */
export function endsRun(outcome: Outcome): boolean {
  return "comparisons" in outcome && !outcome.comparisons.every(({ passed }) => passed);
}

/** Called before and after each step; the text says where the run is. */
export type OnStep = (at: () => string) => void;

/**
 * Runs a scenario.
 *
 * @param scenario The scenario.
 * @param request How to run it.
 * @param onStep Called before and after each step.
 * @param now The clock, in ms.
 * @returns What came of it.
 */
export function runOne(
  scenario: LoadedScenario,
  request: RunRequest,
  onStep: OnStep = () => {},
  now: () => number = () => performance.now(),
): Outcome {
  const wall_ms = scenario.program.steps.map(() => 0);
  try {
    const comparisons = compareAll(scenario, request, new StepWatch(wall_ms, now), onStep);
    return { comparisons, wall_ms };
  } catch (error) {
    return { problem: problemOf(scenario, error) };
  }
}

function compareAll(
  { program, kernels }: LoadedScenario,
  { policies, seed, traceLimit, timelines, traces = false, coverage = false }: RunRequest,
  watch: StepWatch,
  onStep: OnStep,
): readonly RecordedComparison[] {
  const running = kernelSteps(program, kernels, (kernel, index) =>
    recordSteps(program, {
      kernel,
      timelines: timelines === true && index === 0,
      traces,
      coverage,
      ...(policies.length === 0 ? {} : { policies }),
      ...(seed === undefined ? {} : { seed }),
      ...(traceLimit === undefined ? {} : { traceLimit }),
    }));
  for (;;) {
    const { done, value } = running.next();
    if (done) return value;
    const { kernel, policy, steps } = value;
    watch.reach(steps);
    onStep(() => `${kernel} ${policy}, ${steps} of ${program.steps.length} steps`);
  }
}

/** Measures steps, of which each ends where the next begins. */
class StepWatch {
  readonly #times: number[];
  readonly #now: () => number;
  #since = 0;

  constructor(times: number[], now: () => number) {
    this.#times = times;
    this.#now = now;
  }

  /** Notes how many steps of a run are done. */
  reach(steps: number): void {
    const now = this.#now();
    if (steps > 0) this.#times[steps - 1] += now - this.#since;
    this.#since = now;
  }
}

/** A scenario that cannot be carried out is wrong; any other error is the program's own. */
export function problemOf({ file, program }: LoadedScenario, error: unknown): CheckedFile {
  if (!(error instanceof StepError) && !(error instanceof RangeError)) throw error;
  const diagnostic = {
    message: error.message,
    ...(error instanceof StepError || error instanceof LateError ? placeOf(error) : {}),
  };
  return { file, name: program.name, steps: program.steps.length, diagnostics: [diagnostic] };
}

function placeOf({ position, hint }: StepError | LateError) {
  const place = position === null ? {} : position;
  return hint === undefined ? place : { ...place, hint };
}
