/**
 * The page cache: what struct address_space is in the kernel, and bringing frames of files in.
 *
 * From mm/filemap.c, mm/readahead.c and mm/truncate.c. The cache holds one reference on each of its
 * frames, every mapping another one. A frame is dirty (PG_DIRTY) from the first write on until
 * writeback.
 *
 * @module
 */

import { HPAGE_PMD_NR, type Pfn } from "../kernel/address.ts";
import { PG_DIRTY, PG_FILE, PG_HEAD, PG_LRU, PG_RECLAIM, PG_SWAPBACKED, PG_TAIL } from "./flags.ts";
import type { Frames } from "./frames.ts";
import type { Host } from "./host.ts";
import { shmemFreeSwap, shmemSwapin } from "./shmem.ts";
import { VM_RAND_READ, VM_SEQ_READ, type Vma } from "./vma.ts";

/**
 * What stands behind a mapping of an object: `shmem` memory (memfd, shared anonymous), a `file` of a
 * disk file system with writeback, or `hugetlb`.
 */
export type AddressSpaceKind = "shmem" | "file" | "hugetlb";

/** A file's pages and mappings. */
export class AddressSpace {
  /** Number of the file on its machine. */
  readonly id: number;
  /** What kind of object it is. */
  readonly kind: AddressSpaceKind;
  /** Name shown in maps. */
  readonly name: string;
  /** Size in pages; accesses behind it get SIGBUS. */
  pages: number;
  /** Cached frames by page offset; the cache holds one reference on each. */
  readonly cache: Map<number, Pfn> = new Map();
  /** Swap slots by page offset, for shmem pages that were swapped out. */
  readonly swapped: Map<number, number> = new Map();
  /** Whether more than its mappings holds the file (a name, an open descriptor). */
  held = true;
  /** Mappings of the file, ordered by page offset (i_mmap). */
  readonly mappings: Vma[] = [];
  /** Content on disk by page offset, for pages that are not cached; absent pages are zero. */
  readonly disk: Map<number, number> = new Map();

  /**
   * Makes an empty file.
   *
   * @param id Number of the file.
   * @param kind What kind of object it is.
   * @param name Name shown in maps.
   * @param pages Size in pages.
   */
  constructor(id: number, kind: AddressSpaceKind, name: string, pages: number) {
    this.id = id;
    this.kind = kind;
    this.name = name;
    this.pages = pages;
  }
}

/**
 * Inserts a mapping into a list ordered by page offset, behind those of the same offset.
 *
 * The order is that in which rmap walks visit the mappings.
 *
 * @param list The list.
 * @param vma The mapping.
 */
export function insertByOffset(list: Vma[], vma: Vma): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle].pgoff <= vma.pgoff) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, vma);
}

/**
 * Inserts a mapping into a list directly behind one of the same offset, as fork does.
 *
 * @param list The list.
 * @param vma The mapping.
 * @param prev The mapping it was copied from.
 */
export function insertBehind(list: Vma[], vma: Vma, prev: Vma): void {
  list.splice(list.indexOf(prev) + 1, 0, vma);
}

/**
 * Removes a mapping from a list.
 *
 * @param list The list.
 * @param vma The mapping.
 */
export function removeFrom(list: Vma[], vma: Vma): void {
  const at = list.indexOf(vma);
  if (at >= 0) list.splice(at, 1);
}

/** Pages that one read of a file brings in (read_ahead_kb of 128). */
const RA_PAGES = 32;

/**
 * Finds the cached frame of a page (mm: find_get_page, without the reference).
 *
 * @param file The file.
 * @param index Page offset in the file.
 * @returns The frame, or -1 if the page is not in the cache.
 */
export function findCachedPage(file: AddressSpace, index: number): Pfn {
  return file.cache.get(index) ?? -1;
}

/**
 * Puts a new frame into the cache, which keeps its reference (mm: add_to_page_cache_lru).
 *
 * @param host The machine.
 * @param file The file.
 * @param index Page offset in the file.
 * @param pfn The frame, with one reference.
 */
export function addToPageCache(host: Host, file: AddressSpace, index: number, pfn: Pfn): void {
  const swapBacked = file.kind === "file" ? 0 : PG_SWAPBACKED;
  host.frames.bind(pfn, file.id, index, PG_FILE | PG_LRU | swapBacked);
  file.cache.set(index, pfn);
}

/**
 * Takes a page out of the cache and drops the cache's reference (mm: delete_from_page_cache).
 *
 * A page that somebody still holds, such as a device, has no mapping from then on.
 *
 * @param host The machine.
 * @param file The file.
 * @param index Page offset of a cached page.
 */
export function deleteFromPageCache(host: Host, file: AddressSpace, index: number): void {
  const pfn = file.cache.get(index)!;
  file.cache.delete(index);
  host.frames.flags[host.frames.head(pfn)] &= ~(PG_DIRTY | PG_FILE);
  host.frames.put(pfn);
}

