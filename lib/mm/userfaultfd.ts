/**
 * userfaultfd: memory whose missing pages or writes user space looks after.
 *
 * From fs/userfaultfd.c and mm/userfaultfd.c. Bringing pages in tells nobody; write protection is a
 * change of protection with the windows of mprotect. An access that user space would have to serve
 * ends with SIGBUS here, as with UFFD_FEATURE_SIGBUS.
 *
 * @module
 */

import {
  HPAGE_PMD_NR,
  indexInTable,
  isAligned,
  PAGE_SIZE,
  PMD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { addToPageCache, findCachedPage } from "./filemap.ts";
import { ZERO_PFN } from "./frames.ts";
import { mmapReadLock, whileMmapLocked } from "./mmap_lock.ts";
import { anonVmaPrepare, pageAddFileRmap, pageAddNewAnonRmap } from "./rmap.ts";
import { maySplitAt } from "./hugetlb_range.ts";
import type { Mm } from "./mm_struct.ts";
import { MmuGather } from "./mmu_gather.ts";
import { changeProtection } from "./mprotect.ts";
import { PTE_MKDIRTY, PTE_SPECIAL, PTE_WRITE, PTE_YOUNG } from "./flags.ts";
import {
  VM_SHARED,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WRITE,
  type Vma,
  vmGetPageProt,
  vmPageProt,
} from "./vma.ts";
import { isolateRange } from "./vma_merge.ts";

/** What user space looks after: missing pages, or writes. */
export type UffdMode = "missing" | "wp";

const VM_UFFD_FLAGS = VM_UFFD_MISSING | VM_UFFD_WP;

/**
 * Registers a range (fs/userfaultfd.c: userfaultfd_register).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes, a multiple of the page size.
 * @param mode What user space looks after.
 * @returns 0; -EINVAL for a range without mappings, a mapping of a disk file, a part of a huge page
 * of hugetlbfs, or a kernel that cannot protect; or -ENOMEM above all mappings.
 */
export function* uffdRegister(
  mm: Mm,
  start: Vaddr,
  length: number,
  mode: UffdMode,
): Operation<number> {
  const end = start + length;
  if (!isAligned(start, PAGE_SIZE) || !isAligned(end, PAGE_SIZE)) return -ERRNO.EINVAL;
  if (mode === "wp" && !mm.host.profile.uffdWp) return -ERRNO.EINVAL;
  if (mm.findVmaIndex(start) === mm.vmas.length) return -ERRNO.ENOMEM;
  const vmas = mm.vmasIn(start, end);
  if (vmas.length === 0 || !vmas.every((vma) => mayChange(vma, start, end))) return -ERRNO.EINVAL;
  return yield* whileMmapLocked(
    mm,
    setUffdFlags(mm, start, end, mode === "wp" ? VM_UFFD_WP : VM_UFFD_MISSING),
  );
}

/**
 * Unregisters a range; protected pages lose their protection, but not into write access at once
 * (fs/userfaultfd.c: userfaultfd_unregister).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes, a multiple of the page size.
 * @returns 0, or -EINVAL.
 */
export function* uffdUnregister(mm: Mm, start: Vaddr, length: number): Operation<number> {
  const end = start + length;
  if (!isAligned(start, PAGE_SIZE) || !isAligned(end, PAGE_SIZE)) return -ERRNO.EINVAL;
  const vmas = mm.vmasIn(start, end);
  if (vmas.length === 0 || !vmas.every((vma) => mayChange(vma, start, end))) return -ERRNO.EINVAL;
  return yield* whileMmapLocked(mm, setUffdFlags(mm, start, end, 0));
}

/**
 * Protects a range against writes, or ends that (mm/userfaultfd.c: mwriteprotect_range).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes, a multiple of the page size.
 * @param protect Whether writes are to be noticed.
 * @returns 0; -ENOENT unless one mapping registered for this holds the range; -EINVAL inside a huge
 * page of hugetlbfs.
 */
export function* uffdWriteprotect(
  mm: Mm,
  start: Vaddr,
  length: number,
  protect: boolean,
): Operation<number> {
  yield* mmapReadLock(mm);
  const vma = mm.vmaAt(start);
  if (vma === undefined || start + length > vma.end) return -ERRNO.ENOENT;
  if ((vma.flags & VM_UFFD_WP) === 0) return -ERRNO.ENOENT;
  if (!maySplitAt(vma, start) || !maySplitAt(vma, start + length)) return -ERRNO.EINVAL;
  yield* uffdWpRange(vma, start, start + length, protect);
  return 0;
}

/**
 * Brings pages in with content (UFFDIO_COPY) or as zeros (UFFDIO_ZEROPAGE); from mm/userfaultfd.c:
 * mcopy_atomic.
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes, a multiple of the page size.
 * @param content What each page holds, first byte in the low 8 bits; null for the zero page.
 * @returns 0; -ENOENT unless one registered mapping holds the range; -EEXIST at a page that is there
 * already; -EFAULT behind the end of a file; or -ENOMEM.
 */
export function* uffdCopy(
  mm: Mm,
  start: Vaddr,
  length: number,
  content: number | null,
): Operation<number> {
  yield* mmapReadLock(mm);
  const vma = mm.vmaAt(start);
  if (vma === undefined || start + length > vma.end) return -ERRNO.ENOENT;
  if ((vma.flags & VM_UFFD_FLAGS) === 0) return -ERRNO.ENOENT;
  for (let addr = start; addr < start + length; addr += PAGE_SIZE) {
    const result = copyOne(vma, addr, content);
    if (result < 0) return result;
  }
  return 0;
}

/** mm/userfaultfd.c: mfill_atomic_pte. */
function copyOne(vma: Vma, addr: Vaddr, content: number | null): number {
  const { frames } = vma.mm.host;
  const shared = (vma.flags & VM_SHARED) !== 0;
  if (vma.mm.pageTable.flagsAt(addr) !== 0) return -ERRNO.EEXIST;
  if (shared && vma.indexOf(addr) >= vma.file!.pages) return -ERRNO.EFAULT;
  if (shared && findCachedPage(vma.file!, vma.indexOf(addr)) >= 0) return -ERRNO.EEXIST;
  const table = vma.mm.pageTable.ensure(addr);
  const index = indexInTable(addr);
  const prot = vmPageProt(vma) | PTE_YOUNG;
  if (content === null && !shared) {
    table.flags[index] = prot | PTE_SPECIAL;
    table.pfn[index] = ZERO_PFN;
    return 0;
  }
  const pfn = frames.alloc(vma.policy?.node);
  if (pfn < 0) return -ERRNO.ENOMEM;
  frames.content[pfn] = content ?? 0;
  if (shared) {
    addToPageCache(vma.mm.host, vma.file!, vma.indexOf(addr), pfn);
    pageAddFileRmap(vma, pfn);
  } else {
    anonVmaPrepare(vma);
    pageAddNewAnonRmap(vma, addr, pfn);
  }
  const write = (vma.flags & VM_WRITE) !== 0 ? PTE_WRITE : 0;
  table.flags[index] = prot | PTE_MKDIRTY | write;
  table.pfn[index] = pfn;
  return 0;
}

/** Sets the flags of every mapping in a range, ending protection where it is no longer wanted. */
function* setUffdFlags(mm: Mm, start: Vaddr, end: Vaddr, uffd: number): Operation<number> {
  let addr = start;
  while (addr < end) {
    const vma = mm.vmas[mm.findVmaIndex(addr)];
    if (vma === undefined || vma.start >= end) return 0;
    const from = Math.max(addr, vma.start);
    const to = Math.min(vma.end, end);
    addr = to;
    const flags = ((vma.flags & ~VM_UFFD_FLAGS) | uffd) >>> 0;
    if (flags === vma.flags) continue;
    if (uffd === 0 && (vma.flags & VM_UFFD_WP) !== 0) yield* uffdWpRange(vma, from, to, false);
    const target = yield* isolateRange(vma, from, to, flags);
    if (typeof target === "number") return target;
    target.flags = flags;
  }
  return 0;
}

/** mm/userfaultfd.c: uffd_wp_range. */
function* uffdWpRange(vma: Vma, start: Vaddr, end: Vaddr, protect: boolean): Operation {
  if (protect && vma.file !== null) makeTables(vma, start, end);
  const gather = new MmuGather(vma.mm);
  const prot = vmGetPageProt(protect ? vma.flags & ~VM_WRITE : vma.flags);
  yield* changeProtection(gather, vma, start, end, { prot, tryWritable: false, uffdWp: protect });
  gather.finish();
}

/** Markers need page tables, also where nothing was touched (mm/mprotect.c: change_pmd_prepare). */
function makeTables(vma: Vma, start: Vaddr, end: Vaddr): void {
  const { pageTable } = vma.mm;
  for (let block = tableOf(start); block <= tableOf(end - 1); block++) {
    const pmd = pageTable.ensurePmd(block * PMD_SIZE);
    if (pmd.isNone(block & (HPAGE_PMD_NR - 1))) pageTable.ensure(block * PMD_SIZE);
  }
}

/** fs/userfaultfd.c: vma_can_userfault. */
function canUserfault(vma: Vma): boolean {
  return vma.file === null || vma.file.kind !== "file";
}

/** Whole huge pages of hugetlbfs only. */
function mayChange(vma: Vma, start: Vaddr, end: Vaddr): boolean {
  return canUserfault(vma) && maySplitAt(vma, start) && maySplitAt(vma, end);
}
