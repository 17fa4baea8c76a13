/**
 * Listeners for readers: the chain, the state of one, and its counters.
 *
 * @module
 */

import { hex } from "../kernel/address.ts";
import { escapeControl } from "../kernel/escape.ts";
import type { Machine, PlacedListener } from "../machine/machine.ts";
import type { ListenerRange } from "../listeners/listener.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { EVENT_NAMES, WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import { COUNTER_MEANINGS, counterLabel } from "./counters_text.ts";
import { type Cell, layout, table } from "./layout.ts";
import { amount, countText, timeText } from "./numbers.ts";
import { rangeName } from "./trace_text.ts";

/** Callbacks by their kernel names. */
const CALLBACKS: readonly (readonly [keyof MmuNotifierOps, string])[] = [
  ["release", "release"],
  ["clearFlushYoung", "clear_flush_young"],
  ["clearYoung", "clear_young"],
  ["testYoung", "test_young"],
  ["changePte", "change_pte"],
  ["invalidateRangeStart", "invalidate_range_start"],
  ["invalidateRange", "invalidate_range"],
  ["invalidateRangeEnd", "invalidate_range_end"],
];

/**
 * Shows the notifier chain of a process: its listeners in the order in which they are called, the
 * windows that are open, and who waits for them.
 *
 * @param machine The machine.
 * @param process Name of the process.
 * @returns Text that ends in a newline.
 */
export function chainText(machine: Machine, process: string): string {
  const { notifiers } = machine.mm(process);
  const name = escapeControl(process);
  if (notifiers === null) return `${name}: no listener was ever registered\n`;
  const placed = notifiers.list.map((ops) =>
    [...machine.listeners.values()].find(({ listener }) => listener.ops === ops)
  );
  const rows = notifiers.list.map((ops, at) => [
    String(at),
    escapeControl(ops.name),
    placed[at]?.listener.kind ?? "",
    escapeControl(placed[at]?.policy.name ?? ""),
    blockedText(placed[at]),
    callbackNames(ops).join(" "),
  ]);
  const head = ["#", "LISTENER", "KIND", "POLICY", "BLOCKED BY", "CALLBACKS"];
  const windows = notifiers.open.map(({ event, start, end }) => {
    const range = rangeName(machine, start, end, process);
    return `  ${WINDOW_EVENT_NAMES[event]} ${range} (${hex(start)}-${hex(end)})`;
  });
  return [
    `${name}: called in this order`,
    ...table([head, ...rows], 2),
    windows.length === 0 ? "no open window" : "open windows, oldest first",
    ...windows,
  ].join("\n") + "\n";
}

/**
 * Shows a listener: its state, its policy, what it registered, and its translations.
 *
 * @param machine The machine.
 * @param name Name of the listener.
 * @param limit Most translations shown.
 * @returns Text that ends in a newline.
 */
export function listenerText(machine: Machine, name: string, limit = 64): string {
  const { listener, process, policy } = machine.listener(name);
  const actions = EVENT_NAMES.map((event) => [event, policy.events[event]]);
  const state = stateRows(listener);
  const ranges = listener.ranges?.();
  return [
    `${escapeControl(name)}: ${listener.kind} of ${escapeControl(process)}`,
    ...(state.length === 0 ? [] : ["state", ...table(state, 2)]),
    `policy ${escapeControl(policy.name)}${
      policy.useChangePte ? ", leaves windows that promise change_pte alone" : ""
    }`,
    ...table(actions, 2),
    rangesTitle(ranges),
    ...table(
      (ranges ?? []).map(({ start, end, label }) => {
        const addresses = `${hex(start)}-${hex(end)}`;
        const name = rangeName(machine, start, end, process);
        return [addresses, name === addresses ? "" : name, label];
      }),
      2,
    ),
    ...entryLines(machine, machine.listener(name), limit),
  ].join("\n") + "\n";
}

/**
 * Shows what listeners counted, with what each counter means.
 *
 * @param machine The machine.
 * @param names Names of the listeners; all unless given.
 * @returns Text that ends in a newline.
 */
export function countersText(
  machine: Machine,
  names: readonly string[] = [...machine.listeners.keys()],
): string {
  if (names.length === 0) return "no listeners\n";
  const listeners = names.map((name) => machine.listener(name).listener);
  const rows = Object.entries(COUNTER_MEANINGS).map(([counter, meaning]) => [
    counterLabel(counter),
    ...listeners.map(({ counters }) => {
      const value = counters[counter as keyof typeof counters];
      return counter === "time_ns" ? timeText(value) : countText(value);
    }),
    meaning,
  ]);
  const head = ["", ...names.map(escapeControl), ""];
  const cells = [head, ...rows].map((row) => row.map((text): Cell => ({ text })));
  return layout(cells, names.map((_, at) => at + 1)).join("\n") + "\n";
}

function rangesTitle(ranges: readonly ListenerRange[] | undefined): string {
  if (ranges === undefined) return "follows the whole address space";
  return ranges.length === 0 ? "nothing registered" : "registered";
}

/** The driver's own state, and how many references it holds where it holds any. */
function stateRows(listener: PlacedListener["listener"]): string[][] {
  const rows = Object.entries(listener.state?.() ?? {}).map(([key, value]) => [key, `${value}`]);
  let references = 0;
  listener.forEachReference?.(() => references++);
  if (listener.forEachReference !== undefined) rows.push(["pages held", countText(references)]);
  return rows;
}

function blockedText(placed: PlacedListener | undefined): string {
  const open = placed?.listener.openWindows ?? 0;
  return open === 0 ? "-" : `${open} open ${open === 1 ? "window" : "windows"}`;
}

function callbackNames(ops: MmuNotifierOps): string[] {
  return CALLBACKS.filter(([callback]) => ops[callback] !== undefined).map(([, name]) => name);
}

function entryLines(
  machine: Machine,
  { listener, process }: PlacedListener,
  limit: number,
): string[] {
  const rows: string[][] = [];
  let count = 0;
  listener.forEachEntry((address, pfn, writable) => {
    if (count++ >= limit) return;
    const page = rangeName(machine, address, address + 4096, process);
    rows.push([address.toString(16), `frame ${pfn.toString(16)}`, writable ? "rw" : "ro", page]);
  });
  if (count === 0) return ["no translations"];
  const rest = count > limit ? [`  ${countText(count - limit)} more`] : [];
  return [amount(count, "translation"), ...table(rows, 2), ...rest];
}