/**
 * Makes the page of a fault present in the cache (mm: filemap_fault, shmem_fault).
 *
 * Memory without a disk behind it gets this one page; a file is read ahead around it, so that the
 * neighbours can be mapped by fault-around when the fault is tried again.
 *
 * @param host The machine.
 * @param file The file.
 * @param index Page offset in the file, below its size.
 * @param node NUMA node for new frames, or undefined for the local one.
 * @param vmFlags VM_ bits of the mapping, for its advice on reading ahead.
 * @returns The frame, or -1 when memory is out.
 */
export function filemapGetPage(
  host: Host,
  file: AddressSpace,
  index: number,
  node: number | undefined,
  vmFlags = VM_RAND_READ,
): Pfn {
  const cached = findCachedPage(file, index);
  if (cached >= 0) {
    host.frames.flags[cached] &= ~PG_RECLAIM;
    return cached;
  }
  if (file.swapped.has(index)) return shmemSwapin(host, file, index, node);
  if (file.kind !== "file") return readPage(host, file, index, node);
  host.vmstat.pgmajfault++;
  const around = (vmFlags & VM_RAND_READ) === 0;
  const before = (vmFlags & VM_SEQ_READ) === 0 ? RA_PAGES / 2 : 0;
  const first = around ? Math.max(0, index - before) : index;
  const last = around ? Math.min(file.pages, first + RA_PAGES) : index + 1;
  for (let at = first; at < last; at++) {
    if (file.cache.has(at)) continue;
    const pfn = readPage(host, file, at, node);
    if (pfn < 0) break;
    if (around && at === last - RA_PAGES / 4) host.frames.flags[pfn] |= PG_RECLAIM;
  }
  return findCachedPage(file, index);
}

/**
 * Marks a page of the cache dirty, because it was written through a mapping or by the kernel (mm:
 * set_page_dirty).
 *
 * @param host The machine.
 * @param pfn A frame of the cache.
 */
export function setPageDirty(host: Host, pfn: Pfn): void {
  host.frames.flags[host.frames.head(pfn)] |= PG_DIRTY;
}

/**
 * Writes whole pages by pwrite(2), which sends nothing (mm: generic_perform_write).
 *
 * The file grows where the write ends behind its end.
 *
 * @param host The machine.
 * @param file The file.
 * @param index Page offset of the first page.
 * @param count Number of pages.
 * @param content What each page holds then; first byte in the low 8 bits.
 * @returns Pages written; fewer than asked for when memory is out.
 */
export function writePages(
  host: Host,
  file: AddressSpace,
  index: number,
  count: number,
  content: number,
): number {
  for (let written = 0; written < count; written++) {
    const pfn = filemapGetPage(host, file, index + written, undefined);
    if (pfn < 0) return written;
    host.frames.content[pfn] = content;
    setPageDirty(host, pfn);
    file.pages = Math.max(file.pages, index + written + 1);
  }
  return count;
}

/**
 * Drops the pages of a part of a file from the cache, swap and disk (mm/truncate.c:
 * truncate_inode_pages_range). A huge page that could not be split stays, with zeros in the part.
 *
 * @param host The machine.
 * @param file The file; the part is not mapped any more.
 * @param first First page offset.
 * @param end First page offset after; Infinity for all the rest.
 */
export function truncateInodePages(
  host: Host,
  file: AddressSpace,
  first: number,
  end: number,
): void {
  const inside = (index: number) => index >= first && index < end;
  const { frames } = host;
  for (const [index, pfn] of [...file.cache]) {
    if (!inside(index)) continue;
    const base = index - (pfn - frames.head(pfn));
    const whole = inside(base) && base + pagesOf(frames, pfn) <= end;
    if (whole) deleteFromPageCache(host, file, index);
    else frames.content[pfn] = 0;
  }
  for (const index of [...file.swapped.keys()]) {
    if (inside(index)) shmemFreeSwap(host, file, index);
  }
  for (const index of [...file.disk.keys()]) if (inside(index)) file.disk.delete(index);
}

/**
 * Counts the frames of the compound page that a frame belongs to.
 *
 * @param frames Memory.
 * @param pfn The frame.
 * @returns 512, or 1 for a frame of its own.
 */
export function pagesOf(frames: Frames, pfn: Pfn): number {
  return (frames.flags[pfn] & (PG_HEAD | PG_TAIL)) !== 0 ? HPAGE_PMD_NR : 1;
}

/** Reads one page from the disk, or makes a zeroed one, and puts it into the cache. */
function readPage(host: Host, file: AddressSpace, index: number, node: number | undefined): Pfn {
  const pfn = host.frames.alloc(node);
  if (pfn < 0) return pfn;
  host.frames.content[pfn] = file.disk.get(index) ?? 0;
  addToPageCache(host, file, index, pfn);
  return pfn;
}
