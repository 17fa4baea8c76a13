/**
 * From results to the document that reports are made from.
 *
 * @module
 */

import type { Comparison, RunSummary } from "../compare/compare.ts";
import type { RecordedRun } from "../compare/recorded.ts";
import { COUNTER_MEANINGS } from "./counters_text.ts";
import type {
  ReportDocument,
  ReportKernel,
  ReportListener,
  ReportPageStep,
  ReportRun,
  ReportScenario,
  ReportTimeline,
  Status,
} from "./document.ts";
import { failureText, type ReportOptions } from "./failure_text.ts";
import { groupFailures } from "./failures.ts";
import { PLAIN } from "./palette.ts";
import { hasPassed, isInconclusive, isSkipped, type ScenarioResult, skipText } from "./results.ts";
import { verdicts } from "./verdict.ts";

/** Most windows of a run in a document. */
export const MAX_WINDOWS = 200;

/** A scenario that ran, with its place and what was recorded. */
export interface PlacedResult {
  /** Place in the run. */
  readonly order: number;
  /** What came of it. */
  readonly result: ScenarioResult;
  /** What was recorded under the first kernel. */
  readonly timelines: readonly ReportTimeline[];
}

/** What a document says of the whole run. */
export type DocumentHead = Pick<ReportDocument, "shard" | "selected" | "coverage">;

/**
 * Makes the document of a run.
 *
 * @param placed The scenarios in their order.
 * @param head The part of the run that it is.
 * @param options Files and the way to rerun.
 * @returns The document.
 */
export function reportDocument(
  placed: readonly PlacedResult[],
  head: DocumentHead,
  options: ReportOptions,
): ReportDocument {
  const scenarios = placed.map((one) => scenarioOf(one, { ...options, palette: PLAIN }));
  return { format: "mmulab.report/1", ...head, scenarios };
}

/**
 * Cuts a recorded run down to what a document holds of it.
 *
 * @param run The run.
 * @param pages What its steps changed in the page tables.
 * @returns Its first windows.
 */
export function timelineOf(
  { kernel, policy, processes, windows }: RecordedRun,
  pages: readonly ReportPageStep[],
): ReportTimeline {
  const nameOf = (mm: number) => processes.find((one) => one.mm === mm)?.name ?? `mm ${mm}`;
  const shown = windows.slice(0, MAX_WINDOWS)
    .map(({ mm, ...window }) => ({ process: nameOf(mm), ...window }));
  return { kernel, policy, total: windows.length, windows: shown, pages };
}

function scenarioOf(
  { order, result, timelines }: PlacedResult,
  options: ReportOptions,
): ReportScenario {
  const { file, program, comparisons } = result;
  const { name, about, tags, steps } = program;
  return {
    order,
    file,
    name,
    about,
    tags,
    status: statusOf(result),
    ...(isSkipped(result) ? { reason: skipText(result) } : {}),
    steps: steps.map((step) =>
      step.name === undefined ? step.label : `${step.name}: ${step.label}`
    ),
    kernels: comparisons.map(kernelOf),
    failures: groupFailures(result).map((group) => ({
      message: group.failure.message,
      position: group.failure.position,
      text: failureText(group, result, options).join("\n"),
      runs: group.occurrences,
    })),
    timelines,
  };
}

function statusOf(result: ScenarioResult): Status {
  if (isSkipped(result)) return "skipped";
  return isInconclusive(result) ? "inconclusive" : hasPassed(result) ? "passed" : "failed";
}

function kernelOf(comparison: Comparison): ReportKernel {
  const { kernel, columns, runs, expectations } = comparison;
  const listeners = comparison.listeners.map((listener): ReportListener => {
    const { name, kind, process, counters } = listener;
    const shown = Object.keys(COUNTER_MEANINGS)
      .map((counter) => [counter, columns.map((column) => counters[counter][column])] as const)
      .filter(([, values]) => values.some((value) => value !== 0));
    const own = { verdicts: verdicts(listener, comparison), counters: Object.fromEntries(shown) };
    return { name, kind, process, ...own };
  });
  return { kernel, columns, runs: runs.map(runOf), expectations, listeners };
}

function runOf(
  { policy, seed, passed, time_ns, violations, trace_dropped }: RunSummary,
): ReportRun {
  const status = !passed ? "failed" : trace_dropped > 0 ? "inconclusive" : "passed";
  return { policy, seed, status, time_ns, violations: violations.length, trace_dropped };
}
