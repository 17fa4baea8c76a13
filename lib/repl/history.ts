/**
 * The history of a page, and what differs between two ticks.
 *
 * Both are read from the journal and the trace; nothing is replayed.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { escapeControl } from "../kernel/escape.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import { entryStateText } from "../report/changes_text.ts";
import { table } from "../report/layout.ts";
import { countText } from "../report/numbers.ts";
import { rangeName } from "../report/trace_text.ts";
import { cpuOwner, deviceOwner } from "./journal.ts";
import { type EntryState, type PageChange, stateAt } from "../machine/page_changes.ts";
import type { Session } from "./session.ts";

/** One line in the history of a page. */
export interface PageEvent {
  /** Number of the tick, from 1. */
  readonly tick: number;
  /** `cpu`, or the name of a listener. */
  readonly where: string;
  /** What became of the entry. */
  readonly change: string;
  /** Events and callbacks that concerned the page. */
  readonly event: string;
  /** The operation in short. */
  readonly operation: string;
  /** Where the operation is written. */
  readonly line: string;
}

/**
 * Tells the history of a page: in the CPU's table and in that of every listener of its process.
 *
 * A tick in which listeners were told of the page, and nothing changed, has a line as well.
 *
 * @param session The session.
 * @param process Name of the process.
 * @param address The page.
 * @returns The events in order.
 */
export function historyOf(session: Session, process: string, address: Vaddr): PageEvent[] {
  const { journal, machine } = session;
  const page = address - address % PAGE_SIZE;
  const records = machine.host.trace.covering(machine.mm(process).id, page);
  const owners = ownersOf(session, process);
  const events: PageEvent[] = [];
  let at = 0;
  for (let tick = 0; tick < session.tick; tick++) {
    const end = journal.ticks[tick + 1]?.firstRecord ?? Infinity;
    const from = at;
    while (at < records.length && records[at] < end) at++;
    const event = eventNames(session, records.slice(from, at));
    const origin = { tick: tick + 1, event, ...originOf(session, tick) };
    const before = events.length;
    for (const [where, owner] of owners) {
      const run = journal.changeAt(tick, owner, page);
      if (run === undefined) continue;
      events.push({ ...origin, where, change: pageChangeText(run, page, where !== "cpu") });
    }
    if (events.length === before && from < at) {
      events.push({ ...origin, where: "all", change: "as before" });
    }
  }
  return events;
}

/**
 * Writes the history of a page.
 *
 * @param session The session.
 * @param process Name of the process.
 * @param address The page.
 * @returns Text that ends in a newline.
 */
export function whyText(session: Session, process: string, address: Vaddr): string {
  const page = address - address % PAGE_SIZE;
  const events = historyOf(session, process, page);
  const name = rangeName(session.machine, page, page + PAGE_SIZE, process);
  if (events.length === 0) return `${name} of ${escapeControl(process)}: nothing happened to it\n`;
  const rows = events.map(({ tick, where, change, event, operation, line }) => [
    `#${tick}`,
    escapeControl(where),
    change,
    event === "" ? "-" : event,
    line,
    escapeControl(operation),
  ]);
  const head = ["TICK", "TABLE", "ENTRY", "TOLD", "LINE", "OPERATION"];
  return table([head, ...rows]).join("\n") + "\n";
}

/**
 * Writes what differs between two ticks, and which tick made the last change of each.
 *
 * @param session The session, which stands at the later tick or after it.
 * @param from The earlier tick.
 * @param to The later tick.
 * @returns Text that ends in a newline.
 */
export function diffText(session: Session, from: number, to: number): string {
  const lines = [
    ...tableLines(session, from, to),
    ...figureLines(session, from, to),
  ];
  const title = `tick ${from} to tick ${to}`;
  return lines.length === 0 ? `${title}: nothing differs\n` : `${title}\n${lines.join("\n")}\n`;
}

/** Names of tables with their owners in the journal. */
function ownersOf({ machine }: Session, process: string): [where: string, owner: string][] {
  const listeners = [...machine.listeners].filter(([, placed]) => placed.process === process);
  return [
    ["cpu", cpuOwner(process)],
    ...listeners.map(([name]): [string, string] => [name, deviceOwner(name)]),
  ];
}

function originOf({ journal, steps }: Session, tick: number): { operation: string; line: string } {
  const { position } = steps[tick];
  return {
    operation: journal.ticks[tick].result.label,
    line: position === null ? "typed" : `${position.line}`,
  };
}

/** The events of windows and the names of callbacks, each once, in order. */
function eventNames({ machine }: Session, records: readonly number[]): string {
  const names = new Set<string>();
  for (const index of records) {
    const { kind, event } = machine.host.trace.at(index);
    if (kind === "invalidate_range_start") names.add(WINDOW_EVENT_NAMES[event]);
    else if (kind !== "invalidate_range_end") names.add(kind);
  }
  return [...names].join(" ");
}

function pageChangeText(run: PageChange, page: Vaddr, isDevice: boolean): string {
  const at = (page - run.start) / PAGE_SIZE;
  return `${stateText(run.before, at, isDevice)} -> ${stateText(run.after, at, isDevice)}`;
}

