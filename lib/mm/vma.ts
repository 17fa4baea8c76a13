/**
 * Virtual memory areas: what struct vm_area_struct is in the kernel.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { type NotifierVma, VM_READ } from "../notifier/range.ts";
import type { AddressSpace } from "./filemap.ts";
import type { AnonVma } from "./rmap.ts";
import type { Mm } from "./mm_struct.ts";
import { PTE_EXEC, PTE_PRESENT, PTE_PROTNONE, PTE_WRITE } from "./flags.ts";

export { VM_READ };
/** May be written. */
export const VM_WRITE = 0x2;
/** May be executed. */
export const VM_EXEC = 0x4;
/** Shared with other mappers of the same object. */
export const VM_SHARED = 0x8;
/** mprotect may add read access. */
export const VM_MAYREAD = 0x10;
/** mprotect may add write access. */
export const VM_MAYWRITE = 0x20;
/** mprotect may add execute access. */
export const VM_MAYEXEC = 0x40;
/** The mapping may be shared. */
export const VM_MAYSHARE = 0x80;
/** userfaultfd handles missing pages. */
export const VM_UFFD_MISSING = 0x200;
/** userfaultfd tracks writes. */
export const VM_UFFD_WP = 0x1000;
/** Pages are locked. */
export const VM_LOCKED = 0x2000;
/** Expected to be read sequentially. */
export const VM_SEQ_READ = 0x8000;
/** Expected to be read at random. */
export const VM_RAND_READ = 0x10000;
/** Not copied at fork. */
export const VM_DONTCOPY = 0x20000;
/** Cannot grow by mremap. */
export const VM_DONTEXPAND = 0x40000;
/** Pages are locked when they are touched. */
export const VM_LOCKONFAULT = 0x80000;
/** Accounted. */
export const VM_ACCOUNT = 0x100000;
/** Huge pages of hugetlbfs. */
export const VM_HUGETLB = 0x400000;
/** Empty in a forked child. */
export const VM_WIPEONFORK = 0x2000000;
/** Everything in here counts as soft-dirty. */
export const VM_SOFTDIRTY = 0x8000000;
/** Pages with and without struct page. */
export const VM_MIXEDMAP = 0x10000000;
/** madvise(MADV_HUGEPAGE). */
export const VM_HUGEPAGE = 0x20000000;
/** madvise(MADV_NOHUGEPAGE). */
export const VM_NOHUGEPAGE = 0x40000000;
/** madvise(MADV_MERGEABLE). */
export const VM_MERGEABLE = 0x80000000;
/** Frame numbers without struct page. */
export const VM_PFNMAP = 0x400;
/** Mappings that are neither merged nor locked (include/linux/mm.h: VM_SPECIAL). */
export const VM_SPECIAL: number = VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP;
/** Access rights. */
export const VM_ACCESS_FLAGS: number = VM_READ | VM_WRITE | VM_EXEC;

/** One mapping of a process: `[start, end)` with the same rights and backing. */
export class Vma implements NotifierVma {
  /** The address space. */
  readonly mm: Mm;
  /** First byte. */
  start: Vaddr;
  /** First byte after. */
  end: Vaddr;
  /** VM_ bits, as an unsigned 32-bit number. */
  flags: number;
  /** Page offset of `start`: in the file, or for anonymous memory the address at creation. */
  pgoff: number;
  /** The file mapped, or null for anonymous memory. */
  readonly file: AddressSpace | null;
  /** The anon_vma that new anonymous pages belong to; null until the first one. */
  anonVma: AnonVma | null = null;
  /** Every anon_vma in whose pages this vma may have a share (anon_vma_chain). */
  anonVmaChain: AnonVma[] = [];
  /** Memory policy set by mbind, or null. */
  policy: MemoryPolicy | null = null;

  /**
   * Makes a mapping that is in no list yet.
   *
   * @param mm The address space.
   * @param start First byte.
   * @param end First byte after.
   * @param flags VM_ bits.
   * @param pgoff Page offset of `start`.
   * @param file The file, or null.
   */
  constructor(
    mm: Mm,
    start: Vaddr,
    end: Vaddr,
    flags: number,
    pgoff: number,
    file: AddressSpace | null,
  ) {
    this.mm = mm;
    this.start = start;
    this.end = end;
    this.flags = flags >>> 0;
    this.pgoff = pgoff;
    this.file = file;
  }

  /** Number of pages. */
  get pages(): number {
    return (this.end - this.start) / PAGE_SIZE;
  }

  /** Whether the mapping is private and could be written: writes copy. */
  get isCow(): boolean {
    return (this.flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
  }

  /** Whether the memory is anonymous and private. */
  get isAnonymous(): boolean {
    return this.file === null;
  }

  /** Whether the mapping is of hugetlbfs. */
  get isHugetlb(): boolean {
    return (this.flags & VM_HUGETLB) !== 0;
  }

  /**
   * Finds the page offset of an address (mm: linear_page_index).
   *
   * @param addr Address within the mapping.
   * @returns The offset in pages.
   */
  indexOf(addr: Vaddr): number {
    return this.pgoff + (addr - this.start) / PAGE_SIZE;
  }

  /**
   * Finds the address of a page offset (mm: vma_address).
   *
   * @param index Page offset.
   * @returns The address, or -1 if the mapping does not cover it.
   */
  addressOf(index: number): Vaddr {
    const addr = this.start + (index - this.pgoff) * PAGE_SIZE;
    return addr >= this.start && addr < this.end ? addr : -1;
  }
}

/** A NUMA memory policy (mbind): the node to allocate on. */
export interface MemoryPolicy {
  /** Node number. */
  readonly node: number;
}

/**
 * Gives the entry bits that a mapping's rights allow (mm: vm_page_prot).
 *
 * Private mappings never get write access this way: the first write faults. A shared mapping gets
 * it unless writes must be noticed (mm/mmap.c: vma_wants_writenotify).
 *
 * @param vma The mapping.
 * @returns Bits such as PTE_PRESENT and PTE_WRITE.
 */
export function vmPageProt(vma: Vma): number {
  const prot = vmGetPageProt(vma.flags);
  return (prot & PTE_WRITE) !== 0 && vmaWantsWritenotify(vma) ? prot & ~PTE_WRITE : prot;
}

/**
 * Gives the entry bits for flags alone, whether or not writes must be noticed (mm:
 * vm_get_page_prot).
 *
 * @param flags VM_ bits.
 * @returns Bits such as PTE_PRESENT and PTE_WRITE.
 */
export function vmGetPageProt(flags: number): number {
  const access = flags & VM_ACCESS_FLAGS;
  if (access === 0) return PTE_PRESENT | PTE_PROTNONE;
  let prot: number = PTE_PRESENT;
  if ((access & VM_EXEC) !== 0) prot |= PTE_EXEC;
  const direct = VM_SHARED | VM_WRITE;
  return (flags & direct) === direct ? prot | PTE_WRITE : prot;
}

/**
 * Tells whether writes to a shared mapping must fault to be noticed (mm/mmap.c).
 *
 * @param vma The mapping.
 * @returns True if entries must start without write access.
 */
export function vmaWantsWritenotify(vma: Vma): boolean {
  const both = VM_WRITE | VM_SHARED;
  if ((vma.flags & both) !== both) return false;
  if (vma.file !== null && vma.file.kind === "file") return true;
  if ((vma.flags & VM_SOFTDIRTY) === 0 && !vma.isHugetlb) return true;
  return (vma.flags & VM_UFFD_WP) !== 0;
}
