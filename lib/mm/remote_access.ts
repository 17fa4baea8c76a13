/**
 * Accesses to the memory of another process: ptrace, /proc/PID/mem and process_vm_writev.
 *
 * From mm/memory.c: __access_remote_vm, mm/process_vm_access.c and mm/gup.c.
 *
 * @module
 */

import { alignDown, indexInTable, PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { handleSlowFault, type Store } from "./access.ts";
import { getUserPage } from "./gup.ts";
import { FAULT, type FaultOutcome, handlePteFault, wpPageCopy } from "./memory.ts";
import { type Mm, MMF_HAS_PINNED } from "./mm_struct.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PTE_DIRTY,
  PTE_MKDIRTY,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { PteTable } from "./page_table.ts";
import { VM_SOFTDIRTY, VM_WRITE, type Vma } from "./vma.ts";

/**
 * Reads or writes through /proc/PID/mem, which a debugger may do against the mapping's rights.
 *
 * A private read-only mapping gets its own copy of the page, still read-only (FOLL_FORCE); a shared
 * one refuses.
 *
 * @param mm The address space.
 * @param addr An address within one page.
 * @param store What is written; null for a read.
 * @returns The content of the page afterwards, or -EIO.
 */
export function* accessRemoteVm(mm: Mm, addr: Vaddr, store: Store | null): Operation<number> {
  const page = alignDown(addr, PAGE_SIZE);
  const vma = mm.vmaAt(page);
  if (vma === undefined) return -ERRNO.EIO;
  const forced = store !== null && (vma.flags & VM_WRITE) === 0;
  if (forced && !vma.isCow) return -ERRNO.EIO;
  const pfn = forced
    ? yield* forceWritableCopy(vma, page)
    : yield* getUserPage(mm, page, store !== null);
  if (pfn < 0) return -ERRNO.EIO;
  return finish(mm, pfn, store, forced);
}

/**
 * Writes through process_vm_writev: pinned for the time of the copy, and with the mapping's rights.
 *
 * @param mm The address space.
 * @param addr An address within one page.
 * @param store What is written.
 * @returns The content of the page afterwards, or -EFAULT.
 */
export function* processVmWrite(mm: Mm, addr: Vaddr, store: Store): Operation<number> {
  const pfn = yield* getUserPage(mm, alignDown(addr, PAGE_SIZE), true);
  if (pfn < 0) return -ERRNO.EFAULT;
  if (mm.host.profile.pinBias) mm.flags |= MMF_HAS_PINNED;
  return finish(mm, pfn, store, false);
}

function finish(mm: Mm, pfn: number, store: Store | null, forced: boolean): number {
  const { frames } = mm.host;
  if (store !== null) {
    frames.content[pfn] = store(frames.content[pfn], 0);
    frames.flags[pfn] |= PG_DIRTY;
  }
  const content = frames.content[pfn];
  if (!forced) frames.put(pfn);
  return content;
}

/** Breaks copy-on-write until the mapping has a page of its own (mm/gup.c: can_follow_write_pte). */
function* forceWritableCopy(vma: Vma, addr: Vaddr): Operation<number> {
  const { pageTable } = vma.mm;
  const index = indexInTable(addr);
  for (;;) {
    const table = pageTable.ensure(addr);
    const flags = table.flags[index];
    if (isOwnCopy(vma, flags, table.pfn[index])) return table.pfn[index];
    const noAccess = PTE_PRESENT | PTE_PROTNONE;
    let outcome: FaultOutcome = (flags & noAccess) === noAccess
      ? faultOnProtNone(vma, table, index)
      : handlePteFault(vma, table, index, addr, true);
    if (outcome === FAULT.NEEDS_WINDOW) outcome = yield* wpPageCopy(vma, addr);
    else if (outcome === FAULT.NEEDS_SLOW) outcome = yield* handleSlowFault(vma, addr, true);
    if (outcome < 0) return -ERRNO.EFAULT;
    pageTable.ensure(addr).flags[index] &= ~PTE_WRITE;
  }
}

/** A write fault on memory without any access, which only FOLL_FORCE gets to (mm: do_wp_page). */
function faultOnProtNone(vma: Vma, table: PteTable, index: number): FaultOutcome {
  const special = (table.flags[index] & PTE_SPECIAL) !== 0;
  if (special || !isExclusive(vma, table.pfn[index])) return FAULT.NEEDS_WINDOW;
  table.flags[index] |= PTE_YOUNG | PTE_MKDIRTY;
  return FAULT.REUSED;
}

function isOwnCopy(vma: Vma, flags: number, pfn: number): boolean {
  const wanted = PTE_PRESENT | PTE_DIRTY;
  if ((flags & (wanted | PTE_SPECIAL)) !== wanted) return false;
  if ((vma.flags & VM_SOFTDIRTY) === 0 && (flags & PTE_SOFT_DIRTY) === 0) return false;
  return isExclusive(vma, pfn);
}

function isExclusive(vma: Vma, pfn: number): boolean {
  const exclusive = PG_ANON | PG_ANON_EXCLUSIVE;
  return (vma.mm.host.frames.flags[pfn] & exclusive) === exclusive;
}
