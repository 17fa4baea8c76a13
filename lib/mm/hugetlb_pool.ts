/**
 * The pool of hugetlbfs: huge pages set aside, and promises on them.
 *
 * From mm/hugetlb.c: hstate, alloc_huge_page, hugetlb_reserve_pages. A mapping reserves what it may
 * touch, so that its faults find a page; whoever has no reservation gets only what is not promised.
 *
 * @module
 */

import { HPAGE_PMD_NR, type Pfn } from "../kernel/address.ts";
import type { Frames } from "./frames.ts";
import { PG_HEAD, PG_HUGETLB, PG_TAIL } from "./page_flags.ts";

/** The huge pages of 2 MiB of a machine. */
export class HugetlbPool {
  /** Pages of the pool, free or not (nr_hugepages). */
  total = 0;
  /** Pages promised to mappings that have not touched them yet (resv_hugepages). */
  reserved = 0;
  readonly #frames: Frames;
  readonly #free: Pfn[][];
  /** Page offsets, in pages of 4 KiB, that an owner may still claim. */
  readonly #promises: Map<string, Set<number>> = new Map();

  /**
   * Makes an empty pool.
   *
   * @param frames Memory; freed pages of the pool come back from it.
   */
  constructor(frames: Frames) {
    this.#frames = frames;
    this.#free = frames.nodes.map(() => []);
    frames.freeHugetlb = (head) => this.#giveBack(head);
  }

  /** Free pages (free_hugepages). */
  get free(): number {
    return this.#free.reduce((sum, list) => sum + list.length, 0);
  }

  /**
   * Grows the pool, over the nodes in turn (writing nr_hugepages).
   *
   * @param count Pages wanted.
   * @returns Pages the pool has then; fewer where memory is fragmented.
   */
  grow(count: number): number {
    const nodes = this.#free.length;
    for (let node = 0; this.total < count; node = (node + 1) % nodes) {
      const head = this.#frames.allocHuge(node);
      if (head < 0) break;
      this.total++;
      this.#giveBack(head);
    }
    return this.total;
  }

  /**
   * Promises the pages of a range to an owner (mm/hugetlb.c: hugetlb_reserve_pages).
   *
   * @param owner Who may claim them.
   * @param first First page offset, in pages of 4 KiB.
   * @param end First page offset after.
   * @returns False if there are not that many.
   */
  reserve(owner: string, first: number, end: number): boolean {
    const promised = this.#promises.get(owner) ?? new Set();
    const wanted: number[] = [];
    for (let index = first; index < end; index += HPAGE_PMD_NR) {
      if (!promised.has(index)) wanted.push(index);
    }
    if (wanted.length > this.free - this.reserved) return false;
    for (const index of wanted) promised.add(index);
    this.#promises.set(owner, promised);
    this.reserved += wanted.length;
    return true;
  }

  /**
   * Takes promises back that were not claimed (mm/hugetlb.c: hugetlb_unreserve_pages).
   *
   * @param owner Whose they are.
   * @param first First page offset.
   * @param end First page offset after.
   */
  unreserve(owner: string, first: number, end: number): void {
    const promised = this.#promises.get(owner);
    if (promised === undefined) return;
    for (const index of [...promised]) {
      if (index < first || index >= end) continue;
      promised.delete(index);
      this.reserved--;
    }
  }

  /**
   * Takes a page for an owner, claiming its promise if it has one (mm/hugetlb.c: alloc_huge_page).
   *
   * @param owner Who asks.
   * @param index Page offset.
   * @param node Node to prefer.
   * @returns The head, zeroed, with one reference; or -1.
   */
  alloc(owner: string, index: number, node = 0): Pfn {
    const promised = this.#promises.get(owner)?.has(index) ?? false;
    if (!promised && this.free <= this.reserved) return -1;
    const head = this.allocOn(node);
    if (head >= 0 && promised) this.unreserve(owner, index, index + 1);
    return head;
  }

  /**
   * Takes a page of a node, or of another if it has none.
   *
   * @param node Node to prefer.
   * @returns The head, zeroed, with one reference; or -1.
   */
  allocOn(node: number): Pfn {
    const head = this.#free[node].pop() ?? this.#free.find((list) => list.length > 0)?.pop();
    if (head === undefined) return -1;
    const { refcount, content } = this.#frames;
    refcount[head] = 1;
    content.fill(0, head, head + HPAGE_PMD_NR);
    return head;
  }

  #giveBack(head: Pfn): void {
    const { flags, refcount, nodes } = this.#frames;
    flags[head] = PG_HEAD | PG_HUGETLB;
    flags.fill(PG_TAIL | PG_HUGETLB, head + 1, head + HPAGE_PMD_NR);
    refcount[head] = 0;
    this.#free[nodes.findIndex((node) => head < node.end)].push(head);
  }
}
