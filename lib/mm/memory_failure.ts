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
import { splitHugePage } from "./huge_split.ts";
import { isolateLruPage, migratePages } from "./migrate.ts";
import type { Mm } from "./mm_struct.ts";
import { PG_HEAD, PG_HUGETLB, PG_HWPOISON, PG_LRU, PG_RESERVED } from "./flags.ts";
import { tryToUnmap } from "./rmap_walk.ts";

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

/** Moves a page away; -EBUSY if it cannot be moved (mm/memory-failure.c: soft_offline_page). */
function* softOfflinePage(host: Host, pfn: Pfn): Operation<number> {
  const { frames } = host;
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
 * Takes a broken page out of every page table, and keeps the reference: whoever touches the page is
 * killed (mm/memory-failure.c: memory_failure). -EBUSY if it is still mapped.
 */
function* memoryFailure(host: Host, pfn: Pfn): Operation<number> {
  const { frames } = host;
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

/** Takes a page of 4 KiB out of use; the caller's reference goes over to it. */
type Take = (host: Host, pfn: Pfn) => Operation<number>;

/** Takes a reference on each page of a range and hands it over (mm/madvise.c: madvise_inject_error). */
function* injectError(mm: Mm, start: Vaddr, end: Vaddr, take: Take): Operation<number> {
  for (let addr = start; addr < end; addr += PAGE_SIZE) {
    const pfn = yield* getUserPage(mm, addr, false);
    if (pfn < 0) return pfn;
    const result = yield* injectOne(mm.host, pfn, take);
    if (result < 0) return result;
  }
  return 0;
}

function* injectOne(host: Host, pfn: Pfn, take: Take): Operation<number> {
  const { frames } = host;
  const poisoned = (frames.flags[pfn] & PG_HWPOISON) !== 0;
  if (!poisoned && (yield* splitBeforeLoss(host, pfn))) return yield* take(host, pfn);
  frames.put(pfn);
  return poisoned ? 0 : -ERRNO.EBUSY;
}
