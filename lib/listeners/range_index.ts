/**
 * The ranges a listener has registered (memslots, memory regions, buffer objects), by overlap.
 *
 * The kernel keeps them in interval trees (include/linux/interval_tree_generic.h); here a B-tree
 * sorted by first address carries the largest end of every subtree, so that overlapping ranges are
 * found in O(log n + hits), and adding or removing one is O(log n). Nodes lie in one growing typed
 * array. Ranges are half-open: touching ranges do not overlap.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";

/** Most entries of a node. Big nodes make few levels; a node is searched by halving. */
const FAN = 128;
/** Entries that stay in a node when it divides: most, so that appending packs. */
const SPLIT = 96;
/** Rows of a node, after the first addresses: largest ends, their running maximum, references. */
const ENDS = FAN;
const REACH = 2 * FAN;
const REFS = 3 * FAN;
/** Numbers per node. */
const NODE = 4 * FAN;
const NONE = -1;

/** A registered range, as {@linkcode RangeIndex.add} returns it. */
export interface RegisteredRange<T> {
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** What the range belongs to. */
  readonly value: T;
}

/** A range with its index and its number there, {@linkcode NONE} once removed. */
interface Entry<T> extends RegisteredRange<T> {
  readonly index: RangeIndex<T>;
  id: number;
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
  /** Slots of all nodes; node n begins at `n * NODE`. A leaf's refs are numbers of ranges, else nodes. */
  #slots = new Float64Array(NODE);
  #counts = new Uint16Array(1);
  /** 0 for leaves, so that the root's height is that of the tree. */
  #heights = new Uint8Array(1);
  #parents = Int32Array.of(NONE);
  readonly #freeNodes: number[] = [];
  #nodes = 1;
  #root = 0;
  readonly #values: (T | undefined)[] = [];
  readonly #freeIds: number[] = [];
  /** The leaf of each range. */
  #leaves = new Int32Array(64);

  /** Number of registered ranges. */
  get size(): number {
    return this.#values.length - this.#freeIds.length;
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
    const id = this.#freeIds.pop() ?? this.#values.length;
    this.#values[id] = value;
    if (id === this.#leaves.length) this.#leaves = doubled(this.#leaves);
    let node = this.#root;
    while (this.#heights[node] > 0) {
      node = this.#slots[node * NODE + REFS + Math.max(0, this.#slotsUpTo(node, start) - 1)];
    }
    this.#insert(node, this.#slotsUpTo(node, start), start, end, id);
    if (this.#counts[node] === FAN) this.#split(node);
    else this.#refresh(node);
    const entry: Entry<T> = { start, end, value, index: this, id };
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
    const { id } = entry;
    if (entry.index !== this || id === NONE) return false;
    entry.id = NONE;
    this.#values[id] = undefined;
    this.#freeIds.push(id);
    const leaf = this.#leaves[id];
    this.#erase(leaf, this.#slotOf(leaf, id));
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
    return this.#any(this.#root, start, end);
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
    this.#visit(this.#root, start, end, visit);
  }

  /**
   * Visits all ranges in the order of their first byte.
   *
   * @param visit Called with the value of each.
   */
  forEach(visit: (value: T) => void): void {
    this.#visit(this.#root, -Infinity, Infinity, visit);
  }

  #any(node: number, start: number, end: number): boolean {
    const slots = this.#slots;
    const last = node * NODE + this.#counts[node];
    for (let at = this.#firstReaching(node, start); at < last && slots[at] < end; at++) {
      if (slots[at + ENDS] <= start) continue;
      if (this.#heights[node] === 0 || this.#any(slots[at + REFS], start, end)) return true;
    }
    return false;
  }

  #visit(node: number, start: number, end: number, visit: (value: T) => void): void {
    const slots = this.#slots;
    const last = node * NODE + this.#counts[node];
    const leaf = this.#heights[node] === 0;
    for (let at = this.#firstReaching(node, start); at < last && slots[at] < end; at++) {
      if (slots[at + ENDS] <= start) continue;
      if (leaf) visit(this.#values[slots[at + REFS]] as T);
      else this.#visit(slots[at + REFS], start, end, visit);
    }
  }

  /** Finds the first slot that ends above `start`: all before it end at or below. */
  #firstReaching(node: number, start: number): number {
    const slots = this.#slots;
    let low = node * NODE;
    let high = low + this.#counts[node];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (slots[middle + REACH] > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Number of slots whose first address is not above `start`. */
  #slotsUpTo(node: number, start: number): number {
    const slots = this.#slots;
    let low = node * NODE;
    let high = low + this.#counts[node];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (slots[middle] > start) high = middle;
      else low = middle + 1;
    }
    return low - node * NODE;
  }

