/**
 * From results to the document that reports are made from.
 *
 * @module
 */

import type { Comparison, RunSummary } from "../compare/compare.ts";
import type { Coverage } from "../compare/coverage.ts";
import { COUNTER_MEANINGS } from "./counters_text.ts";
import type {
  ReportDocument,
  ReportKernel,
  ReportListener,
  ReportRun,
  ReportScenario,
  Status,
} from "./document.ts";
import { failureText } from "./failure_text.ts";
import { groupFailures } from "./failures.ts";
import { type Rendering, renderingOf, type ReportOptions } from "./options.ts";
import { PLAIN } from "./palette.ts";
import {
  hasPassed,
  isInconclusive,
  isSkipped,
  type Reported,
  type ScenarioResult,
  scenarioResults,
  skipText,
} from "./results.ts";
import { verdicts } from "./verdict.ts";

/** How to make a document, and what it says of the whole run. */
export interface DocumentOptions extends ReportOptions {
  /** The part of the run that it is; the whole unless given. */
  readonly shard?: ReportDocument["shard"];
  /** How many scenarios were selected for all shards; those that there are unless given. */
  readonly selected?: number;
  /** The places of the scenarios in the run; 0, 1, 2 … unless given. */
  readonly orders?: readonly number[];
  /** What the scenarios reached. */
  readonly coverage?: Coverage;
}

/**
 * Makes the document that every report is made from.
 *
 * @param reported What was run or compared.
 * @param options Parts of the run, and the way to rerun.
 * @returns The document: plain data.
 * @example
 * ```ts
 * import { reportDocument } from "./report_document.ts";
 * import { runScenario } from "../compare/run_scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const run = runScenario("name: A nap\nsteps: [{ wait: { time: 1 ms } }]");
 * const [{ name, status }] = reportDocument(run).scenarios;
 * assertEquals([name, status], ["A nap", "passed"]);
 * ```
 */
export function reportDocument(
  reported: Reported,
  { shard = null, selected, orders, coverage, ...options }: DocumentOptions = {},
): ReportDocument {
  const results = scenarioResults(reported);
  const rendering = { ...renderingOf(options), palette: PLAIN };
  return {
    format: "mmulab.report/1",
    shard,
    selected: selected ?? results.length,
    ...(coverage === undefined ? {} : { coverage }),
    scenarios: results.map((result, at) => scenarioOf(result, orders?.[at] ?? at, rendering)),
  };
}

function scenarioOf(
  result: ScenarioResult,
  order: number,
  rendering: Rendering,
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
      text: failureText(group, result, rendering).join("\n"),
      runs: group.occurrences,
    })),
    timelines: comparisons[0]?.timelines ?? [],
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
