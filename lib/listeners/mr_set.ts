/**
 * The memory regions of one NIC context: by key, by range, and their translations.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import type { ListenerRange, SecondaryEntry } from "./listener.ts";
import { type IndexedRange, RangeIndex } from "./range_index.ts";
import { ENTRY_WRITE } from "./secondary_leaf.ts";
import type { SecondaryTable } from "./secondary_table.ts";

/** What every kind of memory region has: struct ib_umem. */
export interface MemoryRegion extends IndexedRange {
  /** Its key, positive and never used twice. */
  readonly key: number;
  /** Whether the device may write. */
  readonly writable: boolean;
  /** Its translations, or null before the first. */
  readonly table: SecondaryTable | null;
}

/**
 * Memory regions of one NIC context. They may overlap.
 *
 * @typeParam M Type of the regions.
 */
export class MrSet<M extends MemoryRegion> {
  /** The regions by range. */
  readonly index: RangeIndex<M> = new RangeIndex<M>();
  readonly #byKey = new Map<number, M>();
  #lastKey = 0;

  /**
   * Draws a key for a new region.
   *
   * @returns The key.
   */
  newKey(): number {
    return ++this.#lastKey;
  }

  /**
   * Adds a region.
   *
   * @param mr The region.
   */
  add(mr: M): void {
    this.#byKey.set(mr.key, mr);
    this.index.add(mr);
  }

  /**
   * Finds a region by its key.
   *
   * @param key The key.
   * @returns The region, or undefined.
   */
  get(key: number): M | undefined {
    return this.#byKey.get(key);
  }

  /**
   * Takes a region out.
   *
   * @param key The key.
   */
  delete(key: number): void {
    const mr = this.#byKey.get(key);
    if (mr === undefined) return;
    this.#byKey.delete(key);
    this.index.remove(mr);
  }

  /**
   * Lists the regions in the order of their keys.
   *
   * @returns A copy that survives changes of the set.
   */
  list(): M[] {
    return [...this.#byKey.values()];
  }

  /**
   * Lists the regions for inspectors.
   *
   * @returns Their ranges, with key and access as label.
   */
  ranges(): ListenerRange[] {
    return this.list().map(({ key, start, end, writable }) => ({
      start,
      end,
      label: `MR key ${key}, ${writable ? "rw" : "ro"}`,
    }));
  }

  /**
   * Finds the oldest region that covers pages with the access wanted.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param write Whether it must be writable.
   * @returns The region, or null.
   */
  find(start: Vaddr, pages: number, write: boolean): M | null {
    const end = start + pages * PAGE_SIZE;
    let found: M | null = null;
    this.index.forEachOverlap(start, end, (mr) => {
      if (mr.start > start || mr.end < end || (write && !mr.writable)) return;
      if (found === null || mr.key < found.key) found = mr;
    });
    return found;
  }

  /**
   * Visits every translation, region by region; a page in several regions is visited for each.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void {
    this.index.forEach(({ table }) =>
      table?.forEach((address, pfn, flags) => visit(address, pfn, (flags & ENTRY_WRITE) !== 0))
    );
  }

  /**
   * Looks up the translation of a page; of several regions, in the one whose range starts first.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined {
    let entry: SecondaryEntry | undefined;
    this.index.forEachOverlap(address, address + PAGE_SIZE, ({ table }) => {
      const flags = table?.flagsAt(address) ?? 0;
      if (entry !== undefined || flags === 0) return;
      entry = { address, pfn: table!.pfnAt(address), writable: (flags & ENTRY_WRITE) !== 0 };
    });
    return entry;
  }
}
