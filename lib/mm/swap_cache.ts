/**
 * The swap cache: frames that have a swap slot.
 *
 * From mm/swap_state.c and mm/swapfile.c.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import type { Host } from "./host.ts";
import { PG_DIRTY, PG_SWAPCACHE } from "./page_flags.ts";

/**
 * Finds the slot of a cached frame.
 *
 * @param host The machine.
 * @param pfn A frame in the swap cache.
 * @returns The slot, or -1 if the frame is not cached.
 */
export function swapSlotOf(host: Host, pfn: Pfn): number {
  return host.swap.slots.get(pfn) ?? -1;
}

/**
 * Puts a frame into the swap cache, which takes a reference.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @param slot Its slot.
 */
export function addToSwapCache(host: Host, pfn: Pfn, slot: number): void {
  host.swap.setCached(slot, pfn);
  host.frames.flags[pfn] |= PG_SWAPCACHE;
  host.frames.get(pfn);
}

/**
 * Takes a frame out of the swap cache and drops the cache's reference.
 *
 * @param host The machine.
 * @param pfn The frame.
 */
export function deleteFromSwapCache(host: Host, pfn: Pfn): void {
  const slot = swapSlotOf(host, pfn);
  host.swap.clearCached(slot);
  host.frames.flags[pfn] &= ~PG_SWAPCACHE;
  host.swap.release(slot);
  host.frames.put(pfn);
}

/**
 * Takes a frame out of the swap cache if no entry names its slot (mm: try_to_free_swap).
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns True if the frame is out of the cache now.
 */
export function tryToFreeSwap(host: Host, pfn: Pfn): boolean {
  if ((host.frames.flags[pfn] & PG_SWAPCACHE) === 0) return false;
  if (host.swap.map[swapSlotOf(host, pfn)] !== 0) return false;
  host.frames.flags[pfn] |= PG_DIRTY;
  deleteFromSwapCache(host, pfn);
  return true;
}

/**
 * Frees the slot of a frame that nobody maps any more (mm: free_swap_cache).
 *
 * @param host The machine.
 * @param pfn The frame.
 */
export function freeSwapCache(host: Host, pfn: Pfn): void {
  if (host.frames.mapcount[pfn] === 0) tryToFreeSwap(host, pfn);
}

/**
 * Drops an entry's reference on a slot and the frame cached for it if it was the last (mm:
 * free_swap_and_cache).
 *
 * @param host The machine.
 * @param slot The slot.
 */
export function freeSwapAndCache(host: Host, slot: number): void {
  host.swap.free(slot);
  const pfn = host.swap.cache.get(slot);
  if (pfn !== undefined && host.swap.map[slot] === 0 && host.frames.mapcount[pfn] === 0) {
    deleteFromSwapCache(host, pfn);
  }
}
