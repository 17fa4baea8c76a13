/**
 * Taking a page out of every page table for reclaim.
 *
 * From mm/rmap.c: try_to_unmap and try_to_unmap_one. Each place that could map the page gets a
 * CLEAR window of its own, opened before it is known whether anything is mapped there; the walk ends
 * when the page is mapped nowhere. invalidate_range is sent inside the window where the entry ends
 * up naming something else or the page may be freed: for swap entries and discarded pages, not for
 * pages of files.
 *
 * @module
 */

import { indexInTable, PAGE_SIZE, type Pfn } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { mmuNotifierInvalidateRange } from "../notifier/dispatch.ts";
import type { Host } from "./host.ts";
import { PG_ANON, PG_ANON_EXCLUSIVE, PG_DIRTY, PG_MLOCKED, PG_SWAPBACKED } from "./page_flags.ts";
import type { PteTable } from "./page_table.ts";
import {
  PTE_DIRTY,
  PTE_HWPOISON,
  PTE_SOFT_DIRTY,
  PTE_SWAP,
  PTE_SWP_EXCLUSIVE,
  PTE_UFFD_WP,
} from "./pte.ts";
import { pageRemoveRmap, type RmapPlace, rmapWalk } from "./rmap.ts";
import { clearFlushYoung, pteMaps } from "./rmap_referenced.ts";
import { swapSlotOf } from "./swap_cache.ts";
import { changeInUnmapWindow } from "./unmap_window.ts";
import { VM_LOCKED } from "./vma.ts";

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
