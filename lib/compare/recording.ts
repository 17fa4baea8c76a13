/**
 * Recording a run: operations, windows, callbacks and counters with their virtual times.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import type { TraceRecord } from "../kernel/trace.ts";
import type { Machine } from "../machine/machine.ts";
import type { RunResult, StepResult } from "../machine/run.ts";
import { siteName, WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import {
  type CallbackName,
  CALLBACKS,
  type RecordedCallback,
  type RecordedOperation,
  type RecordedRun,
  type RecordedSample,
  type RecordedWindow,
} from "./recorded.ts";

/** Most callbacks that are recorded of one run. */
const MAX_CALLBACKS = 1 << 20;

/** What has to be known of a run at its end. */
export interface RecordedSteps extends Pick<RunResult, "kernel" | "policy"> {
  /** The steps in order. */
  readonly steps: readonly Pick<StepResult, "label" | "skipped">[];
}

/** Records one run; nothing of what the run does changes. */
export class Recording {
  readonly #machine: Machine;
  readonly #callbacks: RecordedCallback[] = [];
  readonly #samples: RecordedSample[] = [];
  readonly #from: number;
  #watched = 0;
  #step = -1;

  /**
   * Begins to record.
   *
   * @param machine A machine before its first step, or between two.
   */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#from = machine.host.trace.length;
    this.#watchNew();
  }

  /**
   * Notes that a step begins, or after the last one that there is none left.
   *
   * @param step Its index.
   */
  beginStep(step: number): void {
    this.#step = step;
    this.#watchNew();
    this.#sample();
  }

  /**
   * Ends the recording.
   *
   * @param result The run.
   * @returns All that was recorded.
   */
  finish(result: RecordedSteps): RecordedRun {
    const { processes, listeners, host: { trace } } = this.#machine;
    const records = [...trace.records(this.#from)];
    return {
      kernel: result.kernel,
      policy: result.policy,
      processes: [...processes].map(([name, { id }]) => ({ name, mm: id })),
      listeners: [...listeners].map(([name, { listener, process }]) => ({
        name,
        kind: listener.kind,
        mm: processes.get(process)?.id ?? -1,
      })),
      operations: operationsOf(records, result),
      windows: windowsOf(records),
      callbacks: this.#callbacks,
      samples: this.#samples,
      records,
      dropped: trace.dropped,
    };
  }

  #sample(): void {
    const { host, listeners } = this.#machine;
    const counters = [...listeners.values()].map(({ listener }) => listener.counters);
    this.#samples.push({
      time_ns: host.clock.now,
      pages_sharing: host.ksm.pages_sharing,
      faults: counters.map(({ faults }) => faults),
      tlb_flushes: counters.map(({ tlb_flushes }) => tlb_flushes),
    });
  }

  /** Watches the listeners that have come since the last time. */
  #watchNew(): void {
    const listeners = [...this.#machine.listeners.values()];
    for (; this.#watched < listeners.length; this.#watched++) {
      const { ops } = listeners[this.#watched].listener;
      if (ops !== null) this.#watch(ops, this.#watched);
    }
  }

  /** Puts itself in front of the callbacks of a listener, which keeps its place on the chain. */
  #watch(ops: MmuNotifierOps, listener: number): void {
    for (const [key, name] of Object.entries(CALLBACKS)) {
      const original: unknown = Reflect.get(ops, key);
      if (typeof original !== "function") continue;
      Reflect.set(ops, key, (...args: readonly unknown[]) => {
        const start_ns = this.#machine.host.clock.now;
        try {
          return Reflect.apply(original, ops, args);
        } finally {
          this.#note(listener, name, args, start_ns);
        }
      });
    }
  }

  #note(listener: number, name: CallbackName, args: readonly unknown[], start_ns: number): void {
    if (this.#callbacks.length >= MAX_CALLBACKS) return;
    const [start, end] = boundsOf(args);
    const end_ns = this.#machine.host.clock.now;
    this.#callbacks.push({ listener, name, step: this.#step, start, end, start_ns, end_ns });
  }
}

/**
 * Reads the windows of a trace.
 *
 * @param records The trace.
 * @returns The windows in the order in which they were opened.
 */
export function windowsOf(records: Iterable<TraceRecord>): RecordedWindow[] {
  const windows: { -readonly [Key in keyof RecordedWindow]: RecordedWindow[Key] }[] = [];
  const open = new Map<string, number[]>();
  for (const { kind, mm, event, site, start, end, time } of records) {
    if (kind !== "invalidate_range_start" && kind !== "invalidate_range_end") continue;
    const key = [mm, event, site, start, end].join();
    if (kind === "invalidate_range_start") {
      open.set(key, [...open.get(key) ?? [], windows.length]);
      const names = { event: WINDOW_EVENT_NAMES[event], site: siteName(site) };
      windows.push({ mm, ...names, start, end, start_ns: time, end_ns: null });
      continue;
    }
    const index = open.get(key)?.pop();
    if (index !== undefined) windows[index].end_ns = time;
  }
  return windows;
}

/** The operations of a trace, which has none for steps that were left out. */
function operationsOf(records: readonly TraceRecord[], { steps }: RecordedSteps) {
  const operations: RecordedOperation[] = [];
  const done = [...steps.entries()].filter(([, { skipped }]) => skipped !== true);
  let start_ns = 0;
  for (const { kind, time } of records) {
    if (kind === "operation_begin") start_ns = time;
    if (kind !== "operation_end") continue;
    const [step, { label }] = done[operations.length] ?? [operations.length, { label: "" }];
    operations.push({ step, label, start_ns, end_ns: time });
  }
  return operations;
}

/** The range that a callback is about: of a window, of an address, or from the second argument. */
function boundsOf([first, second, third]: readonly unknown[]): [number, number] {
  if (typeof second !== "number") {
    return isRange(first) && second === undefined ? [first.start, first.end] : [0, 0];
  }
  return [second, typeof third === "number" ? third : second + PAGE_SIZE];
}

function isRange(value: unknown): value is { start: number; end: number } {
  return typeof value === "object" && value !== null && "start" in value && "end" in value;
}
