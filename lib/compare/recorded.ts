/**
 * A recorded run as plain data: what charts and trace files are made from.
 *
 * All times are virtual, in ns; addresses are in bytes.
 *
 * @module
 */

import type { TraceRecord } from "../kernel/trace.ts";

/** Name of a callback, in the kernel's words. */
export type CallbackName =
  | "invalidate_range_start"
  | "invalidate_range_end"
  | "invalidate_range"
  | "change_pte"
  | "clear_flush_young"
  | "clear_young"
  | "test_young"
  | "release";

/** The callbacks that are recorded, by the name of the method. */
export const CALLBACKS: Readonly<Record<string, CallbackName>> = {
  invalidateRangeStart: "invalidate_range_start",
  invalidateRangeEnd: "invalidate_range_end",
  invalidateRange: "invalidate_range",
  changePte: "change_pte",
  clearFlushYoung: "clear_flush_young",
  clearYoung: "clear_young",
  testYoung: "test_young",
  release: "release",
};

/** One operation of the program. */
export interface RecordedOperation {
  /** Index of the step. */
  readonly step: number;
  /** The step in short. */
  readonly label: string;
  /** When it began. */
  readonly start_ns: number;
  /** When it ended. */
  readonly end_ns: number;
}

/** One window on an address space. */
export interface RecordedWindow {
  /** Number of the address space. */
  readonly mm: number;
  /** Name of the event. */
  readonly event: string;
  /** The kernel function that opened it. */
  readonly site: string;
  /** First byte. */
  readonly start: number;
  /** First byte after. */
  readonly end: number;
  /** When it was opened. */
  readonly start_ns: number;
  /** When it was closed; null where it never was. */
  readonly end_ns: number | null;
}

/** One call of one listener. */
export interface RecordedCallback {
  /** Index of the listener. */
  readonly listener: number;
  /** Which callback. */
  readonly name: CallbackName;
  /** Step in which it came, or -1. */
  readonly step: number;
  /** First byte. */
  readonly start: number;
  /** First byte after. */
  readonly end: number;
  /** When it was called. */
  readonly start_ns: number;
  /** When it returned. */
  readonly end_ns: number;
}

/** Counters at one time. */
export interface RecordedSample {
  /** When. */
  readonly time_ns: number;
  /** Pages that KSM shares. */
  readonly pages_sharing: number;
  /** Faults of each listener. */
  readonly faults: readonly number[];
  /** Flushes of each listener's TLB. */
  readonly tlb_flushes: readonly number[];
}

/** A recorded run. */
export interface RecordedRun {
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** Name of the policy. */
  readonly policy: string;
  /** Address spaces: process and number. */
  readonly processes: readonly { readonly name: string; readonly mm: number }[];
  /** Listeners in their order. */
  readonly listeners: readonly {
    /** Its name. */
    readonly name: string;
    /** Kind of driver. */
    readonly kind: string;
    /** Number of the address space that it listens on. */
    readonly mm: number;
  }[];
  /** Operations in order. */
  readonly operations: readonly RecordedOperation[];
  /** Windows in the order in which they were opened. */
  readonly windows: readonly RecordedWindow[];
  /** Callbacks in order; none where they were not asked for. */
  readonly callbacks: readonly RecordedCallback[];
  /** Counters before each step and at the end. */
  readonly samples: readonly RecordedSample[];
  /** The trace as the machine kept it; nothing where it was not asked for. */
  readonly records: readonly TraceRecord[];
  /** Records that were lost because the trace was full. */
  readonly dropped: number;
}
