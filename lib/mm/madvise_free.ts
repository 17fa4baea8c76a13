/**
 * MADV_FREE: pages whose content may be dropped, unless they are written again.
 *
 * From mm/madvise.c: madvise_free_single_vma and madvise_free_pte_range.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_CLEAR } from "../notifier/events.ts";
import { mmuNotifierRangeInit } from "../notifier/range.ts";
import { SITE } from "../notifier/sites.ts";
import { insideWindow } from "../notifier/window.ts";
import type { Host } from "./host.ts";
import { adviseHugePmd, freeHugePmd, isCompound, splitForAdvice } from "./madvise_huge.ts";
import { MmuGather } from "./mmu_gather.ts";
import { PG_DIRTY, PG_SWAPCACHE } from "./page_flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { PTE_DIRTY, PTE_HWPOISON, PTE_PRESENT, PTE_SPECIAL, PTE_SWAP, PTE_YOUNG } from "./pte.ts";
import { freeSwapAndCache, tryToFreeSwap } from "./swap_cache.ts";
import { VM_HUGETLB, VM_LOCKED, VM_PFNMAP, type Vma } from "./vma.ts";

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
