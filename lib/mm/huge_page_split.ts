/**
 * Splitting huge pages: a compound page becomes 512 pages of their own.
 *
 * From mm/huge_memory.c: split_huge_page_to_list. Every mapping is split and frozen, the page taken
 * apart, and the mappings put back; a page with references that no mapping explains stays whole.
 *
 * @module
 */

import { HPAGE_PMD_NR, indexInTable, PAGE_SIZE, type Pfn } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Host } from "./host.ts";
import { type HugeRmapPlace, rmapWalkHuge, totalMapcount } from "./huge_rmap.ts";
import { splitHugePmd } from "./huge_split.ts";
import { migrationEntryFlags, restoredEntryFlags } from "./migration_entry.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_FLAGS_MASK,
  PG_HEAD,
  PG_SWAPCACHE,
  PG_TAIL,
} from "./page_flags.ts";
import type { PteTable } from "./page_table.ts";
import { PTE_DIRTY, PTE_MIGRATION, PTE_PRESENT, PTE_SPECIAL, PTE_SWP_EXCLUSIVE } from "./pte.ts";
import { pageRemoveRmap } from "./rmap.ts";
import { changeInUnmapWindow } from "./unmap_window.ts";

/**
 * Takes a compound page apart.
 *
 * The caller holds one reference, which stays on the page it asks for; pages that nobody maps are
 * freed.
 *
 * @param host The machine.
 * @param page The page of the compound page that the caller holds.
 * @returns 0, or -EBUSY if somebody else holds a reference.
 */
export function* splitHugePage(host: Host, page: Pfn): Operation<number> {
  const { frames, vmstat } = host;
  const head = frames.head(page);
  const cached = (frames.flags[head] & PG_ANON) === 0 || (frames.flags[head] & PG_SWAPCACHE) !== 0;
  const extra = cached ? HPAGE_PMD_NR : 0;
  if (totalMapcount(frames, head) + extra + 1 !== frames.refcount[head]) {
    vmstat.thp_split_page_failed++;
    return -ERRNO.EBUSY;
  }
  const places = rmapWalkHuge(host, head);
  yield* unmapHugePage(host, head, places);
  if (frames.refcount[head] !== extra + 1) {
    remapPage(host, head, places);
    vmstat.thp_split_page_failed++;
    return -ERRNO.EBUSY;
  }
  takeApart(host, head, cached);
  remapPage(host, head, places);
  for (let pfn = head; pfn < head + HPAGE_PMD_NR; pfn++) if (pfn !== page) frames.put(pfn);
  vmstat.thp_split_page++;
  return 0;
}

/** Two windows a mapping: the huge entry's, then that of the walk (mm: unmap_page). */
function* unmapHugePage(host: Host, head: Pfn, places: readonly HugeRmapPlace[]): Operation {
  for (const place of places) {
    const { vma, start, end } = place;
    yield* splitHugePmd(vma, start, head, true);
    yield* changeInUnmapWindow(
      vma,
      start,
      end,
      () => forEachEntry(head, place, (table, index) => unmapEntry(host, place, table, index)),
    );
    if (!isMapped(host, head)) return;
  }
}

function isMapped(host: Host, head: Pfn): boolean {
  const { mapcount } = host.frames;
  for (let pfn = head; pfn < head + HPAGE_PMD_NR; pfn++) if (mapcount[pfn] > 0) return true;
  return false;
}

/** Anonymous entries become migration entries; those of files go. */
function unmapEntry(host: Host, place: HugeRmapPlace, table: PteTable, index: number): void {
  const { frames, profile } = host;
  const flags = table.flags[index];
  const pfn = table.pfn[index];
  if ((flags & PTE_PRESENT) === 0) return;
  if ((flags & PTE_DIRTY) !== 0) frames.flags[pfn] |= PG_DIRTY;
  if ((frames.flags[pfn] & PG_ANON) === 0) {
    table.flags[index] = 0;
    pageRemoveRmap(place.vma, pfn);
    frames.put(pfn);
    return;
  }
  const exclusive = (frames.flags[pfn] & PG_ANON_EXCLUSIVE) !== 0;
  if (exclusive && profile.pinBias && frames.maybeDmaPinned(pfn)) return;
  table.flags[index] = migrationEntryFlags(flags, exclusive);
  frames.flags[pfn] &= ~PG_ANON_EXCLUSIVE;
  frames.mapcount[pfn]--;
  frames.put(pfn);
}

/** Makes 512 pages of one, each with one reference and what its cache holds. */
function takeApart(host: Host, head: Pfn, cached: boolean): void {
  const { frames } = host;
  const kept = frames.flags[head] & ~(PG_HEAD | PG_ANON_EXCLUSIVE);
  for (let pfn = head; pfn < head + HPAGE_PMD_NR; pfn++) {
    const own = frames.flags[pfn] & (PG_DIRTY | PG_ANON_EXCLUSIVE);
    frames.bind(pfn, frames.mapping[pfn], frames.indexOf(pfn), (kept & PG_FLAGS_MASK) | own);
    frames.flags[pfn] &= ~PG_TAIL;
    frames.refcount[pfn] = cached ? 2 : 1;
  }
}

/** Puts the small entries back (mm: remap_page). */
function remapPage(host: Host, head: Pfn, places: readonly HugeRmapPlace[]): void {
  const { frames } = host;
  for (const place of places) {
    forEachEntry(head, place, (table, index) => {
      const entry = table.flags[index];
      if ((entry & PTE_MIGRATION) === 0) return;
      const pfn = table.pfn[index];
      table.flags[index] = restoredEntryFlags(place.vma, entry);
      if ((entry & PTE_SWP_EXCLUSIVE) !== 0) frames.flags[pfn] |= PG_ANON_EXCLUSIVE;
      frames.get(pfn);
      frames.mapcount[pfn]++;
    });
  }
}

/** Visits the small entries of a place that name a page of the compound page. */
function forEachEntry(
  head: Pfn,
  { vma, start, end }: HugeRmapPlace,
  visit: (table: PteTable, index: number) => void,
): void {
  for (let addr = start; addr < end; addr += PAGE_SIZE) {
    const table = vma.mm.pageTable.lookup(addr);
    const index = indexInTable(addr);
    if (table === null) continue;
    const flags = table.flags[index];
    const named = (flags & (PTE_PRESENT | PTE_MIGRATION)) !== 0 && (flags & PTE_SPECIAL) === 0;
    const pfn = table.pfn[index];
    if (named && pfn >= head && pfn < head + HPAGE_PMD_NR) visit(table, index);
  }
}
