/**
 * get_user_pages: references and long-term pins on the pages of a process.
 *
 * From mm/gup.c.
 *
 * @module
 */

import {
  HPAGE_PMD_NR,
  indexInTable,
  PAGE_SIZE,
  type Pfn,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { NotifierMm } from "../notifier/chain.ts";
import { access, faultPlainly } from "./access.ts";
import { FAULT } from "./memory.ts";
import { GUP_PIN_COUNTING_BIAS } from "./frames.ts";
import { type Mm, MMF_HAS_PINNED } from "./mm_struct.ts";
import {
  PG_DIRTY,
  PG_REFERENCED,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_SOFT_DIRTY,
  pteAllows,
} from "./flags.ts";
import { mmapReadLock } from "./mmap_lock.ts";
import type { UserPages } from "./user_pages.ts";

/**
 * Gives a driver its view of an address space.
 *
 * @param mm The address space.
 * @returns The GUP interface.
 */
export function userPages(mm: Mm): UserPages {
  const { host } = mm;
  const { frames } = host;
  return {
    mm: mm as NotifierMm,
    getUserPageFast: (addr, write) => getUserPageFast(mm, addr, write),
    getUserPage: (addr, write) => getUserPage(mm, addr, write),
    getUserPageAtOnce: (addr, write) =>
      !mm.mmapLocked && faultPlainly(mm, addr, write)
        ? getMappedPage(mm, addr, write)
        : -ERRNO.EFAULT,
    putPage: (pfn) => void frames.put(pfn),
    pinUserPage: (addr) => pinUserPage(mm, addr),
    unpinUserPage: (pfn, dirty) => unpinUserPage(mm, pfn, dirty),
    setPageDirty: (pfn) => void (frames.flags[pfn] |= PG_DIRTY),
    readFrame: (pfn) => frames.content[pfn],
    writeFrame: (pfn, content) => void (frames.content[pfn] = content),
    markSoftDirty: (addr) => markSoftDirty(mm, addr),
  };
}

/**
 * Takes a reference on a mapped page without faulting (mm/gup.c: get_user_pages_fast_only).
 *
 * @param mm The address space.
 * @param addr The page.
 * @param write Whether write access is needed.
 * @returns The frame, or -EFAULT where a fault would be needed.
 */
export function getUserPageFast(mm: Mm, addr: Vaddr, write: boolean): Pfn {
  const flags = mm.pageTable.flagsAt(addr);
  if (!pteAllows(flags, write)) return -ERRNO.EFAULT;
  const pfn = mm.pageTable.pfnAt(addr);
  mm.host.frames.get(pfn);
  return pfn;
}

/**
 * Takes a reference on a page, faulting it in like the CPU would (mm/gup.c: __get_user_pages).
 *
 * @param mm The address space.
 * @param addr The page.
 * @param write Whether write access is needed.
 * @returns The frame, -EFAULT without access, or -ENOMEM.
 */
export function* getUserPage(mm: Mm, addr: Vaddr, write: boolean): Operation<Pfn> {
  for (;;) {
    const pfn = getMappedPage(mm, addr, write);
    if (pfn >= 0) return pfn;
    if (mm.mmapLocked) {
      yield* mmapReadLock(mm);
      continue;
    }
    if (faultPlainly(mm, addr, write)) continue;
    const result = yield* faultin(mm, addr, write);
    if (result !== 0) return result;
  }
}

/**
 * Pins a page for long with write access, breaking copy-on-write first (FOLL_LONGTERM, FOLL_WRITE).
 *
 * @param mm The address space.
 * @param addr The page.
 * @returns The frame, or a negative error number.
 */
export function* pinUserPage(mm: Mm, addr: Vaddr): Operation<Pfn> {
  const pfn = yield* getUserPage(mm, addr, true);
  if (pfn < 0) return pfn;
  const { frames, profile } = mm.host;
  if (profile.pinBias) {
    frames.get(pfn, GUP_PIN_COUNTING_BIAS - 1);
    mm.flags |= MMF_HAS_PINNED;
  }
  mm.pinnedPages++;
  return pfn;
}

/**
 * Drops a long-term pin (mm/gup.c: unpin_user_page).
 *
 * @param mm The address space that was pinned.
 * @param pfn The frame.
 * @param dirty Whether the device has written to it.
 */
export function unpinUserPage(mm: Mm, pfn: Pfn, dirty: boolean): void {
  const { frames, profile, faults } = mm.host;
  if (dirty) frames.flags[pfn] |= PG_DIRTY;
  mm.pinnedPages--;
  if (!faults.has("leak_pin")) frames.put(pfn, profile.pinBias ? GUP_PIN_COUNTING_BIAS : 1);
}

/** follow_page with FOLL_GET and FOLL_TOUCH. */
function getMappedPage(mm: Mm, addr: Vaddr, write: boolean): Pfn {
  const pfn = getUserPageFast(mm, addr, write);
  if (pfn >= 0) touch(mm, addr, pfn, write);
  return pfn;
}

/** Faults a page in; a store that changes nothing stands for the write intent. */
function* faultin(mm: Mm, addr: Vaddr, write: boolean): Operation<number> {
  const result = yield* access(mm, addr, addr + PAGE_SIZE, write ? (old) => old : null);
  if (result.failure === FAULT.OOM) return -ERRNO.ENOMEM;
  return result.failure === 0 ? 0 : -ERRNO.EFAULT;
}

/**
 * FOLL_TOUCH: the page counts as used, and for writes as dirty unless its entry says so; the entry
 * stays as it is.
 */
function touch(mm: Mm, addr: Vaddr, pfn: Pfn, write: boolean): void {
  const dirties = write && (mm.pageTable.flagsAt(addr) & PTE_DIRTY) === 0;
  mm.host.frames.flags[pfn] |= dirties ? PG_REFERENCED | PG_DIRTY : PG_REFERENCED;
}

function markSoftDirty(mm: Mm, addr: Vaddr): void {
  const pmd = mm.pageTable.pmd(addr);
  const slot = tableOf(addr) & (HPAGE_PMD_NR - 1);
  if (pmd !== null && (pmd.hugeFlags[slot] & PTE_PRESENT) !== 0) {
    pmd.hugeFlags[slot] |= PTE_SOFT_DIRTY;
    return;
  }
  const table = mm.pageTable.lookup(addr);
  const index = indexInTable(addr);
  if (table !== null && (table.flags[index] & PTE_PRESENT) !== 0) {
    table.flags[index] |= PTE_SOFT_DIRTY;
  }
}
