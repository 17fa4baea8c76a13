/**
 * Memory use of a mapping as /proc/PID/smaps accounts it.
 *
 * From fs/proc/task_mmu.c: smaps_account, smaps_pte_entry, smaps_pmd_entry (v5.2).
 *
 * @module
 */

import { PAGE_SIZE, type Pfn } from "../kernel/address.ts";
import { PG_ANON, PG_DIRTY, PG_REFERENCED, PG_SWAPBACKED } from "./page_flags.ts";
import { PTE_DIRTY, PTE_MIGRATION, PTE_PRESENT, PTE_SPECIAL, PTE_SWAP, PTE_YOUNG } from "./pte.ts";
import { VM_LOCKED, type Vma } from "./vma.ts";

/** Sums of one mapping, in bytes. */
export interface MemSizeStats {
  /** Resident. */
  resident: number;
  /** Each page divided by the number of its mappings. */
  pss: number;
  /** The dirty pages' part of it. */
  pss_dirty: number;
  /** Clean, mapped more than once. */
  shared_clean: number;
  /** Dirty, mapped more than once. */
  shared_dirty: number;
  /** Clean, mapped once. */
  private_clean: number;
  /** Dirty, mapped once. */
  private_dirty: number;
  /** Used since references were cleared. */
  referenced: number;
  /** Anonymous. */
  anonymous: number;
  /** Marked by MADV_FREE and not written since. */
  lazyfree: number;
  /** Anonymous huge pages mapped by huge entries. */
  anonymous_thp: number;
  /** shmem huge pages mapped by huge entries. */
  shmem_thp: number;
  /** Swapped out. */
  swap: number;
  /** Swapped out, each slot divided by the number of entries that name it. */
  swap_pss: number;
  /** Pss of locked mappings. */
  pss_locked: number;
}

/**
 * Accounts the memory of a mapping.
 *
 * @param vma The mapping.
 * @returns The sums.
 */
export function smapsOf(vma: Vma): MemSizeStats {
  const mss = newStats();
  const cursor = vma.mm.pageTable.cursor(vma.start, vma.end);
  while (cursor.next()) {
    const { table, first, last } = cursor;
    if (table === null) {
      const flags = cursor.pmd.hugeFlags[cursor.slot];
      accountHuge(vma, mss, flags, cursor.pmd.hugePfn[cursor.slot], last - first);
      continue;
    }
    for (let index = first; index < last; index++) {
      const flags = table.flags[index];
      if (flags !== 0) accountEntry(vma, mss, flags, table.pfn[index]);
    }
  }
  if ((vma.flags & VM_LOCKED) !== 0) mss.pss_locked = mss.pss;
  return mss;
}

function newStats(): MemSizeStats {
  return {
    resident: 0,
    pss: 0,
    pss_dirty: 0,
    shared_clean: 0,
    shared_dirty: 0,
    private_clean: 0,
    private_dirty: 0,
    referenced: 0,
    anonymous: 0,
    lazyfree: 0,
    anonymous_thp: 0,
    shmem_thp: 0,
    swap: 0,
    swap_pss: 0,
    pss_locked: 0,
  };
}

/** The zero page is no page here (vm_normal_page). */
function accountEntry(vma: Vma, mss: MemSizeStats, flags: number, pfn: Pfn): void {
  if ((flags & PTE_PRESENT) !== 0) {
    if ((flags & PTE_SPECIAL) === 0) accountPage(vma, mss, pfn, flags);
    return;
  }
  if ((flags & PTE_SWAP) !== 0) {
    const names = vma.mm.host.swap.map[pfn];
    mss.swap += PAGE_SIZE;
    mss.swap_pss += share(Math.max(names, 1));
    return;
  }
  if ((flags & PTE_MIGRATION) !== 0) accountPage(vma, mss, pfn, 0);
}

function accountHuge(vma: Vma, mss: MemSizeStats, flags: number, head: Pfn, pages: number): void {
  if ((flags & PTE_SPECIAL) !== 0 || vma.isHugetlb) return;
  const isAnonymous = (vma.mm.host.frames.flags[head] & PG_ANON) !== 0;
  if (isAnonymous) mss.anonymous_thp += pages * PAGE_SIZE;
  else mss.shmem_thp += pages * PAGE_SIZE;
  const state = (flags & PTE_PRESENT) !== 0 ? flags : 0;
  for (let page = 0; page < pages; page++) accountPage(vma, mss, head + page, state);
}

/** A part of a page, to 1/4096 of a byte as the kernel counts (PSS_SHIFT). */
function share(of: number): number {
  return Math.floor(PAGE_SIZE * 4096 / of) / 4096;
}

/** smaps_account for one page; a compound page keeps its flags on the head. */
function accountPage(vma: Vma, mss: MemSizeStats, pfn: Pfn, pte: number): void {
  const { frames } = vma.mm.host;
  const head = frames.head(pfn);
  const flags = frames.flags[head];
  const dirty = (pte & PTE_DIRTY) !== 0 || (flags & PG_DIRTY) !== 0;
  if ((flags & PG_ANON) !== 0) {
    mss.anonymous += PAGE_SIZE;
    if ((flags & PG_SWAPBACKED) === 0 && !dirty) mss.lazyfree += PAGE_SIZE;
  }
  mss.resident += PAGE_SIZE;
  if ((pte & PTE_YOUNG) !== 0 || (flags & PG_REFERENCED) !== 0) mss.referenced += PAGE_SIZE;
  const mapcount = frames.refcount[head] === 1 ? 1 : frames.mapcount[pfn];
  const pss = mapcount >= 2 ? share(mapcount) : PAGE_SIZE;
  mss.pss += pss;
  if (dirty) mss.pss_dirty += pss;
  if (mapcount >= 2) {
    mss[dirty ? "shared_dirty" : "shared_clean"] += PAGE_SIZE;
  } else {
    mss[dirty ? "private_dirty" : "private_clean"] += PAGE_SIZE;
  }
}
