/**
 * Advice for reclaim: MADV_FREE, MADV_COLD and MADV_PAGEOUT.
 *
 * From mm/madvise.c. MADV_FREE lets the content of pages be dropped, unless they are written again:
 * madvise_free_single_vma and madvise_free_pte_range. MADV_COLD makes pages old and MADV_PAGEOUT
 * reclaims them at once: madvise_cold_or_pageout_pte_range; both came with v5.4 and open no window for
 * the range: making entries old needs none, and reclaim opens one per page it unmaps.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { insideWindow } from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import {
  PG_ACTIVE,
  PG_DIRTY,
  PG_MLOCKED,
  PG_REFERENCED,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
  PTE_DIRTY,
  PTE_HWPOISON,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_YOUNG,
} from "./flags.ts";
import type { Host } from "./host.ts";
import {
  adviseHugePmd,
  ageHugePmd,
  freeHugePmd,
  isCompound,
  splitForAdvice,
} from "./madvise_huge.ts";
import { isolateLruPage, putbackLruPage } from "./migrate.ts";
import { MmuGather } from "./mmu_gather.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { freeSwapAndCache, tryToFreeSwap } from "./swap.ts";
import { VM_HUGETLB, VM_LOCKED, VM_PFNMAP, type Vma } from "./vma.ts";
import { shrinkFolioList } from "./vmscan.ts";

/**
 * Marks the pages of a part of an anonymous mapping lazily free, inside a CLEAR window.
 *
 * @param vma The mapping.
 * @param start First byte, within the mapping.
 * @param end First byte after.
 * @returns 0, or -EINVAL where the advice does not apply.
 */
export function* madviseFree(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
  if ((vma.flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) !== 0) return -ERRNO.EINVAL;
  if (!vma.isAnonymous) return -ERRNO.EINVAL;
  const { mm } = vma;
  mm.host.lruBatches.drain();
  const gather = new MmuGather(mm);
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_CLEAR,
    0,
    vma,
    mm,
    start,
    end,
    SITE.madvise_free_single_vma,
  );
  yield* insideWindow(range, freeEntries(gather, start, end));
  gather.finish();
  return 0;
}

function* freeEntries(gather: MmuGather, start: Vaddr, end: Vaddr): Operation {
  const { mm } = gather;
  const cursor = mm.pageTable.cursor(start, end);
  while (cursor.next()) {
    if (cursor.table === null) {
      const head = yield* adviseHugePmd(mm.host, cursor);
      if (head >= 0) freeHugePmd(gather, cursor, head);
    }
    if (cursor.table !== null) yield* freePteRange(gather, cursor, cursor.table);
    yield "ptl_dropped";
  }
}

/** Frees the pages of one table, splitting huge pages that only this mapping has. */
function* freePteRange(gather: MmuGather, cursor: Cursor, table: PteTable): Operation {
  const { host } = gather.mm;
  let index = cursor.first;
  for (;;) {
    index = freePtes(gather, cursor, table, index);
    if (index === cursor.last || !(yield* splitForAdvice(host, table.pfn[index]))) return;
  }
}

/** Frees pages up to the first one of a huge page, whose index it returns. */
function freePtes(gather: MmuGather, cursor: Cursor, table: PteTable, first: number): number {
  const { mm } = gather;
  for (let index = first; index < cursor.last; index++) {
    const flags = table.flags[index];
    if ((flags & PTE_PRESENT) !== 0) {
      if ((flags & PTE_SPECIAL) !== 0) continue;
      if (isCompound(mm.host, table.pfn[index])) return index;
      if (!dropDirty(mm.host, table.pfn[index])) continue;
      if ((flags & (PTE_YOUNG | PTE_DIRTY)) !== 0) {
        table.flags[index] = flags & ~(PTE_YOUNG | PTE_DIRTY);
        gather.flushRange(cursor.base + index * PAGE_SIZE);
      }
      mm.host.lruBatches.add(table.pfn[index]);
    } else if ((flags & PTE_SWAP) !== 0) {
      table.flags[index] = 0;
      mm.swapEntries--;
      freeSwapAndCache(mm.host, table.pfn[index]);
    } else if ((flags & PTE_HWPOISON) !== 0) {
      table.flags[index] = 0;
    }
  }
  return cursor.last;
}

/** Makes the page clean and frees its slot; false if it is shared and so must stay as it is. */
function dropDirty(host: Host, pfn: Pfn): boolean {
  const { frames } = host;
  if ((frames.flags[pfn] & (PG_SWAPCACHE | PG_DIRTY)) === 0) return true;
  if (frames.mapcount[pfn] !== 1) return false;
  if ((frames.flags[pfn] & PG_SWAPCACHE) !== 0 && !tryToFreeSwap(host, pfn)) return false;
  frames.flags[pfn] &= ~PG_DIRTY;
  return true;
}

