/**
 * The lists of reclaimable pages, and the batches in which a CPU collects changes of them.
 *
 * Two lists (inactive, active) times two kinds (anonymous, file) on each node. Nothing is done for
 * them in the fault path: a page only carries PG_LRU. New pages wait, as in the kernel's per-CPU
 * batches, until {@linkcode Lru.drain} links them. From include/linux/mm_inline.h and mm/swap.c.
 *
 * The kernel applies a batch when 15 pages have come together or somebody calls lru_add_drain on that
 * CPU. Two kinds can be seen from outside. Pages of MADV_FREE are not lazily free before, and the
 * reference that the batch holds makes a write to a shared one copy. New pages are on no list before,
 * so that advice given from another CPU (process_madvise) passes them by; their references are not
 * modelled, because whoever counts references drains first. From mm/swap.c: mark_page_lazyfree,
 * folio_add_lru, lru_add_drain.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import {
  PG_ACTIVE,
  PG_ANON,
  PG_LRU,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_UNEVICTABLE,
} from "./flags.ts";
import type { Frames } from "./frames.ts";

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

/** Pages that one batch holds (PAGEVEC_SIZE). */
export const PAGEVEC_SIZE = 15;

/** Pages on their way to the LRU lists. */
export class LruBatches {
  readonly #frames: Frames;
  readonly #pages: Pfn[] = [];
  #added: Pfn[] = [];

  /**
   * Makes empty batches.
   *
   * @param frames The memory.
   */
  constructor(frames: Frames) {
    this.#frames = frames;
  }

  /** The pages in the batch of MADV_FREE, which holds one reference on each. */
  get pages(): readonly Pfn[] {
    return this.#pages;
  }

  /**
   * Puts a page into the batch; a full batch drains itself (mm/swap.c: mark_page_lazyfree).
   *
   * @param pfn An anonymous frame that is mapped.
   */
  add(pfn: Pfn): void {
    if (!this.#eligible(pfn)) return;
    this.#frames.get(pfn);
    if (this.#pages.push(pfn) >= PAGEVEC_SIZE) this.drain();
  }

  /**
   * Puts new pages into the batch, in order; a full batch drains itself (mm/swap.c: folio_add_lru).
   *
   * @param pfns Frames by index.
   * @param first First index.
   * @param last First index after.
   */
  addNew(pfns: Uint32Array, first: number, last: number): void {
    const total = this.#added.length + last - first;
    const from = total < PAGEVEC_SIZE ? first : last - (total % PAGEVEC_SIZE);
    if (total >= PAGEVEC_SIZE) this.#added = [];
    for (let index = from; index < last; index++) this.#added.push(pfns[index]);
  }

  /**
   * Puts one new page into the batch.
   *
   * @param pfn The frame.
   */
  addOne(pfn: Pfn): void {
    if (this.#added.push(pfn) >= PAGEVEC_SIZE) this.#added.length = 0;
  }

  /**
   * Tells whether a page is on no list yet.
   *
   * @param pfn The frame.
   * @returns True if it is in the batch of new pages.
   */
  isNew(pfn: Pfn): boolean {
    return this.#added.includes(pfn);
  }

  /** Applies what the batches hold (mm/swap.c: lru_add_drain). */
  drain(): void {
    this.#added = [];
    for (const pfn of this.#pages.splice(0)) {
      if (this.#eligible(pfn)) {
        this.#frames.flags[pfn] &= ~(PG_ACTIVE | PG_REFERENCED | PG_SWAPBACKED);
      }
      this.#frames.put(pfn);
    }
  }

  #eligible(pfn: Pfn): boolean {
    const wanted = PG_LRU | PG_ANON | PG_SWAPBACKED;
    const mask = wanted | PG_SWAPCACHE | PG_UNEVICTABLE;
    return (this.#frames.flags[pfn] & mask) === wanted;
  }
}
