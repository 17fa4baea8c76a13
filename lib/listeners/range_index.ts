/**
 * The ranges a listener has registered (memslots, memory regions, buffer objects), by overlap.
 *
 * The kernel keeps them in interval trees (include/linux/interval_tree_generic.h); here a B-tree
 * sorted by first address carries the largest end of every subtree, so that overlapping ranges are
 * found in O(log n + hits), and adding or removing one is O(log n). Ranges are half-open: touching
 * ranges do not overlap.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";

/** Entries per node; small enough that a node is scanned faster than searched. */
const FAN = 32;

/** A registered range, as {@linkcode RangeIndex.add} returns it. */
export interface RegisteredRange<T> {
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** What the range belongs to. */
  readonly value: T;
}

/** A range with the leaf that holds it. */
interface Entry<T> extends RegisteredRange<T> {
  /** The leaf, or null once removed. */
  leaf: Node<T> | null;
}

/** A node: `entries` in a leaf, `children` elsewhere; slot i spans `starts[i]` to `ends[i]`. */
interface Node<T> {
  parent: Node<T> | null;
  count: number;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly entries: Entry<T>[] | null;
  readonly children: Node<T>[] | null;
}

/**
 * Registered ranges, possibly overlapping, each with a value.
 *
 * @typeParam T Type of the values.
 * @example
 * ```ts
 * import { RangeIndex } from "./range_index.ts";
 * import { assert } from "@std/assert";
 *
 * const index = new RangeIndex<string>();
 * const handle = index.add(0x1000, 0x3000, "ram");
 * assert(index.overlaps(0x2000, 0x9000));
 * index.remove(handle);
 * assert(!index.overlaps(0x2000, 0x9000));
 * ```
 */
export class RangeIndex<T> {
  #root: Node<T> = newNode<T>(true);
  #size = 0;

  /** Number of registered ranges. */
  get size(): number {
    return this.#size;
  }

  /**
   * Registers a range.
   *
   * @param start First byte.
   * @param end First byte after.
   * @param value What it belongs to.
   * @returns The handle for {@linkcode RangeIndex.remove}.
   * @throws {RangeError} If the range is empty or runs backwards.
   */
  add(start: Vaddr, end: Vaddr, value: T): RegisteredRange<T> {
    if (!(start < end)) {
      throw new RangeError(`Cannot register range [${start}, ${end}): the end must be above start`);
    }
    let node = this.#root;
    while (node.children !== null) node = node.children[Math.max(0, upper(node, start) - 1)];
    const entry: Entry<T> = { start, end, value, leaf: node };
    const at = upper(node, start);
    insertAt(node, at, start, end);
    node.entries!.splice(at, 0, entry);
    this.#size++;
    if (node.count === FAN) this.#split(node);
    else refresh(node);
    return entry;
  }

