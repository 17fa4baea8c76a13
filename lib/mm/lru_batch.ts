/**
 * The batches in which a CPU collects changes of the LRU lists.
 *
 * The kernel applies them when 15 pages have come together or somebody calls lru_add_drain on that
 * CPU. Two of them can be seen from outside. Pages of MADV_FREE are not lazily free before, and the
 * reference that the batch holds makes a write to a shared one copy. New pages are on no list before,
 * so that advice given from another CPU (process_madvise) passes them by; their references are not
 * modelled, because whoever counts references drains first. From mm/swap.c: mark_page_lazyfree,
 * folio_add_lru, lru_add_drain.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import type { Frames } from "./frames.ts";
import {
  PG_ACTIVE,
  PG_ANON,
  PG_LRU,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
} from "./page_flags.ts";

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
