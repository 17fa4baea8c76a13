/**
 * Reclaim of single pages: deciding, unmapping, writing out and freeing.
 *
 * From mm/vmscan.c: shrink_page_list (shrink_folio_list) and what it calls. A page is asked for its
 * references, gets a swap slot if it needs one, is unmapped everywhere and written; written pages
 * stay in the cache, clean, until reclaim meets them again.
 *
 * @module
 */

import { HPAGE_PMD_NR, type Pfn } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Host } from "./host.ts";
import { splitHugePage } from "./huge_split.ts";
import {
  PG_ACTIVE,
  PG_ANON,
  PG_BUDDY,
  PG_DIRTY,
  PG_FILE,
  PG_FLAGS_MASK,
  PG_HEAD,
  PG_ISOLATED,
  PG_LRU,
  PG_MLOCKED,
  PG_RECLAIM,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
} from "./flags.ts";
import {
  folioReferenced,
  hugeReferenced,
  type References,
  tryToUnmap,
  tryToUnmapHuge,
} from "./rmap_walk.ts";
import { addToSwapCache, deleteFromSwapCache, swapSlotOf, tryToFreeSwap } from "./swap.ts";
import { VM_EXEC, VM_LOCKED } from "./vma.ts";

/** What became of one page. */
export type ShrinkVerdict =
  /** Its frame is free. */
  | "freed"
  /** It was unmapped and written, and is clean in its cache. */
  | "written"
  /** It goes back to its list. */
  | "keep"
  /** It goes to the active list. */
  | "activate";

/** What references to a page mean for reclaim (mm/vmscan.c: enum page_references). */
type PageReferences = "reclaim" | "reclaim_clean" | "keep" | "activate";

/** How a run over a list of pages ended. */
export interface ShrinkResult {
  /** Pages freed. */
  freed: number;
  /** Pages that were put back, oldest first, with what was decided. */
  readonly kept: { readonly pfn: Pfn; readonly verdict: ShrinkVerdict }[];
}

/**
 * Reclaims isolated pages as far as possible and puts the rest back (mm/vmscan.c: shrink_page_list).
 *
 * @param host The machine.
 * @param pages Isolated frames, in the order in which they are looked at.
 * @returns How many were freed, and what stayed.
 */
export function* shrinkFolioList(host: Host, pages: readonly Pfn[]): Operation<ShrinkResult> {
  const { frames, vmstat } = host;
  const result: ShrinkResult = { freed: 0, kept: [] };
  vmstat.pgscan += pages.length;
  host.charge("reclaim_scan_page", pages.length);
  const queue = [...pages];
  for (let at = 0; at < queue.length; at++) {
    const pfn = queue[at];
    const tails: Pfn[] = [];
    const verdict = yield* shrinkFolio(host, pfn, tails);
    queue.splice(at + 1, 0, ...tails);
    if (verdict === "freed") {
      result.freed++;
      vmstat.pgsteal++;
      frames.flags[pfn] &= ~(PG_ISOLATED | PG_ACTIVE | PG_REFERENCED | PG_RECLAIM);
    } else {
      if (verdict === "activate") activate(host, pfn);
      frames.flags[pfn] = (frames.flags[pfn] & ~PG_ISOLATED) | PG_LRU;
      result.kept.push({ pfn, verdict });
    }
    frames.put(pfn);
  }
  return result;
}

/** Decides about one page and carries it out; the caller's isolation reference stays. */
function* shrinkFolio(host: Host, pfn: Pfn, tails: Pfn[]): Operation<ShrinkVerdict> {
  const { frames } = host;
  if ((frames.flags[pfn] & (PG_UNEVICTABLE | PG_MLOCKED)) !== 0) return "activate";
  const huge = (frames.flags[pfn] & PG_HEAD) !== 0;
  const references = checkReferences(
    host,
    huge ? hugeReferenced(host, pfn) : folioReferenced(host, pfn),
    pfn,
  );
  if (references === "activate" || references === "keep") return references;
  const swappable = PG_ANON | PG_SWAPBACKED;
  if ((frames.flags[pfn] & (swappable | PG_SWAPCACHE)) === swappable) {
    if (host.profile.reclaimSkipsPinned && frames.maybeDmaPinned(pfn)) return "keep";
    if (huge && !(yield* splitForReclaim(host, pfn, tails))) return "activate";
    if (!addToSwap(host, pfn)) return "activate";
  } else if (huge && (frames.flags[pfn] & PG_SWAPBACKED) !== 0) {
    if (!(yield* splitForReclaim(host, pfn, tails))) return "keep";
  }
  if (!(yield* unmapForReclaim(host, pfn))) return "activate";
  if ((frames.flags[pfn] & PG_DIRTY) !== 0) {
    if (isFileLru(frames.flags[pfn])) {
      frames.flags[pfn] |= PG_RECLAIM;
      return "activate";
    }
    return references === "reclaim_clean" ? "keep" : pageout(host, pfn);
  }
  if (isLazyfree(frames.flags[pfn])) return discard(host, pfn);
  return removeMapping(host, pfn) ? "freed" : "keep";
}

