/**
 * Entries of page tables in short, for histories and differences.
 *
 * @module
 */

import {
  PTE_DIRTY,
  PTE_HWPOISON,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_WRITE,
  PTE_YOUNG,
} from "../mm/flags.ts";

/**
 * Writes the state of an entry in a few words.
 *
 * @param flags PTE_ flags; 0 for no entry.
 * @param pfn Frame or swap slot.
 * @param isDevice Whether the entry is a listener's, which has no bits but access.
 * @returns Text such as `frame 1a rw dirty`, `swap 3` or `none`.
 */
export function entryStateText(flags: number, pfn: number, isDevice = false): string {
  if (flags === 0) return "none";
  const access = (flags & PTE_WRITE) !== 0 ? "rw" : "ro";
  if ((flags & PTE_PRESENT) === 0) {
    if ((flags & PTE_SWAP) !== 0) return `swap ${pfn}`;
    if ((flags & PTE_MIGRATION) !== 0) return `migrating ${pfn.toString(16)}`;
    return (flags & PTE_HWPOISON) !== 0 ? "poisoned" : "marker";
  }
  const frame = (flags & PTE_SPECIAL) !== 0 ? "zero page" : `frame ${pfn.toString(16)}`;
  if (isDevice) return `${frame} ${access}`;
  return [
    frame,
    (flags & PTE_PROTNONE) !== 0 ? "protnone" : access,
    ...((flags & PTE_DIRTY) !== 0 ? ["dirty"] : []),
    ...((flags & PTE_YOUNG) !== 0 ? ["young"] : []),
    ...((flags & PTE_SOFT_DIRTY) !== 0 ? ["soft-dirty"] : []),
  ].join(" ");
}
