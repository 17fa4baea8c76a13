/**
 * Metering of one run: what each listener did in the windows of each event.
 *
 * The callbacks of a listener are wrapped, and the change of its counters is booked to the event.
 *
 * @module
 */

import type { ListenerCounters } from "../listeners/counters.ts";
import type { Listener } from "../listeners/listener.ts";
import type { MmuNotifierRange, WindowEventName } from "../notifier/range.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { eventName } from "./consumers.ts";

/** What a listener did in the windows of one event. */
export interface EventTally {
  /** Windows that it was told of. */
  windows: number;
  /** Windows in which it removed, downgraded or rewrote something, waited or refused. */
  acted: number;
  /** Windows in which it had something mapped and left all of it alone. */
  skipped: number;
  /** Translations removed. */
  dropped: number;
  /** Translations that a listener assuming munmap would have removed, and that stayed. */
  kept: number;
  /** Time spent in the callbacks, in ns. */
  callback_ns: number;
}

/** What was booked, by listener and event. */
export type EventTallies = Map<string, Map<WindowEventName, EventTally>>;

const ACTS = ["dropped", "downgraded", "tracking_freed", "waits", "stalls", "refused"] as const;

/**
 * Makes the wrapper of a run.
 *
 * @param tallies Receives what is booked.
 * @returns Wraps the callbacks of a listener.
 */
export function meterEvents(tallies: EventTallies): (listener: Listener) => MmuNotifierOps | null {
  return (listener) => {
    const { ops, name, counters } = listener;
    if (ops === null) return null;
    const byEvent = new Map<WindowEventName, EventTally>();
    tallies.set(name, byEvent);
    const book = <T>(range: MmuNotifierRange, starts: boolean, call: () => T): T => {
      const before = { ...counters };
      try {
        return call();
      } finally {
        add(tallyOf(byEvent, eventName(range.event)), before, counters, starts);
      }
    };
    const { invalidateRangeStart: start, invalidateRangeEnd: end } = ops;
    return {
      ...ops,
      ...(start && {
        invalidateRangeStart: (range) => book(range, true, () => start.call(ops, range)),
      }),
      ...(end && {
        invalidateRangeEnd: (range) => book(range, false, () => end.call(ops, range)),
      }),
    };
  };
}

/**
 * Makes a tally at zero.
 *
 * @returns The tally.
 */
export function newTally(): EventTally {
  return { windows: 0, acted: 0, skipped: 0, dropped: 0, kept: 0, callback_ns: 0 };
}

function tallyOf(byEvent: Map<WindowEventName, EventTally>, event: WindowEventName): EventTally {
  let tally = byEvent.get(event);
  if (tally === undefined) byEvent.set(event, tally = newTally());
  return tally;
}

function add(
  tally: EventTally,
  before: Readonly<ListenerCounters>,
  after: Readonly<ListenerCounters>,
  starts: boolean,
): void {
  const acts = ACTS.some((counter) => after[counter] > before[counter]);
  if (starts) tally.windows++;
  if (starts && acts) tally.acted++;
  tally.skipped += after.skipped - before.skipped;
  tally.dropped += after.dropped - before.dropped;
  tally.kept += after.kept - before.kept;
  tally.callback_ns += after.time_ns - before.time_ns;
}
