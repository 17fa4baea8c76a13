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
  /** One bit a frame. */
  readonly #bits: Int32Array;
  /** One bit a word of `#bits`. */
  readonly #words: Int32Array;
  /** One bit a word of `#words`. */
  readonly #blocks: Int32Array;
  /** No word of `#bits` below this one has a free frame. */
  #lowest = 0;

  /**
   * Makes an allocator with all frames free.
   *
   * @param start First frame.
   * @param end First frame after.
   */
  constructor(start: Pfn, end: Pfn) {
    this.#start = start;
    this.#end = end;
    this.freeCount = end - start;
    this.#bits = allSet(end - start);
    this.#words = allSet(this.#bits.length);
    this.#blocks = allSet(this.#words.length);
  }

  /**
   * Takes the lowest free frame.
   *
   * @returns The frame, or -1 when none is free.
   */
  alloc(): Pfn {
    let word = this.#lowest;
    let bits = this.#bits[word];
    if (bits === 0) {
      word = this.#lowestWord();
      if (word < 0) return -1;
      this.#lowest = word;
      bits = this.#bits[word];
    }
    const bit = 31 - Math.clz32(bits & -bits);
    this.#clear(word, bit);
    return this.#start + word * 32 + bit;
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
    return ((this.#bits[at >>> 5] >>> (at & 31)) & 1) !== 0;
  }

  /**
   * Visits every frame that is taken, in order.
   *
   * @param visit Called with each frame.
   */
  forEachUsed(visit: (pfn: Pfn) => void): void {
    for (let word = 0; word < this.#bits.length; word++) {
      if (this.#bits[word] === -1) continue;
      const first = this.#start + word * 32;
      const last = Math.min(first + 32, this.#end);
      for (let pfn = first; pfn < last; pfn++) if (!this.isFree(pfn)) visit(pfn);
    }
  }

  /**
   * Tells whether a range of frames is free.
   *
   * @param pfn First frame; the range is within this node.
   * @param count Number of frames.
   * @returns True if all are free.
   */
  rangeFree(pfn: Pfn, count: number): boolean {
    const end = pfn + count;
    for (let at = pfn; at < end; at++) {
      const offset = at - this.#start;
      if ((offset & 31) === 0 && at + 32 <= end) {
        if (this.#bits[offset >>> 5] !== -1) return false;
        at += 31;
      } else if (!this.isFree(at)) return false;
    }
    return true;
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
    const at = pfn - this.#start;
    const word = at >>> 5;
    const bits = this.#bits[word];
    this.#bits[word] = bits | (1 << (at & 31));
    this.freeCount++;
    if (word < this.#lowest) this.#lowest = word;
    if (bits !== 0) return;
    this.#words[word >>> 5] |= 1 << (word & 31);
    this.#blocks[word >>> 10] |= 1 << ((word >>> 5) & 31);
  }

  /**
   * Gives consecutive frames back.
   *
   * @param from First frame.
   * @param to First frame after; all are of this node and not free.
   */
  freeRange(from: Pfn, to: Pfn): void {
    let pfn = from;
    for (; pfn < to && (pfn - this.#start) % 32 !== 0; pfn++) this.free(pfn);
    for (; pfn + 32 <= to; pfn += 32) {
      this.free(pfn);
      this.#bits[(pfn - this.#start) >>> 5] = -1;
      this.freeCount += 31;
    }
    for (; pfn < to; pfn++) this.free(pfn);
  }

  #clear(word: number, bit: number): void {
    this.freeCount--;
    if ((this.#bits[word] &= ~(1 << bit)) !== 0) return;
    if ((this.#words[word >>> 5] &= ~(1 << (word & 31))) !== 0) return;
    this.#blocks[word >>> 10] &= ~(1 << ((word >>> 5) & 31));
  }

  #lowestWord(): number {
    for (let at = 0; at < this.#blocks.length; at++) {
      if (this.#blocks[at] === 0) continue;
      const block = at * 32 + lowestBit(this.#blocks[at]);
      return block * 32 + lowestBit(this.#words[block]);
    }
    return -1;
  }

  #blockFree(pfn: Pfn): boolean {
    if (pfn < this.#start) return false;
    for (let at = pfn; at < pfn + HPAGE_PMD_NR; at++) if (!this.isFree(at)) return false;
    return true;
  }
}

/** Makes a bitmap of `size` ones. */
function allSet(size: number): Int32Array {
  const bits = new Int32Array(Math.ceil(size / 32)).fill(-1);
  if (size % 32 !== 0) bits[bits.length - 1] = (1 << size % 32) - 1;
  return bits;
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
