/**
 * Splitting huge entries and huge pages.
 *
 * A huge entry becomes 512 small ones of the same pages. From mm/huge_memory.c: __split_huge_pmd. No
 * page moves and no right changes, yet listeners lose the block: a CLEAR window over the aligned
 * 2 MiB.
 *
 * A compound page becomes 512 pages of their own. From mm/huge_memory.c: split_huge_page_to_list.
 * Every mapping is split and frozen, the page taken apart, and the mappings put back; a page with
 * references that no mapping explains stays whole.
 *
 * @module
 */

import {
  alignDown,
  HPAGE_PMD_NR,
  indexInTable,
  PAGE_SIZE,
  type Pfn,
  PMD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  changeInWindow,
  mmuNotifierInvalidateRange,
  mmuNotifierInvalidateRangeOnlyEnd,
} from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_FLAGS_MASK,
  PG_HEAD,
  PG_REFERENCED,
  PG_SWAPCACHE,
  PG_TAIL,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_SWP_EXCLUSIVE,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import { ZERO_PFN } from "./frames.ts";
import type { Host } from "./host.ts";
import {
  type HugeRmapPlace,
  pageRemoveHugeRmap,
  removeHugeMapping,
  rmapWalkHuge,
  totalMapcount,
} from "./huge_rmap.ts";
import { migrationEntryFlags, restoredEntryFlags } from "./migration_entry.ts";
import { type Cursor, type PmdTable, PteTable } from "./page_table.ts";
import { changeInUnmapWindow, pageRemoveRmap } from "./rmap.ts";
import { type Vma, vmPageProt } from "./vma.ts";

/**
 * Splits the huge entry of a block, if there is one, inside a CLEAR window that is sent either way
 * (mm/huge_memory.c: __split_huge_pmd).
 *
 * @param vma The mapping.
 * @param addr An address in the block.
 * @param only Splits nothing but entries of this page; any entry unless given.
 * @param freeze Whether the small entries become migration entries, for a split of the page.
 */
export function* splitHugePmd(
  vma: Vma,
  addr: Vaddr,
  only: Pfn | null = null,
  freeze = false,
): Operation {
  const { mm } = vma;
  const base = alignDown(addr, PMD_SIZE);
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_CLEAR,
    0,
    vma,
    mm,
    base,
    base + PMD_SIZE,
    SITE.__split_huge_pmd,
  );
  const split = () => {
    const pmd = mm.pageTable.pmd(base);
    const slot = tableOf(base) & (HPAGE_PMD_NR - 1);
    if (pmd === null || pmd.hugeFlags[slot] === 0 || vma.isHugetlb) return;
    if (only === null || pmd.hugePfn[slot] === only) splitLocked(vma, pmd, slot, base, freeze);
  };
  yield* changeInWindow(range, split, mmuNotifierInvalidateRangeOnlyEnd);
}

/**
 * Splits the huge entry at a cursor unless the range covers all of it.
 *
 * From mm/memory.c: zap_pmd_range and the like.
 *
 * @param vma The mapping.
 * @param cursor A cursor at a huge entry; its table is looked up again after a split.
 * @returns True if the entry is whole, and still huge.
 */
export function* splitPartialHugePmd(vma: Vma, cursor: Cursor): Operation<boolean> {
  if (cursor.last - cursor.first === HPAGE_PMD_NR) return true;
  yield* splitHugePmd(vma, cursor.base);
  cursor.table = cursor.pmd.tables[cursor.slot];
  return false;
}

function splitLocked(
  vma: Vma,
  pmd: PmdTable,
  slot: number,
  base: Vaddr,
  freeze: boolean,
): void {
  const flags = pmd.hugeFlags[slot];
  const head = pmd.hugePfn[slot];
  pmd.hugeFlags[slot] = 0;
  vma.mm.host.vmstat.thp_split_pmd++;
  if ((flags & PTE_SPECIAL) !== 0) {
    pmd.tables[slot] = zeroTable(vma, flags);
  } else if (vma.file !== null) {
    mmuNotifierInvalidateRange(vma.mm, base, base + PMD_SIZE);
    dropFilePmd(vma, flags, head);
  } else {
    pmd.tables[slot] = smallTable(vma, flags, head, freeze);
  }
}

/** The huge zero page becomes 512 entries of the zero page (mm: __split_huge_zero_page_pmd). */
function zeroTable(vma: Vma, flags: number): PteTable {
  const table = new PteTable();
  table.flags.fill(vmPageProt(vma) | PTE_SPECIAL | PTE_YOUNG | (flags & PTE_UFFD_WP));
  table.pfn.fill(ZERO_PFN);
  return table;
}

/** A file's huge entry is dropped: small ones come back by faults. */
function dropFilePmd(vma: Vma, flags: number, head: Pfn): void {
  const { frames } = vma.mm.host;
  if ((flags & PTE_DIRTY) !== 0) frames.flags[head] |= PG_DIRTY;
  if ((flags & PTE_YOUNG) !== 0) frames.flags[head] |= PG_REFERENCED;
  pageRemoveHugeRmap(vma, head);
  frames.put(head);
}

/** The huge entry's dirty bit goes to the page, all else to the small entries. */
function smallTable(vma: Vma, flags: number, head: Pfn, freeze: boolean): PteTable {
  const { frames } = vma.mm.host;
  const table = new PteTable();
  for (let at = 0; at < HPAGE_PMD_NR; at++) table.pfn[at] = head + at;
  if ((flags & PTE_DIRTY) !== 0) frames.flags[head] |= PG_DIRTY;
  if ((flags & PTE_MIGRATION) !== 0) {
    table.flags.fill(flags);
    return table;
  }
  const exclusive = (frames.flags[head] & PG_ANON_EXCLUSIVE) !== 0;
  const pinned = exclusive && vma.mm.host.profile.pinBias && frames.maybeDmaPinned(head);
  if (freeze && !pinned) {
    table.flags.fill(migrationEntryFlags(flags, exclusive));
    frames.flags[head] &= ~PG_ANON_EXCLUSIVE;
    removeHugeMapping(frames, head);
    frames.put(head);
    return table;
  }
  const kept = PTE_WRITE | PTE_YOUNG | PTE_SOFT_DIRTY | PTE_UFFD_WP;
  table.flags.fill((flags & PTE_PRESENT) | vmPageProt(vma) | (flags & kept));
  frames.compoundMapcount[head >>> 9]--;
  frames.get(head, HPAGE_PMD_NR - 1);
  if (exclusive) {
    for (let pfn = head + 1; pfn < head + HPAGE_PMD_NR; pfn++) {
      frames.flags[pfn] |= PG_ANON_EXCLUSIVE;
    }
  }
  return table;
}

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
