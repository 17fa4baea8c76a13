/**
 * Traces as text in the manner of ftrace, and as JSON lines.
 *
 * The notifier chain has no tracepoints of its own: its records have the names of the kernel's
 * functions. What KVM does has the names of KVM's tracepoints, and operations are markers.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { TraceRecord } from "../kernel/trace.ts";
import type { RecordedCallback, RecordedRun } from "../compare/recorded.ts";
import { siteName, WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import type { TracedRun } from "./trace_events.ts";

/** A line and when it is due. */
interface Line {
  readonly time: number;
  readonly text: string;
}

/** Number of the first process; the machine itself has 1. */
const FIRST_PID = 1000;

const KVM_EVENTS: Readonly<Record<string, (start: string, end: string) => string>> = {
  invalidate_range_start: (start, end) =>
    `kvm_unmap_hva_range: mmu notifier unmap range: ${start} -- ${end}`,
  change_pte: (start) => `kvm_set_spte_hva: mmu notifier set pte hva: ${start}`,
  clear_flush_young: (start, end) => `kvm_age_hva: mmu notifier age hva: ${start} -- ${end}`,
  clear_young: (start, end) => `kvm_age_hva: mmu notifier age hva: ${start} -- ${end}`,
  test_young: (start) => `kvm_test_age_hva: mmu notifier test age hva: ${start}`,
};

/**
 * Renders runs as text, each with a header of its own.
 *
 * @param runs The runs.
 * @returns Text that ends in a newline.
 */
export function ftraceText(runs: readonly TracedRun[]): string {
  return runs.map((traced) => `${[...header(traced), ...lines(traced.run)].join("\n")}\n`).join(
    "\n",
  );
}

/**
 * Renders runs as JSON lines: one per trace record.
 *
 * @param runs The runs.
 * @returns Text, each line of which is an object.
 */
export function traceLines(runs: readonly TracedRun[]): string {
  return runs.flatMap(({ scenario, run }) => {
    const { kernel, policy } = run;
    return run.records.map(({ event, site, mm, ...record }) => {
      const isWindow = record.kind.startsWith("invalidate_range_");
      const names = isWindow ? { event: WINDOW_EVENT_NAMES[event], site: siteName(site) } : {};
      const line = { scenario, kernel, policy, process: processOf(run, mm), ...record, ...names };
      return `${JSON.stringify(line)}\n`;
    });
  }).join("");
}

function header({ scenario, run }: TracedRun): string[] {
  const { kernel, policy, records, dropped } = run;
  const written = records.length + dropped;
  return [
    "# tracer: nop",
    "#",
    `# ${escapeControl(scenario)}, kernel ${kernel}, policy ${escapeControl(policy)}`,
    `# entries-in-buffer/entries-written: ${records.length}/${written}   #P:1`,
    "#",
    "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION",
    "#              | |         |   |||||     |         |",
  ];
}

function lines(run: RecordedRun): string[] {
  let step = 0;
  const records = run.records.map((record): Line => {
    if (record.kind === "operation_begin") step++;
    return { time: record.time, text: recordText(run, record, step) };
  });
  const callbacks = run.callbacks.flatMap((callback) => callbackLine(run, callback));
  return [...records, ...callbacks].sort((one, other) => one.time - other.time)
    .map(({ text }) => text);
}

function recordText(run: RecordedRun, record: TraceRecord, step: number): string {
  const { kind, mm, event, site, start, end, time } = record;
  const task = taskOf(run, mm);
  if (kind === "operation_begin") {
    const label = escapeControl(run.operations[step - 1]?.label ?? "");
    return entry(task, time, `tracing_mark_write: B|1|${label}`);
  }
  if (kind === "operation_end") return entry(task, time, "tracing_mark_write: E|1");
  const isWindow = kind === "invalidate_range_start" || kind === "invalidate_range_end";
  const name = kind.startsWith("device_") ? kind : `mmu_notifier_${kind}`;
  const why = isWindow
    ? ` event=MMU_NOTIFY_${WINDOW_EVENT_NAMES[event]} caller=${siteName(site)}`
    : "";
  const who = kind.startsWith("device_") ? ` listener=${run.listeners[record.subject]?.name}` : "";
  return entry(
    task,
    time,
    `${name}: start=${hex(start)} end=${hex(end)}${why}${escapeControl(who)}`,
  );
}

function callbackLine(run: RecordedRun, callback: RecordedCallback): Line[] {
  const { listener, name, start, end, start_ns } = callback;
  const { kind, mm } = run.listeners[listener];
  if (kind !== "kvm" || !Object.hasOwn(KVM_EVENTS, name)) return [];
  const text = entry(taskOf(run, mm), start_ns, KVM_EVENTS[name](hex(start), hex(end)));
  return [{ time: start_ns, text }];
}

/** `TASK-PID [CPU] flags secs.usecs: event: fields`. */
function entry(task: string, time_ns: number, event: string): string {
  const seconds = (time_ns / 1e9).toFixed(6);
  return `${task.padStart(20)}  [000] ..... ${seconds.padStart(12)}: ${event}`;
}

function taskOf(run: RecordedRun, mm: number): string {
  if (mm < 0) return "machine-1";
  const name = (processOf(run, mm) ?? "").replace(/[^\w.:-]/g, "_").slice(0, 15);
  return `${name}-${FIRST_PID + mm}`;
}

function processOf({ processes }: RecordedRun, mm: number): string | null {
  return mm < 0 ? null : processes.find((one) => one.mm === mm)?.name ?? `mm${mm}`;
}

function hex(address: number): string {
  return `0x${address.toString(16).padStart(14, "0")}`;
}
