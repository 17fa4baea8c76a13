/**
 * Taking pages out of use that are broken, or about to break.
 *
 * From mm/memory-failure.c: soft_offline_page, memory_failure.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { getUserPage } from "./gup.ts";
import type { Host } from "./host.ts";
import { splitHugePage } from "./huge_page_split.ts";
import { isolateLruPage, migratePages } from "./migrate.ts";
import type { Mm } from "./mm_struct.ts";
import { PG_HEAD, PG_HUGETLB, PG_HWPOISON, PG_LRU, PG_RESERVED } from "./page_flags.ts";
import { tryToUnmap } from "./rmap_unmap.ts";

/**
 * Moves the pages of a range away and never uses their frames again (MADV_SOFT_OFFLINE; mm/madvise.c:
 * madvise_inject_error).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param end First byte after.
 * @returns 0, or -EFAULT or -EBUSY at the first page that could not be moved.
 */
export function* madviseSoftOffline(mm: Mm, start: Vaddr, end: Vaddr): Operation<number> {
  return yield* injectError(mm, start, end, softOfflinePage);
}

/**
 * Moves a page away and never uses its frame again (mm/memory-failure.c: soft_offline_page).
 *
 * @param host The machine.
 * @param pfn The frame, with a reference of the caller that is used up.
 * @returns 0, or -EBUSY if the page cannot be moved.
 */
export function* softOfflinePage(host: Host, pfn: Pfn): Operation<number> {
  const { frames } = host;
  if ((frames.flags[pfn] & PG_HWPOISON) !== 0) {
    frames.put(pfn);
    return 0;
  }
  if (!(yield* splitBeforeLoss(host, pfn))) {
    frames.put(pfn);
    return -ERRNO.EBUSY;
  }
  const isolated = isolateLruPage(host, pfn);
  frames.put(pfn);
  if (!isolated) return -ERRNO.EBUSY;
  const node = frames.nodeOf(pfn);
  const outcome = yield* migratePages(host, [pfn], () => frames.alloc(node));
  if (outcome.failed.length > 0) return -ERRNO.EBUSY;
  poison(host, pfn);
  return 0;
}

/**
 * Treats the pages of a range as broken (MADV_HWPOISON; mm/madvise.c: madvise_inject_error).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param end First byte after.
 * @returns 0, or -EFAULT or -EBUSY at the first page that could not be taken away.
 */
export function* madviseHwpoison(mm: Mm, start: Vaddr, end: Vaddr): Operation<number> {
  return yield* injectError(mm, start, end, memoryFailure);
}

/**
 * Takes a broken page out of every page table; whoever touches it is killed (mm/memory-failure.c:
 * memory_failure).
 *
 * @param host The machine.
 * @param pfn The frame, with a reference of the caller that keeps it from being used again.
 * @returns 0, or -EBUSY if it is still mapped.
 */
export function* memoryFailure(host: Host, pfn: Pfn): Operation<number> {
  const { frames } = host;
  if ((frames.flags[pfn] & PG_HWPOISON) !== 0) {
    frames.put(pfn);
    return 0;
  }
  if (!(yield* splitBeforeLoss(host, pfn))) {
    frames.put(pfn);
    return -ERRNO.EBUSY;
  }
  frames.flags[pfn] |= PG_HWPOISON;
  const unmapped = frames.mapcount[pfn] === 0 || (yield* tryToUnmap(host, pfn, true));
  if (!unmapped) return -ERRNO.EBUSY;
  frames.flags[pfn] = (frames.flags[pfn] & ~PG_LRU) | PG_RESERVED;
  return 0;
}

/** Makes a page of a transparent huge page one of its own; pages of hugetlbfs stay in use. */
function* splitBeforeLoss(host: Host, pfn: Pfn): Operation<boolean> {
  const flags = host.frames.flags[host.frames.head(pfn)];
  if ((flags & PG_HUGETLB) !== 0) return false;
  return (flags & PG_HEAD) === 0 || (yield* splitHugePage(host, pfn)) === 0;
}

/** Takes a free frame away for good (mm: page_handle_poison, take_page_off_buddy). */
function poison(host: Host, pfn: Pfn): void {
  const { frames } = host;
  frames.nodes[frames.nodeOf(pfn)].allocator.take(pfn);
  frames.flags[pfn] = PG_HWPOISON | PG_RESERVED;
  frames.refcount[pfn] = 1;
}

/** Takes a reference on each page of a range and hands it over (mm/madvise.c: madvise_inject_error). */
function* injectError(
  mm: Mm,
  start: Vaddr,
  end: Vaddr,
  take: (host: Host, pfn: Pfn) => Operation<number>,
): Operation<number> {
  for (let addr = start; addr < end; addr += PAGE_SIZE) {
    const pfn = yield* getUserPage(mm, addr, false);
    if (pfn < 0) return pfn;
    const result = yield* take(mm.host, pfn);
    if (result < 0) return result;
  }
  return 0;
}
