/**
 * The virtual clock, and the cost model: what each modelled action takes, in nanoseconds, and where
 * the number is from.
 *
 * Costs drive the virtual clock only; they never change behaviour. Every number states its source
 * or says "assumed", and each can be overridden by name.
 *
 * @module
 */

/** Time that passes only when something modelled happens. */
export class Clock {
  #now = 0;

  /** Nanoseconds since the machine was made. */
  get now(): number {
    return this.#now;
  }

  /**
   * Lets time pass.
   *
   * @param ns Nanoseconds, not negative.
   */
  advance(ns: number): void {
    this.#now += ns;
  }
}

/** One number of the cost model. */
export interface Cost {
  /** Nanoseconds per action. */
  readonly ns: number;
  /** Where the number comes from. */
  readonly source: string;
}

const MEASURED = "measured with a C program on Linux, 4 KiB pages, 1M pages, per page";
const ASSUMED = "assumed";

/** The default cost model. */
export const COSTS = {
  /** A CPU page fault that installs a zeroed page. */
  cpu_fault: { ns: 2300, source: MEASURED },
  /** A CPU write fault that copies a page. */
  cow_copy: { ns: 6000, source: MEASURED },
  /** A CPU write fault that only makes the entry writable again. */
  wp_reuse: { ns: 1000, source: ASSUMED },
  /** Changing the protection of one present entry. */
  mprotect_page: { ns: 77, source: MEASURED },
  /** Copying one entry to a child at fork. */
  fork_page: { ns: 78, source: MEASURED },
  /** Moving one entry by mremap. */
  mremap_page: { ns: 14, source: MEASURED },
  /** Unmapping and freeing one page. */
  unmap_page: { ns: 306, source: MEASURED },
  /** Clearing the soft-dirty bit of one entry. */
  clear_refs_page: { ns: 30, source: ASSUMED },
  /** One TLB shootdown of the CPUs. */
  tlb_shootdown: { ns: 2000, source: "assumed: 1-3 us, secondary web pages, unverified" },
  /** Walking the notifier list for one callback of one listener. */
  notifier_call: { ns: 50, source: ASSUMED },
  /** ksmd: checksum and look-ups of one candidate page. */
  ksm_scan_page: { ns: 1500, source: ASSUMED },
  /** ksmd: one page replaced by a shared one. */
  ksm_merge_page: { ns: 4000, source: ASSUMED },
  /** Migrating one page: isolate, unmap, copy, remap. */
  migrate_page: { ns: 5000, source: ASSUMED },
  /** Compaction: looking at one frame. */
  compact_scan_page: { ns: 20, source: ASSUMED },
  /** Reclaim: looking at one page. */
  reclaim_scan_page: { ns: 200, source: ASSUMED },
  /** Reading or writing one page on the swap device. */
  swap_io: { ns: 80_000, source: "assumed: one 4 KiB access of a fast SSD" },
} as const satisfies Record<string, Cost>;

/** A name in the cost model of the mm. */
export type CostName = keyof typeof COSTS;