  /**
   * Takes a range out.
   *
   * @param range The handle that {@linkcode RangeIndex.add} returned.
   * @returns False if it was removed before.
   */
  remove(range: RegisteredRange<T>): boolean {
    const entry = range as Entry<T>;
    const { leaf } = entry;
    if (leaf === null || leaf === undefined) return false;
    entry.leaf = null;
    this.#size--;
    const at = leaf.entries!.indexOf(entry);
    leaf.entries!.splice(at, 1);
    removeAt(leaf, at);
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
    return anyOverlap(this.#root, start, end);
  }

  /**
   * Visits the ranges that overlap `[start, end)` in the order of their first byte.
   *
   * The visitor must not add or remove ranges.
   *
   * @param start First byte.
   * @param end First byte after.
   * @param visit Called with the value of each.
   */
  forEachOverlap(start: Vaddr, end: Vaddr, visit: (value: T) => void): void {
    visitOverlaps(this.#root, start, end, visit);
  }

  /**
   * Visits all ranges in the order of their first byte.
   *
   * @param visit Called with the value of each.
   */
  forEach(visit: (value: T) => void): void {
    visitOverlaps(this.#root, -Infinity, Infinity, visit);
  }

  /** Halves a full node; the right half becomes its next sibling, and so on upwards. */
  #split(full: Node<T>): void {
    let node = full;
    for (;;) {
      const right = splitOff(node);
      const parent = node.parent;
      if (parent === null) {
        this.#root = newNode<T>(false);
        adopt(this.#root, 0, node);
        adopt(this.#root, 1, right);
        return;
      }
      const at = parent.children!.indexOf(node);
      summarise(parent, at);
      adopt(parent, at + 1, right);
      if (parent.count < FAN) return refresh(parent);
      node = parent;
    }
  }

  /** Unlinks empty nodes upwards and drops roots with a single child. */
  #prune(emptied: Node<T>): void {
    let node = emptied;
    while (node.count === 0 && node.parent !== null) {
      const parent = node.parent;
      const at = parent.children!.indexOf(node);
      parent.children!.splice(at, 1);
      removeAt(parent, at);
      node = parent;
    }
    refresh(node);
    while (this.#root.children?.length === 1) {
      this.#root = this.#root.children[0];
      this.#root.parent = null;
    }
  }
}

function newNode<T>(leaf: boolean): Node<T> {
  return {
    parent: null,
    count: 0,
    starts: new Float64Array(FAN),
    ends: new Float64Array(FAN),
    entries: leaf ? [] : null,
    children: leaf ? null : [],
  };
}

/** Number of slots whose start is not above `start`. */
function upper<T>(node: Node<T>, start: number): number {
  const { starts } = node;
  let at = node.count;
  while (at > 0 && starts[at - 1] > start) at--;
  return at;
}

function insertAt<T>(node: Node<T>, at: number, start: number, end: number): void {
  node.starts.copyWithin(at + 1, at, node.count);
  node.ends.copyWithin(at + 1, at, node.count);
  node.starts[at] = start;
  node.ends[at] = end;
  node.count++;
}

function removeAt<T>(node: Node<T>, at: number): void {
  node.starts.copyWithin(at, at + 1, node.count);
  node.ends.copyWithin(at, at + 1, node.count);
  node.count--;
}

function adopt<T>(parent: Node<T>, at: number, child: Node<T>): void {
  child.parent = parent;
  parent.children!.splice(at, 0, child);
  insertAt(parent, at, 0, 0);
  summarise(parent, at);
}

/** Copies what a child spans into its slot; tells whether that changed anything. */
function summarise<T>(parent: Node<T>, at: number): boolean {
  const child = parent.children![at];
  let end = child.ends[0];
  for (let slot = 1; slot < child.count; slot++) if (child.ends[slot] > end) end = child.ends[slot];
  const same = parent.starts[at] === child.starts[0] && parent.ends[at] === end;
  parent.starts[at] = child.starts[0];
  parent.ends[at] = end;
  return !same;
}

/** Brings the summaries above a changed node up to date. */
function refresh<T>(changed: Node<T>): void {
  let node = changed;
  while (node.parent !== null && node.count > 0) {
    if (!summarise(node.parent, node.parent.children!.indexOf(node))) return;
    node = node.parent;
  }
}

function splitOff<T>(node: Node<T>): Node<T> {
  const half = FAN / 2;
  const right = newNode<T>(node.entries !== null);
  right.starts.set(node.starts.subarray(half, node.count));
  right.ends.set(node.ends.subarray(half, node.count));
  right.count = node.count - half;
  node.count = half;
  if (node.entries !== null) {
    for (const entry of node.entries.splice(half)) {
      entry.leaf = right;
      right.entries!.push(entry);
    }
  } else {
    for (const child of node.children!.splice(half)) {
      child.parent = right;
      right.children!.push(child);
    }
  }
  return right;
}

function anyOverlap<T>(node: Node<T>, start: number, end: number): boolean {
  const { starts, ends, count, children } = node;
  for (let slot = 0; slot < count && starts[slot] < end; slot++) {
    if (ends[slot] <= start) continue;
    if (children === null || anyOverlap(children[slot], start, end)) return true;
  }
  return false;
}

function visitOverlaps<T>(
  node: Node<T>,
  start: number,
  end: number,
  visit: (value: T) => void,
): void {
  const { starts, ends, count, children, entries } = node;
  for (let slot = 0; slot < count && starts[slot] < end; slot++) {
    if (ends[slot] <= start) continue;
    if (children === null) visit(entries![slot].value);
    else visitOverlaps(children[slot], start, end, visit);
  }
}
