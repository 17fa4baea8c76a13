/**
 * Reports as JSON: stable shapes for programs.
 *
 * Each document names its shape in `format`, such as `mmulab.run/1`. Within one number, members are
 * added and never renamed or removed. Times are virtual, in ns; kernels and policies are names.
 *
 * @module
 */

import type { Comparison, RunSummary } from "../compare/compare.ts";
import type { ListenerComparison } from "../compare/listeners.ts";
import type { Failure } from "../machine/observed.ts";
import type { SourcePosition } from "../machine/program.ts";
import type { PlacedViolation, StepResult } from "../machine/run.ts";
import type { Diagnostic } from "../scenario/diagnostics.ts";
import { rerunText } from "./failure_text.ts";
import type { Occurrence } from "./failures.ts";
import { type Rendering, renderingOf, type ReportOptions } from "./options.ts";
import {
  hasPassed,
  isSkipped,
  type Reported,
  type ScenarioResult,
  scenarioResults,
  skipText,
} from "./results.ts";
import { type ExcerptLine, excerptLines } from "./source_text.ts";

/** An expectation that did not hold. */
export interface FailureJson extends Failure {
  /** Lines of the file that say it, where its text is known. */
  readonly source?: readonly ExcerptLine[];
  /** The command that repeats it. */
  readonly rerun: string;
}

/** One step of a run. */
export interface StepJson {
  /** The step in short. */
  readonly label: string;
  /** Its title, or null. */
  readonly name: string | null;
  /** Where it is written, or null. */
  readonly position: SourcePosition | null;
  /** Whether it was left out, because a condition does not hold. */
  readonly skipped?: true;
  /** Return value; a negative error number where it failed. */
  readonly ret: number;
  /** Named figures of the result. */
  readonly values: Readonly<Record<string, number>>;
  /** Virtual time that passed. */
  readonly time_ns: number;
}

