/**
 * The ranges a listener has registered (memslots, memory regions, buffer objects), by overlap.
 *
 * The kernel keeps them in interval trees (include/linux/interval_tree_generic.h); here a B-tree
 * sorted by first address carries the largest end of every subtree, so that overlapping ranges are
 * found in O(log n + hits), and adding or removing one is O(log n). Ranges are half-open: touching
 * ranges do not overlap.
 *
 * Among millions of ranges a search waits for memory, not for the CPU. So leaves are small, and the
 * nodes above them are big, few and packed in an array of their own: one leaf and the range itself
 * are all that a search for one page finds outside of the caches.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import { NO_NODE, RangeNodes } from "./range_nodes.ts";

/** Most ranges of a leaf: two cache lines a row. */
const LEAF_FAN = 16;
/** Most nodes below another. */
const FAN = 64;
/** The part of a node that stays when it divides: most, so that appending packs. */
const KEPT = 3 / 4;
/** {@linkcode IndexedRange.leaf} of a range that is in no index. */
export const NO_LEAF: number = NO_NODE;

/** A range that can be registered, as the kernel's struct interval_tree_node inside an object. */
export interface IndexedRange {
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** Where the index keeps it; nobody else writes it. NO_LEAF before it is added. */
  leaf: number;
}

/**
 * Registered ranges, possibly overlapping.
 *
 * @typeParam T Type of the ranges.
 * @example
 * ```ts
 * import { NO_LEAF, RangeIndex } from "./range_index.ts";
 * import { assert } from "@std/assert";
 *
 * const index = new RangeIndex();
 * const ram = { start: 0x1000, end: 0x3000, leaf: NO_LEAF };
 * index.add(ram);
 * assert(index.overlaps(0x2000, 0x9000));
 * index.remove(ram);
 * assert(!index.overlaps(0x2000, 0x9000));
 * ```
 */
export class RangeIndex<T extends IndexedRange = IndexedRange> {
  readonly #leaves = new RangeNodes<T>(LEAF_FAN, (range, leaf) => range.leaf = leaf);
  readonly #inner = new RangeNodes<number>(FAN, (child, node) => this.#setParent(child, node));
  /** Of each inner node, from 1 for those right above leaves. */
  readonly #heights: number[] = [];
  #root = this.#leaves.make();
  /** Of the root: 0 while it is a leaf. */
  #height = 0;
  #size = 0;

  /** Number of registered ranges. */
  get size(): number {
    return this.#size;
  }

  /**
   * Registers a range.
   *
   * @param range The range, which is in no index.
   * @throws {RangeError} If the range is empty or runs backwards.
   */
  add(range: T): void {
    const { start, end } = range;
    if (!(start < end)) {
      throw new RangeError(`Cannot register range [${start}, ${end}): the end must be above start`);
    }
    const inner = this.#inner;
    let node = this.#root;
    for (let height = this.#height; height > 0; height--) {
      node = inner.refs[node * FAN + Math.max(0, inner.upTo(node, start) - 1)]!;
    }
    this.#leaves.insert(node, this.#leaves.upTo(node, start), start, end, range);
    this.#size++;
    this.#settle(node, 0);
  }

  /**
   * Takes a range out.
   *
   * @param range The range, which is in this index or in none.
   * @returns False if it is in none.
   */
  remove(range: T): boolean {
    const { leaf } = range;
    if (leaf === NO_LEAF) return false;
    this.#leaves.erase(leaf, this.#leaves.slotOf(leaf, range));
    range.leaf = NO_LEAF;
    this.#size--;
    this.#prune(leaf);
    return true;
  }

  /**
   * Tells whether any range overlaps `[start, end)`.
   *
   * @param start First byte.
   * @param end First byte after.
   * @returns True if one does.
   */
  overlaps(start: Vaddr, end: Vaddr): boolean {
    return this.#any(this.#root, this.#height, start, end);
  }

  /**
   * Visits the ranges that overlap `[start, end)` in the order of their first byte.
   *
   * The visitor must not add or remove ranges.
   *
   * @param start First byte.
   * @param end First byte after.
   * @param visit Called with each.
   */
  forEachOverlap(start: Vaddr, end: Vaddr, visit: (range: T) => void): void {
    this.#visit(this.#root, this.#height, start, end, visit);
  }

  /**
   * Visits all ranges in the order of their first byte.
   *
   * @param visit Called with each.
   */
  forEach(visit: (range: T) => void): void {
    this.#visit(this.#root, this.#height, -Infinity, Infinity, visit);
  }

