/**
 * The translations that a device holds: a sparse table from user addresses to frames.
 *
 * It stands for KVM's shadow page tables, an MR's page list or a GPU's page table. Leaves of 512
 * pages are typed arrays, as the mm's own; a whole-range operation costs by the leaves that exist.
 *
 * @module
 */

import {
  PAGE_SIZE,
  type Pfn,
  PMD_SIZE,
  tableOf,
  TASK_SIZE,
  type Vaddr,
} from "../kernel/address.ts";

import {
  dropInLeaf,
  ENTRY_PRESENT,
  ENTRY_SEEN,
  ENTRY_VISIBLE,
  firstSlot,
  lastSlot,
  type LostEntry,
  type SecondaryLeaf,
  slotOf,
  sweepLeaf,
  writeProtectInLeaf,
} from "./secondary_leaf.ts";

/** A sparse table of device translations. */
export class SecondaryTable {
  /** Leaves freed so far because a drop emptied them. */
  freed = 0;
  /** Freed leaves that were needed again. */
  rebuilt = 0;
  #count = 0;
  readonly #start: Vaddr;
  readonly #end: Vaddr;
  readonly #leaves = new Map<number, SecondaryLeaf>();
  /** Freed leaves, empty; they remember which pages were mapped before. */
  readonly #retired = new Map<number, SecondaryLeaf>();
  /** Numbers of the leaves in ascending order, or null after a change. */
  #order: number[] | null = null;
  /** Leaves picked by the running range operation. */
  readonly #picked: SecondaryLeaf[] = [];

  /**
   * Makes an empty table.
   *
   * @param start First byte that it may map; leaves at the border are cut to size.
   * @param end First byte after.
   */
  constructor(start: Vaddr = 0, end: Vaddr = TASK_SIZE) {
    this.#start = start;
    this.#end = end;
  }

  /** Number of translations. */
  get count(): number {
    return this.#count;
  }

  /** Number of leaves, empty ones included. */
  get tables(): number {
    return this.#leaves.size;
  }

  /**
   * Reads the flags of a page.
   *
   * @param address The page.
   * @returns ENTRY_ flags; 0 if there is no translation.
   */
  flagsAt(address: Vaddr): number {
    const leaf = this.leafAt(address);
    return leaf === undefined ? 0 : leaf.flags[slotOf(leaf, address)] & ENTRY_VISIBLE;
  }

  /**
   * Reads the frame of a page.
   *
   * @param address The page.
   * @returns The frame, or -1 if there is no translation.
   */
  pfnAt(address: Vaddr): Pfn {
    const leaf = this.leafAt(address);
    if (leaf === undefined) return -1;
    const slot = slotOf(leaf, address);
    return (leaf.flags[slot] & ENTRY_PRESENT) === 0 ? -1 : leaf.pfns[slot];
  }

  /**
   * Finds the leaf of a page. A drop may free it: do not keep it across an interruption.
   *
   * @param address The page, within the borders of the table.
   * @returns The leaf, or undefined if there is none.
   */
  leafAt(address: Vaddr): SecondaryLeaf | undefined {
    return this.#leaves.get(tableOf(address));
  }

  /**
   * Sets the translation of a page, replacing the one it had.
   *
   * @param address The page.
   * @param pfn The frame.
   * @param flags ENTRY_ flags; PRESENT is added.
   * @returns True if the page had a translation before, now or earlier: this is a rebuild.
   * @throws {RangeError} If the page is outside the borders of the table.
   */
  set(address: Vaddr, pfn: Pfn, flags: number): boolean {
    const leaf = this.leafAt(address) ?? this.#makeLeaf(address);
    const slot = slotOf(leaf, address);
    const old = leaf.flags[slot];
    if ((old & ENTRY_PRESENT) === 0) {
      leaf.present++;
      this.#count++;
    }
    leaf.pfns[slot] = pfn;
    leaf.flags[slot] = flags | ENTRY_PRESENT | ENTRY_SEEN;
    return old !== 0;
  }

  /**
   * Removes the translation of a page; its leaf stays.
   *
   * @param address The page.
   * @returns The ENTRY_ flags it had; 0 if there was none.
   */
  clear(address: Vaddr): number {
    const leaf = this.leafAt(address);
    if (leaf === undefined) return 0;
    const slot = slotOf(leaf, address);
    const old = leaf.flags[slot] & ENTRY_VISIBLE;
    if (old !== 0) {
      leaf.flags[slot] = ENTRY_SEEN;
      leaf.present--;
      this.#count--;
    }
    return old;
  }

  /**
   * Removes translations of a range.
   *
   * @param start First byte.
   * @param end First byte after.
   * @param only ENTRY_ flags that a translation must all have to go; PRESENT for every one.
   * @param free Whether leaves that are empty afterwards are freed.
   * @param lost Called for each translation removed.
   * @returns Number of translations removed.
   */
  dropRange(start: Vaddr, end: Vaddr, only: number, free: boolean, lost: LostEntry): number {
    const picked = this.#pick(start, end);
    let dropped = 0;
    for (let at = 0; at < picked; at++) {
      const leaf = this.#picked[at];
      if (leaf.present > 0) dropped += dropInLeaf(leaf, start, end, only, lost);
      if (free && leaf.present === 0) this.#freeLeaf(leaf);
    }
    this.#count -= dropped;
    return dropped;
  }

