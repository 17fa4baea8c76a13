/**
 * Nodes of a {@linkcode RangeIndex}: sorted slots, each with a range and what has it.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";

/** In place of a node: none. */
export const NO_NODE: number = -1;

/**
 * All leaves of an index, or all nodes above them.
 *
 * The numbers of a node lie side by side in one typed array, in three rows: first bytes, ends and
 * their running maximum, which finds the first slot that ends above an address by halving.
 *
 * @typeParam R Type of what slots refer to.
 */
export class RangeNodes<R> {
  /** What the slots refer to; those of node n begin at `n * fan`. */
  readonly refs: (R | undefined)[] = [];
  /** The node above each. */
  parents: Int32Array = new Int32Array(1);
  /** Slots in use of each. */
  counts: Uint8Array = new Uint8Array(1);
  /** First bytes, ends and reaches; those of node n begin at `n * 3 * fan`. */
  rows: Float64Array;
  readonly #fan: number;
  readonly #moved: (ref: R, node: number) => void;
  readonly #free: number[] = [];

  /**
   * Makes no node yet.
   *
   * @param fan Most slots of a node, 255 at most.
   * @param moved Called whenever a node gets a slot that refers to something.
   */
  constructor(fan: number, moved: (ref: R, node: number) => void) {
    this.#fan = fan;
    this.#moved = moved;
    this.rows = new Float64Array(3 * fan);
  }

  /**
   * Makes an empty node.
   *
   * @returns Its number.
   */
  make(): number {
    const node = this.#free.pop() ?? this.refs.length / this.#fan;
    if (node === this.counts.length) {
      this.rows = doubled(this.rows);
      this.counts = doubled(this.counts);
      this.parents = doubled(this.parents);
    }
    while (this.refs.length < (node + 1) * this.#fan) this.refs.push(undefined);
    this.counts[node] = 0;
    return node;
  }

  /**
   * Gives an empty node back.
   *
   * @param node The node.
   */
  drop(node: number): void {
    this.#free.push(node);
  }

  /**
   * Tells whether a node must be divided before it gets another slot.
   *
   * @param node The node.
   * @returns True if all its slots are in use.
   */
  isFull(node: number): boolean {
    return this.counts[node] === this.#fan;
  }

  /**
   * Tells where a node begins.
   *
   * @param node The node, not empty.
   * @returns Its lowest first byte.
   */
  start(node: number): Vaddr {
    return this.rows[node * 3 * this.#fan];
  }

  /**
   * Tells how far a node reaches.
   *
   * @param node The node, not empty.
   * @returns Its highest end.
   */
  end(node: number): Vaddr {
    return this.rows[(node * 3 + 2) * this.#fan + this.counts[node] - 1];
  }

  /**
   * Counts the slots that begin at or below an address.
   *
   * @param node The node.
   * @param address The address.
   * @returns Their number: where a slot with this first byte goes.
   */
  upTo(node: number, address: Vaddr): number {
    return firstAbove(this.rows, node * 3 * this.#fan, this.counts[node], address);
  }

  /**
   * Finds the first slot that ends above an address: all before it end at or below.
   *
   * @param node The node.
   * @param address The address.
   * @returns The slot; the number of slots if none does.
   */
  firstReaching(node: number, address: Vaddr): number {
    return firstAbove(this.rows, (node * 3 + 2) * this.#fan, this.counts[node], address);
  }

  /**
   * Finds a slot by what it refers to.
   *
   * @param node The node, which has it.
   * @param ref What it refers to.
   * @returns The slot.
   */
  slotOf(node: number, ref: R): number {
    return this.refs.indexOf(ref, node * this.#fan) - node * this.#fan;
  }

  /**
   * Puts a new slot into a node that is not full.
   *
   * @param node The node.
   * @param slot Where.
   * @param start First byte.
   * @param end First byte after.
   * @param ref What it refers to.
   */
  insert(node: number, slot: number, start: Vaddr, end: Vaddr, ref: R): void {
    for (let at = this.counts[node]++; at > slot; at--) this.#copy(node, at - 1, node, at);
    this.refs[node * this.#fan + slot] = ref;
    this.#moved(ref, node);
    this.#write(node, slot, start, end);
  }

  /**
   * Changes the range of a slot.
   *
   * @param node The node.
   * @param slot The slot.
   * @param start First byte.
   * @param end First byte after.
   * @returns False if it had that range already.
   */
  setRange(node: number, slot: number, start: Vaddr, end: Vaddr): boolean {
    const at = node * 3 * this.#fan + slot;
    if (this.rows[at] === start && this.rows[at + this.#fan] === end) return false;
    this.#write(node, slot, start, end);
    return true;
  }

  /**
   * Takes a slot out.
   *
   * @param node The node.
   * @param slot The slot.
   */
  erase(node: number, slot: number): void {
    const last = --this.counts[node];
    for (let at = slot; at < last; at++) this.#copy(node, at + 1, node, at);
    this.refs[node * this.#fan + last] = undefined;
    this.#fixReach(node, slot);
  }

  /**
   * Moves the upper slots of a node into an empty one.
   *
   * @param node The node.
   * @param keep How many stay.
   * @param right The empty node.
   */
  moveUpper(node: number, keep: number, right: number): void {
    const last = this.counts[node];
    for (let slot = keep; slot < last; slot++) {
      this.#copy(node, slot, right, slot - keep);
      this.refs[node * this.#fan + slot] = undefined;
    }
    this.counts[node] = keep;
    this.counts[right] = last - keep;
    this.#fixReach(right, 0);
  }

  #write(node: number, slot: number, start: Vaddr, end: Vaddr): void {
    const at = node * 3 * this.#fan + slot;
    this.rows[at] = start;
    this.rows[at + this.#fan] = end;
    this.#fixReach(node, slot);
  }

  #copy(from: number, slot: number, to: number, slotThere: number): void {
    const { rows } = this;
    const fan = this.#fan;
    const source = from * 3 * fan + slot;
    const target = to * 3 * fan + slotThere;
    rows[target] = rows[source];
    rows[target + fan] = rows[source + fan];
    rows[target + 2 * fan] = rows[source + 2 * fan];
    const ref = this.refs[from * fan + slot]!;
    this.refs[to * fan + slotThere] = ref;
    if (from !== to) this.#moved(ref, to);
  }

  /** Recomputes the running maximum from a slot on, until it is right again. */
  #fixReach(node: number, slot: number): void {
    const { rows } = this;
    const ends = (node * 3 + 1) * this.#fan;
    const reaches = ends + this.#fan;
    let reach = slot === 0 ? -Infinity : rows[reaches + slot - 1];
    for (let at = slot; at < this.counts[node]; at++) {
      reach = Math.max(reach, rows[ends + at]);
      if (rows[reaches + at] === reach && at > slot) return;
      rows[reaches + at] = reach;
    }
  }
}

/** Finds the first number above another in numbers that do not fall. */
function firstAbove(rows: Float64Array, first: number, count: number, bound: number): number {
  let low = first;
  let high = first + count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle] > bound) high = middle;
    else low = middle + 1;
  }
  return low - first;
}

function doubled<A extends Float64Array | Int32Array | Uint8Array>(old: A): A {
  const wider = new (old.constructor as new (length: number) => A)(old.length * 2);
  wider.set(old);
  return wider;
}
