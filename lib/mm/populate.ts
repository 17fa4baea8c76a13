/**
 * Faulting a range in: MAP_POPULATE, mlock and MADV_POPULATE.
 *
 * From mm/gup.c: __mm_populate and faultin_page_range. Pages that are mapped with the access wanted
 * are left as they are; the others take the fault that the CPU would take.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { access } from "./access.ts";
import { FAULT } from "./memory.ts";
import type { Mm } from "./mm_struct.ts";
import { pteAllows } from "./flags.ts";
import {
  VM_ACCESS_FLAGS,
  VM_LOCKONFAULT,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from "./vma.ts";

/**
 * Faults a range in: for writing where writes copy, else for reading (mm/gup.c: __mm_populate).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param end First byte after.
 * @param ignoreErrors Whether mappings that cannot be faulted in are passed over.
 * @returns 0, or as mlock reports it: -ENOMEM without access, -EAGAIN without memory.
 */
export function* mmPopulate(
  mm: Mm,
  start: Vaddr,
  end: Vaddr,
  ignoreErrors: boolean,
): Operation<number> {
  for (const vma of mm.vmasIn(start, end)) {
    if ((vma.flags & VM_PFNMAP) !== 0) continue;
    const from = Math.max(vma.start, start);
    const result = yield* populateVma(vma, from, Math.min(vma.end, end));
    if (result < 0 && !ignoreErrors) return mlockError(result);
  }
  return 0;
}

/**
 * Faults a part of one mapping in (mm/gup.c: faultin_page).
 *
 * @param vma The mapping.
 * @param start First byte.
 * @param end First byte after.
 * @param write Whether as for a write.
 * @returns 0; -EFAULT without access or behind the end of a file; or -ENOMEM.
 */
export function* faultinPages(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  write: boolean,
): Operation<number> {
  const { mm } = vma;
  for (let addr = start; addr < end; addr += PAGE_SIZE) {
    const flags = mm.pageTable.flagsAt(addr);
    if (pteAllows(flags, write)) continue;
    const result = yield* access(mm, addr, addr + PAGE_SIZE, write ? unchanged : null);
    if (result.failure === FAULT.OOM) return -ERRNO.ENOMEM;
    if (result.failure !== 0) return -ERRNO.EFAULT;
  }
  return 0;
}

/**
 * Faults a range in as reads or writes would, without touching content (mm/madvise.c:
 * madvise_populate, since v5.14).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param end First byte after.
 * @param write Whether as for writes (MADV_POPULATE_WRITE).
 * @returns 0; -ENOMEM at a hole or without memory; -EINVAL without the right; or -EFAULT behind the
 * end of a file.
 */
export function* madvisePopulate(
  mm: Mm,
  start: Vaddr,
  end: Vaddr,
  write: boolean,
): Operation<number> {
  if (!mm.host.profile.madvisePopulate) return -ERRNO.EINVAL;
  mm.host.lruBatches.drain();
  let addr = start;
  while (addr < end) {
    const vma = mm.vmaAt(addr);
    if (vma === undefined) return -ERRNO.ENOMEM;
    if ((vma.flags & (write ? VM_WRITE : VM_READ)) === 0) return -ERRNO.EINVAL;
    const to = Math.min(vma.end, end);
    const result = yield* faultinPages(vma, addr, to, write);
    if (result < 0) return result;
    addr = to;
  }
  return 0;
}

/** mm/gup.c: populate_vma_page_range. */
function* populateVma(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
  if ((vma.flags & VM_LOCKONFAULT) !== 0) return 0;
  const write = (vma.flags & (VM_WRITE | VM_SHARED)) === VM_WRITE;
  const needed = write ? VM_WRITE : VM_READ;
  const forced = (vma.flags & VM_ACCESS_FLAGS) !== 0;
  if ((vma.flags & needed) === 0 && !forced) return -ERRNO.EFAULT;
  return yield* faultinPages(vma, start, end, write);
}

/** mm/gup.c: __mlock_posix_error_return. */
function mlockError(result: number): number {
  return result === -ERRNO.EFAULT ? -ERRNO.ENOMEM : -ERRNO.EAGAIN;
}

/** The store of a write intent that leaves the content alone. */
function unchanged(old: number): number {
  return old;
}
