/**
 * The document of a run: plain data that every report is made from, in this process or later.
 *
 * It holds all that JUnit, TAP, annotations and HTML need, so that the documents of several shards
 * can be joined and rendered. Within one format number, members are added and never renamed.
 *
 * @module
 */

import type { Coverage } from "../compare/coverage.ts";
import type { RecordedWindow } from "../compare/recorded.ts";
import type { SourcePosition } from "../machine/program.ts";

/** What a scenario came to. */
export type Status = "passed" | "failed" | "inconclusive" | "skipped";

/** A failure of a scenario, with all runs in which it came up. */
export interface ReportFailure {
  /** What does not hold, without a final period. */
  readonly message: string;
  /** Where it is written, or null. */
  readonly position: SourcePosition | null;
  /** The failure for readers, with an excerpt of the file and the command that repeats it. */
  readonly text: string;
  /** The runs: kernel and policy; the policy is null where it is about the comparison. */
  readonly runs: readonly { readonly kernel: string; readonly policy: string | null }[];
}

/** One run of a scenario. */
export interface ReportRun {
  /** Policy. */
  readonly policy: string;
  /** Seed of the machine. */
  readonly seed: number;
  /** What it came to. */
  readonly status: Status;
  /** Virtual time of the whole run, in ns. */
  readonly time_ns: number;
  /** Breaches of invariants, expected ones included. */
  readonly violations: number;
  /** Trace records that were lost. */
  readonly trace_dropped: number;
}

/** A listener under every policy. */
export interface ReportListener {
  /** Its name. */
  readonly name: string;
  /** Kind of driver. */
  readonly kind: string;
  /** The process that it listens on. */
  readonly process: string;
  /** What the policies are worth to it. */
  readonly verdicts: readonly string[];
  /** The counters that are not 0 everywhere: values in the order of the columns. */
  readonly counters: Readonly<Record<string, readonly number[]>>;
}

/** A scenario under one kernel. */
export interface ReportKernel {
  /** Name of the profile. */
  readonly kernel: string;
  /** The policies in order. */
  readonly columns: readonly string[];
  /** One run per column. */
  readonly runs: readonly ReportRun[];
  /** How many expectations on the comparison were evaluated. */
  readonly expectations: number;
  /** The listeners. */
  readonly listeners: readonly ReportListener[];
}

/** Neighbouring pages whose entries changed alike. */
export interface ReportPageChange {
  /** Whose table: a process, or a listener. */
  readonly table: string;
  /** The pages. */
  readonly where: string;
  /** The entries before the step, in words. */
  readonly before: string;
  /** The entries after it. */
  readonly after: string;
}

/** What one step changed in the page tables. */
export interface ReportPageStep {
  /** Index of the step. */
  readonly step: number;
  /** The first changes. */
  readonly changes: readonly ReportPageChange[];
  /** How many more there were. */
  readonly more: number;
}

/** The windows of one run, and what its steps changed in the page tables. */
export interface ReportTimeline {
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** Policy. */
  readonly policy: string;
  /** How many windows there were; the list may hold fewer. */
  readonly total: number;
  /** The first windows. */
  readonly windows: readonly (Omit<RecordedWindow, "mm"> & { readonly process: string })[];
  /** The steps that changed a page table. */
  readonly pages: readonly ReportPageStep[];
}

/** A scenario that ran. */
export interface ReportScenario {
  /** Place in the run; shards leave gaps. */
  readonly order: number;
  /** Name of the file. */
  readonly file: string;
  /** Title. */
  readonly name: string;
  /** What it shows. */
  readonly about: string;
  /** Its tags. */
  readonly tags: readonly string[];
  /** What it came to. */
  readonly status: Status;
  /** Why it was skipped, where it was. */
  readonly reason?: string;
  /** Its steps in short. */
  readonly steps: readonly string[];
  /** What came of it, by kernel. */
  readonly kernels: readonly ReportKernel[];
  /** What does not hold. */
  readonly failures: readonly ReportFailure[];
  /** Windows under the first kernel, by policy. */
  readonly timelines: readonly ReportTimeline[];
}

/** A run of several scenarios. */
export interface ReportDocument {
  /** Shape of the document. */
  readonly format: "mmulab.report/1";
  /** The part of the run that this is, or null where it is the whole. */
  readonly shard: { readonly index: number; readonly of: number } | null;
  /** How many scenarios were selected for all shards. */
  readonly selected: number;
  /** What the scenarios reached, where that was asked for. */
  readonly coverage?: Coverage;
  /** The scenarios that ran, in their order. */
  readonly scenarios: readonly ReportScenario[];
}

/**
 * Counts what scenarios came to.
 *
 * @param document The run.
 * @returns How many there are of each.
 */
export function countStatus({ scenarios }: ReportDocument): Record<Status, number> {
  const counts: Record<Status, number> = { passed: 0, failed: 0, inconclusive: 0, skipped: 0 };
  for (const { status } of scenarios) counts[status]++;
  return counts;
}

/**
 * Writes a document as JSON lines: a line on the run, then a line per scenario.
 *
 * @param document The run.
 * @returns Text that ends in a newline.
 */
export function reportLines({ scenarios, ...head }: ReportDocument): string {
  return [head, ...scenarios].map((line) => `${JSON.stringify(line)}\n`).join("");
}
