/**
 * mmu_gather: collects what an operation takes out of the page tables.
 *
 * Whatever leaves a page table is handed to the gather, which flushes TLBs, tells listeners that
 * share the CPU page table, and only then frees the frames. From mm/mmu_gather.c and
 * include/asm-generic/tlb.h.
 *
 * @module
 */

import { ADDRESS_MAX, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { mmuNotifierInvalidateRange } from "../notifier/dispatch.ts";
import type { Host } from "./host.ts";
import type { Mm } from "./mm_struct.ts";
import { PG_SWAPCACHE } from "./flags.ts";
import { freeSwapCache } from "./swap.ts";

/** Frames one gather holds before it must flush (8 on the stack, then 19 pages of pointers). */
const BATCH_PAGES = 8 + 19 * 510;

/** One gather of one operation. */
export class MmuGather {
  /** The address space. */
  readonly mm: Mm;
  readonly #fullMm: boolean;
  #start: Vaddr = ADDRESS_MAX;
  #end: Vaddr = 0;
  /** Frames gathered, as runs: first frame and first frame after, alternately. */
  #runs: Pfn[] = [];
  #from: Pfn = 0;
  #to: Pfn = 0;
  #count = 0;

  /**
   * Starts a gather (tlb_gather_mmu).
   *
   * @param mm The address space.
   * @param fullMm Whether all of the mm is concerned: flushes then have no real end, and without
   * anything gathered no real start either.
   */
  constructor(mm: Mm, fullMm = false) {
    this.mm = mm;
    this.#fullMm = fullMm;
  }

  /**
   * Notes that entries of a range were cleared or changed (tlb_flush_pte_range).
   *
   * @param addr First byte.
   * @param size Bytes.
   */
  flushRange(addr: Vaddr, size: number = PAGE_SIZE): void {
    if (addr < this.#start) this.#start = addr;
    if (addr + size > this.#end) this.#end = addr + size;
  }

  /**
   * Hands over a frame whose mapping was removed; its reference is dropped after the flush.
   *
   * @param pfn The frame.
   * @returns True if the batch is full and must be flushed now.
   */
  removePage(pfn: Pfn): boolean {
    if (pfn !== this.#to) {
      if (this.#from < this.#to) this.#runs.push(this.#from, this.#to);
      this.#from = pfn;
    }
    this.#to = pfn + 1;
    return ++this.#count >= BATCH_PAGES;
  }

  /** Frames that the batch still takes before it is full. */
  get room(): number {
    return BATCH_PAGES - this.#count;
  }

  /**
   * Hands over the frames of consecutive entries: {@linkcode MmuGather.removePage} for a run.
   *
   * @param pfns Frames by index.
   * @param first First index.
   * @param last First index after; no more than there is {@linkcode MmuGather.room} for.
   * @returns True if the batch is full and must be flushed now.
   */
  removePages(pfns: Uint32Array, first: number, last: number): boolean {
    let from = this.#from;
    let to = this.#to;
    for (let index = first; index < last; index++) {
      const pfn = pfns[index];
      if (pfn !== to) {
        if (from < to) this.#runs.push(from, to);
        from = pfn;
      }
      to = pfn + 1;
    }
    this.#from = from;
    this.#to = to;
    this.#count += last - first;
    return this.#count >= BATCH_PAGES;
  }

  /** Flushes TLBs and tells invalidate_range listeners, if anything was gathered. */
  flushTlb(): void {
    if (this.#fullMm) {
      this.mm.host.charge("tlb_shootdown");
      mmuNotifierInvalidateRange(this.mm, this.#start, ADDRESS_MAX);
    } else if (this.#end > 0) {
      this.mm.host.charge("tlb_shootdown");
      mmuNotifierInvalidateRange(this.mm, this.#start, this.#end);
    }
    this.#start = ADDRESS_MAX;
    this.#end = 0;
  }

  /** Flushes, then frees the frames gathered (tlb_flush_mmu). */
  flush(): void {
    this.flushTlb();
    const { host } = this.mm;
    if (this.#count === 0) return;
    const runs = this.#runs;
    runs.push(this.#from, this.#to);
    this.#runs = [];
    this.#from = 0;
    this.#to = 0;
    this.#count = 0;
    if (host.swap.cache.size > 0) dropSwapCache(host, runs);
    if (!host.faults.has("leak_frame")) host.frames.release(runs);
  }

  /** Ends the gather (tlb_finish_mmu); in unmap paths this comes after the window's end. */
  finish(): void {
    this.flush();
  }
}

/** mm/swap_state.c: free_pages_and_swap_cache. */
function dropSwapCache(host: Host, runs: readonly Pfn[]): void {
  for (let at = 0; at < runs.length; at += 2) {
    for (let pfn = runs[at]; pfn < runs[at + 1]; pfn++) {
      if ((host.frames.flags[pfn] & PG_SWAPCACHE) !== 0) freeSwapCache(host, pfn);
    }
  }
}
