/**
 * Callbacks of the simulated chain, in the form of the recordings.
 *
 * @module
 */

import { ADDRESS_MAX, hex, PAGE_SIZE } from "../../lib/kernel/address.ts";
import {
  TRACE_BLOCKABLE,
  TRACE_ONLY_END,
  TRACE_UNDELIVERED,
  TRACE_VMA,
  type TraceRecord,
} from "../../lib/kernel/trace.ts";
import { EVENT_NAMES } from "../../lib/notifier/range.ts";
import type { Place, RecordedEvent } from "./recording.ts";
import { BASE, type World } from "./world.ts";

/** Where the program of the recorded processes lies. */
const TEXT = 0x401000;

const CALLBACKS = new Set([
  "invalidate_range_start",
  "invalidate_range_end",
  "invalidate_range",
  "change_pte",
  "clear_flush_young",
  "clear_young",
  "test_young",
  "release",
]);

/**
 * Reads the callbacks since a position of the trace; those wholly outside the window are left out.
 *
 * @param world The machine.
 * @param from First trace record.
 * @param window Pages of the case's window.
 * @returns The callbacks in order.
 */
export function eventsSince(world: World, from: number, window: number): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  for (const record of world.host.trace.records(from)) {
    if (!CALLBACKS.has(record.kind)) continue;
    const outside = record.end <= BASE || record.start >= BASE + window * PAGE_SIZE;
    if (outside && record.kind !== "release" && record.start !== ADDRESS_MAX) continue;
    events.push(eventOf(world, record, window));
  }
  placeExitFlushes(events);
  return events;
}

/**
 * The recorded processes have text below the window, which an exiting one unmaps first: its first
 * flush starts there, and the last one, which frees the tables, at 0.
 */
function placeExitFlushes(events: RecordedEvent[]): void {
  const isFlush = ({ cb, end, delivered }: RecordedEvent) =>
    cb === "invalidate_range" && end === hex(ADDRESS_MAX) && delivered === false;
  const first = events.findIndex(isFlush);
  const last = events.findLastIndex(isFlush);
  if (first < 0) return;
  events[first] = { ...events[first], start: hex(TEXT) };
  events[last] = { ...events[last], start: hex(0) };
}

/** Formats an event on one line, with everything that is compared. */
export function eventText(event: RecordedEvent): string {
  const words = [event.mm, event.cb];
  if (event.event !== undefined) words.push(event.event);
  words.push(`[${event.start},${event.end})`);
  if (event.blockable === false) words.push("nonblock");
  if (event.vma === false) words.push("no-vma");
  if (event.only_end === true) words.push("only_end");
  if (event.delivered === false) words.push("undelivered");
  return words.join(" ");
}

function eventOf(world: World, record: TraceRecord, window: number): RecordedEvent {
  const { kind, flags } = record;
  const whole = kind === "release";
  const isStart = kind === "invalidate_range_start";
  const isEnd = kind === "invalidate_range_end";
  return {
    mm: world.host.mms[record.mm].name,
    cb: kind,
    ...(isStart || isEnd ? { event: EVENT_NAMES[record.event] } : {}),
    start: whole ? hex(0) : placeOf(record.start, window),
    end: whole ? hex(ADDRESS_MAX) : placeOf(record.end, window),
    ...(isStart || isEnd ? { blockable: (flags & TRACE_BLOCKABLE) !== 0 } : {}),
    ...(isStart ? { vma: (flags & TRACE_VMA) !== 0 } : {}),
    ...(isEnd ? { only_end: (flags & TRACE_ONLY_END) !== 0 } : {}),
    ...((flags & TRACE_UNDELIVERED) !== 0 && kind !== "release" ? { delivered: false } : {}),
  };
}

/** A page offset within the window (its end included), else the address itself. */
function placeOf(addr: number, window: number): Place {
  const page = (addr - BASE) / PAGE_SIZE;
  return Number.isInteger(page) && page >= 0 && page <= window ? page : hex(addr);
}
