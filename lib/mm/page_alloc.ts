/**
 * The page allocator of one node.
 *
 * A three-level bitmap of free frames that always hands out the lowest free one: deterministic, a
 * few nanoseconds a page, and compaction finds the high end free. Blocks of 512 frames are taken
 * from the high end, so that base pages do not fragment them.
 *
 * @module
 */

import { HPAGE_PMD_NR, type Pfn } from "../kernel/address.ts";

/** Hands out the frames `[start, end)`. */
export class PageAllocator {
  /** Number of free frames. */
  freeCount = 0;
  readonly #start: Pfn;
  readonly #end: Pfn;
  /** Level 0: one bit a frame; level 1: one bit a word of level 0; level 2 likewise. */
  readonly #levels: readonly Int32Array[];

  /**
   * Makes an allocator with all frames free.
   *
   * @param start First frame.
   * @param end First frame after.
   */
  constructor(start: Pfn, end: Pfn) {
    this.#start = start;
    this.#end = end;
    const sizes = [0, 1, 2].map((level) => Math.ceil((end - start) / 32 ** (level + 1)));
    this.#levels = sizes.map((size) => new Int32Array(size));
    this.#fill();
  }

  /**
   * Takes the lowest free frame.
   *
   * @returns The frame, or -1 when none is free.
   */
  alloc(): Pfn {
    const [bits, words, blocks] = this.#levels;
    for (let at = 0; at < blocks.length; at++) {
      if (blocks[at] === 0) continue;
      const block = at * 32 + lowestBit(blocks[at]);
      const word = block * 32 + lowestBit(words[block]);
      const bit = lowestBit(bits[word]);
      this.#clear(word, bit);
      return this.#start + word * 32 + bit;
    }
    return -1;
  }

  /**
   * Takes the highest free block of 512 aligned frames.
   *
   * @returns Its first frame, or -1 when there is none.
   */
  allocHuge(): Pfn {
    const last = this.#end - (this.#end % HPAGE_PMD_NR) - HPAGE_PMD_NR;
    for (let pfn = last; pfn >= this.#start; pfn -= HPAGE_PMD_NR) {
      if (!this.#blockFree(pfn)) continue;
      for (let at = pfn; at < pfn + HPAGE_PMD_NR; at++) this.take(at);
      return pfn;
    }
    return -1;
  }

  /**
   * Takes the highest free frame above a limit, for the free scanner of compaction.
   *
   * @param above Frames up to and including this one are not taken.
   * @param below Only frames below this one are taken.
   * @returns The frame, or -1 when none is free there.
   */
  allocTop(above: Pfn, below: Pfn): Pfn {
    for (let pfn = Math.min(below, this.#end) - 1; pfn > above; pfn--) {
      if (!this.isFree(pfn)) continue;
      this.take(pfn);
      return pfn;
    }
    return -1;
  }

  /**
   * Tells whether a frame is free.
   *
   * @param pfn A frame of this node.
   * @returns True if free.
   */
  isFree(pfn: Pfn): boolean {
    const at = pfn - this.#start;
    return ((this.#levels[0][at >>> 5] >>> (at & 31)) & 1) !== 0;
  }

  /**
   * Takes one certain frame.
   *
   * @param pfn A free frame of this node.
   */
  take(pfn: Pfn): void {
    const at = pfn - this.#start;
    this.#clear(at >>> 5, at & 31);
  }

  /**
   * Gives a frame back.
   *
   * @param pfn A frame of this node that is not free.
   */
  free(pfn: Pfn): void {
    const [bits, words, blocks] = this.#levels;
    const at = pfn - this.#start;
    const word = at >>> 5;
    bits[word] |= 1 << (at & 31);
    words[word >>> 5] |= 1 << (word & 31);
    blocks[word >>> 10] |= 1 << ((word >>> 5) & 31);
    this.freeCount++;
  }

  #clear(word: number, bit: number): void {
    const [bits, words, blocks] = this.#levels;
    this.freeCount--;
    if ((bits[word] &= ~(1 << bit)) !== 0) return;
    if ((words[word >>> 5] &= ~(1 << (word & 31))) !== 0) return;
    blocks[word >>> 10] &= ~(1 << ((word >>> 5) & 31));
  }

  #blockFree(pfn: Pfn): boolean {
    if (pfn < this.#start) return false;
    for (let at = pfn; at < pfn + HPAGE_PMD_NR; at++) if (!this.isFree(at)) return false;
    return true;
  }

  #fill(): void {
    this.freeCount = this.#end - this.#start;
    let size = this.freeCount;
    for (const level of this.#levels) {
      level.fill(-1);
      const used = size % 32;
      if (used !== 0) level[level.length - 1] = (1 << used) - 1;
      size = level.length;
    }
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
