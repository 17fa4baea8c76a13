/**
 * Addresses, frame numbers and sizes of x86-64 with 4 KiB pages.
 *
 * Addresses are plain numbers below 2^47, always page aligned where a page is meant. A virtual
 * page number has 35 bits, so no 32-bit operator may touch it: split once with
 * {@linkcode tableOf} and {@linkcode indexInTable}, then loop over the 512 indexes of a table.
 *
 * @module
 */

/** A virtual address in bytes. Any number is accepted; a {@linkcode Pfn} is not. */
export type Vaddr = number & { readonly __flavour?: "Vaddr" };

/** A page frame number: the index of a 4 KiB frame of the simulated memory. */
export type Pfn = number & { readonly __flavour?: "Pfn" };

/** log2 of {@linkcode PAGE_SIZE}. */
export const PAGE_SHIFT = 12;
/** Bytes of a base page. */
export const PAGE_SIZE = 4096;
/** Pages mapped by one last-level table, and by one PMD entry. */
export const PTRS_PER_TABLE = 512;
/** Bytes mapped by one PMD entry: 2 MiB. */
export const PMD_SIZE: number = PAGE_SIZE * PTRS_PER_TABLE;
/** Bytes mapped by one PUD entry: 1 GiB. */
export const PUD_SIZE: number = PMD_SIZE * PTRS_PER_TABLE;
/** Bytes mapped by one PGD entry: 512 GiB. */
export const PGD_SIZE: number = PUD_SIZE * PTRS_PER_TABLE;
/** First address above user space. */
export const TASK_SIZE: number = 2 ** 47;
/** The end of "the whole address space" in a range: `~0UL` of the kernel, as the nearest double. */
export const ADDRESS_MAX: number = 2 ** 64;
/** Pages of a transparent huge page. */
export const HPAGE_PMD_NR = 512;

/**
 * Rounds an address down to a multiple of a size.
 *
 * @param addr Address in bytes.
 * @param size Alignment in bytes, a power of two.
 * @returns The largest multiple of `size` not above `addr`.
 */
export function alignDown(addr: Vaddr, size: number): Vaddr {
  return Math.floor(addr / size) * size;
}

/**
 * Rounds an address up to a multiple of a size.
 *
 * @param addr Address in bytes.
 * @param size Alignment in bytes, a power of two.
 * @returns The smallest multiple of `size` not below `addr`.
 */
export function alignUp(addr: Vaddr, size: number): Vaddr {
  return Math.ceil(addr / size) * size;
}

/**
 * Tells whether an address is a multiple of a size.
 *
 * @param addr Address in bytes.
 * @param size Alignment in bytes.
 * @returns True if aligned.
 */
export function isAligned(addr: Vaddr, size: number): boolean {
  return Math.floor(addr / size) * size === addr;
}

/**
 * Checks an address that comes from outside.
 *
 * @param addr Address in bytes.
 * @param size Alignment in bytes; 1 for any.
 * @throws {RangeError} If it is none of user space, or not aligned.
 */
export function requireAddress(addr: Vaddr, size = 1): void {
  if (Number.isSafeInteger(addr / size) && addr >= 0 && addr < TASK_SIZE) return;
  const kind = size === 1 ? "an address" : "a page-aligned address";
  const got = typeof addr === "number" ? hex(addr) : String(addr);
  throw new RangeError(`Expected ${kind} below ${hex(TASK_SIZE)}, got ${got}`);
}

/**
 * Numbers the last-level table that maps an address.
 *
 * @param addr Address in bytes.
 * @returns The number of the 2 MiB block, below 2^26.
 */
export function tableOf(addr: Vaddr): number {
  return Math.floor(addr / PMD_SIZE);
}

/**
 * Finds the slot of an address in its last-level table.
 *
 * @param addr Address in bytes.
 * @returns An index from 0 to 511.
 */
export function indexInTable(addr: Vaddr): number {
  return Math.floor(addr / PAGE_SIZE) - Math.floor(addr / PMD_SIZE) * PTRS_PER_TABLE;
}

/**
 * Formats an address the way the kernel prints it.
 *
 * @param addr Address in bytes; {@linkcode ADDRESS_MAX} prints as `0xffffffffffffffff`.
 * @returns Hexadecimal text with the prefix `0x`.
 */
export function hex(addr: Vaddr): string {
  return addr >= ADDRESS_MAX ? "0xffffffffffffffff" : "0x" + addr.toString(16);
}
