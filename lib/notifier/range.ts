/**
 * What a notification says: its reason, its flags, its range and the place that sends it.
 *
 * From include/linux/mmu_notifier.h: enum mmu_notifier_event of the series, struct mmu_notifier_range
 * and its helpers.
 *
 * The places are the call sites of invalidate_range_start. A window carries the number of its site, so
 * that reports can tell which sites a workload reaches and a mistake can be injected at one of them.
 * Listeners do not see it.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import type { NotifierMm } from "./chain.ts";

/** The range leaves the address space (munmap) or is moved (mremap). */
export const MMU_NOTIFY_UNMAP = 0;
/** Entries are cleared or replaced; the vma stays. */
export const MMU_NOTIFY_CLEAR = 1;
/** Access changes in a way the vma's protection alone describes. */
export const MMU_NOTIFY_PROTECTION_VMA = 2;
/** Access changes page by page. */
export const MMU_NOTIFY_PROTECTION_PAGE = 3;
/** Same page, same access; dirty tracking restarts. */
export const MMU_NOTIFY_SOFT_DIRTY = 4;

/** Pages go to the memory of a device or come back from it; later kernels alone say so (v5.9). */
export const MMU_NOTIFY_MIGRATE = 6;

/** Code of an event: an index into {@linkcode WINDOW_EVENT_NAMES}. */
export type MmuNotifierEvent = 0 | 1 | 2 | 3 | 4 | 6;

/** Names of the events of the series in the order of their codes; policies are about these. */
export const EVENT_NAMES = [
  "UNMAP",
  "CLEAR",
  "PROTECTION_VMA",
  "PROTECTION_PAGE",
  "SOFT_DIRTY",
] as const;

/** Name of an event of the series. */
export type EventName = typeof EVENT_NAMES[number];

/**
 * Names of all events in the order of their codes, those of later kernels too.
 *
 * Only interval notifiers and device-exclusive memory get RELEASE and EXCLUSIVE, which are not
 * simulated.
 */
export const WINDOW_EVENT_NAMES = [...EVENT_NAMES, "RELEASE", "MIGRATE", "EXCLUSIVE"] as const;

/** Name of an event that a window may have. */
export type WindowEventName = typeof WINDOW_EVENT_NAMES[number];

/** The listener may sleep in start and end. */
export const MMU_NOTIFIER_RANGE_BLOCKABLE = 1 << 0;
/** Every change in the window goes through change_pte (patch 9). */
export const MMU_NOTIFIER_USE_CHANGE_PTE = 1 << 1;

/** A place that opens windows. */
export interface CallSite {
  /** Its number, from 1; windows from elsewhere have number 0. */
  readonly number: number;
  /** The kernel's source file. */
  readonly file: string;
  /** The kernel's function. */
  readonly function: string;
  /** What reaches it. */
  readonly reachedBy: string;
  /** The event of its windows. */
  readonly event: EventName;
}

