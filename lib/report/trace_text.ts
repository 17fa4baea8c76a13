/**
 * The trace for readers: windows one by one, and the text format of ftrace.
 *
 * @module
 */

import { hex } from "../kernel/address.ts";
import { escapeControl } from "../kernel/escape.ts";
import {
  TRACE_BLOCKABLE,
  TRACE_ONLY_END,
  TRACE_UNDELIVERED,
  TRACE_USE_CHANGE_PTE,
  TRACE_VMA,
  type TraceRecord,
} from "../kernel/trace.ts";
import type { Machine } from "../machine/machine.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import { table } from "./layout.ts";

const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [TRACE_BLOCKABLE, "blockable"],
  [TRACE_USE_CHANGE_PTE, "use_change_pte"],
  [TRACE_VMA, "vma"],
  [TRACE_ONLY_END, "only_end"],
  [TRACE_UNDELIVERED, "undelivered"],
];

/** What a list of events shows of a record beside the record itself. */
export interface EventOrigin {
  /** Tick in which it happened. */
  readonly tick: number;
  /** The operation in short. */
  readonly label: string;
}

/**
 * Lists what listeners were told and what devices did.
 *
 * @param machine The machine.
 * @param records The records, borders of operations left out.
 * @param originOf Finds the operation of a record; not shown unless given.
 * @returns Text that ends in a newline.
 */
export function eventsText(
  machine: Machine,
  records: readonly TraceRecord[],
  originOf?: (record: TraceRecord) => EventOrigin,
): string {
  if (records.length === 0) return "no events\n";
  const rows = records.map((record) => {
    const origin = originOf?.(record);
    return [
      String(record.index),
      ...(origin === undefined ? [] : [String(origin.tick)]),
      String(record.time),
      kindText(record),
      processName(machine, record.mm),
      rangeText(machine, record),
      flagNames(record.flags).join(","),
      ...(origin === undefined ? [] : [escapeControl(origin.label)]),
    ];
  });
  const ticks = originOf === undefined ? [] : ["TICK"];
  const operations = originOf === undefined ? [] : ["OPERATION"];
  const head = ["#", ...ticks, "TIME", "WHAT", "PROCESS", "RANGE", "FLAGS", ...operations];
  return table([head, ...rows]).join("\n") + "\n";
}

/**
 * Writes a trace as ftrace does (Documentation/trace/ftrace.rst).
 *
 * @param machine The machine.
 * @param records The records.
 * @returns Text that ends in a newline.
 */
export function ftraceText(machine: Machine, records: readonly TraceRecord[]): string {
  const { length, dropped } = machine.host.trace;
  const head = [
    "# tracer: nop",
    "#",
    `# entries-in-buffer/entries-written: ${length}/${length + dropped}   #P:1`,
    "#",
    "#                                _-----=> irqs-off",
    "#                               / _----=> need-resched",
    "#                              | / _---=> hardirq/softirq",
    "#                              || / _--=> preempt-depth",
    "#                              ||| /     delay",
    "#           TASK-PID     CPU#  ||||   TIMESTAMP  FUNCTION",
    "#              | |         |   ||||      |         |",
  ];
  return [...head, ...records.map((record) => ftraceLine(machine, record))].join("\n") + "\n";
}

/**
 * Names a range after the mappings it lies in.
 *
 * @param machine The machine.
 * @param start First byte.
 * @param end First byte after.
 * @param process Name of the process, whose own mappings come first: a child has its parent's, too.
 * @returns Text such as `ram[0..4]`, or two addresses where no name fits.
 */
export function rangeName(
  machine: Machine,
  start: number,
  end: number,
  process: string,
): string {
  const around = [...machine.mappings.values()].filter((mapping) =>
    start >= mapping.start && end <= mapping.start + mapping.pages * 4096
  );
  const mapping = around.find((one) => one.process === process) ?? around[0];
  if (mapping === undefined) return `${hex(start)}-${hex(end)}`;
  const [first, pages] = [(start - mapping.start) / 4096, (end - start) / 4096];
  const name = escapeControl(mapping.name);
  if (pages === mapping.pages) return name;
  return pages === 1 ? `${name}[${first}]` : `${name}[${first}..${first + pages}]`;
}

/**
 * Names what a record is about: the event of a window, or the callback.
 *
 * @param record The record.
 * @returns Text such as `invalidate_range_start CLEAR`.
 */
function kindText({ kind, event }: TraceRecord): string {
  const hasEvent = kind === "invalidate_range_start" || kind === "invalidate_range_end";
  return hasEvent ? `${kind} ${WINDOW_EVENT_NAMES[event]}` : kind;
}

function rangeText(machine: Machine, { mm, start, end }: TraceRecord): string {
  return end === 0 ? "" : rangeName(machine, start, end, machine.host.mms[mm]?.name ?? "");
}

function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
}

function processName(machine: Machine, mm: number): string {
  return mm < 0 ? "" : escapeControl(machine.host.mms[mm]?.name ?? "");
}

function ftraceLine(machine: Machine, record: TraceRecord): string {
  const { mm, subject, start, end, time } = record;
  const task = `${mm < 0 ? "kernel" : processName(machine, mm)}-${mm + 1}`.padStart(16);
  const seconds = (time / 1e9).toFixed(6).padStart(12);
  const listener = [...machine.listeners.keys()][subject];
  const fields = [
    ...(end === 0 ? [] : [`start=${hex(start)} end=${hex(end)}`]),
    ...(kindText(record) === record.kind ? [] : [`event=${WINDOW_EVENT_NAMES[record.event]}`]),
    ...(record.flags === 0 ? [] : [`flags=${flagNames(record.flags).join("|")}`]),
    ...(listener === undefined ? [] : [`listener=${escapeControl(listener)}`]),
  ];
  return `${task}     [000]  .... ${seconds}: ${record.kind}:${
    fields.map((field) => ` ${field}`).join("")
  }`;
}
