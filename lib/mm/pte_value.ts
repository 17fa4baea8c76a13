/**
 * Page-table entries as the 64-bit words that x86-64 keeps in memory.
 *
 * The simulation keeps flags and frame apart; debuggers show and take the word.
 * From arch/x86/include/asm/pgtable_types.h, pgtable_64.h and include/linux/swapops.h (v5.2).
 *
 * @module
 */

import { PAGE_SHIFT } from "../kernel/address.ts";
import {
  PTE_DEVICE_PRIVATE,
  PTE_DIRTY,
  PTE_EXEC,
  PTE_HWPOISON,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";

/** An entry taken apart. */
export interface PteParts {
  /** PTE_ flags; 0 for an empty entry. */
  readonly flags: number;
  /** Frame, or swap slot. */
  readonly pfn: number;
  /** Whether it maps 2 MiB. */
  readonly huge: boolean;
}

const PAGE_PRESENT = 1n;
const PAGE_USER = 1n << 2n;
const PAGE_PSE = 1n << 7n;
const PAGE_PROTNONE = 1n << 8n;
const PAGE_NX = 1n << 63n;
const FRAME_MASK = (1n << 52n) - (1n << 12n);

/** Bits that both forms have, with their places in the word. */
const PRESENT_BITS: readonly (readonly [flag: number, bit: bigint])[] = [
  [PTE_WRITE, 1n << 1n],
  [PTE_YOUNG, 1n << 5n],
  [PTE_DIRTY, 1n << 6n],
  [PTE_SPECIAL, 1n << 9n],
  [PTE_UFFD_WP, 1n << 10n],
  [PTE_SOFT_DIRTY, 1n << 11n],
];

/** Types of entries that are not present, from MAX_SWAPFILES (27) on. */
const SWAP_TYPES = { hwpoison: 27n, migrationRead: 28n, migrationWrite: 29n, device: 30n } as const;
const SWAP_SOFT_DIRTY = 1n << 1n;
const SWAP_OFFSET_SHIFT = 9n;
const SWAP_OFFSET_MASK = (1n << 50n) - 1n;
const SWAP_TYPE_SHIFT = 59n;

/**
 * Builds the word of an entry.
 *
 * @param parts Flags, frame and size.
 * @returns The word; 0 for an empty entry.
 * @example
 * ```ts
 * import { encodePte } from "./pte_value.ts";
 * import { PTE_PRESENT, PTE_WRITE } from "./flags.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const word = encodePte({ flags: PTE_PRESENT | PTE_WRITE, pfn: 0x12, huge: false });
 * assertEquals(word.toString(16), "8000000000012007");
 * ```
 */
export function encodePte({ flags, pfn, huge }: PteParts): bigint {
  if (flags === 0) return 0n;
  if ((flags & PTE_PRESENT) === 0) return encodeSwap(flags, pfn);
  const isProtnone = (flags & PTE_PROTNONE) !== 0;
  let word = BigInt(pfn) << BigInt(PAGE_SHIFT);
  word |= isProtnone ? PAGE_PROTNONE : PAGE_PRESENT | PAGE_USER;
  if (huge) word |= PAGE_PSE;
  if ((flags & PTE_EXEC) === 0) word |= PAGE_NX;
  for (const [flag, bit] of PRESENT_BITS) if ((flags & flag) !== 0) word |= bit;
  return word;
}

/**
 * Takes the word of an entry apart.
 *
 * @param word The word.
 * @returns Flags, frame and size.
 */
export function decodePte(word: bigint): PteParts {
  if (word === 0n) return { flags: 0, pfn: 0, huge: false };
  const isProtnone = (word & PAGE_PROTNONE) !== 0n && (word & PAGE_PRESENT) === 0n;
  if ((word & PAGE_PRESENT) === 0n && !isProtnone) return decodeSwap(word);
  let flags = PTE_PRESENT | (isProtnone ? PTE_PROTNONE : 0);
  if ((word & PAGE_NX) === 0n) flags |= PTE_EXEC;
  for (const [flag, bit] of PRESENT_BITS) if ((word & bit) !== 0n) flags |= flag;
  const pfn = Number((word & FRAME_MASK) >> BigInt(PAGE_SHIFT));
  return { flags, pfn, huge: (word & PAGE_PSE) !== 0n };
}

/**
 * Names the bits of an entry as crash does.
 *
 * @param parts The entry.
 * @returns Words such as `PRESENT`, `RW`; none for an empty entry.
 */
export function pteWords({ flags, huge }: PteParts): string[] {
  const has = (flag: number) => (flags & flag) !== 0;
  if (flags === 0) return [];
  const kind = has(PTE_PRESENT)
    ? has(PTE_PROTNONE) ? ["PROTNONE"] : ["PRESENT"]
    : has(PTE_SWAP)
    ? ["SWAP"]
    : has(PTE_MIGRATION)
    ? ["MIGRATION"]
    : has(PTE_HWPOISON)
    ? ["HWPOISON"]
    : has(PTE_DEVICE_PRIVATE)
    ? ["DEVICE"]
    : ["MARKER"];
  const isPresent = has(PTE_PRESENT);
  return [
    ...kind,
    ...(has(PTE_WRITE) ? ["RW"] : []),
    ...(isPresent && !has(PTE_PROTNONE) ? ["USER"] : []),
    ...(has(PTE_YOUNG) ? ["ACCESSED"] : []),
    ...(has(PTE_DIRTY) ? ["DIRTY"] : []),
    ...(huge ? ["PSE"] : []),
    ...(has(PTE_SPECIAL) ? ["SPECIAL"] : []),
    ...(has(PTE_UFFD_WP) ? ["UFFD_WP"] : []),
    ...(has(PTE_SOFT_DIRTY) ? ["SOFT_DIRTY"] : []),
    ...(isPresent && !has(PTE_EXEC) ? ["NX"] : []),
  ];
}

/** A swap entry: the type above, the offset inverted below (against L1TF). */
function encodeSwap(flags: number, pfn: number): bigint {
  const type = (flags & PTE_MIGRATION) !== 0
    ? (flags & PTE_WRITE) !== 0 ? SWAP_TYPES.migrationWrite : SWAP_TYPES.migrationRead
    : (flags & PTE_HWPOISON) !== 0
    ? SWAP_TYPES.hwpoison
    : (flags & PTE_DEVICE_PRIVATE) !== 0
    ? SWAP_TYPES.device
    : 0n;
  const offset = (~BigInt(pfn) & SWAP_OFFSET_MASK) << SWAP_OFFSET_SHIFT;
  const softDirty = (flags & PTE_SOFT_DIRTY) !== 0 ? SWAP_SOFT_DIRTY : 0n;
  return type << SWAP_TYPE_SHIFT | offset | softDirty;
}

function decodeSwap(word: bigint): PteParts {
  const type = word >> SWAP_TYPE_SHIFT & 31n;
  const pfn = Number(~(word >> SWAP_OFFSET_SHIFT) & SWAP_OFFSET_MASK);
  const softDirty = (word & SWAP_SOFT_DIRTY) !== 0n ? PTE_SOFT_DIRTY : 0;
  const kinds: readonly (readonly [bigint, number])[] = [
    [SWAP_TYPES.hwpoison, PTE_HWPOISON],
    [SWAP_TYPES.migrationRead, PTE_MIGRATION],
    [SWAP_TYPES.migrationWrite, PTE_MIGRATION | PTE_WRITE],
    [SWAP_TYPES.device, PTE_DEVICE_PRIVATE],
  ];
  const kind = kinds.find(([known]) => known === type)?.[1] ?? PTE_SWAP;
  return { flags: kind | softDirty, pfn, huge: false };
}