/** Every call site of v5.2, and one that a fix added (B-11), in the order of their numbers. */
export const CALL_SITES: readonly CallSite[] = [
  site(1, "mm/memory.c", "copy_page_range", "fork", "PROTECTION_PAGE"),
  site(2, "mm/memory.c", "unmap_vmas", "munmap, brk and mremap that shrink, exit", "UNMAP"),
  site(3, "mm/memory.c", "zap_page_range", "MADV_DONTNEED", "CLEAR"),
  site(4, "mm/memory.c", "zap_page_range_single", "truncation, hole punch, MADV_REMOVE", "CLEAR"),
  site(5, "mm/memory.c", "wp_page_copy", "write fault that copies a page", "CLEAR"),
  site(6, "mm/memory.c", "__follow_pte_pmd (page)", "DAX writeback of a page", "CLEAR"),
  site(7, "mm/memory.c", "__follow_pte_pmd (huge page)", "DAX writeback of 2 MiB", "CLEAR"),
  site(8, "mm/madvise.c", "madvise_free_single_vma", "MADV_FREE", "CLEAR"),
  site(9, "mm/mprotect.c", "change_pmd_range", "mprotect, NUMA hinting", "PROTECTION_VMA"),
  site(10, "mm/mremap.c", "move_page_tables", "mremap that moves", "UNMAP"),
  site(11, "mm/ksm.c", "write_protect_page", "ksmd before a merge", "CLEAR"),
  site(12, "mm/ksm.c", "replace_page", "ksmd merging", "CLEAR"),
  site(13, "mm/rmap.c", "page_mkclean_one", "writeback of shared files", "PROTECTION_PAGE"),
  site(14, "mm/rmap.c", "try_to_unmap_one", "reclaim, migration, compaction, THP split", "CLEAR"),
  site(15, "mm/migrate.c", "migrate_vma_collect", "migration to device memory", "CLEAR"),
  site(16, "mm/migrate.c", "migrate_vma_pages", "device memory in place of the zero page", "CLEAR"),
  site(17, "mm/huge_memory.c", "do_huge_pmd_wp_page", "write fault that copies a THP", "CLEAR"),
  site(18, "mm/huge_memory.c", "do_huge_pmd_wp_page_fallback", "the same, page by page", "CLEAR"),
  site(19, "mm/huge_memory.c", "__split_huge_pmd", "a part of a THP; a border of a vma", "CLEAR"),
  site(20, "mm/huge_memory.c", "__split_huge_pud", "a part of 1 GiB of DAX", "CLEAR"),
  site(21, "mm/khugepaged.c", "collapse_huge_page", "khugepaged", "CLEAR"),
  site(22, "mm/hugetlb.c", "copy_hugetlb_page_range", "fork with hugetlb memory", "CLEAR"),
  site(23, "mm/hugetlb.c", "__unmap_hugepage_range", "munmap, truncation of hugetlb", "UNMAP"),
  site(24, "mm/hugetlb.c", "hugetlb_cow", "write fault that copies a hugetlb page", "CLEAR"),
  site(25, "mm/hugetlb.c", "hugetlb_change_protection", "mprotect of hugetlb", "PROTECTION_VMA"),
  site(26, "kernel/events/uprobes.c", "__replace_page", "setting a breakpoint", "CLEAR"),
  site(27, "fs/proc/task_mmu.c", "clear_refs_write", "soft-dirty tracking", "SOFT_DIRTY"),
  site(28, "mm/oom_kill.c", "__oom_reap_task_mm", "the oom reaper", "UNMAP"),
  site(29, "mm/khugepaged.c", "collapse_and_free_pmd", "khugepaged on files (v6.1.y)", "CLEAR"),
];

/** Numbers of the call sites by function. */
export const SITE = {
  copy_page_range: 1,
  unmap_vmas: 2,
  zap_page_range: 3,
  zap_page_range_single: 4,
  wp_page_copy: 5,
  madvise_free_single_vma: 8,
  change_pmd_range: 9,
  move_page_tables: 10,
  write_protect_page: 11,
  replace_page: 12,
  page_mkclean_one: 13,
  try_to_unmap_one: 14,
  migrate_vma_collect: 15,
  migrate_vma_pages: 16,
  do_huge_pmd_wp_page: 17,
  do_huge_pmd_wp_page_fallback: 18,
  __split_huge_pmd: 19,
  collapse_huge_page: 21,
  copy_hugetlb_page_range: 22,
  __unmap_hugepage_range: 23,
  hugetlb_cow: 24,
  hugetlb_change_protection: 25,
  __replace_page: 26,
  clear_refs_write: 27,
  __oom_reap_task_mm: 28,
  collapse_and_free_pmd: 29,
} as const;

/**
 * Names a call site.
 *
 * @param number Its number.
 * @returns The function, or `elsewhere` for a window from no known site.
 * @example
 * ```ts
 * import { siteName } from "./range.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(siteName(5), "wp_page_copy");
 * ```
 */
