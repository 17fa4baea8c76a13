/**
 * Asking and undoing the mappings of a compound page for reclaim.
 *
 * From mm/rmap.c: folio_referenced_one and try_to_unmap_one with TTU_SPLIT_HUGE_PMD. A huge entry is
 * asked as a whole; to be unmapped it is split first, with a window of its own.
 *
 * @module
 */

import { indexInTable, PAGE_SIZE, type Pfn, PMD_SIZE, tableOf } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { mmuNotifierClearFlushYoung, mmuNotifierInvalidateRange } from "../notifier/dispatch.ts";
import type { Host } from "./host.ts";
import { type HugeRmapPlace, rmapWalkHuge, totalMapcount } from "./huge_rmap.ts";
import { splitHugePmd } from "./huge_split.ts";
import { PG_ANON_EXCLUSIVE, PG_DIRTY, PG_SWAPBACKED } from "./page_flags.ts";
import type { PteTable } from "./page_table.ts";
import { PTE_DIRTY, PTE_PRESENT, PTE_SPECIAL, PTE_YOUNG } from "./pte.ts";
import { pageRemoveRmap } from "./rmap.ts";
import type { References } from "./rmap_referenced.ts";
import { changeInUnmapWindow } from "./unmap_window.ts";
import { VM_LOCKED, VM_SEQ_READ, type Vma } from "./vma.ts";

/**
 * Clears the young bits of all mappings of a compound page and tells which were set.
 *
 * @param host The machine.
 * @param head The head.
 * @returns How many vmas used it, and their flags.
 */
export function hugeReferenced(host: Host, head: Pfn): References {
  const result: References = { ptes: 0, vmFlags: 0 };
  for (const place of rmapWalkHuge(host, head)) {
    const { vma } = place;
    const huge = hugeEntryOf(place, head);
    if (huge && (vma.flags & VM_LOCKED) !== 0) {
      result.vmFlags |= VM_LOCKED;
      return result;
    }
    const young = huge ? clearFlushYoungPmd(place) : clearFlushYoungPtes(place, head);
    if (!young || (vma.flags & VM_SEQ_READ) !== 0) continue;
    result.ptes++;
    result.vmFlags |= vma.flags & ~VM_LOCKED;
  }
  return result;
}

/**
 * Unmaps a lazily free huge page everywhere.
 *
 * @param host The machine.
 * @param head The head; the caller holds a reference.
 * @returns True if nothing maps it any more.
 */
export function* tryToUnmapHuge(host: Host, head: Pfn): Operation<boolean> {
  const { frames } = host;
  for (const place of rmapWalkHuge(host, head)) {
    const { vma, start, end } = place;
    yield* splitHugePmd(vma, start, head);
    const discarded = yield* changeInUnmapWindow(
      vma,
      start,
      end,
      () => discardRange(host, place, head),
    );
    if (!discarded || totalMapcount(frames, head) === 0) break;
  }
  return totalMapcount(frames, head) === 0;
}

function hugeEntryOf({ vma, start }: HugeRmapPlace, head: Pfn): boolean {
  const pmd = vma.mm.pageTable.pmd(start);
  const slot = tableOf(start) & 511;
  return pmd !== null && (pmd.hugeFlags[slot] & PTE_PRESENT) !== 0 && pmd.hugePfn[slot] === head;
}

function clearFlushYoungPmd({ vma, start }: HugeRmapPlace): boolean {
  const pmd = vma.mm.pageTable.pmd(start)!;
  const slot = tableOf(start) & 511;
  const young = (pmd.hugeFlags[slot] & PTE_YOUNG) !== 0;
  pmd.hugeFlags[slot] &= ~PTE_YOUNG;
  return mmuNotifierClearFlushYoung(vma.mm, start, start + PMD_SIZE) || young;
}

function clearFlushYoungPtes(place: HugeRmapPlace, head: Pfn): boolean {
  let young = false;
  for (const { table, index, addr } of entriesOf(place, head)) {
    young = (table.flags[index] & PTE_YOUNG) !== 0 || young;
    table.flags[index] &= ~PTE_YOUNG;
    young = mmuNotifierClearFlushYoung(place.vma.mm, addr, addr + PAGE_SIZE) || young;
  }
  return young;
}

/** Drops the entries unless the page was written or somebody else holds it. */
function discardRange(host: Host, place: HugeRmapPlace, head: Pfn): boolean {
  const { frames } = host;
  for (const { vma, table, index, addr } of entriesOf(place, head)) {
    const pfn = table.pfn[index];
    if ((table.flags[index] & PTE_DIRTY) !== 0) frames.flags[head] |= PG_DIRTY;
    const held = frames.refcount[head] !== 1 + totalMapcount(frames, head);
    if (held || (frames.flags[head] & PG_DIRTY) !== 0) {
      frames.flags[head] |= PG_SWAPBACKED;
      return false;
    }
    table.flags[index] = 0;
    frames.flags[pfn] &= ~PG_ANON_EXCLUSIVE;
    mmuNotifierInvalidateRange(vma.mm, addr, addr + PAGE_SIZE);
    pageRemoveRmap(vma, pfn);
    frames.put(pfn);
  }
  return true;
}

/** The small entries of a place that map a page of the compound page. */
function* entriesOf(
  { vma, start, end }: HugeRmapPlace,
  head: Pfn,
): Generator<{ vma: Vma; table: PteTable; index: number; addr: number }> {
  for (let addr = start; addr < end; addr += PAGE_SIZE) {
    const table = vma.mm.pageTable.lookup(addr);
    if (table === null) continue;
    const index = indexInTable(addr);
    if ((table.flags[index] & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) continue;
    if ((table.pfn[index] & ~511) === head) yield { vma, table, index, addr };
  }
}
