/**
 * What user space can see of a frame: /proc/kpageflags, and the letters of tools/vm/page-types.
 *
 * From fs/proc/page.c: stable_page_flags; tools/vm/page-types.c: page_flag_names (v5.2).
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import { type Frames, ZERO_PFN } from "./frames.ts";
import {
  PG_ACTIVE,
  PG_ANON,
  PG_BUDDY,
  PG_DIRTY,
  PG_FILE,
  PG_HEAD,
  PG_HUGETLB,
  PG_HWPOISON,
  PG_KSM,
  PG_LOCKED,
  PG_LRU,
  PG_MLOCKED,
  PG_RECLAIM,
  PG_REFERENCED,
  PG_RESERVED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from "./flags.ts";

/** A flag of page-types. */
export interface KpageFlag {
  /** Its bit in the word. */
  readonly bit: number;
  /** Its letter. */
  readonly letter: string;
  /** Its long name. */
  readonly name: string;
}

const NAMES: readonly (readonly [bit: number, name: string])[] = [
  [0, "L:locked"],
  [1, "E:error"],
  [2, "R:referenced"],
  [3, "U:uptodate"],
  [4, "D:dirty"],
  [5, "l:lru"],
  [6, "A:active"],
  [7, "S:slab"],
  [8, "W:writeback"],
  [9, "I:reclaim"],
  [10, "B:buddy"],
  [11, "M:mmap"],
  [12, "a:anonymous"],
  [13, "s:swapcache"],
  [14, "b:swapbacked"],
  [15, "H:compound_head"],
  [16, "T:compound_tail"],
  [17, "G:huge"],
  [18, "u:unevictable"],
  [19, "X:hwpoison"],
  [20, "n:nopage"],
  [21, "x:ksm"],
  [22, "t:thp"],
  [23, "o:offline"],
  [26, "g:pgtable"],
  [24, "z:zero_page"],
  [25, "i:idle_page"],
  [32, "r:reserved"],
  [33, "m:mlocked"],
  [34, "d:mappedtodisk"],
  [35, "P:private"],
  [36, "p:private_2"],
  [37, "O:owner_private"],
  [38, "h:arch"],
  [39, "c:uncached"],
  [40, "f:softdirty"],
  [48, "I:readahead"],
  [49, "P:slob_free"],
  [50, "A:slub_frozen"],
  [51, "E:slub_debug"],
  [61, "F:file"],
  [62, "w:swap"],
  [63, "1:mmap_exclusive"],
];

/** The flags in the order in which page-types shows their letters. */
export const KPAGE_FLAGS: readonly KpageFlag[] = NAMES.map(([bit, name]) => ({
  bit,
  letter: name[0],
  name: name.slice(2),
})).sort((one, other) => one.bit - other.bit);

const BITS: readonly (readonly [flag: number, bit: number])[] = [
  [PG_LOCKED, 0],
  [PG_REFERENCED, 2],
  [PG_DIRTY, 4],
  [PG_LRU, 5],
  [PG_ACTIVE, 6],
  [PG_WRITEBACK, 8],
  [PG_RECLAIM, 9],
  [PG_BUDDY, 10],
  [PG_ANON, 12],
  [PG_SWAPCACHE, 13],
  [PG_SWAPBACKED, 14],
  [PG_HEAD, 15],
  [PG_TAIL, 16],
  [PG_HUGETLB, 17],
  [PG_UNEVICTABLE, 18],
  [PG_HWPOISON, 19],
  [PG_KSM, 21],
  [PG_RESERVED, 32],
  [PG_MLOCKED, 33],
];

/**
 * Reads the word of a frame in /proc/kpageflags.
 *
 * @param frames The frames.
 * @param pfn The frame.
 * @returns The 64-bit word.
 */
export function kpageflags(frames: Frames, pfn: Pfn): bigint {
  const flags = frames.flags[pfn];
  let word = 0n;
  for (const [flag, bit] of BITS) if ((flags & flag) !== 0) word |= 1n << BigInt(bit);
  if ((flags & PG_BUDDY) !== 0) return 1n << 10n;
  if ((flags & (PG_ANON | PG_FILE | PG_KSM)) !== 0) word |= 1n << 3n;
  if (frames.mapcount[pfn] > 0) word |= 1n << 11n;
  if ((flags & (PG_HEAD | PG_TAIL)) !== 0 && (flags & PG_HUGETLB) === 0) word |= 1n << 22n;
  if (pfn === ZERO_PFN) word |= 1n << 24n;
  return word;
}

/**
 * Writes a word as letters, one place for each flag.
 *
 * @param word The word.
 * @returns Letters, with `_` for flags that are clear.
 */
export function kpageLetters(word: bigint): string {
  return KPAGE_FLAGS.map(({ bit, letter }) => (word >> BigInt(bit) & 1n) === 0n ? "_" : letter)
    .join("");
}

/**
 * Writes a word as long names.
 *
 * @param word The word.
 * @returns Names separated by commas.
 */
export function kpageNames(word: bigint): string {
  return KPAGE_FLAGS.filter(({ bit }) => (word >> BigInt(bit) & 1n) !== 0n)
    .map(({ name }) => name).join(",");
}
