/**
 * Taking pages out of files: truncation, hole punching and MADV_REMOVE.
 *
 * From mm/truncate.c, mm/memory.c: unmap_mapping_range and mm/shmem.c. Every mapping of the range,
 * in every process, gets a CLEAR window whether or not it maps a page; mappings are visited in the
 * order of the file's i_mmap tree.
 *
 * @module
 */

import { HPAGE_PMD_NR, PAGE_SIZE } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { type AddressSpace, pagesOf, truncateInodePages } from "./filemap.ts";
import { truncatePartialPages } from "./huge_file.ts";
import type { Host } from "./host.ts";
import { hugetlbVmdeleteList } from "./hugetlb_range.ts";
import { zapPageRange } from "./zap.ts";
import { writebackRange } from "./writeback.ts";

/**
 * Sets the size of a file (ftruncate).
 *
 * Shrinking unmaps what is behind the new end twice, as pages may be mapped again or copied between
 * the first time and the removal from the cache. Private copies go, too. A disk file system does
 * so whatever the old size was (fs/ext4/inode.c: ext4_setattr).
 *
 * @param host The machine.
 * @param file The file.
 * @param pages The new size in pages.
 * @returns 0; -EINVAL for a size of a hugetlb file that is no number of huge pages
 * (fs/hugetlbfs/inode.c: hugetlbfs_setattr).
 */
export function* ftruncate(host: Host, file: AddressSpace, pages: number): Operation<number> {
  if (file.kind === "hugetlb" && pages % HPAGE_PMD_NR !== 0) return -ERRNO.EINVAL;
  const shrinks = pages < file.pages;
  file.pages = pages;
  if (!shrinks && file.kind !== "file") return 0;
  if (file.kind === "hugetlb") return yield* removeHugepages(host, file, pages, Infinity);
  yield* unmapMappingRange(file, pages, Infinity, true);
  yield* truncatePartialPages(host, file, pages, Infinity);
  yield* removePages(host, file, pages, Infinity);
  yield* unmapMappingRange(file, pages, Infinity, true);
  return 0;
}

/**
 * Frees a part of a file without changing its size (fallocate PUNCH_HOLE, MADV_REMOVE).
 *
 * Private copies stay, but their mappings are told. A disk file is written back first, and not
 * asked for what is behind its end.
 *
 * @param host The machine.
 * @param file The file.
 * @param first First page offset.
 * @param end First page offset after.
 * @returns 0.
 */
export function* punchHole(
  host: Host,
  file: AddressSpace,
  first: number,
  end: number,
): Operation<number> {
  if (file.kind === "hugetlb") {
    const [from, to] = [Math.ceil(first / HPAGE_PMD_NR), Math.floor(end / HPAGE_PMD_NR)];
    return yield* removeHugepages(host, file, from * HPAGE_PMD_NR, to * HPAGE_PMD_NR);
  }
  const last = file.kind === "file" ? Math.min(end, file.pages) : end;
  yield* writebackRange(host, file, first, last);
  yield* unmapMappingRange(file, first, last, false);
  yield* truncatePartialPages(host, file, first, last);
  yield* removePages(host, file, first, last);
  return 0;
}

/** fs/hugetlbfs/inode.c: hugetlb_vmtruncate, hugetlbfs_punch_hole. */
function* removeHugepages(
  host: Host,
  file: AddressSpace,
  first: number,
  end: number,
): Operation<number> {
  yield* hugetlbVmdeleteList(file.mappings, first, end);
  yield* removePages(host, file, first, end);
  host.hugetlb.unreserve(`file ${file.id}`, first, end);
  return 0;
}

/**
 * Takes the pages of a part out of the cache. One that somebody has mapped again meanwhile is unmapped
 * first (mm/truncate.c: truncate_cleanup_folio; fs/hugetlbfs/inode.c: remove_inode_hugepages).
 */
function* removePages(host: Host, file: AddressSpace, first: number, end: number): Operation {
  for (let page; (page = mappedPage(host, file, first, end)) !== undefined;) {
    yield* file.kind === "hugetlb"
      ? hugetlbVmdeleteList(file.mappings, page.first, page.end)
      : unmapMappingRange(file, page.first, page.end, false);
  }
  truncateInodePages(host, file, first, end);
}

/** Page offsets of a page that is mapped and lies wholly in a part of a file. */
function mappedPage({ frames }: Host, file: AddressSpace, first: number, end: number) {
  for (const [index, pfn] of file.cache) {
    if (index < first || index >= end || frames.mapcount[pfn] === 0) continue;
    const base = index - (pfn - frames.head(pfn));
    const page = { first: base, end: base + pagesOf(frames, pfn) };
    if (page.first >= first && page.end <= end) return page;
  }
  return undefined;
}

/**
 * Unmaps a part of a file from all its mappings (mm/memory.c: unmap_mapping_range).
 *
 * @param file The file.
 * @param first First page offset.
 * @param end First page offset after; Infinity for all the rest.
 * @param evenCows Whether private copies are dropped, too.
 */
export function* unmapMappingRange(
  file: AddressSpace,
  first: number,
  end: number,
  evenCows: boolean,
): Operation {
  for (const vma of file.mappings.slice()) {
    if (vma.pgoff >= end) break;
    const from = Math.max(first, vma.pgoff);
    const to = Math.min(end, vma.pgoff + vma.pages);
    if (from >= to) continue;
    const start = vma.start + (from - vma.pgoff) * PAGE_SIZE;
    yield* zapPageRange(vma, start, start + (to - from) * PAGE_SIZE, { evenCows });
  }
}
