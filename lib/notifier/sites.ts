/**
 * The places in the kernel that open a window: the call sites of invalidate_range_start.
 *
 * A window carries the number of its site, so that reports can tell which sites a workload reaches
 * and a mistake can be injected at one of them. Listeners do not see it.
 *
 * @module
 */

import type { EventName } from "./events.ts";

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
 * import { siteName } from "./sites.ts";
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
