/**
 * What MADV_FREE, MADV_COLD and MADV_PAGEOUT do to huge pages.
 *
 * From mm/huge_memory.c: madvise_free_huge_pmd and mm/madvise.c. Only pages with one mapping are
 * touched. A huge page of which only a part is meant is split first, entry and page.
 *
 * @module
 */

import { HPAGE_PMD_NR, type Pfn, PMD_SIZE } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Host } from "./host.ts";
import { splitHugePage } from "./huge_split.ts";
import type { MmuGather } from "./mmu_gather.ts";
import {
  PG_ACTIVE,
  PG_DIRTY,
  PG_HEAD,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_TAIL,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_YOUNG,
} from "./flags.ts";
import type { Cursor } from "./page_table.ts";

/**
 * Finds the huge page at a cursor that an advice may touch, splitting it if only a part is meant.
 *
 * @param host The machine.
 * @param cursor A cursor at a huge entry; its table is set after a split.
 * @returns The head of a page that is meant as a whole, or -1.
 */
export function* adviseHugePmd(host: Host, cursor: Cursor): Operation<Pfn> {
  const { pmd, slot } = cursor;
  const head = pmd.hugePfn[slot];
  if ((pmd.hugeFlags[slot] & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) return -1;
  if (host.frames.mapcount[head] !== 1) return -1;
  if (cursor.last - cursor.first === HPAGE_PMD_NR) return head;
  if (yield* splitForAdvice(host, head)) cursor.table = pmd.tables[slot];
  return -1;
}

/**
 * Splits a huge page for an advice on a part of it.
 *
 * @param host The machine.
 * @param page A page of it.
 * @returns True if it is split; false if it is not worth it or in other hands.
 */
export function* splitForAdvice(host: Host, page: Pfn): Operation<boolean> {
  const { frames } = host;
  if (frames.mapcount[page] !== 1) return false;
  frames.get(page);
  const result = yield* splitHugePage(host, page);
  frames.put(page);
  return result === 0;
}

/**
 * Tells whether a frame belongs to a compound page.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns True for heads and tails.
 */
export function isCompound(host: Host, pfn: Pfn): boolean {
  return (host.frames.flags[pfn] & (PG_HEAD | PG_TAIL)) !== 0;
}

/**
 * Makes a whole huge page lazily free (mm/huge_memory.c: madvise_free_huge_pmd).
 *
 * @param gather Receives the range.
 * @param cursor A cursor at its huge entry.
 * @param head The page.
 */
export function freeHugePmd(gather: MmuGather, cursor: Cursor, head: Pfn): void {
  const { frames, lruBatches } = gather.mm.host;
  lruBatches.drain();
  const cleared = PTE_YOUNG | PTE_DIRTY;
  if ((cursor.pmd.hugeFlags[cursor.slot] & cleared) !== 0) {
    cursor.pmd.hugeFlags[cursor.slot] &= ~cleared;
    gather.flushRange(cursor.base, PMD_SIZE);
  }
  frames.flags[head] &= ~(PG_DIRTY | PG_ACTIVE | PG_REFERENCED | PG_SWAPBACKED);
}

/**
 * Makes a whole huge entry old (mm/madvise.c: madvise_cold_or_pageout_pte_range).
 *
 * @param gather Receives the range.
 * @param cursor A cursor at the entry.
 * @param head The page.
 */
export function ageHugePmd(gather: MmuGather, cursor: Cursor, head: Pfn): void {
  if ((cursor.pmd.hugeFlags[cursor.slot] & PTE_YOUNG) !== 0) {
    cursor.pmd.hugeFlags[cursor.slot] &= ~PTE_YOUNG;
    gather.flushRange(cursor.base, PMD_SIZE);
  }
  gather.mm.host.frames.flags[head] &= ~PG_REFERENCED;
}