  #any(node: number, height: number, start: number, end: number): boolean {
    if (height === 0) return this.#anyInLeaf(node, start, end);
    const { rows, counts, refs } = this.#inner;
    const base = node * 3 * FAN;
    let slot = this.#inner.firstReaching(node, start);
    for (; slot < counts[node] && rows[base + slot] < end; slot++) {
      if (rows[base + FAN + slot] <= start) continue;
      if (this.#any(refs[node * FAN + slot]!, height - 1, start, end)) return true;
    }
    return false;
  }

  #anyInLeaf(leaf: number, start: number, end: number): boolean {
    const { rows, counts } = this.#leaves;
    const base = leaf * 3 * LEAF_FAN;
    let slot = this.#leaves.firstReaching(leaf, start);
    for (; slot < counts[leaf] && rows[base + slot] < end; slot++) {
      if (rows[base + LEAF_FAN + slot] > start) return true;
    }
    return false;
  }

  #visit(
    node: number,
    height: number,
    start: number,
    end: number,
    visit: (range: T) => void,
  ): void {
    if (height === 0) return this.#visitLeaf(node, start, end, visit);
    const { rows, counts, refs } = this.#inner;
    const base = node * 3 * FAN;
    let slot = this.#inner.firstReaching(node, start);
    for (; slot < counts[node] && rows[base + slot] < end; slot++) {
      if (rows[base + FAN + slot] <= start) continue;
      this.#visit(refs[node * FAN + slot]!, height - 1, start, end, visit);
    }
  }

  #visitLeaf(leaf: number, start: number, end: number, visit: (range: T) => void): void {
    const { rows, counts, refs } = this.#leaves;
    const base = leaf * 3 * LEAF_FAN;
    let slot = this.#leaves.firstReaching(leaf, start);
    for (; slot < counts[leaf] && rows[base + slot] < end; slot++) {
      if (rows[base + LEAF_FAN + slot] > start) visit(refs[leaf * LEAF_FAN + slot]!);
    }
  }

  /** Divides a changed node if it is full, and brings those above it up to date. */
  #settle(changed: number, changedHeight: number): void {
    const inner = this.#inner;
    let node = changed;
    for (let height = changedHeight;; height++) {
      const nodes = height === 0 ? this.#leaves : inner;
      const right = nodes.isFull(node) ? this.#divide(node, height) : NO_NODE;
      if (height === this.#height) {
        if (right === NO_NODE) return;
        this.#root = this.#makeInner(++this.#height);
        inner.insert(this.#root, 0, nodes.start(node), nodes.end(node), node);
      }
      const parent = nodes.parents[node];
      const slot = inner.slotOf(parent, node);
      const spansElse = inner.setRange(parent, slot, nodes.start(node), nodes.end(node));
      if (right !== NO_NODE) {
        inner.insert(parent, slot + 1, nodes.start(right), nodes.end(right), right);
      } else if (!spansElse) return;
      node = parent;
    }
  }

  /** Moves the upper part of a full node into a new one. */
  #divide(node: number, height: number): number {
    const nodes = height === 0 ? this.#leaves : this.#inner;
    const right = height === 0 ? nodes.make() : this.#makeInner(height);
    nodes.moveUpper(node, nodes.counts[node] * KEPT, right);
    return right;
  }

  /** Unlinks empty nodes from a leaf upwards, and drops roots with a single child. */
  #prune(leaf: number): void {
    let node = leaf;
    let height = 0;
    for (; height < this.#height; height++) {
      const nodes = height === 0 ? this.#leaves : this.#inner;
      if (nodes.counts[node] > 0) break;
      const parent = nodes.parents[node];
      this.#inner.erase(parent, this.#inner.slotOf(parent, node));
      nodes.drop(node);
      node = parent;
    }
    this.#settle(node, height);
    while (this.#height > 0 && this.#inner.counts[this.#root] === 1) {
      this.#inner.drop(this.#root);
      this.#root = this.#inner.refs[this.#root * FAN]!;
      this.#height--;
    }
  }

  #makeInner(height: number): number {
    const node = this.#inner.make();
    this.#heights[node] = height;
    return node;
  }

  #setParent(child: number, node: number): void {
    const nodes = this.#heights[node] === 1 ? this.#leaves : this.#inner;
    nodes.parents[child] = node;
  }
}
