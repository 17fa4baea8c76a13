/**
 * What user space can see of a page: /proc/PID/pagemap.
 *
 * From fs/proc/task_mmu.c: pte_to_pagemap_entry.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import type { Mm } from "./mm_struct.ts";
import { PG_ANON } from "./page_flags.ts";
import { PTE_PRESENT, PTE_SOFT_DIRTY, PTE_SPECIAL, PTE_SWAP, PTE_UFFD_WP } from "./pte.ts";
import { VM_SOFTDIRTY } from "./vma.ts";

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