/**
 * Makes the pages of a part of a mapping old and inactive (mm/madvise.c: madvise_cold).
 *
 * @param vma The mapping.
 * @param start First byte, within the mapping.
 * @param end First byte after.
 * @param remote Whether another process asks, whose CPU has batches of its own.
 * @returns 0, or -EINVAL where the advice does not apply.
 */
export function* madviseCold(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  remote: boolean,
): Operation<number> {
  if (!remote) vma.mm.host.lruBatches.drain();
  return yield* coldOrPageout(vma, start, end, false);
}

/**
 * Reclaims the pages of a part of a mapping that only it maps (mm/madvise.c: madvise_pageout).
 *
 * @param vma The mapping.
 * @param start First byte, within the mapping.
 * @param end First byte after.
 * @param remote Whether another process asks, whose CPU has batches of its own.
 * @returns 0, or -EINVAL where the advice does not apply.
 */
export function* madvisePageout(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  remote: boolean,
): Operation<number> {
  if (!remote) vma.mm.host.lruBatches.drain();
  return yield* coldOrPageout(vma, start, end, true);
}

function* coldOrPageout(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  reclaims: boolean,
): Operation<number> {
  const { host } = vma.mm;
  if (!host.profile.madvPageout) return -ERRNO.EINVAL;
  if ((vma.flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) !== 0) return -ERRNO.EINVAL;
  const gather = new MmuGather(vma.mm);
  const cursor = vma.mm.pageTable.cursor(start, end);
  while (cursor.next()) {
    const pages: Pfn[] = [];
    if (cursor.table === null) {
      const head = yield* adviseHugePmd(host, cursor);
      if (head >= 0) {
        ageHugePmd(gather, cursor, head);
        deactivate(host, head, reclaims ? pages : null);
      }
    }
    if (cursor.table !== null) yield* ageRange(gather, cursor, cursor.table, reclaims, pages);
    yield "ptl_dropped";
    for (const group of byNode(vma, pages)) yield* shrinkFolioList(host, group);
  }
  gather.finish();
  return 0;
}

/** Makes the entries of one table old, splitting huge pages that only this mapping has. */
function* ageRange(
  gather: MmuGather,
  cursor: Cursor,
  table: PteTable,
  reclaims: boolean,
  isolated: Pfn[],
): Operation {
  const { host } = gather.mm;
  let index = cursor.first;
  for (;;) {
    index = agePtes(gather, cursor, table, index, reclaims ? isolated : null);
    if (index === cursor.last || !(yield* splitForAdvice(host, table.pfn[index]))) return;
  }
}

/** Ages entries up to the first one of a huge page, whose index it returns. */
function agePtes(
  gather: MmuGather,
  cursor: Cursor,
  table: PteTable,
  first: number,
  isolated: Pfn[] | null,
): number {
  const { host } = gather.mm;
  const { frames } = host;
  for (let index = first; index < cursor.last; index++) {
    const flags = table.flags[index];
    if ((flags & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) continue;
    const pfn = table.pfn[index];
    if (isCompound(host, pfn)) return index;
    if (frames.mapcount[pfn] !== 1 || host.lruBatches.isNew(pfn)) continue;
    if ((flags & PTE_YOUNG) !== 0) {
      table.flags[index] = flags & ~PTE_YOUNG;
      gather.flushRange(cursor.base + index * PAGE_SIZE);
    }
    frames.flags[pfn] &= ~PG_REFERENCED;
    deactivate(host, pfn, isolated);
  }
  return cursor.last;
}

/** Isolates a page for reclaim, or without a list makes it inactive. */
function deactivate(host: Host, pfn: Pfn, isolated: Pfn[] | null): void {
  const { frames } = host;
  if (isolated === null) {
    frames.flags[pfn] &= ~PG_ACTIVE;
  } else if (isolateLruPage(host, pfn)) {
    if ((frames.flags[pfn] & (PG_UNEVICTABLE | PG_MLOCKED)) !== 0) {
      putbackLruPage(host, pfn);
      return;
    }
    frames.flags[pfn] &= ~PG_ACTIVE;
    isolated.push(pfn);
  }
}

/** Runs of pages of one node, in order (mm/vmscan.c: reclaim_pages). */
function byNode(vma: Vma, pages: readonly Pfn[]): Pfn[][] {
  const { frames } = vma.mm.host;
  const groups: Pfn[][] = [];
  let last = -1;
  for (const pfn of pages) {
    const node = frames.nodeOf(pfn);
    if (node !== last) groups.push([]);
    groups[groups.length - 1].push(pfn);
    last = node;
  }
  return groups;
}
