/**
 * mlock and munlock: keeping pages in memory.
 *
 * From mm/mlock.c. Locking changes the flags of mappings, which splits and merges them, and then
 * faults the pages in as a write would where writes copy.
 *
 * @module
 */

import { isAligned, PAGE_SIZE, TASK_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Mm } from "./mm_struct.ts";
import { PG_MLOCKED, PG_UNEVICTABLE, PTE_PRESENT, PTE_SPECIAL } from "./flags.ts";
import { whileMmapLocked } from "./mmap_lock.ts";
import { mmPopulate } from "./populate.ts";
import { VM_HUGETLB, VM_LOCKED, VM_LOCKONFAULT, VM_SPECIAL, type Vma } from "./vma.ts";
import { isolateRange } from "./vma_merge.ts";

const NEVER_LOCKED = VM_SPECIAL | VM_HUGETLB;

/**
 * Locks a range (mm/mlock.c: do_mlock).
 *
 * @param mm The address space.
 * @param start First byte; rounded down to a page.
 * @param length Bytes; rounded up to pages.
 * @param onFault Whether pages are locked only once they are touched (MLOCK_ONFAULT).
 * @returns 0; -EINVAL; -ENOMEM at a hole, before which mappings are locked, or without access; or
 * -EAGAIN when memory is out.
 */
export function* mlock(
  mm: Mm,
  start: Vaddr,
  length: number,
  onFault = false,
): Operation<number> {
  const { from, end } = wholePages(start, length);
  const flags = VM_LOCKED | (onFault ? VM_LOCKONFAULT : 0);
  const result = yield* whileMmapLocked(mm, applyLockFlags(mm, from, end, flags));
  if (result < 0) return result;
  const populated = yield* mmPopulate(mm, from, end, false);
  for (const vma of mm.vmasIn(from, end)) markPages(vma, from, end);
  return populated;
}

/**
 * Unlocks a range (mm/mlock.c: munlock).
 *
 * @param mm The address space.
 * @param start First byte; rounded down to a page.
 * @param length Bytes; rounded up to pages.
 * @returns 0, -EINVAL, or -ENOMEM at a hole.
 */
export function* munlock(mm: Mm, start: Vaddr, length: number): Operation<number> {
  const { from, end } = wholePages(start, length);
  const result = yield* whileMmapLocked(mm, applyLockFlags(mm, from, end, 0));
  for (const vma of mm.vmasIn(from, end)) markPages(vma, from, end);
  return result;
}

function wholePages(start: Vaddr, length: number): { from: Vaddr; end: Vaddr } {
  const from = isAligned(start, PAGE_SIZE) ? start : start - (start % PAGE_SIZE);
  return { from, end: Math.ceil((start + length) / PAGE_SIZE) * PAGE_SIZE };
}

/** Sets the lock flags of every mapping up to the first hole (mm/mlock.c: apply_vma_lock_flags). */
function* applyLockFlags(mm: Mm, start: Vaddr, end: Vaddr, flags: number): Operation<number> {
  if (end > TASK_SIZE || end < start) return -ERRNO.EINVAL;
  let addr = start;
  while (addr < end) {
    const vma = mm.vmaAt(addr);
    if (vma === undefined) return -ERRNO.ENOMEM;
    const to = Math.min(vma.end, end);
    const error = yield* mlockFixup(vma, addr, to, flags);
    if (error !== 0) return error;
    addr = to;
  }
  return 0;
}

function* mlockFixup(vma: Vma, start: Vaddr, end: Vaddr, lock: number): Operation<number> {
  const flags = ((vma.flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | lock) >>> 0;
  if (flags === vma.flags || (vma.flags & NEVER_LOCKED) !== 0) return 0;
  const target = yield* isolateRange(vma, start, end, flags);
  if (typeof target === "number") return target;
  target.flags = flags;
  vma.mm.host.lruBatches.drain();
  return 0;
}

/** Marks the pages that are mapped as locked or not (mm/mlock.c: mlock_pte_range). */
function markPages(vma: Vma, start: Vaddr, end: Vaddr): void {
  const { pageTable, host } = vma.mm;
  const locked = (vma.flags & VM_LOCKED) !== 0;
  const marks = PG_MLOCKED | PG_UNEVICTABLE;
  const cursor = pageTable.cursor(Math.max(vma.start, start), Math.min(vma.end, end));
  while (cursor.next()) {
    if (cursor.table === null) {
      const head = cursor.pmd.hugePfn[cursor.slot];
      const huge = cursor.pmd.hugeFlags[cursor.slot] & (PTE_PRESENT | PTE_SPECIAL);
      if (huge !== PTE_PRESENT || vma.isHugetlb) continue;
      if (locked) host.frames.flags[head] |= marks;
      else host.frames.flags[head] &= ~marks;
      continue;
    }
    const { flags, pfn } = cursor.table;
    for (let index = cursor.first; index < cursor.last; index++) {
      if ((flags[index] & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) continue;
      if (locked) host.frames.flags[pfn[index]] |= marks;
      else host.frames.flags[pfn[index]] &= ~marks;
    }
  }
}
