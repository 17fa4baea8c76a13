/**
 * The batch in which MADV_FREE leaves pages until somebody drains it.
 *
 * The kernel collects changes of the LRU lists per CPU, each holding a reference, and applies them
 * when 15 have come together or somebody calls lru_add_drain. Of these batches only that of
 * MADV_FREE is visible from outside: until it is drained its pages are not lazily free, and the
 * reference makes a write to a shared one copy. From mm/swap.c: mark_page_lazyfree, lru_add_drain.
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

/** Pages on their way to the list of lazily free ones. */
export class LazyfreeBatch {
  readonly #frames: Frames;
  readonly #pages: Pfn[] = [];

  /**
   * Makes an empty batch.
   *
   * @param frames The memory.
   */
  constructor(frames: Frames) {
    this.#frames = frames;
  }

  /** The pages in the batch, which holds one reference on each. */
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

  /** Makes the pages lazily free and drops the references (mm/swap.c: lru_add_drain). */
  drain(): void {
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
