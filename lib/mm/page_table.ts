/**
 * The page table of an address space: four levels, with 512-entry leaves of typed arrays.
 *
 * Tables exist where the kernel would have them: the split rule, mprotect's windows and mremap ask
 * for the presence of upper entries, so an empty table is not the same as none. The only door to
 * the entries is a {@linkcode Cursor} over a declared range, or {@linkcode PageTable.lookup} for
 * one address.
 *
 * @module
 */

import {
  alignDown,
  HPAGE_PMD_NR,
  indexInTable,
  PAGE_SIZE,
  type Pfn,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import { PTE_SPECIAL } from "./flags.ts";

/** Bytes of a last-level table: six for each entry. */
const PTE_TABLE_BYTES = 6 * HPAGE_PMD_NR;
/** Last-level tables that are allocated together: twice as many each time, up to a limit. */
const TABLES_PER_SLAB = { first: 16, most: 256 };

/** A last-level table: 512 entries of 4 KiB. */
export class PteTable {
  /** PTE_ flags by index; 0 is an empty entry. */
  readonly flags: Uint16Array;
  /** Frame numbers, or swap slots, by index. */
  readonly pfn: Uint32Array;

  /**
   * Makes an empty table.
   *
   * @param memory Zeroed memory for it; its own unless given.
   * @param offset First byte of the table in that memory, a multiple of 4.
   */
  constructor(memory: ArrayBuffer = new ArrayBuffer(PTE_TABLE_BYTES), offset = 0) {
    this.pfn = new Uint32Array(memory, offset, HPAGE_PMD_NR);
    this.flags = new Uint16Array(memory, offset + 4 * HPAGE_PMD_NR, HPAGE_PMD_NR);
  }
}

/** A PMD table: 512 entries of 2 MiB, each a table, a huge page or nothing. */
export class PmdTable {
  /** Last-level tables by index. */
  readonly tables: (PteTable | null)[] = new Array(HPAGE_PMD_NR).fill(null);
  /** PTE_ flags of huge entries by index; 0 where the entry is not huge. */
  readonly hugeFlags: Uint16Array = new Uint16Array(HPAGE_PMD_NR);
  /** Head frames of huge entries by index. */
  readonly hugePfn: Uint32Array = new Uint32Array(HPAGE_PMD_NR);

  /**
   * Tells whether an entry is neither a table nor a huge page.
   *
   * @param index Index from 0 to 511.
   * @returns True if nothing is there.
   */
  isNone(index: number): boolean {
    return this.tables[index] === null && this.hugeFlags[index] === 0;
  }
}

/** A PUD table: 512 entries of 1 GiB. */
export type PudTable = (PmdTable | null)[];

/** The page table of one mm. */
export class PageTable {
  /** PUD tables by PGD index (256 of user space). */
  readonly pgd: (PudTable | null)[] = new Array(256).fill(null);
  #slab = new ArrayBuffer(0);
  #slabUsed = 0;

  /**
   * Finds the PMD table that covers an address.
   *
   * @param addr Address in bytes.
   * @returns The table, or null where the PUD entry is empty.
   */
  pmd(addr: Vaddr): PmdTable | null {
    const block = tableOf(addr);
    return this.pgd[block >>> 18]?.[(block >>> 9) & 511] ?? null;
  }

  /**
   * Finds the last-level table of an address.
   *
   * @param addr Address in bytes.
   * @returns The table, or null where there is none (or a huge page).
   */
  lookup(addr: Vaddr): PteTable | null {
    const block = tableOf(addr);
    return this.pgd[block >>> 18]?.[(block >>> 9) & 511]?.tables[block & 511] ?? null;
  }

  /**
   * Finds the PMD table of an address, making what is missing above it.
   *
   * @param addr Address in bytes.
   * @returns The table.
   */
  ensurePmd(addr: Vaddr): PmdTable {
    const block = tableOf(addr);
    const pud = this.pgd[block >>> 18] ??= new Array(HPAGE_PMD_NR).fill(null);
    return pud[(block >>> 9) & 511] ??= new PmdTable();
  }

  /**
   * Finds the last-level table of an address, making what is missing.
   *
   * @param addr Address in bytes; its PMD entry must not be huge.
   * @returns The table.
   */
  ensure(addr: Vaddr): PteTable {
    return this.ensurePmd(addr).tables[tableOf(addr) & 511] ??= this.#newTable();
  }

  /**
   * Makes the upper tables that another page table has for a range, without entries.
   *
   * fork allocates them even where nothing is mapped below (mm/memory.c: copy_p4d_range,
   * copy_pud_range).
   *
   * @param other The page table to follow.
   * @param start First byte of the range.
   * @param end First byte after.
   */
  ensureUpperTablesOf(other: PageTable, start: Vaddr, end: Vaddr): void {
    for (let gib = alignDown(start, PUD_SIZE); gib < end; gib += PUD_SIZE) {
      const at = Math.floor(gib / PGD_SIZE);
      if (!other.pgd[at]) continue;
      this.pgd[at] ??= new Array(HPAGE_PMD_NR).fill(null);
      if (other.pmd(gib) !== null) this.ensurePmd(gib);
    }
  }

  /** Takes the next table of a slab: one allocation each would cost more than filling it. */
  #newTable(): PteTable {
    if (this.#slabUsed === this.#slab.byteLength) {
      const { first, most } = TABLES_PER_SLAB;
      const bytes = Math.max(2 * this.#slab.byteLength, first * PTE_TABLE_BYTES);
      this.#slab = new ArrayBuffer(Math.min(bytes, most * PTE_TABLE_BYTES));
      this.#slabUsed = 0;
    }
    const table = new PteTable(this.#slab, this.#slabUsed);
    this.#slabUsed += PTE_TABLE_BYTES;
    return table;
  }

  /**
   * Reads the flags of the entry that maps an address, huge or not.
   *
   * @param addr Address in bytes.
   * @returns PTE_ flags; 0 where nothing is there.
   */
  flagsAt(addr: Vaddr): number {
    const pmd = this.pmd(addr);
    if (pmd === null) return 0;
    const at = tableOf(addr) & 511;
    return pmd.hugeFlags[at] || (pmd.tables[at]?.flags[indexInTable(addr)] ?? 0);
  }

  /**
   * Reads the frame (or swap slot) of the entry that maps an address, huge or not.
   *
   * @param addr Address in bytes.
   * @returns The number, meaningful only where {@linkcode PageTable.flagsAt} is not 0.
   */
  pfnAt(addr: Vaddr): Pfn {
    const pmd = this.pmd(addr);
    if (pmd === null) return 0;
    const at = tableOf(addr) & 511;
    const index = indexInTable(addr);
    if (pmd.hugeFlags[at] !== 0) {
      return (pmd.hugeFlags[at] & PTE_SPECIAL) !== 0 ? pmd.hugePfn[at] : pmd.hugePfn[at] + index;
    }
    return pmd.tables[at]?.pfn[index] ?? 0;
  }

  /**
   * Opens a cursor over a range.
   *
   * @param start First byte, page aligned.
   * @param end First byte after, page aligned.
   * @returns A cursor before the first populated PMD entry.
   */
  cursor(start: Vaddr, end: Vaddr): Cursor {
    return new Cursor(this, start, end);
  }
}

/**
 * Walks the populated PMD entries of a range in order of address.
 *
 * @example
 * ```ts
 * import { PageTable } from "./page_table.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const pageTable = new PageTable();
 * pageTable.ensure(0x200000).flags[3] = 1;
 * const cursor = pageTable.cursor(0, 0x40000000);
 * assertEquals(cursor.next(), true);
 * assertEquals([cursor.base, cursor.first, cursor.last], [0x200000, 0, 512]);
 * assertEquals(cursor.next(), false);
 * ```
 */
export class Cursor {
  /** The last-level table at the cursor, or null where the entry is huge. */
  table: PteTable | null = null;
  /** The PMD table at the cursor. */
  pmd!: PmdTable;
  /** Index of the entry in {@linkcode Cursor.pmd}. */
  slot = 0;
  /** Address that index 0 of the table maps. */
  base: Vaddr = 0;
  /** First index of the range within the table. */
  first = 0;
  /** First index after the range within the table, up to 512. */
  last = 0;
  readonly #pageTable: PageTable;
  readonly #start: Vaddr;
  readonly #end: Vaddr;
  #block: number;
  readonly #lastBlock: number;

  /**
   * Makes a cursor; use {@linkcode PageTable.cursor}.
   *
   * @param pageTable The page table.
   * @param start First byte.
   * @param end First byte after.
   */
  constructor(pageTable: PageTable, start: Vaddr, end: Vaddr) {
    this.#pageTable = pageTable;
    this.#start = start;
    this.#end = end;
    this.#block = tableOf(start) - 1;
    this.#lastBlock = Math.min(tableOf(end - 1), 2 ** 26 - 1);
  }

  /** First byte of the range that the current entry covers. */
  get from(): Vaddr {
    return this.base + this.first * PAGE_SIZE;
  }

  /** First byte after the part of the range that the current entry covers. */
  get to(): Vaddr {
    return this.base + this.last * PAGE_SIZE;
  }

  /**
   * Moves to the next populated PMD entry of the range.
   *
   * @returns False when there is none left.
   */
  next(): boolean {
    let block = this.#block + 1;
    const { pgd } = this.#pageTable;
    while (block <= this.#lastBlock) {
      const pud = pgd[block >>> 18];
      if (!pud) {
        block = ((block >>> 18) + 1) << 18;
        continue;
      }
      const pmd = pud[(block >>> 9) & 511];
      if (!pmd) {
        block = ((block >>> 9) + 1) << 9;
        continue;
      }
      if (!pmd.isNone(block & 511)) {
        this.#moveTo(block, pmd);
        return true;
      }
      block++;
    }
    this.#block = block;
    return false;
  }

  #moveTo(block: number, pmd: PmdTable): void {
    this.#block = block;
    this.pmd = pmd;
    this.slot = block & 511;
    this.table = pmd.tables[this.slot];
    this.base = block * PMD_SIZE;
    this.first = this.base < this.#start ? indexInTable(this.#start) : 0;
    this.last = this.base + PMD_SIZE <= this.#end ? HPAGE_PMD_NR : indexInTable(this.#end);
  }
}
