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
import { isolateLruPage, putbackLruPage } from "./migrate.ts";
import { MmuGather } from "./mmu_gather.ts";
import {
  PG_ACTIVE,
  PG_HEAD,
  PG_MLOCKED,
  PG_REFERENCED,
  PG_TAIL,
  PG_UNEVICTABLE,
} from "./page_flags.ts";
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
 * @returns 0, or -EINVAL where the advice does not apply.
 */
export function* madviseCold(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
  return yield* coldOrPageout(vma, start, end, false);
}

/**
 * Reclaims the pages of a part of a mapping that only it maps (mm/madvise.c: madvise_pageout).
 *
 * @param vma The mapping.
 * @param start First byte, within the mapping.
 * @param end First byte after.
 * @returns 0, or -EINVAL where the advice does not apply.
 */
export function* madvisePageout(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
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
  host.lazyfree.drain();
  const gather = new MmuGather(vma.mm);
  const cursor = vma.mm.pageTable.cursor(start, end);
  while (cursor.next()) {
    if (cursor.table === null) continue;
    const pages = ageRange(gather, vma, cursor, cursor.table, reclaims);
    yield "ptl_dropped";
    for (const group of byNode(vma, pages)) yield* shrinkFolioList(host, group);
  }
  gather.finish();
  return 0;
}

/** Makes the entries of one table old; returns the pages isolated for reclaim. */
function ageRange(
  gather: MmuGather,
  vma: Vma,
  cursor: Cursor,
  table: PteTable,
  reclaims: boolean,
): Pfn[] {
  const { host } = vma.mm;
  const { frames } = host;
  const isolated: Pfn[] = [];
  for (let index = cursor.first; index < cursor.last; index++) {
    const flags = table.flags[index];
    if ((flags & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) continue;
    const pfn = table.pfn[index];
    if (frames.mapcount[pfn] !== 1 || (frames.flags[pfn] & (PG_HEAD | PG_TAIL)) !== 0) continue;
    if ((flags & PTE_YOUNG) !== 0) {
      table.flags[index] = flags & ~PTE_YOUNG;
      gather.flushRange(cursor.base + index * PAGE_SIZE);
    }
    frames.flags[pfn] &= ~PG_REFERENCED;
    if (!reclaims) {
      frames.flags[pfn] &= ~PG_ACTIVE;
    } else if (isolateLruPage(host, pfn)) {
      if ((frames.flags[pfn] & (PG_UNEVICTABLE | PG_MLOCKED)) !== 0) putbackLruPage(host, pfn);
      else {
        frames.flags[pfn] &= ~PG_ACTIVE;
        isolated.push(pfn);
      }
    }
  }
  return isolated;
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
