/**
 * Comparisons with a recording of their runs, for charts and trace files.
 *
 * @module
 */

import { compareSteps } from "../compare/compare.ts";
import type { CompareOptions, CompareProgress, Comparison } from "../compare/compare.ts";
import { type Coverage, CoverageMeter, joinCoverage } from "../compare/coverage.ts";
import { Recording } from "../compare/recording.ts";
import { drain } from "../kernel/operation.ts";
import type { Program } from "../machine/program.ts";
import type { RunResult } from "../machine/run.ts";
import type { ReportTimeline } from "./document.ts";
import { PageSteps } from "./page_steps.ts";
import { timelineOf } from "./timeline.ts";
import type { TracedRun } from "./trace_events.ts";

/** How to compare, and what to record. */
export interface RecordOptions extends Omit<CompareOptions, "asked"> {
  /** Whether to record windows and changes of page tables, for pages; true unless given. */
  readonly timelines?: boolean;
  /** Whether to record each run in full, for trace files; true unless given. */
  readonly traces?: boolean;
  /** Whether to note which call sites, events and switches are reached; false unless given. */
  readonly coverage?: boolean;
}

/** What was recorded of a comparison. */
export interface Recorded {
  /** Windows and changes of page tables, by policy. */
  readonly timelines: readonly ReportTimeline[];
  /** The runs in full. */
  readonly traces: readonly TracedRun[];
  /** What the runs reached, where that was asked for. */
  readonly coverage?: Coverage;
}

/** A comparison with what was recorded of it. */
export type RecordedComparison = Comparison & Recorded;

/**
 * Compares policies and records every run.
 *
 * @param program The program.
 * @param options Kernel, policies and seed, and what to record.
 * @returns The comparison and the recording.
 * @throws {RangeError} If kernel or policy is unknown, or the machine cannot be made.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { recordComparison } from "./record.ts";
 * import { renderTrace } from "./render_trace.ts";
 * import { parseScenario } from "../scenario/scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const program = parseScenario("name: A nap\nsteps: [{ wait: { time: 1 ms } }]");
 * const { traces } = recordComparison(program, { policies: ["ideal"] });
 * const { traceEvents } = JSON.parse(renderTrace("perfetto", traces));
 * const { name, dur } = traceEvents.find(({ ph }: { ph: string }) => ph === "X");
 * assertEquals([name, dur], ["wait", 1000]);
 * ```
 */
export function recordComparison(
  program: Program,
  options: RecordOptions = {},
): RecordedComparison {
  return drain(recordSteps(program, options));
}

/**
 * Records as {@linkcode recordComparison} does, and stops before and after every step until it is
 * asked on.
 *
 * @param program The program.
 * @param options Kernel, policies and seed, and what to record.
 * @yields How far it has come.
 * @returns The comparison and the recording.
 * @throws {RangeError} If kernel or policy is unknown, or the machine cannot be made.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 */
export function* recordSteps(
  program: Program,
  { timelines = true, traces = true, coverage = false, ...options }: RecordOptions = {},
): Generator<CompareProgress, RecordedComparison> {
  const tape = new Tape(program, { timelines, traces, coverage });
  const running = compareSteps(program, {
    ...options,
    ...(coverage ? { asked: tape.asked } : {}),
  });
  for (;;) {
    const { done, value } = running.next();
    if (done) return { ...value, ...tape.recorded() };
    tape.follow(value);
    yield value;
  }
}

type Wanted = Required<Pick<RecordOptions, "timelines" | "traces" | "coverage">>;

/** Follows a comparison and records what is asked for. */
class Tape {
  /** The kernel's switches that the run asks for. */
  readonly asked = new Set<string>();
  readonly #program: Program;
  readonly #wanted: Wanted;
  readonly #timelines: ReportTimeline[] = [];
  readonly #traces: TracedRun[] = [];
  readonly #coverage: Coverage[] = [];
  #recording: Recording | undefined;
  #pages: PageSteps | undefined;
  #meter: CoverageMeter | undefined;

  constructor(program: Program, wanted: Wanted) {
    this.#program = program;
    this.#wanted = wanted;
  }

  recorded(): Recorded {
    const [timelines, traces] = [this.#timelines, this.#traces];
    const coverage = joinCoverage(this.#coverage);
    return { timelines, traces, ...(this.#wanted.coverage ? { coverage } : {}) };
  }

  follow({ machine, steps, result }: CompareProgress): void {
    const { timelines, traces, coverage } = this.#wanted;
    if (result !== undefined) return this.#end(result);
    if (steps === 0) {
      this.#recording = traces || timelines ? new Recording(machine) : undefined;
      this.#pages = timelines ? new PageSteps(machine) : undefined;
      this.#meter = coverage ? new CoverageMeter(machine, this.asked) : undefined;
    }
    this.#recording?.beginStep(steps);
    this.#pages?.beginStep(steps);
  }

  #end(result: RunResult): void {
    if (this.#meter !== undefined) this.#coverage.push(this.#meter.finish());
    const run = this.#recording?.finish(result);
    if (run === undefined) return;
    const { name, file } = this.#program;
    if (this.#pages !== undefined) this.#timelines.push(timelineOf(run, this.#pages.finish()));
    if (this.#wanted.traces) this.#traces.push({ scenario: name, file, run });
  }
}