  /** Recomputes the running maximum from a slot on, until it is right again. */
  #fixReach(node: number, slot: number): void {
    const slots = this.#slots;
    const base = node * NODE;
    const last = base + this.#counts[node];
    let reach = slot === 0 ? -Infinity : slots[base + slot - 1 + REACH];
    for (let at = base + slot; at < last; at++) {
      reach = Math.max(reach, slots[at + ENDS]);
      if (slots[at + REACH] === reach && at > base + slot) return;
      slots[at + REACH] = reach;
    }
  }

  #slotOf(node: number, ref: number): number {
    const base = node * NODE + REFS;
    return this.#slots.indexOf(ref, base) - base;
  }

  #insert(node: number, slot: number, start: number, end: number, ref: number): void {
    const at = node * NODE + slot;
    const last = node * NODE + this.#counts[node]++;
    const slots = this.#slots;
    for (let row = 0; row < NODE; row += FAN) slots.copyWithin(at + row + 1, at + row, last + row);
    slots[at] = start;
    slots[at + ENDS] = end;
    slots[at + REFS] = ref;
    this.#fixReach(node, slot);
    if (this.#heights[node] === 0) this.#leaves[ref] = node;
    else this.#parents[ref] = node;
  }

  #erase(node: number, slot: number): void {
    const at = node * NODE + slot;
    const last = node * NODE + this.#counts[node]--;
    const slots = this.#slots;
    for (let row = 0; row < NODE; row += FAN) slots.copyWithin(at + row, at + row + 1, last + row);
    this.#fixReach(node, slot);
  }

  /** Divides a full node, and its parents as far as they become full. */
  #split(full: number): void {
    let node = full;
    for (;;) {
      const right = this.#splitOff(node);
      let parent = this.#parents[node];
      if (parent === NONE) {
        parent = this.#newNode(this.#heights[node] + 1);
        this.#root = parent;
        this.#insert(parent, 0, 0, 0, node);
      }
      const slot = this.#slotOf(parent, node);
      this.#summarise(parent, slot, node);
      this.#insert(parent, slot + 1, 0, 0, right);
      this.#summarise(parent, slot + 1, right);
      if (this.#counts[parent] < FAN) return this.#refresh(parent);
      node = parent;
    }
  }

  /** Moves the upper part of a full node into a new one. */
  #splitOff(node: number): number {
    const right = this.#newNode(this.#heights[node]);
    const keep = node * NODE + SPLIT;
    for (let at = keep; at < node * NODE + FAN; at++) {
      const slots = this.#slots;
      this.#insert(right, at - keep, slots[at], slots[at + ENDS], slots[at + REFS]);
    }
    this.#counts[node] = SPLIT;
    return right;
  }

  /** Unlinks empty nodes upwards and drops roots with a single child. */
  #prune(emptied: number): void {
    let node = emptied;
    while (this.#counts[node] === 0 && this.#parents[node] !== NONE) {
      const parent = this.#parents[node];
      this.#erase(parent, this.#slotOf(parent, node));
      this.#freeNodes.push(node);
      node = parent;
    }
    this.#refresh(node);
    while (this.#heights[this.#root] > 0 && this.#counts[this.#root] === 1) {
      this.#freeNodes.push(this.#root);
      this.#root = this.#slots[this.#root * NODE + REFS];
      this.#parents[this.#root] = NONE;
    }
  }

  /** Copies what a child spans into its slot; tells whether that changed anything. */
  #summarise(parent: number, slot: number, child: number): boolean {
    const slots = this.#slots;
    const start = slots[child * NODE];
    const end = slots[child * NODE + this.#counts[child] - 1 + REACH];
    const at = parent * NODE + slot;
    if (slots[at] === start && slots[at + ENDS] === end) return false;
    slots[at] = start;
    slots[at + ENDS] = end;
    this.#fixReach(parent, slot);
    return true;
  }

  /** Brings the summaries above a changed node up to date. */
  #refresh(changed: number): void {
    let node = changed;
    let parent = this.#parents[node];
    while (parent !== NONE && this.#summarise(parent, this.#slotOf(parent, node), node)) {
      node = parent;
      parent = this.#parents[node];
    }
  }

  #newNode(height: number): number {
    const node = this.#freeNodes.pop() ?? this.#nodes++;
    if (node === this.#counts.length) {
      this.#slots = doubled(this.#slots);
      this.#counts = doubled(this.#counts);
      this.#heights = doubled(this.#heights);
      this.#parents = doubled(this.#parents);
    }
    this.#counts[node] = 0;
    this.#heights[node] = height;
    this.#parents[node] = NONE;
    return node;
  }
}

function doubled<A extends Float64Array | Int32Array | Uint16Array | Uint8Array>(old: A): A {
  const wider = new (old.constructor as new (length: number) => A)(old.length * 2);
  wider.set(old);
  return wider;
}
