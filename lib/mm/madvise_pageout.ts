/**
 * MADV_COLD and MADV_PAGEOUT: making pages old, and reclaiming them at once.
 *
 * From mm/madvise.c: madvise_cold_or_pageout_pte_range; both came with v5.4. Neither opens a window
 * for the range: making entries old needs none, and reclaim opens one per page it unmaps.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Host } from "./host.ts";
import { adviseHugePmd, ageHugePmd, isCompound, splitForAdvice } from "./madvise_huge.ts";
import { isolateLruPage, putbackLruPage } from "./migrate.ts";
import { MmuGather } from "./mmu_gather.ts";
import { PG_ACTIVE, PG_MLOCKED, PG_REFERENCED, PG_UNEVICTABLE } from "./page_flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { PTE_PRESENT, PTE_SPECIAL, PTE_YOUNG } from "./pte.ts";
import { VM_HUGETLB, VM_LOCKED, VM_PFNMAP, type Vma } from "./vma.ts";
import { shrinkFolioList } from "./vmscan.ts";

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
