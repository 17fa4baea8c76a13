/**
 * Writing dirty pages of files back: fsync and msync.
 *
 * From mm/page-writeback.c, mm/msync.c and mm/rmap.c: page_mkclean. A dirty page is made clean and
 * read-only in every shared mapping that covers it, each inside a PROTECTION_PAGE window, whether or
 * not the mapping is writable or has the page mapped; private mappings are not visited.
 *
 * @module
 */

import { indexInTable, isAligned, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_PROTECTION_PAGE, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { changeInWindow } from "../notifier/dispatch.ts";
import type { AddressSpace } from "./filemap.ts";
import type { Host } from "./host.ts";
import type { Mm } from "./mm_struct.ts";
import { PG_DIRTY, PTE_DIRTY, PTE_PRESENT, PTE_WRITE } from "./flags.ts";
import { rmapWalk } from "./rmap.ts";
import { VM_SHARED, type Vma } from "./vma.ts";

/**
 * Writes all dirty pages of a file to its disk (fsync).
 *
 * @param host The machine.
 * @param file The file; memory without a disk has nothing to write.
 * @returns 0.
 */
export function* fsync(host: Host, file: AddressSpace): Operation<number> {
  yield* writebackRange(host, file, 0, Infinity);
  return 0;
}

/**
 * Writes what is mapped shared in a range to its files (mm/msync.c: msync with MS_SYNC).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes; rounded up to pages.
 * @returns 0, -EINVAL, or -ENOMEM where a part of the range is not mapped.
 */
export function* msync(mm: Mm, start: Vaddr, length: number): Operation<number> {
  if (!isAligned(start, PAGE_SIZE)) return -ERRNO.EINVAL;
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  let addr = start;
  let hole = false;
  for (const vma of mm.vmasIn(start, end)) {
    if (vma.start > addr) hole = true;
    addr = Math.min(vma.end, end);
    if (vma.file === null || (vma.flags & VM_SHARED) === 0) continue;
    const first = vma.indexOf(Math.max(vma.start, start));
    yield* writebackRange(mm.host, vma.file, first, vma.indexOf(addr));
  }
  return hole || addr < end ? -ERRNO.ENOMEM : 0;
}

/**
 * Writes the dirty pages of a part of a file, in order of offset (mm: filemap_write_and_wait_range).
 *
 * @param host The machine.
 * @param file The file; nothing is done for memory without a disk.
 * @param first First page offset.
 * @param end First page offset after.
 */
export function* writebackRange(
  host: Host,
  file: AddressSpace,
  first: number,
  end: number,
): Operation {
  if (file.kind !== "file") return;
  const { frames } = host;
  const dirty = [...file.cache.keys()]
    .filter((index) => index >= first && index < end)
    .filter((index) => (frames.flags[file.cache.get(index)!] & PG_DIRTY) !== 0)
    .sort((one, two) => one - two);
  for (const index of dirty) {
    const pfn = file.cache.get(index);
    if (pfn !== undefined) yield* writePage(host, file, index, pfn);
  }
}

/**
 * Makes a page clean in all shared mappings, so that the next write faults (mm/rmap.c: page_mkclean).
 *
 * @param host The machine.
 * @param pfn A frame of the page cache.
 */
function* pageMkclean(host: Host, pfn: Pfn): Operation {
  if (host.frames.mapcount[pfn] === 0) return;
  for (const { vma, addr } of rmapWalk(host, pfn)) {
    if ((vma.flags & VM_SHARED) !== 0) yield* pageMkcleanOne(vma, addr, pfn);
  }
}

/** Writes one page: clean in the mappings first, then in the cache (clear_page_dirty_for_io). */
function* writePage(host: Host, file: AddressSpace, index: number, pfn: Pfn): Operation {
  yield* pageMkclean(host, pfn);
  host.frames.flags[pfn] &= ~PG_DIRTY;
  file.disk.set(index, host.frames.content[pfn]);
}

function* pageMkcleanOne(vma: Vma, addr: Vaddr, pfn: Pfn): Operation {
  const { mm } = vma;
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_PROTECTION_PAGE,
    0,
    vma,
    mm,
    addr,
    Math.min(vma.end, addr + PAGE_SIZE),
    SITE.page_mkclean_one,
  );
  yield* changeInWindow(range, () => {
    const table = mm.pageTable.lookup(addr);
    const index = indexInTable(addr);
    if (table === null || table.pfn[index] !== pfn) return;
    const flags = table.flags[index];
    if ((flags & PTE_PRESENT) === 0 || (flags & (PTE_DIRTY | PTE_WRITE)) === 0) return;
    table.flags[index] = flags & ~(PTE_DIRTY | PTE_WRITE);
    mm.host.charge("tlb_shootdown");
  });
}
