/**
 * One leaf of a device's translations: typed arrays for up to 512 consecutive pages.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";

/** The device holds a translation. */
export const ENTRY_PRESENT = 1;
/** The device may write through it. */
export const ENTRY_WRITE = 2;
/** The device used it since the bit was last cleared. */
export const ENTRY_ACCESSED = 4;
/** The device wrote through it since the bit was last cleared. */
export const ENTRY_DIRTY = 8;

/** Left behind by a translation that is gone, so that a rebuild can be told from a first fault. */
export const ENTRY_SEEN = 16;
/** The flags that users of the table see. */
export const ENTRY_VISIBLE: number = ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED | ENTRY_DIRTY;

/** Called with the frame and the ENTRY_ flags that a translation had. */
export type LostEntry = (pfn: Pfn, flags: number) => void;

/** One leaf: the translations of up to 512 consecutive pages. Read it; change it by the table. */
export interface SecondaryLeaf {
  /** Address of the first page. */
  readonly base: Vaddr;
  /** Frames by slot. */
  readonly pfns: Uint32Array;
  /** ENTRY_ flags by slot; a device access may set ACCESSED and DIRTY of a present entry. */
  readonly flags: Uint8Array;
  /** Present entries. */
  present: number;
}

/**
 * Finds the slot of a page.
 *
 * @param leaf The leaf.
 * @param address A page that it maps.
 * @returns The slot.
 */
export function slotOf(leaf: SecondaryLeaf, address: Vaddr): number {
  return (address - leaf.base) / PAGE_SIZE;
}

/**
 * Finds the first slot of a range.
 *
 * @param leaf The leaf.
 * @param start First byte of the range.
 * @returns The slot, 0 if the range starts before the leaf.
 */
export function firstSlot(leaf: SecondaryLeaf, start: Vaddr): number {
  return start <= leaf.base ? 0 : Math.floor((start - leaf.base) / PAGE_SIZE);
}

/**
 * Finds the first slot after a range.
 *
 * @param leaf The leaf.
 * @param end First byte after the range.
 * @returns The slot, at most the length of the leaf.
 */
export function lastSlot(leaf: SecondaryLeaf, end: Vaddr): number {
  return Math.min(leaf.flags.length, Math.ceil((end - leaf.base) / PAGE_SIZE));
}

/**
 * Removes the translations of a range that have all flags of `only`.
 *
 * @param leaf The leaf.
 * @param start First byte.
 * @param end First byte after.
 * @param only ENTRY_ flags.
 * @param lost Called for each translation removed.
 * @returns Their number.
 */
export function dropInLeaf(
  leaf: SecondaryLeaf,
  start: Vaddr,
  end: Vaddr,
  only: number,
  lost: LostEntry,
): number {
  const { flags, pfns } = leaf;
  const last = lastSlot(leaf, end);
  let dropped = 0;
  for (let slot = firstSlot(leaf, start); slot < last; slot++) {
    const old = flags[slot];
    if ((old & ENTRY_PRESENT) === 0 || (old & only) !== only) continue;
    flags[slot] = ENTRY_SEEN;
    dropped++;
    lost(pfns[slot], old & ENTRY_VISIBLE);
  }
  leaf.present -= dropped;
  return dropped;
}

/**
 * Takes write access and the dirty flag from the translations of a range.
 *
 * @param leaf The leaf.
 * @param start First byte.
 * @param end First byte after.
 * @param lost Called with the former flags of each that was writable.
 * @returns Number of translations that were writable.
 */
export function writeProtectInLeaf(
  leaf: SecondaryLeaf,
  start: Vaddr,
  end: Vaddr,
  lost: LostEntry,
): number {
  const { flags, pfns } = leaf;
  const last = lastSlot(leaf, end);
  let changed = 0;
  for (let slot = firstSlot(leaf, start); slot < last; slot++) {
    const old = flags[slot];
    if ((old & ENTRY_WRITE) === 0) continue;
    flags[slot] = old & ~(ENTRY_WRITE | ENTRY_DIRTY);
    changed++;
    lost(pfns[slot], old & ENTRY_VISIBLE);
  }
  return changed;
}

/**
 * Counts the translations of a range that have all flags of `wanted` and clears `cleared` in them.
 *
 * @param leaf The leaf.
 * @param start First byte.
 * @param end First byte after.
 * @param wanted ENTRY_ flags.
 * @param cleared ENTRY_ flags, 0 to change nothing.
 * @returns Their number.
 */
export function sweepLeaf(
  leaf: SecondaryLeaf,
  start: Vaddr,
  end: Vaddr,
  wanted: number,
  cleared: number,
): number {
  const { flags } = leaf;
  const first = firstSlot(leaf, start);
  const last = lastSlot(leaf, end);
  if (wanted === ENTRY_PRESENT && first === 0 && last === flags.length) return leaf.present;
  let hits = 0;
  for (let slot = first; slot < last; slot++) {
    if ((flags[slot] & wanted) !== wanted) continue;
    flags[slot] &= ~cleared;
    hits++;
  }
  return hits;
}
