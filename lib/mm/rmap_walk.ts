/**
 * Reclaim's two walks over the mappings of a page: was it used, and take it out of every page table.
 *
 * From mm/rmap.c. page_referenced (folio_referenced) clears young bits on the way, those of the
 * listeners too; listeners are asked only where the page is really mapped, and a huge entry is asked
 * as a whole.
 *
 * In try_to_unmap each place that could map the page gets a CLEAR window of its own, opened before it
 * is known whether anything is mapped there; the walk ends when the page is mapped nowhere. A huge
 * entry is split first, with a window of its own. invalidate_range is sent inside the window where the
 * entry ends up naming something else or the page may be freed: for swap entries and discarded pages,
 * not for pages of files.
 *
 * @module
 */

import { indexInTable, PAGE_SIZE, type Pfn, PMD_SIZE, tableOf } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { mmuNotifierClearFlushYoung, mmuNotifierInvalidateRange } from "../notifier/dispatch.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_MLOCKED,
  PG_SWAPBACKED,
  PTE_DIRTY,
  PTE_HWPOISON,
  PTE_PRESENT,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_SWP_EXCLUSIVE,
  PTE_UFFD_WP,
  PTE_YOUNG,
} from "./flags.ts";
import type { Host } from "./host.ts";
import { type HugeRmapPlace, rmapWalkHuge, totalMapcount } from "./huge_rmap.ts";
import { splitHugePmd } from "./huge_split.ts";
import type { PteTable } from "./page_table.ts";
import { changeInUnmapWindow, pageRemoveRmap, type RmapPlace, rmapWalk } from "./rmap.ts";
import { swapSlotOf } from "./swap.ts";
import { VM_LOCKED, VM_SEQ_READ, type Vma } from "./vma.ts";

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
function clearFlushYoung(place: RmapPlace, table: PteTable, index: number): boolean {
  const { vma, addr } = place;
  const young = (table.flags[index] & PTE_YOUNG) !== 0;
  table.flags[index] &= ~PTE_YOUNG;
  return mmuNotifierClearFlushYoung(vma.mm, addr, addr + PAGE_SIZE) || young;
}

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

/**
 * Unmaps a page everywhere; an anonymous page that backs its entries is in the swap cache.
 *
 * @param host The machine.
 * @param pfn The frame; the caller holds a reference.
 * @param poisoned Whether entries shall name the frame as poisoned (TTU_HWPOISON), locked ones too.
 * @returns True if nothing maps it any more.
 */
export function* tryToUnmap(host: Host, pfn: Pfn, poisoned = false): Operation<boolean> {
  const { frames } = host;
  for (const place of rmapWalk(host, pfn)) {
    const { vma, addr } = place;
    const goOn = yield* changeInUnmapWindow(vma, addr, addr + PAGE_SIZE, () => {
      const table = vma.mm.pageTable.lookup(addr);
      const index = indexInTable(addr);
      if (!pteMaps(table, index, pfn)) return true;
      if (poisoned) return poisonOne(host, place, table, index);
      return unmapOne(host, place, table, index, pfn);
    });
    if (!goOn || frames.mapcount[pfn] === 0) break;
  }
  return frames.mapcount[pfn] === 0;
}

/** Leaves an entry whose access kills; no invalidate_range, as the frame is never used again. */
function poisonOne(host: Host, place: RmapPlace, table: PteTable, index: number): boolean {
  const pfn = table.pfn[index];
  table.flags[index] = PTE_HWPOISON;
  pageRemoveRmap(place.vma, pfn);
  host.frames.put(pfn);
  return true;
}

/** mm/rmap.c: try_to_unmap_one; false ends the walk. */
function unmapOne(
  host: Host,
  place: RmapPlace,
  table: PteTable,
  index: number,
  pfn: Pfn,
): boolean {
  const { frames, profile } = host;
  if ((place.vma.flags & VM_LOCKED) !== 0) {
    frames.flags[pfn] |= PG_MLOCKED;
    return false;
  }
  if (profile.unmapChecksYoung && clearFlushYoung(place, table, index)) return false;
  if ((table.flags[index] & PTE_DIRTY) !== 0) frames.flags[pfn] |= PG_DIRTY;
  if ((frames.flags[pfn] & PG_ANON) === 0) {
    table.flags[index] = 0;
  } else {
    const replaced = (frames.flags[pfn] & PG_SWAPBACKED) !== 0
      ? setSwapEntry(host, place, table, index, pfn)
      : discardLazyfree(host, table, index, pfn);
    if (!replaced) return false;
    mmuNotifierInvalidateRange(place.vma.mm, place.addr, place.addr + PAGE_SIZE);
  }
  pageRemoveRmap(place.vma, pfn);
  frames.put(pfn);
  return true;
}

/** Replaces the entry by one that names the page's swap slot; a pinned exclusive page stays. */
function setSwapEntry(
  host: Host,
  place: RmapPlace,
  table: PteTable,
  index: number,
  pfn: Pfn,
): boolean {
  const { frames, profile, swap } = host;
  const exclusive = (frames.flags[pfn] & PG_ANON_EXCLUSIVE) !== 0;
  if (profile.pinBias && exclusive && frames.maybeDmaPinned(pfn)) return false;
  const slot = swapSlotOf(host, pfn);
  const kept = table.flags[index] & (PTE_SOFT_DIRTY | PTE_UFFD_WP);
  const marksExclusive = exclusive && profile.cowReuse === "exclusive";
  table.flags[index] = PTE_SWAP | kept | (marksExclusive ? PTE_SWP_EXCLUSIVE : 0);
  table.pfn[index] = slot;
  frames.flags[pfn] &= ~PG_ANON_EXCLUSIVE;
  swap.duplicate(slot);
  place.vma.mm.swapEntries++;
  return true;
}

/** Drops a lazily free page (MADV_FREE), unless it was written or somebody else holds it. */
function discardLazyfree(host: Host, table: PteTable, index: number, pfn: Pfn): boolean {
  const { frames, profile } = host;
  const held = profile.lazyfreeKeepsReferenced &&
    frames.refcount[pfn] !== 1 + frames.mapcount[pfn];
  if (held || (frames.flags[pfn] & PG_DIRTY) !== 0) {
    frames.flags[pfn] |= PG_SWAPBACKED;
    return false;
  }
  table.flags[index] = 0;
  return true;
}
