/**
 * What the counters of a listener mean, in a few words.
 *
 * @module
 */

import type { ListenerCounters } from "../listeners/counters.ts";

/** Each counter in the order of reports, with its meaning. */
export const COUNTER_MEANINGS: Readonly<Record<keyof ListenerCounters, string>> = {
  windows: "invalidations that reached it",
  skipped: "of those, left alone for their event",
  dropped: "translations removed",
  kept: "translations that stayed",
  downgraded: "translations made read-only",
  rewritten: "translations rewritten in place",
  change_pte: "calls of change_pte",
  faults: "device faults",
  read_faults: "of those, reads",
  refaults: "of those, on what it had before",
  retries: "faults thrown away for a window",
  tlb_flushes: "flushes of the device's TLB",
  tracking_freed: "tracking objects freed",
  tracking_rebuilt: "tracking objects made again",
  waits: "waits until the device was done",
  stalls: "queues stopped and submissions held up",
  rebinds: "objects whose pages were got again",
  refused: "windows refused with an error",
  pinned: "pages pinned at the end",
  soft_dirty_marked: "device writes reported as soft-dirty",
  diverged: "pages where device and CPU differ",
  time_ns: "spent because of invalidations",
};

/**
 * Names a counter in a report.
 *
 * @param counter Name of the counter.
 * @returns The same, without its unit.
 */
export function counterLabel(counter: string): string {
  return counter === "time_ns" ? "time" : counter;
}
