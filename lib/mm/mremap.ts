/**
 * mremap: growing, shrinking and moving mappings.
 *
 * From mm/mremap.c. A move sends UNMAP for the old range while entries are moved, and UNMAP again
 * when the old mapping is removed; the destination is not notified. Whole tables move where both
 * addresses allow it, else entries move one by one and become soft-dirty.
 *
 * @module
 */

import {
  alignUp,
  isAligned,
  PAGE_SIZE,
  PMD_SIZE,
  TASK_SIZE,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { whileMmapLocked } from "./mmap_lock.ts";
import { anonVmaClone, unlinkAnonVmas } from "./rmap.ts";
import { moveHugetlbPageTables } from "./hugetlb_range.ts";
import { unmergeKsmPages } from "./ksm.ts";
import type { Mm } from "./mm_struct.ts";
import { doMunmap, findFreeArea } from "./mmap.ts";
import { mmPopulate } from "./populate.ts";
import { movePageTables } from "./move_page_tables.ts";
import {
  VM_ACCOUNT,
  VM_DONTEXPAND,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_MERGEABLE,
  VM_PFNMAP,
  VM_SHARED,
  Vma,
} from "./vma.ts";
import { insertVma, isolateRange, MAX_MAP_COUNT, setBounds, vmaMerge } from "./vma_merge.ts";

/** How to remap. */
export interface MremapOptions {
  /** Whether the mapping may move (MREMAP_MAYMOVE). */
  mayMove?: boolean;
  /** Where it has to go; what is mapped there is removed first (MREMAP_FIXED). */
  fixed?: Vaddr;
  /** Whether the old mapping stays, empty (MREMAP_DONTUNMAP). */
  dontUnmap?: boolean;
}

/** One validated request. */
interface Request {
  readonly mm: Mm;
  readonly addr: Vaddr;
  readonly oldLength: number;
  readonly newLength: number;
  readonly options: MremapOptions;
}

/**
 * Changes size or place of a mapping (mm/mremap.c: sys_mremap).
 *
 * @param mm The address space.
 * @param addr First byte of the old range, page aligned.
 * @param oldLength Bytes of the old range; 0 duplicates a shared mapping.
 * @param newLength Bytes of the new range.
 * @param options Whether and where to it may move.
 * @returns The new address, or -EINVAL, -EFAULT or -ENOMEM.
 */
export function* mremap(
  mm: Mm,
  addr: Vaddr,
  oldLength: number,
  newLength: number,
  options: MremapOptions = {},
): Operation<number> {
  return yield* whileMmapLocked(mm, doMremap(mm, addr, oldLength, newLength, options));
}

function* doMremap(
  mm: Mm,
  addr: Vaddr,
  oldLength: number,
  newLength: number,
  options: MremapOptions,
): Operation<number> {
  const asked = aligned({ mm, addr, oldLength, newLength, options }, PAGE_SIZE);
  if (!isValid(asked)) return -ERRNO.EINVAL;
  const vma = mm.vmaAt(addr);
  if (vma === undefined) return -ERRNO.EFAULT;
  const movesHuge = vma.isHugetlb && mm.host.profile.hugetlbMremap;
  const request = movesHuge ? aligned(asked, PMD_SIZE) : asked;
  if (movesHuge && !isValidHuge(request)) return -ERRNO.EINVAL;
  if (options.fixed !== undefined || options.dontUnmap) return yield* mremapTo(request);
  if (request.oldLength >= request.newLength) return yield* shrink(request);
  return yield* grow(request);
}

function aligned(request: Request, unit: number): Request {
  const { oldLength, newLength } = request;
  return {
    ...request,
    oldLength: alignUp(oldLength, unit),
    newLength: alignUp(newLength, unit),
  };
}

function isValid({ mm, addr, oldLength, newLength, options }: Request): boolean {
  const { mayMove = false, fixed, dontUnmap = false } = options;
  if (fixed !== undefined && !mayMove) return false;
  if (dontUnmap && (!mm.host.profile.mremapDontunmap || !mayMove)) return false;
  if (dontUnmap && oldLength !== newLength) return false;
  return isAligned(addr, PAGE_SIZE) && newLength > 0;
}

/** Huge pages move whole, and what is reserved for them cannot grow. */
function isValidHuge({ addr, oldLength, newLength, options }: Request): boolean {
  const { fixed = 0 } = options;
  return newLength <= oldLength && isAligned(addr, PMD_SIZE) && isAligned(fixed, PMD_SIZE);
}

/** Cuts the tail off; nothing moves. */
function* shrink({ mm, addr, oldLength, newLength }: Request): Operation<number> {
  if (oldLength === newLength) return addr;
  const result = yield* doMunmap(mm, addr + newLength, oldLength - newLength);
  return result < 0 ? result : addr;
}

/** Grows in place where the room behind is free, else moves if that is allowed. */
function* grow(request: Request): Operation<number> {
  const { mm, addr, oldLength, newLength, options } = request;
  const vma = vmaToResize(request, oldLength);
  if (typeof vma === "number") return vma;
  if (oldLength === vma.end - addr && isExpandable(vma, newLength - oldLength)) {
    yield* expand(vma, newLength - oldLength);
    if ((vma.flags & VM_LOCKED) !== 0) {
      yield* mmPopulate(mm, addr + oldLength, addr + newLength, true);
    }
    return addr;
  }
  if (!options.mayMove) return -ERRNO.ENOMEM;
  return yield* moveVma(request, vma, oldLength, findFreeArea(mm, undefined, newLength));
}

function isExpandable({ mm, end }: Vma, delta: number): boolean {
  return end + delta <= TASK_SIZE && mm.vmasIn(end, end + delta).length === 0;
}

/** Kernels from v5.18 on merge with the mapping above once they touch. */
function* expand(vma: Vma, delta: number): Operation {
  const { mm, end } = vma;
  if (!mm.host.profile.mremapGrowMerges) {
    setBounds(vma, vma.start, end + delta);
    return;
  }
  yield* vmaMerge(mm, {
    start: end,
    end: end + delta,
    flags: vma.flags,
    pgoff: vma.pgoff + vma.pages,
    anonVma: vma.anonVma,
    file: vma.file,
    policy: vma.policy,
  });
}

/** mm/mremap.c: mremap_to. */
function* mremapTo(request: Request): Operation<number> {
  const { mm, addr, newLength, options } = request;
  let { oldLength } = request;
  const { fixed } = options;
  if (fixed !== undefined) {
    if (!isAligned(fixed, PAGE_SIZE) || fixed + newLength > TASK_SIZE) return -ERRNO.EINVAL;
    if (addr + oldLength > fixed && fixed + newLength > addr) return -ERRNO.EINVAL;
  }
  if (mm.vmas.length + 2 >= MAX_MAP_COUNT - 3) return -ERRNO.ENOMEM;
  if (fixed !== undefined) {
    const result = yield* doMunmap(mm, fixed, newLength);
    if (result < 0) return result;
  }
  if (oldLength > newLength) {
    const result = yield* doMunmap(mm, addr + newLength, oldLength - newLength);
    if (result < 0) return result;
    oldLength = newLength;
  }
  const vma = vmaToResize(request, oldLength);
  if (typeof vma === "number") return vma;
  const target = fixed ?? findFreeArea(mm, undefined, newLength);
  return yield* moveVma(request, vma, oldLength, target);
}

/** mm/mremap.c: vma_to_resize. The mapping, or a negative error number. */
function vmaToResize({ mm, addr, newLength, options }: Request, oldLength: number): Vma | number {
  const vma = mm.vmaAt(addr);
  if (vma === undefined) return -ERRNO.EFAULT;
  const rigid = (vma.flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0 && !vma.isHugetlb;
  if (oldLength === 0 && (vma.flags & VM_SHARED) === 0) return -ERRNO.EINVAL;
  if (options.dontUnmap && rigid) return -ERRNO.EINVAL;
  if (vma.isHugetlb && !mm.host.profile.hugetlbMremap) return -ERRNO.EINVAL;
  if (oldLength > vma.end - addr) return -ERRNO.EFAULT;
  if (newLength !== oldLength && rigid) return -ERRNO.EFAULT;
  return vma;
}

/** mm/mremap.c: move_vma. */
function* moveVma(
  { mm, addr, newLength, options }: Request,
  source: Vma,
  oldLength: number,
  target: Vaddr,
): Operation<number> {
  if (mm.vmas.length >= MAX_MAP_COUNT - 3) return -ERRNO.ENOMEM;
  const end = addr + oldLength;
  if ((source.flags & VM_MERGEABLE) !== 0) yield* unmergeKsmPages(source, addr, end);
  const { from, to } = yield* copyVma(source, addr, target, newLength, options);
  if (from.isHugetlb) yield* moveHugetlbPageTables(from, addr, target, oldLength);
  else yield* movePageTables(from, addr, to, target, oldLength);
  const locked = (to.flags & VM_LOCKED) !== 0;
  if (options.dontUnmap) {
    const whole = from.start === addr && from.end === end;
    if (locked) yield* unlockSource(from, addr, end);
    if (to !== from && whole) unlinkAnonVmas(from);
    return target;
  }
  if (oldLength > 0) yield* removeSource(mm, from, addr, oldLength);
  if (locked && newLength > oldLength) {
    yield* mmPopulate(mm, target + oldLength, target + newLength, true);
  }
  return target;
}

/** What stays behind empty is not locked any more; the rest of its mapping is. */
function* unlockSource(vma: Vma, start: Vaddr, end: Vaddr): Operation {
  const flags = (vma.flags & ~(VM_LOCKED | VM_LOCKONFAULT)) >>> 0;
  const part = yield* isolateRange(vma, start, end, flags);
  if (typeof part !== "number") part.flags = flags;
}

/**
 * Removes the old mapping; its accounting went with the pages, so what is left of it on both sides
 * keeps its flag.
 */
function* removeSource(mm: Mm, source: Vma, addr: Vaddr, length: number): Operation {
  const accounted = source.flags & VM_ACCOUNT;
  yield* doMunmap(mm, addr, length);
  for (const rest of [mm.vmaAt(addr - 1), mm.vmaAt(addr + length)]) {
    if (rest !== undefined && rest === source) rest.flags = (rest.flags | accounted) >>> 0;
  }
}

/**
 * Makes the new mapping, or grows a neighbour of the destination (mm/mmap.c: copy_vma).
 *
 * Anonymous memory that was never written takes its page offset from the new address, so that it
 * may merge; it may then merge with the source itself, except where that has to stay.
 */
function* copyVma(
  vma: Vma,
  addr: Vaddr,
  target: Vaddr,
  length: number,
  { dontUnmap = false }: MremapOptions,
): Operation<{ from: Vma; to: Vma }> {
  const { mm, start } = vma;
  const untouched = vma.file === null && vma.anonVma === null;
  const pgoff = untouched ? target / PAGE_SIZE : vma.indexOf(addr);
  const besideItself = target === vma.end || target + length === start;
  const merged = dontUnmap && besideItself ? null : yield* vmaMerge(mm, {
    start: target,
    end: target + length,
    flags: vma.flags,
    pgoff,
    anonVma: vma.anonVma,
    file: vma.file,
    policy: vma.policy,
  });
  if (merged !== null) {
    const swallowed = start >= merged.start && start < merged.end;
    return { from: swallowed ? merged : vma, to: merged };
  }
  const copy = new Vma(mm, target, target + length, vma.flags, pgoff, vma.file);
  copy.policy = vma.policy;
  copy.anonVma = vma.anonVma;
  anonVmaClone(copy, vma);
  insertVma(copy);
  return { from: vma, to: copy };
}
