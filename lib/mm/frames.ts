/**
 * The frames of the simulated memory: what mem_map and struct page are in the kernel.
 *
 * Six 32-bit words a frame, in typed arrays of fixed size, zero-filled by the engine page by page
 * as they are touched. A frame's `index` is its page offset (36 bits): the low 32 bits in their own
 * word, the high 4 in the flags.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import { KernelBugError } from "../kernel/violation.ts";
import { PG_BUDDY, PG_HEAD, PG_HUGETLB, PG_INDEX_SHIFT, PG_RESERVED, PG_TAIL } from "./flags.ts";
import { PageAllocator } from "./page_alloc.ts";

/** Reference-count bias of one FOLL_PIN pin (include/linux/mm.h: GUP_PIN_COUNTING_BIAS). */
export const GUP_PIN_COUNTING_BIAS = 1024;
/** The frame of the shared zero page. */
export const ZERO_PFN: Pfn = 0;

/** One NUMA node: the frames `[start, end)`. */
export interface NumaNode {
  /** First frame. */
  readonly start: Pfn;
  /** First frame after. */
  readonly end: Pfn;
  /** Its allocator. */
  readonly allocator: PageAllocator;
}

/** All frames of a machine. */
export class Frames {
  /** Number of frames that the CPU can reach. */
  readonly count: number;
  /** Frames of a device behind those of the CPU (ZONE_DEVICE), given out by allocDevice alone. */
  readonly device: NumaNode;
  /** References per frame; a compound page counts on its head. */
  readonly refcount: Int32Array;
  /** Page-table entries mapping the frame. */
  readonly mapcount: Int32Array;
  /** Huge entries mapping a compound page, by its head's number divided by 512. */
  readonly compoundMapcount: Int32Array;
  /** PG_ flags, and the high bits of the page offset. */
  readonly flags: Uint32Array;
  /** Number of the anon_vma, file or stable node the frame belongs to. */
  readonly mapping: Uint32Array;
  /** Low 32 bits of the page offset in its mapping. */
  readonly index: Uint32Array;
  /** Content: first byte in the low 8 bits, name of the fill above. */
  readonly content: Uint32Array;
  /** Takes back a huge page of hugetlbfs that nobody holds any more. */
  freeHugetlb: (head: Pfn) => void = () => {};
  /** NUMA nodes in order of frames. */
  readonly nodes: readonly NumaNode[];
  /** Node of the CPU that runs: where frames come from unless a policy says otherwise. */
  localNode = 0;
  readonly #allocators: readonly PageAllocator[];

  /**
   * Makes memory; all frames are free but frame 0, the zero page.
   *
   * @param count Number of 4 KiB frames.
   * @param nodes Number of NUMA nodes that share them equally.
   * @param deviceCount Number of further frames on a device, which the CPU cannot reach.
   * @throws {RangeError} If there are fewer than 16 frames a node.
   */
  constructor(count: number, nodes = 1, deviceCount = 0) {
    if (!Number.isInteger(count) || count < 16 * nodes || count >= 2 ** 31) {
      throw new RangeError(
        `Cannot make a memory of ${count} frames on ${nodes} nodes: expected at least 16 a node`,
      );
    }
    const total = count + deviceCount;
    this.count = count;
    this.refcount = new Int32Array(total);
    this.mapcount = new Int32Array(total);
    this.compoundMapcount = new Int32Array(Math.ceil(total / 512));
    this.flags = new Uint32Array(total);
    this.mapping = new Uint32Array(total);
    this.index = new Uint32Array(total);
    this.content = new Uint32Array(total);
    this.nodes = Array.from({ length: nodes }, (_, node) => {
      const start = Math.floor((count * node) / nodes);
      const end = Math.floor((count * (node + 1)) / nodes);
      return { start, end, allocator: new PageAllocator(start, end) };
    });
    this.#allocators = this.nodes.map((node) => node.allocator);
    this.device = { start: count, end: total, allocator: new PageAllocator(count, total) };
    this.nodes[0].allocator.take(ZERO_PFN);
    this.flags[ZERO_PFN] = PG_RESERVED;
    this.refcount[ZERO_PFN] = 1;
  }

