/**
 * mmap, munmap and the end of an address space.
 *
 * From mm/mmap.c. Results are an address, 0, or a negative error number. At exit (exit_mmap) listeners
 * are released before anything is unmapped, so the UNMAP window of the whole address space reaches
 * nobody.
 *
 * @module
 */

import {
  ADDRESS_MAX,
  alignUp,
  isAligned,
  PAGE_SIZE,
  PMD_SIZE,
  TASK_SIZE,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { mmuNotifierRelease } from "../notifier/chain.ts";
import type { AddressSpace } from "./filemap.ts";
import { hugetlbOwner } from "./hugetlb_range.ts";
import { ksmExit } from "./ksm.ts";
import type { Mm } from "./mm_struct.ts";
import { whileMmapLocked } from "./mmap_lock.ts";
import { MmuGather } from "./mmu_gather.ts";
import { mmPopulate } from "./populate.ts";
import { anonVmaClone } from "./rmap.ts";
import { khugepagedExit } from "./thp.ts";
import { freePgtables, unlinkVma, unmapRegion, unmapVmas } from "./unmap.ts";
import {
  VM_ACCOUNT,
  VM_DONTEXPAND,
  VM_HUGETLB,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
  Vma,
} from "./vma.ts";
import {
  canMergeAfter,
  canMergeBefore,
  insertVma,
  MAX_MAP_COUNT,
  mergeableAnonVma,
  type MergeRequest,
  setBounds,
  splitVma,
} from "./vma_merge.ts";

/** What to map. */
export interface MmapOptions {
  /** Where; a free place is found without it. */
  addr?: Vaddr;
  /**
   * Whether `addr` is binding: what is mapped there goes first (MAP_FIXED), or makes the result
   * -EEXIST (`"noreplace"`, MAP_FIXED_NOREPLACE).
   */
  fixed?: boolean | "noreplace";
  /** Bytes, a multiple of the page size. */
  length: number;
  /** VM_READ, VM_WRITE and VM_EXEC bits. */
  prot: number;
  /** Whether writes reach the object and its other mappers. */
  shared?: boolean;
  /** The file; anonymous memory without it. */
  file?: AddressSpace;
  /** Whether anonymous memory is of huge pages of the pool (MAP_HUGETLB). */
  hugetlb?: boolean;
  /** Page offset in the file. */
  pgoff?: number;
  /** Whether pages are faulted in at once (MAP_POPULATE). */
  populate?: boolean;
}

/**
 * Makes a mapping (mm/mmap.c: mmap_region).
 *
 * @param mm The address space.
 * @param options What to map.
 * @returns The address, or -EINVAL, -EEXIST or -ENOMEM.
 */
export function* mmap(mm: Mm, options: MmapOptions): Operation<number> {
  const start = yield* whileMmapLocked(mm, mmapRegion(mm, options));
  if (options.populate && start >= 0) yield* mmPopulate(mm, start, start + options.length, true);
  return start;
}

function* mmapRegion(mm: Mm, options: MmapOptions): Operation<number> {
  const { file = null } = options;
  if (options.length <= 0 || !isAligned(options.length, PAGE_SIZE)) return -ERRNO.EINVAL;
  if (options.addr !== undefined && !isAligned(options.addr, PAGE_SIZE)) return -ERRNO.EINVAL;
  const huge = options.hugetlb || file?.kind === "hugetlb";
  if (huge && !fitsHugePages(options)) return -ERRNO.EINVAL;
  const length = huge ? alignUp(options.length, PMD_SIZE) : options.length;
  const start = options.fixed ? options.addr ?? 0 : findFreeArea(mm, options.addr, length);
  if (start + length > TASK_SIZE) return -ERRNO.ENOMEM;
  if (options.fixed === "noreplace" && mm.vmasIn(start, start + length).length > 0) {
    return -ERRNO.EEXIST;
  }
  const unmapped = yield* doMunmap(mm, start, length);
  if (unmapped < 0) return unmapped;
  if (mm.vmas.length >= MAX_MAP_COUNT) return -ERRNO.ENOMEM;
  const backing = file ?? anonymousFile(mm, options, length);
  const request: MergeRequest = {
    start,
    end: start + length,
    flags: newFlags(options, backing),
    pgoff: backing === null ? start / PAGE_SIZE : options.pgoff ?? 0,
    anonVma: null,
    file: backing,
    policy: null,
  };
  if ((request.flags & VM_HUGETLB) !== 0 && !reserveHugetlb(mm, request)) return -ERRNO.ENOMEM;
  const vma = expandNeighbour(mm, request) ?? newVma(mm, request);
  vma.flags = (vma.flags | VM_SOFTDIRTY) >>> 0;
  return start;
}

/**
 * Removes all mappings of a range (mm/mmap.c: __vm_munmap). Once they are out of the address space,
 * mmap_lock is held for reading only, and their pages are unmapped.
 *
 * Mappings are cut at the borders of the request, start first; one UNMAP window spans the request.
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes; rounded up to pages.
 * @returns 0, -EINVAL, or -ENOMEM where a cut would make too many mappings.
 */
export function* munmap(mm: Mm, start: Vaddr, length: number): Operation<number> {
  const bytes = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (!isAligned(start, PAGE_SIZE) || bytes === 0 || start + bytes > TASK_SIZE) {
    return -ERRNO.EINVAL;
  }
  const end = start + bytes;
  const removed = yield* whileMmapLocked(mm, detachVmas(mm, start, end));
  return yield* unmapDetached(mm, removed, start, end);
}

/**
 * Removes all mappings of a range while mmap_lock is held (mm/mmap.c: do_munmap).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes, a multiple of the page size.
 * @returns As {@linkcode munmap}.
 */
export function* doMunmap(mm: Mm, start: Vaddr, length: number): Operation<number> {
  const end = start + length;
  return yield* unmapDetached(mm, yield* detachVmas(mm, start, end), start, end);
}

/** Cuts the mappings of a range and takes them out; a negative number where that cannot be done. */
function* detachVmas(mm: Mm, start: Vaddr, end: Vaddr): Operation<Vma[] | number> {
  const vma = mm.vmas[mm.findVmaIndex(start)];
  if (vma === undefined || vma.start >= end) return [];
  if (start > vma.start) {
    if (end < vma.end && mm.vmas.length >= MAX_MAP_COUNT) return -ERRNO.ENOMEM;
    const error = yield* splitVma(vma, start, false);
    if (error !== 0) return error;
  }
  const last = mm.vmas[mm.findVmaIndex(end - 1)];
  if (last !== undefined && last.start < end && last.end > end) {
    const error = yield* splitVma(last, end, true);
    if (error !== 0) return error;
  }
  return mm.vmas.splice(mm.findVmaIndex(start), mm.vmasIn(start, end).length);
}

function* unmapDetached(
  mm: Mm,
  removed: Vma[] | number,
  start: Vaddr,
  end: Vaddr,
): Operation<number> {
  if (typeof removed === "number") return removed;
  if (removed.length > 0) yield* unmapRegion(mm, removed, start, end);
  return 0;
}

function newFlags(options: MmapOptions, backing: AddressSpace | null): number {
  let flags = options.prot | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  if (options.shared) flags |= VM_SHARED | VM_MAYSHARE;
  if (backing?.kind === "hugetlb") flags |= VM_HUGETLB | VM_DONTEXPAND;
  else if (!options.shared && (options.prot & VM_WRITE) !== 0) flags |= VM_ACCOUNT;
  return flags >>> 0;
}

/** Place and offset must be those of huge pages (fs/hugetlbfs/inode.c: hugetlb_get_unmapped_area). */
function fitsHugePages({ fixed, addr = 0, pgoff = 0 }: MmapOptions): boolean {
  return (!fixed || isAligned(addr, PMD_SIZE)) && isAligned(pgoff * PAGE_SIZE, PMD_SIZE);
}

/** Private memory of ordinary pages has no file. */
function anonymousFile(mm: Mm, options: MmapOptions, length: number): AddressSpace | null {
  if (options.hugetlb) {
    return mm.host.createFile("hugetlb", "/anon_hugepage (deleted)", length / PAGE_SIZE);
  }
  return options.shared ? sharedAnonymous(mm, length) : null;
}

/** Promises the pages of a new mapping of hugetlbfs (fs/hugetlbfs/inode.c: hugetlbfs_file_mmap). */
function reserveHugetlb(mm: Mm, { start, end, flags, pgoff, file }: MergeRequest): boolean {
  const owner = hugetlbOwner(new Vma(mm, start, end, flags, pgoff, file));
  return mm.host.hugetlb.reserve(owner, pgoff, pgoff + (end - start) / PAGE_SIZE);
}

function sharedAnonymous(mm: Mm, length: number): AddressSpace {
  const file = mm.host.createFile("shmem", "/dev/zero (deleted)", length / PAGE_SIZE);
  file.held = false;
  return file;
}

function newVma(mm: Mm, request: MergeRequest): Vma {
  const { start, end, flags, pgoff, file } = request;
  const vma = new Vma(mm, start, end, flags, pgoff, file);
  insertVma(vma);
  return vma;
}

/**
 * Grows a neighbour over the new range (mm/mmap.c: mmap_region).
 *
 * Where neighbours have anon_vmas that cannot join, only one grows: the one below on older kernels
 * (vma_merge), the one above on newer ones.
 */
function expandNeighbour(mm: Mm, request: MergeRequest): Vma | null {
  const { start, end } = request;
  const at = mm.findVmaIndex(start);
  const prev = mm.vmas[at - 1];
  const next = mm.vmas[at];
  const joinsNext = next !== undefined && next.start === end && canMergeBefore(next, request);
  const nextFirst = joinsNext && mm.host.profile.mmapJoinsNextFirst;
  const asPrev = nextFirst ? { ...request, anonVma: next.anonVma } : request;
  const joinsPrev = prev !== undefined && prev.end === start && canMergeAfter(prev, asPrev);
  if (joinsPrev) {
    const joinsBoth = joinsNext && mergeableAnonVma(prev.anonVma, next.anonVma, null);
    if (joinsBoth) takeOver(prev, next);
    setBounds(prev, prev.start, joinsBoth ? next.end : end);
    return prev;
  }
  if (!joinsNext) return null;
  setBounds(next, start, next.end);
  return next;
}

/** Removes the mapping above, whose pages now belong to the one below. */
function takeOver(vma: Vma, next: Vma): void {
  if (vma.anonVma === null && next.anonVma !== null) {
    vma.anonVma = next.anonVma;
    anonVmaClone(vma, next);
  }
  vma.mm.vmas.splice(vma.mm.vmas.indexOf(next), 1);
  unlinkVma(next);
}

/**
 * Finds room for a mapping (mm/mmap.c: get_unmapped_area): the hint if it is free, else upwards
 * from where the last search ended.
 *
 * @param mm The address space.
 * @param hint Where it would be welcome.
 * @param length Bytes.
 * @returns The address.
 */
export function findFreeArea(mm: Mm, hint: Vaddr | undefined, length: number): Vaddr {
  if (hint !== undefined && mm.vmasIn(hint, hint + length).length === 0) return hint;
  let start = mm.nextMapping;
  for (const vma of mm.vmasIn(start, TASK_SIZE)) {
    if (vma.start >= start + length) break;
    start = Math.ceil(vma.end / PMD_SIZE) * PMD_SIZE;
  }
  mm.nextMapping = Math.ceil((start + length) / PMD_SIZE) * PMD_SIZE;
  return start;
}

/**
 * Ends a process: releases its listeners, unmaps everything and frees the page tables.
 *
 * @param mm The address space.
 */
export function* exitMm(mm: Mm): Operation {
  mmuNotifierRelease(mm);
  ksmExit(mm);
  khugepagedExit(mm);
  const vmas = mm.vmas.splice(0);
  mm.alive = false;
  if (vmas.length === 0) return;
  mm.host.lruBatches.drain();
  const gather = new MmuGather(mm, true);
  yield* unmapVmas(gather, vmas, 0, ADDRESS_MAX);
  for (const vma of vmas) unlinkVma(vma);
  freePgtables(gather, vmas, 0, 0);
  gather.finish();
}