function* unmapForReclaim(host: Host, pfn: Pfn): Operation<boolean> {
  const { frames } = host;
  if ((frames.flags[pfn] & PG_HEAD) !== 0) return yield* tryToUnmapHuge(host, pfn);
  return frames.mapcount[pfn] === 0 || (yield* tryToUnmap(host, pfn));
}

/** Splits a huge page; its tails come next, isolated like the head. */
function* splitForReclaim(host: Host, head: Pfn, tails: Pfn[]): Operation<boolean> {
  const { frames } = host;
  if ((yield* splitHugePage(host, head)) !== 0) return false;
  for (let pfn = head + 1; pfn < head + HPAGE_PMD_NR; pfn++) {
    if ((frames.flags[pfn] & PG_BUDDY) !== 0) continue;
    frames.get(pfn);
    frames.flags[pfn] = (frames.flags[pfn] & ~PG_LRU) | PG_ISOLATED;
    tails.push(pfn);
  }
  return true;
}

/** The table of decisions by references (mm/vmscan.c: page_check_references). */
function checkReferences(host: Host, { ptes, vmFlags }: References, pfn: Pfn): PageReferences {
  const { frames, profile } = host;
  const referenced = (frames.flags[pfn] & PG_REFERENCED) !== 0;
  frames.flags[pfn] &= ~PG_REFERENCED;
  if ((vmFlags & VM_LOCKED) !== 0) return profile.anonWorkingset ? "activate" : "reclaim";
  const file = isFileLru(frames.flags[pfn]);
  if (ptes > 0) {
    if (!file && !profile.anonWorkingset) return "activate";
    frames.flags[pfn] |= PG_REFERENCED;
    if (referenced || ptes > 1) return "activate";
    return file && (vmFlags & VM_EXEC) !== 0 ? "activate" : "keep";
  }
  return referenced && file ? "reclaim_clean" : "reclaim";
}

/** Gives an anonymous page a slot (mm/swap_state.c: add_to_swap). */
function addToSwap(host: Host, pfn: Pfn): boolean {
  const slot = host.swap.alloc();
  if (slot < 0) return false;
  addToSwapCache(host, pfn, slot);
  host.frames.flags[pfn] |= PG_DIRTY;
  return true;
}

/** Writes a page out, unless somebody else holds it or no cache does (mm/vmscan.c: pageout). */
function pageout(host: Host, pfn: Pfn): ShrinkVerdict {
  const { frames, swap, vmstat } = host;
  if (frames.refcount[pfn] !== 2) return "keep";
  if ((frames.flags[pfn] & (PG_SWAPCACHE | PG_FILE)) === 0) return "keep";
  if ((frames.flags[pfn] & PG_ANON) === 0 && !shmemWritepage(host, pfn)) return "activate";
  swap.content[swapSlotOf(host, pfn)] = frames.content[pfn];
  frames.flags[pfn] = (frames.flags[pfn] & ~PG_DIRTY) | PG_RECLAIM;
  vmstat.pswpout++;
  host.charge("swap_io");
  return "written";
}

/** Moves a page of a memory file from the page cache to the swap cache (mm/shmem.c). */
function shmemWritepage(host: Host, pfn: Pfn): boolean {
  const { frames, swap, files } = host;
  if ((frames.flags[pfn] & PG_SWAPCACHE) !== 0) return true;
  const slot = swap.alloc();
  if (slot < 0) return false;
  const file = files[frames.mapping[pfn]];
  const index = frames.indexOf(pfn);
  addToSwapCache(host, pfn, slot);
  swap.duplicate(slot);
  file.cache.delete(index);
  file.swapped.set(index, slot);
  frames.bind(pfn, 0, 0, frames.flags[pfn] & PG_FLAGS_MASK & ~PG_FILE);
  frames.put(pfn);
  return true;
}

/** Frees a lazily free page that nobody maps and nobody else holds. */
function discard(host: Host, pfn: Pfn): ShrinkVerdict {
  if (host.frames.refcount[pfn] !== 1) return "keep";
  host.vmstat.pglazyfreed++;
  return "freed";
}

/** Takes a clean page out of its cache if only cache and isolation hold it (mm: __remove_mapping). */
function removeMapping(host: Host, pfn: Pfn): boolean {
  const { frames, files } = host;
  if (frames.refcount[pfn] !== 2) return false;
  if ((frames.flags[pfn] & PG_SWAPCACHE) !== 0) {
    deleteFromSwapCache(host, pfn);
    return true;
  }
  if ((frames.flags[pfn] & PG_FILE) === 0) return false;
  files[frames.mapping[pfn]].cache.delete(frames.indexOf(pfn));
  frames.put(pfn);
  return true;
}

/** mm/vmscan.c: activate_locked. */
function activate(host: Host, pfn: Pfn): void {
  const { frames, swap } = host;
  const mlocked = (frames.flags[pfn] & PG_MLOCKED) !== 0;
  if ((frames.flags[pfn] & PG_SWAPCACHE) !== 0 && (swap.isFull || mlocked)) {
    tryToFreeSwap(host, pfn);
  }
  if (!mlocked) frames.flags[pfn] |= PG_ACTIVE;
}

function isFileLru(flags: number): boolean {
  return (flags & PG_SWAPBACKED) === 0;
}

function isLazyfree(flags: number): boolean {
  return (flags & (PG_ANON | PG_SWAPBACKED)) === PG_ANON;
}
