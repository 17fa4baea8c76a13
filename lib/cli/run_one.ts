/**
 * Running one scenario under its kernels and policies, and measuring it.
 *
 * What comes of it is plain data, so that it can come from another thread.
 *
 * @module
 */

import { type Coverage, CoverageMeter, joinCoverage } from "../compare/coverage.ts";
import { comparePolicies, type Comparison } from "../compare/compare.ts";
import { judgeKernels } from "../compare/over_runs.ts";
import { StepError } from "../compare/instrument.ts";
import type { RecordedRun } from "../compare/recorded.ts";
import { Recording } from "../compare/recording.ts";
import { LateError } from "../machine/late.ts";
import type { Machine } from "../machine/machine.ts";
import type { RunResult } from "../machine/run.ts";
import type { ReportTimeline } from "../report/document.ts";
import { PageSteps } from "../report/page_steps.ts";
import { timelineOf } from "../report/report_document.ts";
import type { CheckedFile } from "../report/json.ts";
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
    /** What came of it, by kernel. */
    readonly comparisons: readonly Comparison[];
    /** Wall time of each step over all runs, in ms. */
    readonly wall_ms: readonly number[];
    /** Windows under the first kernel, where they were asked for. */
    readonly timelines: readonly ReportTimeline[];
    /** Every run, where that was asked for. */
    readonly traces: readonly RecordedRun[];
    /** What all runs reached, where that was asked for. */
    readonly coverage?: Coverage;
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

/** Called before each step; the text says where the run is. */
export type OnStep = (at: () => string) => void;

/**
 * Runs a scenario.
 *
 * @param scenario The scenario.
 * @param request How to run it.
 * @param onStep Called before each step.
 * @param now The clock, in ms.
 * @returns What came of it.
 */
export function runOne(
  scenario: LoadedScenario,
  request: RunRequest,
  onStep: OnStep = () => {},
  now: () => number = () => performance.now(),
): Outcome {
  const watch = new StepWatch(scenario.program.steps.length, now);
  const tape = new Tape(request);
  try {
    const runs = compareAll(scenario, request, { watch, tape, onStep });
    const comparisons = judgeKernels(scenario.program, runs);
    return { comparisons, wall_ms: watch.times, ...tape.recorded() };
  } catch (error) {
    return { problem: problemOf(scenario, error) };
  }
}

function compareAll(
  { program, kernels }: LoadedScenario,
  { policies, seed, traceLimit }: RunRequest,
  { watch, tape, onStep }: { watch: StepWatch; tape: Tape; onStep: OnStep },
): Comparison[] {
  return kernels.map((kernel) =>
    comparePolicies(program, {
      kernel,
      ...(policies.length === 0 ? {} : { policies }),
      ...(seed === undefined ? {} : { seed }),
      ...(traceLimit === undefined ? {} : { traceLimit }),
      ...(tape.asked === undefined ? {} : { asked: tape.asked }),
      onStep: (policy, step) => {
        watch.begin(step);
        tape.beginStep(step);
        onStep(() => `${kernel} ${policy}, step ${step + 1} of ${program.steps.length}`);
      },
      onMachine: (_, machine) => tape.begin(machine),
      onResult: (result) => {
        watch.end();
        tape.end(result);
      },
    })
  );
}

/** Records what is asked for. */
class Tape {
  /** The kernel's switches that are asked for, where that is to be noted. */
  readonly asked: Set<string> | undefined;
  readonly #timelines: ReportTimeline[] = [];
  readonly #traces: RecordedRun[] = [];
  readonly #coverage: Coverage[] = [];
  readonly #request: RunRequest;
  #kernel: string | undefined;
  #recording: Recording | undefined;
  #pages: PageSteps | undefined;
  #meter: CoverageMeter | undefined;

  constructor(request: RunRequest) {
    this.#request = request;
    this.asked = request.coverage ? new Set() : undefined;
  }

  recorded() {
    const [timelines, traces] = [this.#timelines, this.#traces];
    const coverage = joinCoverage(this.#coverage);
    return { timelines, traces, ...(this.asked === undefined ? {} : { coverage }) };
  }

  begin(machine: Machine): void {
    const { name } = machine.host.profile;
    this.#kernel ??= name;
    const { traces, timelines } = this.#request;
    const isShown = timelines && name === this.#kernel;
    if (traces || isShown) this.#recording = new Recording(machine);
    if (isShown) this.#pages = new PageSteps(machine);
    if (this.asked !== undefined) this.#meter = new CoverageMeter(machine, this.asked);
  }

  beginStep(step: number): void {
    this.#recording?.beginStep(step);
    this.#pages?.beginStep(step);
  }

  end(result: RunResult): void {
    if (this.#meter !== undefined) this.#coverage.push(this.#meter.finish());
    if (this.#recording === undefined) return;
    const run = this.#recording.finish(result);
    if (this.#pages !== undefined) this.#timelines.push(timelineOf(run, this.#pages.finish()));
    if (this.#request.traces) this.#traces.push(run);
    this.#recording = this.#pages = undefined;
  }
}

/** Measures steps, of which each ends where the next begins. */
class StepWatch {
  readonly times: number[];
  readonly #now: () => number;
  #step = -1;
  #since = 0;

  constructor(steps: number, now: () => number) {
    this.times = new Array(steps).fill(0);
    this.#now = now;
  }

  begin(step: number): void {
    if (step === this.#step) return; // a step inside another one
    this.end();
    this.#step = step;
    this.#since = this.#now();
  }

  end(): void {
    if (this.#step >= 0) this.times[this.#step] += this.#now() - this.#since;
    this.#step = -1;
  }
}

/** A scenario that cannot be carried out is wrong; any other error is the program's own. */
function problemOf({ file, program }: LoadedScenario, error: unknown): CheckedFile {
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