export function siteName(number: number): string {
  return CALL_SITES[number - 1]?.function ?? "elsewhere";
}

function site(
  number: number,
  file: string,
  name: string,
  reachedBy: string,
  event: EventName,
): CallSite {
  return { number, file, function: name, reachedBy, event };
}

/** vm_flags bit: the vma may be read. */
export const VM_READ = 0x1;

/** What a listener may know of a vma: its bounds and flags at the time of the call. */
export interface NotifierVma {
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** VM_ bits of the kernel. */
  readonly flags: number;
}

/** An invalidation window: `[start, end)` of one mm, with its reason. */
export interface MmuNotifierRange {
  /** The vma concerned, or null where the caller names none. */
  readonly vma: NotifierVma | null;
  /** The address space. */
  readonly mm: NotifierMm;
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** Bits of {@linkcode MMU_NOTIFIER_RANGE_BLOCKABLE} and {@linkcode MMU_NOTIFIER_USE_CHANGE_PTE}. */
  flags: number;
  /** The reason. */
  readonly event: MmuNotifierEvent;
  /** Where the window was opened: a number of CALL_SITES, for reports; listeners ignore it. */
  readonly site?: number;
}

/**
 * Fills in a range as the kernel profile of the mm allows.
 *
 * Without event context (v5.0) every range says UNMAP and names no vma; without patch 9 the
 * USE_CHANGE_PTE flag is dropped. From include/linux/mmu_notifier.h: mmu_notifier_range_init.
 *
 * @param event The reason.
 * @param flags USE_CHANGE_PTE or 0; BLOCKABLE is the start helper's business.
 * @param vma The vma concerned, or null.
 * @param mm The address space.
 * @param start First byte.
 * @param end First byte after.
 * @param site The call site: a number of CALL_SITES, or 0.
 * @returns The range.
 */
export function mmuNotifierRangeInit(
  event: MmuNotifierEvent,
  flags: number,
  vma: NotifierVma | null,
  mm: NotifierMm,
  start: Vaddr,
  end: Vaddr,
  site = 0,
): MmuNotifierRange {
  const { eventContext, changePteFlag } = mm.notifierContext.profile;
  return {
    vma: eventContext ? vma : null,
    mm,
    start,
    end,
    flags: changePteFlag ? flags : flags & ~MMU_NOTIFIER_USE_CHANGE_PTE,
    event: eventContext ? event : MMU_NOTIFY_UNMAP,
    site,
  };
}

/**
 * Asks whether the listener may sleep (patch 1).
 *
 * @param range The window.
 * @returns True if start and end may block.
 */
export function mmuNotifierRangeBlockable(range: MmuNotifierRange): boolean {
  return (range.flags & MMU_NOTIFIER_RANGE_BLOCKABLE) !== 0;
}

/**
 * Asks whether the range only becomes read-only (patch 8).
 *
 * True iff the range names a vma, the event is PROTECTION_VMA and the vma may be read. It looks
 * neither at VM_WRITE nor at the old flags nor at page tables, so an upgrade and a NUMA-hinting
 * pass answer true as well. From mm/mmu_notifier.c: mmu_notifier_range_update_to_read_only.
 *
 * @param range The window.
 * @returns True if the pages stay readable as far as the vma says.
 */
export function mmuNotifierRangeUpdateToReadOnly(range: MmuNotifierRange): boolean {
  if (range.vma === null || range.event !== MMU_NOTIFY_PROTECTION_VMA) return false;
  return (range.vma.flags & VM_READ) !== 0;
}

/**
 * Asks whether every change of the window goes through change_pte (patch 9).
 *
 * @param range The window.
 * @returns True if a listener that implements change_pte may ignore start and end.
 */
export function mmuNotifierRangeUseChangePte(range: MmuNotifierRange): boolean {
  return (range.flags & MMU_NOTIFIER_USE_CHANGE_PTE) !== 0;
}