function stateText(state: EntryState, at: number, isDevice: boolean): string {
  const { flags, pfn } = stateAt(state, at);
  return entryStateText(flags, pfn, isDevice);
}

/** The net change of a page. */
interface NetChange {
  readonly before: string;
  after: string;
  tick: number;
}

function tableLines(session: Session, from: number, to: number): string[] {
  const rows: string[][] = [];
  const { journal, machine } = session;
  const owners = new Set(
    journal.ticks.slice(from, to).flatMap(({ changes }) => [
      ...changes.keys(),
    ]),
  );
  for (const owner of owners) {
    const isDevice = owner.startsWith("dev:");
    const pages = netChanges(session, owner, from, to);
    const name = owner.slice(4);
    const process = isDevice ? machine.listeners.get(name)?.process ?? name : name;
    for (const { start, count, change } of runsOf(pages)) {
      const range = rangeName(machine, start, start + count * PAGE_SIZE, process);
      const { operation } = originOf(session, change.tick);
      const mm = machine.processes.get(process)?.id ?? -1;
      const records = machine.host.trace.covering(
        mm,
        start,
        journal.ticks[change.tick].firstRecord,
        journal.ticks[change.tick + 1]?.firstRecord,
      );
      rows.push([
        escapeControl(isDevice ? name : `cpu ${name}`),
        range,
        `${change.before} -> ${change.after}`,
        `#${change.tick + 1}`,
        eventNames(session, records) || "-",
        escapeControl(operation),
      ]);
    }
  }
  if (rows.length === 0) return [];
  return table([["TABLE", "PAGES", "ENTRY", "TICK", "TOLD", "OPERATION"], ...rows]);
}

function netChanges(session: Session, owner: string, from: number, to: number) {
  const pages = new Map<Vaddr, NetChange>();
  const isDevice = owner.startsWith("dev:");
  for (let tick = from; tick < to; tick++) {
    for (const run of session.journal.ticks[tick].changes.get(owner) ?? []) {
      for (let at = 0; at < run.pages; at++) {
        const address = run.start + at * PAGE_SIZE;
        const after = stateText(run.after, at, isDevice);
        const known = pages.get(address);
        if (known === undefined) {
          pages.set(address, { before: stateText(run.before, at, isDevice), after, tick });
        } else {
          known.after = after;
          known.tick = tick;
        }
      }
    }
  }
  return [...pages].filter(([, { before, after }]) => before !== after)
    .sort(([one], [other]) => one - other);
}

/** Neighbours whose entries differ in the frame alone are one line, which names the first frame. */
function* runsOf(pages: readonly (readonly [Vaddr, NetChange])[]) {
  let run: { start: Vaddr; count: number; change: NetChange; kind: string } | undefined;
  for (const [address, change] of pages) {
    const kind = `${kindOf(change.before)}>${kindOf(change.after)}>${change.tick}`;
    if (run !== undefined && run.kind === kind && address === run.start + run.count * PAGE_SIZE) {
      run.count++;
      continue;
    }
    if (run !== undefined) yield run;
    run = { start: address, count: 1, change, kind };
  }
  if (run !== undefined) yield run;
}

function kindOf(state: string): string {
  return state.replace(/^(frame|swap|migrating) [0-9a-f]+/, "$1");
}

function figureLines(session: Session, from: number, to: number): string[] {
  const { journal, machine } = session;
  const told = new Map<string, string>();
  const toldOf = (figure: string, tick: number) => {
    const process = machine.listeners.get(figure.slice(0, figure.lastIndexOf(".")))?.process;
    if (process === undefined) return "-";
    const key = `${tick} ${process}`;
    if (!told.has(key)) told.set(key, toldIn(session, process, tick) || "-");
    return told.get(key)!;
  };
  const sums = new Map<string, { sum: number; tick: number }>();
  for (let tick = from; tick < to; tick++) {
    for (const [name, difference] of journal.ticks[tick].figures) {
      sums.set(name, { sum: (sums.get(name)?.sum ?? 0) + difference, tick });
    }
  }
  const rows = [...sums].filter(([, { sum }]) => sum !== 0).map(([name, { sum, tick }]) => [
    escapeControl(name),
    `${sum > 0 ? "+" : ""}${countText(sum)}`,
    `#${tick + 1}`,
    toldOf(name, tick),
    escapeControl(journal.ticks[tick].result.label),
  ]);
  return rows.length === 0 ? [] : table([["FIGURE", "BY", "TICK", "TOLD", "OPERATION"], ...rows]);
}

/** What the listeners of a process were told in a tick. */
function toldIn(session: Session, process: string, tick: number): string {
  const { journal, machine: { host } } = session;
  const mm = host.mms.find(({ name }) => name === process);
  const end = journal.ticks[tick + 1]?.firstRecord ?? host.trace.length;
  const records: number[] = [];
  for (let at = journal.ticks[tick].firstRecord; at < end; at++) {
    if (host.trace.at(at).mm === mm?.id) records.push(at);
  }
  return eventNames(session, records);
}
