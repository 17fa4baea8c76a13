/**
 * What a driver author would ask of a listener, as counters.
 *
 * @module
 */

/** Counters of one listener; all start at 0. */
export interface ListenerCounters {
  /** Windows whose start reached the listener. */
  windows: number;
  /** Windows in which it had something mapped and kept all of it because of the context. */
  skipped: number;
  /** Translations removed. */
  dropped: number;
  /** Translations that a listener assuming munmap would have removed, and that stayed. */
  kept: number;
  /** Translations that lost write access in place. */
  downgraded: number;
  /** Translations rewritten in place by change_pte. */
  rewritten: number;
  /** Calls of change_pte. */
  change_pte: number;
  /** Device faults taken. */
  faults: number;
  /** Device faults of reads. */
  read_faults: number;
  /** Device faults that installed a page which had a translation before: the price of a drop. */
  refaults: number;
  /** Device faults thrown away because a window was or had been open. */
  retries: number;
  /** Flushes of the device's TLB. */
  tlb_flushes: number;
  /** Tracking objects (shadow tables, leaf MRs, bound BOs) freed. */
  tracking_freed: number;
  /** Tracking objects made again. */
  tracking_rebuilt: number;
  /** Waits until the device was done with what it runs: fences and cancelled work. */
  waits: number;
  /** Times that queues were stopped, or that a submission waited for an open window. */
  stalls: number;
  /** Objects whose pages were got again because a window had taken them. */
  rebinds: number;
  /** Windows refused: -EAGAIN to a caller that must not sleep, -EINTR for a signal. */
  refused: number;
  /** Pages pinned or held by reference now. */
  pinned: number;
  /** Device writes that soft-dirty tracking was told of. */
  soft_dirty_marked: number;
  /** Pages on which the device and the CPU saw different frames although the device pins its own. */
  diverged: number;
  /** Modelled time spent because of invalidations, in ns; a page's first fault is not among it. */
  time_ns: number;
}

/**
 * Makes counters at zero.
 *
 * @returns New counters.
 */
export function newCounters(): ListenerCounters {
  return {
    windows: 0,
    skipped: 0,
    dropped: 0,
    kept: 0,
    downgraded: 0,
    rewritten: 0,
    change_pte: 0,
    faults: 0,
    read_faults: 0,
    refaults: 0,
    retries: 0,
    tlb_flushes: 0,
    tracking_freed: 0,
    tracking_rebuilt: 0,
    waits: 0,
    stalls: 0,
    rebinds: 0,
    refused: 0,
    pinned: 0,
    soft_dirty_marked: 0,
    diverged: 0,
    time_ns: 0,
  };
}
