/**
 * What expectations may look at, and what they give back when they do not hold.
 *
 * The machine implements {@linkcode Observed}; nothing else of it is visible to an expectation.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import type { TraceRecord } from "../kernel/trace.ts";
import type { Violation } from "../kernel/violation.ts";
import type { Value } from "./expression.ts";
import type { LineRange, PageFlag, PageNumber, PlacedRange } from "./expectation.ts";
import type { SourcePosition } from "./program.ts";
import type { OperationResult } from "./spec.ts";

/** The state of one page of one process. */
export interface PageFacts
  extends Readonly<Record<PageFlag, boolean>>, Readonly<Record<PageNumber, number>> {
  /** The frame mapped, or -1. */
  readonly pfn: number;
}

/** A range found in an address space. */
export interface FoundRange {
  /** Name of the process. */
  readonly process: string;
  /** First byte. */
  readonly start: Vaddr;
  /** Number of pages. */
  readonly pages: number;
}

/** Access of a device to a page. */
export type DeviceAccess = "none" | "ro" | "rw";

/** A machine just after a step, or at the end of its run. */
export interface Observed {
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** Name of the policy of the run. */
  readonly policy: string;
  /** Result of the step; null at the end of the run. */
  readonly result: OperationResult | null;
  /** Violations of this step; at the end those found by the final accounting. */
  readonly violations: readonly Violation[];
  /** Violations of the run so far. */
  readonly allViolations: readonly Violation[];
  /**
   * Reads a figure.
   *
   * @param path Dotted name such as `guest.faults` or `vmstat.pgmigrate_success`.
   * @returns Its value, or undefined if there is no such figure.
   */
  figure(path: string): number | undefined;
  /**
   * Reads what a step has captured.
   *
   * @param name Name of the capture.
   * @returns Its value, or undefined if there is no such capture.
   */
  captured?(name: string): Value | undefined;
  /**
   * Reads the trace records of this step; at the end those of the whole run.
   *
   * @returns The records in order.
   */
  records(): Iterable<TraceRecord>;
  /**
   * Reads the state of a page.
   *
   * @param process Name of the process.
   * @param address The page.
   * @returns The facts, or undefined if no mapping is there.
   */
  page(process: string, address: Vaddr): PageFacts | undefined;
  /**
   * Lists the vmas of a part of an address space.
   *
   * @param process Name of the process.
   * @param start First byte.
   * @param end First byte after.
   * @returns Their bounds and flags, or undefined if there is no such process.
   */
  vmas?(
    process: string,
    start: Vaddr,
    end: Vaddr,
  ):
    | readonly { readonly start: Vaddr; readonly end: Vaddr; readonly flags: number }[]
    | undefined;
  /**
   * Asks what a device may do with a page.
   *
   * @param listener Name of the listener.
   * @param address The page.
   * @returns The access, or undefined if there is no such listener.
   */
  access(listener: string, address: Vaddr): DeviceAccess | undefined;
  /**
   * Finds a range.
   *
   * @param range The range; without a process it is looked up where the mapping was made.
   * @returns Where it is, or undefined if there is no such mapping or process.
   */
  resolve(range: PlacedRange): FoundRange | undefined;
  /**
   * Numbers the address space of a process.
   *
   * @param process Name of the process.
   * @returns The number used in the trace, or undefined.
   */
  mmOf(process: string): number | undefined;
  /**
   * Names a range of addresses for messages.
   *
   * @param mm Number of the address space.
   * @param start First byte.
   * @param end First byte after.
   * @returns Text such as `ram[0..4]`, or undefined where nothing fits.
   */
  nameOf?(mm: number, start: Vaddr, end: Vaddr): string | undefined;
}

/** An expectation that does not hold. */
export interface Failure {
  /** The expectation as the scenario writes it. */
  readonly expectation: string;
  /** What was wanted. */
  readonly expected: string;
  /** What was found. */
  readonly actual: string;
  /** Where the expectation is written, or null. */
  readonly position: SourcePosition | null;
  /** Index of the step, or null at the end of the run. */
  readonly step: number | null;
  /** All of it in one sentence, without a final period. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** The runs that it is about, where that is more than one. */
  readonly over?: "kernels" | "file";
  /** Lines of the file that say it; that of the position unless given. */
  readonly lines?: LineRange;
  /** What the names and expressions in it stand for. */
  readonly values?: readonly ResolvedValue[];
  /** What the parts of an expression came to, as a tree. */
  readonly details?: readonly string[];
  /** What differs: `- ` expected, `+ ` came, two spaces where they agree. */
  readonly diff?: readonly string[];
}

/** A name or an expression, and what it stood for when an expectation did not hold. */
export interface ResolvedValue {
  /** It as the scenario writes it. */
  readonly name: string;
  /** Its value for readers. */
  readonly value: string;
}

/** What was wanted and found, before it is put into a {@linkcode Failure}. */
export interface Mismatch {
  /** What was looked at. */
  readonly subject: string;
  /** What was wanted. */
  readonly expected: string;
  /** What was found. */
  readonly actual: string;
  /** What the parts of an expression came to, as a tree. */
  readonly details?: readonly string[];
  /** What differs, line by line. */
  readonly diff?: readonly string[];
  /** What the names in the expectation stand for. */
  readonly values?: readonly ResolvedValue[];
}
