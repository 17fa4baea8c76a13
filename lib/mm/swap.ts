/**
 * Swap slots with their reference counts, their content and the frames cached for them.
 *
 * From mm/swapfile.c and mm/swap_state.c.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import { PG_DIRTY, PG_SWAPCACHE } from "./flags.ts";
import type { Host } from "./host.ts";

/** The swap device of a machine. */
export class Swap {
  /** Number of slots. */
  readonly size: number;
  /** Entries that name a slot, by slot (swap_map). */
  readonly map: Int32Array;
  /** Content of what was written to a slot. */
  readonly content: Uint32Array;
  /** Frames in the swap cache, by slot; the cache holds one reference on each. */
  readonly cache: Map<number, Pfn> = new Map();
  /** Slots of the frames in the cache, by frame (page_private). */
  readonly slots: Map<Pfn, number> = new Map();
  /** Slots in use. */
  used = 0;
  /** Whether slots are handed out; false after swapoff. */
  enabled = true;
  #next = 0;

  /**
   * Makes an empty device.
   *
   * @param size Number of slots.
   */
  constructor(size: number) {
    this.size = size;
    this.map = new Int32Array(size);
    this.content = new Uint32Array(size);
  }

  /**
   * Takes a free slot; nobody names it yet.
   *
   * @returns The slot, or -1 when the device is full.
   */
  alloc(): number {
    if (!this.enabled || this.used >= this.size) return -1;
    for (let tried = 0; tried < this.size; tried++) {
      const slot = (this.#next + tried) % this.size;
      if (this.map[slot] !== 0 || this.cache.has(slot)) continue;
      this.#next = slot + 1;
      this.used++;
      return slot;
    }
    return -1;
  }

  /** Whether the device is more than half full (mm: mem_cgroup_swap_full, vm_swap_full). */
  get isFull(): boolean {
    return this.used * 2 >= this.size;
  }

  /**
   * Makes a frame the cached one of a slot; references are the caller's business.
   *
   * @param slot The slot.
   * @param pfn The frame.
   */
  setCached(slot: number, pfn: Pfn): void {
    this.clearCached(slot);
    this.cache.set(slot, pfn);
    this.slots.set(pfn, slot);
  }

  /**
   * Forgets the cached frame of a slot; references are the caller's business.
   *
   * @param slot The slot.
   */
  clearCached(slot: number): void {
    const pfn = this.cache.get(slot);
    if (pfn === undefined) return;
    this.cache.delete(slot);
    this.slots.delete(pfn);
  }

  /**
   * Adds a reference of an entry (swap_duplicate).
   *
   * @param slot The slot.
   */
  duplicate(slot: number): void {
    this.map[slot]++;
  }

  /**
   * Drops the reference of an entry (swap_free); the slot is free once no entry names it and no
   * frame is cached for it.
   *
   * @param slot The slot.
   */
  free(slot: number): void {
    this.map[slot]--;
    this.release(slot);
  }

  /**
   * Accounts a slot as free if nothing uses it any more.
   *
   * @param slot The slot.
   */
  release(slot: number): void {
    if (this.map[slot] === 0 && !this.cache.has(slot)) this.used--;
  }
}

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
