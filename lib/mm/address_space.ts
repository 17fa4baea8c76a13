/**
 * The page cache of a file: what struct address_space is in the kernel.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import type { Vma } from "./vma.ts";

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