  /**
   * Takes write access (and the dirty flag) from the translations of a range, which stay.
   *
   * @param start First byte.
   * @param end First byte after.
   * @param lost Called with the former flags of each translation that was writable.
   * @returns Number of translations that were writable.
   */
  writeProtectRange(start: Vaddr, end: Vaddr, lost: LostEntry): number {
    const picked = this.#pick(start, end);
    let changed = 0;
    for (let at = 0; at < picked; at++) {
      const leaf = this.#picked[at];
      if (leaf.present > 0) changed += writeProtectInLeaf(leaf, start, end, lost);
    }
    return changed;
  }

  /**
   * Counts the translations of a range that have all the flags given.
   *
   * @param start First byte.
   * @param end First byte after.
   * @param flags ENTRY_ flags.
   * @returns Their number.
   */
  countRange(start: Vaddr, end: Vaddr, flags: number = ENTRY_PRESENT): number {
    return this.#sweep(start, end, flags, 0);
  }

  /**
   * Clears flags of the translations of a range.
   *
   * @param start First byte.
   * @param end First byte after.
   * @param flag One ENTRY_ flag, ACCESSED or DIRTY.
   * @returns Number of translations that had it.
   */
  clearFlagRange(start: Vaddr, end: Vaddr, flag: number): number {
    return this.#sweep(start, end, flag, flag);
  }

  /**
   * Visits the translations of a range in ascending order of address.
   *
   * @param visit Called with address, frame and ENTRY_ flags; must not change the table.
   * @param start First byte.
   * @param end First byte after.
   */
  forEach(
    visit: (address: Vaddr, pfn: Pfn, flags: number) => void,
    start: Vaddr = 0,
    end: Vaddr = TASK_SIZE,
  ): void {
    const picked = this.#pick(start, end);
    for (let at = 0; at < picked; at++) {
      const { base, pfns, flags, present } = this.#picked[at];
      if (present === 0) continue;
      const last = lastSlot(this.#picked[at], end);
      for (let slot = firstSlot(this.#picked[at], start); slot < last; slot++) {
        if ((flags[slot] & ENTRY_PRESENT) === 0) continue;
        visit(base + slot * PAGE_SIZE, pfns[slot], flags[slot] & ENTRY_VISIBLE);
      }
    }
  }

  /** Counts entries that have all of `wanted` and clears `cleared` in them. */
  #sweep(start: Vaddr, end: Vaddr, wanted: number, cleared: number): number {
    const picked = this.#pick(start, end);
    let hits = 0;
    for (let at = 0; at < picked; at++) {
      const leaf = this.#picked[at];
      if (leaf.present > 0) hits += sweepLeaf(leaf, start, end, wanted, cleared);
    }
    return hits;
  }

  /** Picks the leaves of a range in ascending order, by walking whichever is fewer. */
  #pick(start: Vaddr, end: Vaddr): number {
    const leaves = this.#leaves;
    if (leaves.size === 0 || !(start < end)) return 0;
    const first = tableOf(start);
    const last = tableOf(Math.min(end, TASK_SIZE) - 1);
    let picked = 0;
    if (last - first < leaves.size) {
      for (let table = first; table <= last; table++) {
        const leaf = leaves.get(table);
        if (leaf !== undefined) this.#picked[picked++] = leaf;
      }
      return picked;
    }
    this.#order ??= [...leaves.keys()].sort((a, b) => a - b);
    for (const table of this.#order) {
      if (table >= first && table <= last) this.#picked[picked++] = leaves.get(table)!;
    }
    return picked;
  }

  #makeLeaf(address: Vaddr): SecondaryLeaf {
    if (address < this.#start || address >= this.#end) {
      throw new RangeError(
        `Cannot map address ${address}: the table spans [${this.#start}, ${this.#end})`,
      );
    }
    const table = tableOf(address);
    let leaf = this.#retired.get(table);
    if (leaf === undefined) {
      const base = Math.max(this.#start, table * PMD_SIZE);
      const pages = (Math.min(this.#end, (table + 1) * PMD_SIZE) - base) / PAGE_SIZE;
      leaf = { base, pfns: new Uint32Array(pages), flags: new Uint8Array(pages), present: 0 };
    } else {
      this.#retired.delete(table);
      this.rebuilt++;
    }
    this.#leaves.set(table, leaf);
    this.#order = null;
    return leaf;
  }

  #freeLeaf(leaf: SecondaryLeaf): void {
    const table = tableOf(leaf.base);
    this.#leaves.delete(table);
    this.#retired.set(table, leaf);
    this.#order = null;
    this.freed++;
  }
}
