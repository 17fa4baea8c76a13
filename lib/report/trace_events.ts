/**
 * Traces in the Trace Event Format, which Perfetto and chrome://tracing show.
 *
 * Each run has a process for its kernel with the operations, one for each simulated process with
 * its windows as async spans, and one for each listener with its callbacks as slices. Arrows lead
 * from operations to the callbacks that they cause. Times are virtual.
 *
 * @module
 */

import type { RecordedRun } from "../compare/recorded.ts";

/** A recorded run and what it is of. */
export interface TracedRun {
  /** Name of the scenario. */
  readonly scenario: string;
  /** Name of its file. */
  readonly file: string;
  /** The run. */
  readonly run: RecordedRun;
}

/** An event; which members there are depends on its phase. */
export interface TraceEvent {
  /** Phase: M names, X slice, b and e async span, s and f arrow, C counter. */
  readonly ph: "M" | "X" | "b" | "e" | "s" | "f" | "C";
  /** What it is called. */
  readonly name: string;
  /** Categories, separated by commas. */
  readonly cat?: string;
  /** Time in us. */
  readonly ts?: number;
  /** Duration of a slice in us. */
  readonly dur?: number;
  /** Number of the process. */
  readonly pid: number;
  /** Number of the thread. */
  readonly tid: number;
  /** What ties spans and arrows together. */
  readonly id?: string;
  /** `e`: an arrow ends at the slice around it. */
  readonly bp?: "e";
  /** Anything else. */
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Numbers of processes that one run may take. */
const STRIDE = 1000;
/** Numbers of the listeners begin here within a run. */
const LISTENERS = 500;
/** The only thread of each process. */
const TID = 1;

/**
 * Renders runs as a trace.
 *
 * @param runs The runs.
 * @returns JSON that ends in a newline.
 */
export function perfettoJson(runs: readonly TracedRun[]): string {
  const traceEvents = runs.flatMap(eventsOf);
  const otherData = { generator: "mmulab", clock: "virtual" };
  return `${JSON.stringify({ displayTimeUnit: "ns", otherData, traceEvents })}\n`;
}

function eventsOf({ scenario, run }: TracedRun, index: number): TraceEvent[] {
  const pid = (index + 1) * STRIDE;
  const events = [
    ...operations(run, pid),
    ...windows(run, pid, index),
    ...callbacks(run, pid, index),
    ...counters(run, pid),
  ].sort((one, other) => (one.ts ?? 0) - (other.ts ?? 0));
  return [...names(scenario, run, pid), ...events];
}

function names(scenario: string, run: RecordedRun, base: number): TraceEvent[] {
  const title = `${scenario}, ${run.kernel} ${run.policy}`;
  const named = (pid: number, process: string, thread: string): TraceEvent[] => [
    { ph: "M", name: "process_name", pid, tid: TID, args: { name: `${title}: ${process}` } },
    { ph: "M", name: "thread_name", pid, tid: TID, args: { name: thread } },
    { ph: "M", name: "process_sort_index", pid, tid: TID, args: { sort_index: pid } },
  ];
  return [
    ...named(base, "kernel", "operations"),
    ...run.processes.flatMap(({ name }, at) => named(base + 1 + at, `process ${name}`, name)),
    ...run.listeners.flatMap(({ name, kind }, at) =>
      named(base + LISTENERS + at, `listener ${name}`, `${name} (${kind})`)
    ),
  ];
}

function operations({ operations }: RecordedRun, pid: number): TraceEvent[] {
  return operations.map(({ step, label, start_ns, end_ns }) => ({
    ph: "X",
    name: label.split(" ")[0],
    cat: "operation",
    ts: start_ns / 1000,
    dur: (end_ns - start_ns) / 1000,
    pid,
    tid: TID,
    args: { step: step + 1, label },
  }));
}

function windows(run: RecordedRun, base: number, index: number): TraceEvent[] {
  const last = run.samples.at(-1)?.time_ns ?? 0;
  return run.windows.flatMap(({ mm, event, site, start, end, start_ns, end_ns }, at) => {
    const process = run.processes.findIndex((one) => one.mm === mm);
    const common = {
      name: `${event} ${site}`,
      cat: "window",
      pid: base + 1 + process,
      tid: TID,
      id: `w${index}.${at}`,
    };
    const args = { event, site, start: hex(start), end: hex(end) };
    return [
      { ph: "b", ...common, ts: start_ns / 1000, args },
      { ph: "e", ...common, ts: (end_ns ?? last) / 1000 },
    ] satisfies TraceEvent[];
  });
}

function callbacks(run: RecordedRun, base: number, index: number): TraceEvent[] {
  return run.callbacks.flatMap((callback, at) => {
    const { listener, name, step, start, end, start_ns, end_ns } = callback;
    const track = { pid: base + LISTENERS + listener, tid: TID };
    const [ts, id] = [start_ns / 1000, `c${index}.${at}`];
    const slice: TraceEvent = {
      ph: "X",
      name,
      cat: "callback",
      ts,
      dur: (end_ns - start_ns) / 1000,
      ...track,
      args: { start: hex(start), end: hex(end) },
    };
    if (step < 0) return [slice];
    const arrow = { name: "notifies", cat: "flow", ts, id };
    return [
      { ph: "s", ...arrow, pid: base, tid: TID },
      slice,
      { ph: "f", bp: "e", ...arrow, ...track },
    ] satisfies TraceEvent[];
  });
}

function counters({ samples, listeners }: RecordedRun, base: number): TraceEvent[] {
  return samples.flatMap((sample): TraceEvent[] => {
    const common = { ph: "C", ts: sample.time_ns / 1000, tid: TID } as const;
    return [
      { ...common, name: "KSM", pid: base, args: { pages_sharing: sample.pages_sharing } },
      ...listeners.flatMap((_, at): TraceEvent[] => {
        const pid = base + LISTENERS + at;
        return [
          { ...common, name: "faults", pid, args: { faults: sample.faults[at] ?? 0 } },
          {
            ...common,
            name: "TLB flushes",
            pid,
            args: { tlb_flushes: sample.tlb_flushes[at] ?? 0 },
          },
        ];
      }),
    ];
  });
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