/** One run of one scenario. */
export interface RunJson {
  /** Kernel profile. */
  readonly kernel: string;
  /** Policy. */
  readonly policy: string;
  /** Seed of the machine. */
  readonly seed: number;
  /** Whether every expectation held. */
  readonly passed: boolean;
  /** Virtual time of the whole run. */
  readonly time_ns: number;
  /** Trace records that were lost because the trace was full. */
  readonly trace_dropped: number;
  /** What came of the steps. */
  readonly steps: readonly StepJson[];
  /** Expectations that did not hold. */
  readonly failures: readonly FailureJson[];
  /** Every breach of an invariant, expected ones included. */
  readonly violations: readonly PlacedViolation[];
  /** All figures at the end, by dotted name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** What `run --json` writes. */
export interface RunReportJson {
  /** Shape of the document. */
  readonly format: "mmulab.run/1";
  /** Whether all passed. */
  readonly passed: boolean;
  /** The scenarios in the order of the command line. */
  readonly scenarios: readonly {
    /** Name of the file. */
    readonly file: string;
    /** Title. */
    readonly name: string;
    /** Whether all its runs and comparisons passed. */
    readonly passed: boolean;
    /** Why it was not run, where it was not. */
    readonly skipped?: string;
    /** Its runs: every policy under the first kernel, then the next kernel. */
    readonly runs: readonly RunJson[];
    /** Expectations on the comparison of policies, by kernel. */
    readonly comparisons: readonly {
      /** Kernel profile. */
      readonly kernel: string;
      /** How many expectations were evaluated. */
      readonly expectations: number;
      /** Those that did not hold. */
      readonly failures: readonly FailureJson[];
    }[];
  }[];
}

/** One scenario under one kernel in {@linkcode CompareReportJson}. */
export interface ComparisonJson {
  /** Kernel profile. */
  readonly kernel: string;
  /** The policies in order; the first is what the others are held against. */
  readonly columns: readonly string[];
  /** Whether every run passed and every expectation on the comparison held. */
  readonly passed: boolean;
  /** The listeners, with counters and ratios by counter and column. */
  readonly listeners: readonly ListenerComparison[];
  /** The runs, one per column. */
  readonly runs: readonly Omit<RunJson, "steps" | "figures" | "kernel">[];
  /** How many expectations on the comparison were evaluated. */
  readonly expectations: number;
  /** Those that did not hold. */
  readonly failures: readonly FailureJson[];
}

/** What `compare --json` writes. */
export interface CompareReportJson {
  /** Shape of the document. */
  readonly format: "mmulab.compare/1";
  /** Whether all passed. */
  readonly passed: boolean;
  /** The scenarios in the order of the command line. */
  readonly scenarios: readonly {
    /** Name of the file. */
    readonly file: string;
    /** Title. */
    readonly name: string;
    /** What it shows. */
    readonly about: string;
    /** Why it was not run, where it was not. */
    readonly skipped?: string;
    /** What came of it, by kernel. */
    readonly kernels: readonly ComparisonJson[];
  }[];
}

/** One thing wrong with a file; without line and column it is about the file as a whole. */
export type FileDiagnostic = Pick<Diagnostic, "message" | "hint"> & Partial<Diagnostic>;

/** A file that was looked at. */
export interface CheckedFile {
  /** Name of the file. */
  readonly file: string;
  /** Title, if the scenario could be read. */
  readonly name?: string;
  /** Number of steps, if the scenario could be read. */
  readonly steps?: number;
  /** Number of cells of its matrix, if it has one; steps are those of the first. */
  readonly cells?: number;
  /** What is wrong; nothing if the scenario can be run. */
  readonly diagnostics: readonly FileDiagnostic[];
}

/** What `check --json` writes, and every command where a file cannot be used. */
export interface CheckReportJson {
  /** Shape of the document. */
  readonly format: "mmulab.check/1";
  /** Whether all files can be run. */
  readonly passed: boolean;
  /** The files in the order of the command line. */
  readonly files: readonly CheckedFile[];
}

/**
 * Puts the results of a run into their JSON shape.
 *
 * @param reported What was run or compared.
 * @param options The way to rerun.
 * @returns Plain data.
 */
export function runJson(
  reported: Reported,
  options: ReportOptions = {},
): RunReportJson {
  const results = scenarioResults(reported);
  const rendering = renderingOf(options);
  const scenarios = results.map((result) => {
    const failure = failureWriter(result, rendering);
    return {
      file: result.file,
      name: result.program.name,
      passed: hasPassed(result),
      ...(isSkipped(result) ? { skipped: skipText(result) } : {}),
      runs: result.comparisons.flatMap(({ runs }) => runs.map((run) => oneRun(run, failure))),
      comparisons: result.comparisons.map(({ kernel, expectations, failures }) => ({
        kernel,
        expectations,
        failures: failures.map((one) => failure(one, { kernel, policy: null })),
      })),
    };
  });
  return { format: "mmulab.run/1", passed: results.every(hasPassed), scenarios };
}

/**
 * Puts comparisons into their JSON shape.
 *
 * @param reported What was run or compared.
 * @param options The way to rerun.
 * @returns Plain data.
 */
export function compareJson(
  reported: Reported,
  options: ReportOptions = {},
): CompareReportJson {
  const results = scenarioResults(reported);
  const rendering = renderingOf(options);
  const scenarios = results.map((result) => {
    const { file, program: { name, about }, comparisons } = result;
    const failure = failureWriter(result, rendering);
    const kernels = comparisons.map((one) => oneComparison(one, failure));
    const skipped = isSkipped(result) ? { skipped: skipText(result) } : {};
    return { file, name, about, ...skipped, kernels };
  });
  return { format: "mmulab.compare/1", passed: results.every(hasPassed), scenarios };
}

/**
 * Puts checked files into their JSON shape.
 *
 * @param files The files.
 * @returns Plain data.
 */
export function checkJson(files: readonly CheckedFile[]): CheckReportJson {
  const passed = files.every(({ diagnostics }) => diagnostics.length === 0);
  return { format: "mmulab.check/1", passed, files };
}

type WriteFailure = (failure: Failure, occurrence: Occurrence) => FailureJson;

function failureWriter(result: ScenarioResult, options: Rendering): WriteFailure {
  return (failure, occurrence) => {
    const { position, over } = failure;
    const text = position === null ? undefined : result.program.sources.get(position.file);
    const rerun = rerunText({ ...occurrence, over }, result, options);
    if (position === null || text === undefined) return { ...failure, rerun };
    const { line } = position;
    const lines = failure.lines ?? { first: line, last: line };
    return { ...failure, source: excerptLines(text, lines, line), rerun };
  };
}

function oneRun(run: RunSummary, failure: WriteFailure): RunJson {
  const failures = run.failures.map((one) => failure(one, run));
  return { ...run, failures, steps: run.steps.map(oneStep) };
}

function oneStep({ label, name, position, result, time_ns, skipped }: StepResult): StepJson {
  const { ret, values = {} } = result;
  const step = { label, name: name ?? null, position, ret, values, time_ns };
  return skipped ? { ...step, skipped } : step;
}

function oneComparison(comparison: Comparison, failure: WriteFailure): ComparisonJson {
  const { kernel, columns, passed, listeners, expectations } = comparison;
  const runs = comparison.runs.map((run) => {
    const { policy, seed, passed, time_ns, trace_dropped, violations } = run;
    const failures = run.failures.map((one) => failure(one, run));
    return { policy, seed, passed, time_ns, trace_dropped, failures, violations };
  });
  const failures = comparison.failures.map((one) => failure(one, { kernel, policy: null }));
  return { kernel, columns, passed, listeners, runs, expectations, failures };
}
