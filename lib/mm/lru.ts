/**
 * The lists of reclaimable pages.
 *
 * Two lists (inactive, active) times two kinds (anonymous, file) on each node. Nothing is done for
 * them in the fault path: a page only carries PG_LRU. New pages wait, as in the kernel's per-CPU
 * batches, until {@linkcode Lru.drain} links them. From include/linux/mm_inline.h and mm/swap.c.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import type { Frames } from "./frames.ts";
import { PG_ACTIVE, PG_LRU, PG_SWAPBACKED, PG_TAIL, PG_UNEVICTABLE } from "./page_flags.ts";

/** Inactive list of anonymous and shmem pages. */
export const LRU_INACTIVE_ANON = 0;
/** Active list of anonymous and shmem pages. */
export const LRU_ACTIVE_ANON = 1;
/** Inactive list of file pages and lazily free anonymous ones. */
export const LRU_INACTIVE_FILE = 2;
/** Active list of file pages. */
export const LRU_ACTIVE_FILE = 3;

const LISTS_PER_NODE = 4;

/** One of the LRU_ lists. */
export type LruList = 0 | 1 | 2 | 3;

/** The lists of a machine, linked through arrays with one word a frame. */
export class Lru {
  readonly #frames: Frames;
  readonly #next: Int32Array;
  readonly #prev: Int32Array;
  /** List of each frame plus 1; 0 for none. */
  readonly #list: Uint8Array;
  readonly #sizes: Int32Array;

  /**
   * Makes empty lists.
   *
   * @param frames The memory.
   */
  constructor(frames: Frames) {
    const heads = frames.nodes.length * LISTS_PER_NODE;
    this.#frames = frames;
    this.#next = new Int32Array(frames.count + heads);
    this.#prev = new Int32Array(frames.count + heads);
    this.#list = new Uint8Array(frames.count);
    this.#sizes = new Int32Array(heads);
    for (let head = frames.count; head < frames.count + heads; head++) {
      this.#next[head] = this.#prev[head] = head;
    }
  }

  /**
   * Links all pages that carry PG_LRU and unlinks those that lost it (mm/swap.c: lru_add_drain_all).
   *
   * @param startsInactive Whether new pages go to the inactive list whatever their flags say.
   */
  drain(startsInactive: boolean): void {
    const { flags, count } = this.#frames;
    for (let pfn = 0; pfn < count; pfn++) {
      const listed = this.#list[pfn] !== 0;
      const belongs = (flags[pfn] & (PG_LRU | PG_TAIL | PG_UNEVICTABLE)) === PG_LRU;
      if (listed === belongs) continue;
      if (listed) {
        this.#unlink(pfn);
        continue;
      }
      if (startsInactive) flags[pfn] &= ~PG_ACTIVE;
      this.add(pfn);
    }
  }

  /**
   * Counts the pages of a list.
   *
   * @param node Number of the node.
   * @param list The list.
   * @returns How many pages are linked.
   */
  size(node: number, list: LruList): number {
    return this.#sizes[node * LISTS_PER_NODE + list];
  }

  /**
   * Takes pages from the tail of a list, oldest first (mm/vmscan.c: isolate_lru_pages).
   *
   * @param node Number of the node.
   * @param list The list.
   * @param count Most pages to take.
   * @returns Pages that still carry PG_LRU.
   */
  take(node: number, list: LruList, count: number): Pfn[] {
    const head = this.#frames.count + node * LISTS_PER_NODE + list;
    const taken: Pfn[] = [];
    while (taken.length < count) {
      const pfn = this.#prev[head];
      if (pfn === head) break;
      this.#unlink(pfn);
      if ((this.#frames.flags[pfn] & PG_LRU) !== 0) taken.push(pfn);
    }
    return taken;
  }

  /**
   * Links a page at the head of the list that its flags name.
   *
   * @param pfn The frame.
   * @param tail Whether it goes to the tail, to be looked at next (PG_reclaim after writeback).
   */
  add(pfn: Pfn, tail = false): void {
    if (this.#list[pfn] !== 0) this.#unlink(pfn);
    const list = this.listOf(pfn);
    const at = this.#frames.nodeOf(pfn) * LISTS_PER_NODE + list;
    const head = this.#frames.count + at;
    const before = tail ? this.#prev[head] : head;
    const after = this.#next[before];
    this.#next[before] = this.#prev[after] = pfn;
    this.#prev[pfn] = before;
    this.#next[pfn] = after;
    this.#list[pfn] = at + 1;
    this.#sizes[at]++;
  }

  /**
   * Tells which list the flags of a page name (mm: folio_lru_list).
   *
   * @param pfn The frame.
   * @returns The list.
   */
  listOf(pfn: Pfn): LruList {
    const active = (this.#frames.flags[pfn] & PG_ACTIVE) !== 0 ? 1 : 0;
    const file = (this.#frames.flags[pfn] & PG_SWAPBACKED) === 0 ? LRU_INACTIVE_FILE : 0;
    return (file + active) as LruList;
  }

  #unlink(pfn: Pfn): void {
    const next = this.#next[pfn];
    const prev = this.#prev[pfn];
    this.#next[prev] = next;
    this.#prev[next] = prev;
    this.#sizes[this.#list[pfn] - 1]--;
    this.#list[pfn] = 0;
  }
}
