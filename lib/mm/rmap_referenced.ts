/**
 * Asking every mapping of a page whether it was used.
 *
 * From mm/rmap.c: page_referenced (folio_referenced). Young bits are cleared on the way, those of
 * the listeners too; listeners are asked only where the page is really mapped.
 *
 * @module
 */

import { indexInTable, PAGE_SIZE, type Pfn } from "../kernel/address.ts";
import { mmuNotifierClearFlushYoung } from "../notifier/dispatch.ts";
import type { Host } from "./host.ts";
import type { PteTable } from "./page_table.ts";
import { PTE_PRESENT, PTE_SPECIAL, PTE_YOUNG } from "./pte.ts";
import { type RmapPlace, rmapWalk } from "./rmap.ts";
import { VM_LOCKED, VM_SEQ_READ } from "./vma.ts";

/** What the mappings of a page said. */
export interface References {
  /** Mappings through which the page was used. */
  ptes: number;
  /** VM_ bits of those mappings; VM_LOCKED also of one that was not used. */
  vmFlags: number;
}

/**
 * Tells whether an entry maps a frame, accessible or not.
 *
 * @param table The last-level table, or null where there is none.
 * @param index Index of the entry.
 * @param pfn The frame.
 * @returns True if it does.
 */
export function pteMaps(table: PteTable | null, index: number, pfn: Pfn): table is PteTable {
  if (table === null || table.pfn[index] !== pfn) return false;
  return (table.flags[index] & (PTE_PRESENT | PTE_SPECIAL)) === PTE_PRESENT;
}

/**
 * Clears the young bits of all mappings of a page and tells which were set.
 *
 * Stops at a locked mapping, and as soon as every mapping has been seen.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns How many mappings were used, and their flags.
 */
export function folioReferenced(host: Host, pfn: Pfn): References {
  const result: References = { ptes: 0, vmFlags: 0 };
  let left = host.frames.mapcount[pfn];
  if (left === 0) return result;
  for (const place of rmapWalk(host, pfn)) {
    const table = place.vma.mm.pageTable.lookup(place.addr);
    const index = indexInTable(place.addr);
    if (!pteMaps(table, index, pfn)) continue;
    if ((place.vma.flags & VM_LOCKED) !== 0) {
      result.vmFlags |= VM_LOCKED;
      return result;
    }
    if (clearFlushYoung(place, table, index) && (place.vma.flags & VM_SEQ_READ) === 0) {
      result.ptes++;
      result.vmFlags |= place.vma.flags & ~VM_LOCKED;
    }
    if (--left === 0) break;
  }
  return result;
}

/**
 * Clears the young bit of one entry and of the listeners (mm: ptep_clear_flush_young_notify).
 *
 * @param place Where the page is mapped.
 * @param table The last-level table.
 * @param index Index of the entry.
 * @returns True if the page was used.
 */
export function clearFlushYoung(place: RmapPlace, table: PteTable, index: number): boolean {
  const { vma, addr } = place;
  const young = (table.flags[index] & PTE_YOUNG) !== 0;
  table.flags[index] &= ~PTE_YOUNG;
  return mmuNotifierClearFlushYoung(vma.mm, addr, addr + PAGE_SIZE) || young;
}