  /** Number of free frames. */
  get freeCount(): number {
    return this.nodes.reduce((sum, node) => sum + node.allocator.freeCount, 0);
  }

  /**
   * Visits every frame that is not free, in order.
   *
   * @param visit Called with each frame.
   */
  forEachUsed(visit: (pfn: Pfn) => void): void {
    for (const allocator of this.#allocators) allocator.forEachUsed(visit);
  }

  /**
   * Tells whether a frame is free.
   *
   * @param pfn The frame.
   * @returns True if free.
   */
  isFree(pfn: Pfn): boolean {
    return this.#allocators[this.nodeOf(pfn)].isFree(pfn);
  }

  /**
   * Finds the node of a frame.
   *
   * @param pfn The frame.
   * @returns The node's number.
   */
  nodeOf(pfn: Pfn): number {
    if (this.nodes.length === 1) return 0;
    return this.nodes.findIndex((node) => pfn < node.end);
  }

  /**
   * Allocates one frame with one reference; other nodes serve when the wanted one is full.
   *
   * @param node Node to prefer; the local one unless given.
   * @returns The frame, or -1 when memory is out.
   */
  alloc(node = this.localNode): Pfn {
    const pfn = this.#allocators[node].alloc();
    if (pfn < 0) return this.#allocElsewhere();
    this.refcount[pfn] = 1;
    this.flags[pfn] = 0;
    this.content[pfn] = 0;
    return pfn;
  }

  /**
   * Allocates one frame of the device.
   *
   * @returns The frame with one reference, or -1 when the device is full.
   */
  allocDevice(): Pfn {
    const pfn = this.device.allocator.alloc();
    if (pfn < 0) return -1;
    this.refcount[pfn] = 1;
    this.flags[pfn] = 0;
    return pfn;
  }

  /**
   * Allocates one frame of a certain node, or none (mm: __GFP_THISNODE).
   *
   * @param node The node.
   * @returns The frame with one reference, or -1 when the node is full.
   */
  allocOnNode(node: number): Pfn {
    const pfn = this.nodes[node].allocator.alloc();
    if (pfn < 0) return -1;
    this.refcount[pfn] = 1;
    this.flags[pfn] = 0;
    return pfn;
  }

  /**
   * Allocates a compound page of 512 aligned frames with one reference on its head.
   *
   * @param node Node to prefer; the local one unless given.
   * @returns The head, or -1 when no aligned block is free.
   */
  allocHuge(node = this.localNode): Pfn {
    let head = this.nodes[node].allocator.allocHuge();
    for (let other = 0; head < 0 && other < this.nodes.length; other++) {
      head = this.nodes[other].allocator.allocHuge();
    }
    if (head < 0) return head;
    this.refcount[head] = 1;
    this.flags[head] = PG_HEAD;
    this.flags.fill(PG_TAIL, head + 1, head + 512);
    this.content.fill(0, head, head + 512);
    return head;
  }

  /**
   * Finds the frame that counts references for another.
   *
   * @param pfn The frame.
   * @returns The head of its compound page, or the frame itself.
   */
  head(pfn: Pfn): Pfn {
    return (this.flags[pfn] & PG_TAIL) !== 0 ? pfn & ~511 : pfn;
  }

  /**
   * Takes references (mm: get_page).
   *
   * @param pfn The frame.
   * @param count How many.
   */
  get(pfn: Pfn, count = 1): void {
    this.refcount[this.head(pfn)] += count;
  }

  /**
   * Drops references (mm: put_page) and frees the frame with the last one.
   *
   * @param pfn The frame.
   * @param count How many.
   * @returns True if the frame was freed.
   * @throws {KernelBugError} If the count would fall below zero.
   */
  put(pfn: Pfn, count = 1): boolean {
    const head = this.head(pfn);
    const left = this.refcount[head] -= count;
    if (left > 0) return false;
    if (left < 0) throw new KernelBugError("put_page", `frame ${head} has reference count ${left}`);
    this.#free(head);
    return true;
  }

  /**
   * Tells whether a frame may be pinned by FOLL_PIN (mm: page_maybe_dma_pinned).
   *
   * @param pfn The frame.
   * @returns True if its references reach the bias.
   */
  maybeDmaPinned(pfn: Pfn): boolean {
    return this.refcount[this.head(pfn)] >= GUP_PIN_COUNTING_BIAS;
  }

  /**
   * Reads the page offset of a frame in its mapping.
   *
   * @param pfn The frame.
   * @returns The offset in pages.
   */
  indexOf(pfn: Pfn): number {
    return this.index[pfn] + (this.flags[pfn] >>> PG_INDEX_SHIFT) * 2 ** 32;
  }

  /**
   * Ties a frame to its place in a mapping and sets its flags.
   *
   * @param pfn The frame.
   * @param mapping Number of the anon_vma, file or stable node.
   * @param index Page offset, below 2^36.
   * @param flags All PG_ flags of the frame.
   */
  bind(pfn: Pfn, mapping: number, index: number, flags: number): void {
    const high = (index / 2 ** 32) | 0;
    this.mapping[pfn] = mapping;
    this.index[pfn] = index - high * 2 ** 32;
    this.flags[pfn] = flags | (high << PG_INDEX_SHIFT);
  }

  /**
   * Drops one reference on each of many frames (mm: release_pages).
   *
   * @param runs The frames as runs: first frame and first frame after, alternately; a frame may
   * occur more than once.
   */
  release(runs: readonly Pfn[]): void {
    for (let at = 0; at < runs.length; at += 2) this.#releaseRun(runs[at], runs[at + 1]);
  }

  /** Drops one reference on each of consecutive frames; those that nobody else holds go at once. */
  #releaseRun(from: Pfn, to: Pfn): void {
    const { refcount, flags, mapcount } = this;
    const special = PG_HEAD | PG_TAIL | PG_RESERVED | PG_BUDDY;
    for (let pfn = from; pfn < to; pfn++) {
      const first = pfn;
      while (
        pfn < to && refcount[pfn] === 1 && mapcount[pfn] === 0 && (flags[pfn] & special) === 0
      ) pfn++;
      if (first < pfn) {
        refcount.fill(0, first, pfn);
        flags.fill(PG_BUDDY, first, pfn);
        this.#freeRange(first, pfn);
      }
      if (pfn < to) this.put(pfn);
    }
  }

  /** Gives frames back to the allocators of their nodes. */
  #freeRange(from: Pfn, to: Pfn): void {
    while (from < to) {
      const node = from >= this.device.start ? this.device : this.nodes[this.nodeOf(from)];
      const end = Math.min(to, node.end);
      node.allocator.freeRange(from, end);
      from = end;
    }
  }

  #allocElsewhere(): Pfn {
    const node = this.#allocators.findIndex((allocator) => allocator.freeCount > 0);
    return node < 0 ? -1 : this.alloc(node);
  }

  #free(head: Pfn): void {
    const flags = this.flags[head];
    if ((flags & (PG_RESERVED | PG_BUDDY)) !== 0) {
      throw new KernelBugError("free_page", `frame ${head} is reserved or free already`);
    }
    if (this.mapcount[head] !== 0) {
      throw new KernelBugError(
        "free_page",
        `frame ${head} is still mapped ${this.mapcount[head]} times`,
      );
    }
    if ((flags & PG_HUGETLB) !== 0) {
      this.freeHugetlb(head);
      return;
    }
    const end = (flags & PG_HEAD) !== 0 ? head + 512 : head + 1;
    this.flags.fill(PG_BUDDY, head, end);
    this.#freeRange(head, end);
  }
}
