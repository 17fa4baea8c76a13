/**
 * What /proc tells of a process's memory: pagemap and smaps.
 *
 * From fs/proc/task_mmu.c: pte_to_pagemap_entry, smaps_account, smaps_pte_entry, smaps_pmd_entry
 * (v5.2).
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import {
  PG_ANON,
  PG_DIRTY,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_UFFD_WP,
  PTE_YOUNG,
} from "./flags.ts";
import type { Mm } from "./mm_struct.ts";
import { VM_LOCKED, VM_SOFTDIRTY, type Vma } from "./vma.ts";

/** Soft-dirty. */
export const PM_SOFT_DIRTY: bigint = 1n << 55n;
/** Mapped exactly once. */
export const PM_MMAP_EXCLUSIVE: bigint = 1n << 56n;
/** Write-protected by userfaultfd. */
export const PM_UFFD_WP: bigint = 1n << 57n;
/** A page of a file, or shared anonymous memory. */
export const PM_FILE: bigint = 1n << 61n;
/** Swapped out, or another entry that is not present. */
export const PM_SWAP: bigint = 1n << 62n;
/** Present. */
export const PM_PRESENT: bigint = 1n << 63n;

/**
 * Tells whether a page counts as soft-dirty: its entry's bit, or its mapping's flag.
 *
 * @param mm The address space.
 * @param addr The page.
 * @returns True if pagemap bit 55 is set.
 */
export function isSoftDirty(mm: Mm, addr: Vaddr): boolean {
  const vma = mm.vmaAt(addr);
  if (vma === undefined) return false;
  if ((vma.flags & VM_SOFTDIRTY) !== 0) return true;
  return !vma.isHugetlb && (mm.pageTable.flagsAt(addr) & PTE_SOFT_DIRTY) !== 0;
}

/**
 * Reads one word of pagemap.
 *
 * @param mm The address space.
 * @param addr The page.
 * @returns The 64-bit word.
 */
export function pagemapEntry(mm: Mm, addr: Vaddr): bigint {
  const flags = mm.pageTable.flagsAt(addr);
  const number = BigInt(mm.pageTable.pfnAt(addr));
  let word = isSoftDirty(mm, addr) ? PM_SOFT_DIRTY : 0n;
  if ((flags & PTE_UFFD_WP) !== 0) word |= PM_UFFD_WP;
  if ((flags & PTE_PRESENT) !== 0) return word | PM_PRESENT | presentBits(mm, addr, flags);
  if (flags === 0) return word;
  const entry = (flags & PTE_SWAP) !== 0 ? number << 5n : number << 5n | 31n;
  return word | PM_SWAP | entry;
}

/**
 * Counts the soft-dirty pages of a range.
 *
 * @param mm The address space.
 * @param start First byte.
 * @param end First byte after.
 * @returns Their number.
 */
export function countSoftDirty(mm: Mm, start: Vaddr, end: Vaddr): number {
  let count = 0;
  for (const vma of mm.vmasIn(start, end)) {
    const from = Math.max(vma.start, start);
    const to = Math.min(vma.end, end);
    if ((vma.flags & VM_SOFTDIRTY) !== 0) {
      count += (to - from) / PAGE_SIZE;
      continue;
    }
    const cursor = mm.pageTable.cursor(from, to);
    while (cursor.next()) {
      if (cursor.table === null) {
        const huge = vma.isHugetlb ? 0 : cursor.pmd.hugeFlags[cursor.slot];
        if ((huge & PTE_SOFT_DIRTY) !== 0) count += cursor.last - cursor.first;
        continue;
      }
      for (let index = cursor.first; index < cursor.last; index++) {
        if ((cursor.table.flags[index] & PTE_SOFT_DIRTY) !== 0) count++;
      }
    }
  }
  return count;
}

/** A huge entry is judged by its head; the huge zero page counts as a file's. */
function presentBits(mm: Mm, addr: Vaddr, flags: number): bigint {
  const pfn = mm.pageTable.pfnAt(addr);
  const { frames } = mm.host;
  const huge = mm.pageTable.lookup(addr) === null;
  let bits = BigInt(pfn);
  if ((flags & PTE_SPECIAL) !== 0) return huge ? bits | PM_FILE : bits;
  if ((frames.flags[pfn] & PG_ANON) === 0) bits |= PM_FILE;
  if (frames.mapcount[huge ? frames.head(pfn) : pfn] === 1) bits |= PM_MMAP_EXCLUSIVE;
  return bits;
}

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
