/**
 * The counters of /proc/vmstat that the simulated mm keeps.
 *
 * @module
 */

/** Event counters by their kernel names; all start at 0. */
export interface Vmstat {
  /** Page faults. */
  pgfault: number;
  /** Faults that needed the swap device or a disk. */
  pgmajfault: number;
  /** Pages whose write fault copied. */
  pgcow: number;
  /** Write faults that reused the page. */
  pgreuse: number;
  /** KSM pages copied by a write fault. */
  cow_ksm: number;
  /** Pages migrated. */
  pgmigrate_success: number;
  /** Pages that could not be migrated. */
  pgmigrate_fail: number;
  /** Pages moved to the node that used them. */
  numa_pages_migrated: number;
  /** Compactions started directly. */
  compact_stall: number;
  /** Compactions that made a free block. */
  compact_success: number;
  /** Compactions that did not. */
  compact_fail: number;
  /** Frames the migrate scanner looked at. */
  compact_migrate_scanned: number;
  /** Frames the free scanner looked at. */
  compact_free_scanned: number;
  /** Frames isolated by either scanner. */
  compact_isolated: number;
  /** Pages written to swap. */
  pswpout: number;
  /** Pages read from swap. */
  pswpin: number;
  /** Pages reclaim looked at. */
  pgscan: number;
  /** Pages reclaim freed. */
  pgsteal: number;
  /** Lazily freed pages discarded. */
  pglazyfreed: number;
  /** Huge pages installed by a fault. */
  thp_fault_alloc: number;
  /** Huge pages made by collapse. */
  thp_collapse_alloc: number;
  /** Huge pages split. */
  thp_split_page: number;
  /** Huge pages that could not be split. */
  thp_split_page_failed: number;
  /** Huge PMD entries split. */
  thp_split_pmd: number;
}

/**
 * Makes counters at zero.
 *
 * @returns New counters.
 */
export function newVmstat(): Vmstat {
  return {
    pgfault: 0,
    pgmajfault: 0,
    pgcow: 0,
    pgreuse: 0,
    cow_ksm: 0,
    pgmigrate_success: 0,
    pgmigrate_fail: 0,
    numa_pages_migrated: 0,
    compact_stall: 0,
    compact_success: 0,
    compact_fail: 0,
    compact_migrate_scanned: 0,
    compact_free_scanned: 0,
    compact_isolated: 0,
    pswpout: 0,
    pswpin: 0,
    pgscan: 0,
    pgsteal: 0,
    pglazyfreed: 0,
    thp_fault_alloc: 0,
    thp_collapse_alloc: 0,
    thp_split_page: 0,
    thp_split_page_failed: 0,
    thp_split_pmd: 0,
  };
}
