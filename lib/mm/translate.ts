/**
 * Translating one address, level by level, as a debugger does.
 *
 * @module
 */

import { indexInTable, type Pfn, requireAddress, tableOf, type Vaddr } from "../kernel/address.ts";
import { type Mm, requireMm } from "./mm_struct.ts";
import { PTE_PRESENT } from "./flags.ts";
import { encodePte, type PteParts } from "./pte_value.ts";
import type { Vma } from "./vma.ts";

/** One level of a walk. */
export interface WalkLevel {
  /** Name of the table. */
  readonly level: "PGD" | "PUD" | "PMD" | "PTE";
  /** Index of the entry in the table. */
  readonly index: number;
  /** What the entry is: a lower table, a page (or what stands for one), or nothing. */
  readonly kind: "table" | "entry" | "none";
  /** The word of an entry; 0 for the others. */
  readonly word: bigint;
}

/** What an address leads to. */
export interface Translation {
  /** The address, page aligned. */
  readonly address: Vaddr;
  /** The levels walked, from the top to where the walk ended. */
  readonly levels: readonly WalkLevel[];
  /** The entry at the end of the walk. */
  readonly entry: PteParts;
  /** The mapping that holds the address, if there is one. */
  readonly vma: Vma | undefined;
  /** The frame, or -1 where no page is present. */
  readonly pfn: Pfn;
}

/**
 * Translates an address of a process.
 *
 * @param mm The address space.
 * @param address Any address of user space.
 * @returns The walk and where it ended.
 * @throws {RangeError} If it is no address of user space.
 * @throws {TypeError} If it is no address space.
 */
export function translate(mm: Mm, address: Vaddr): Translation {
  requireMm(mm);
  requireAddress(address);
  const page = address - address % 4096;
  const block = tableOf(page);
  const pmdIndex = block & 511;
  const levels: WalkLevel[] = [];
  const pud = mm.pageTable.pgd[block >>> 18] ?? null;
  levels.push(level("PGD", block >>> 18, pud !== null));
  const pmd = pud?.[(block >>> 9) & 511] ?? null;
  if (pud !== null) levels.push(level("PUD", (block >>> 9) & 511, pmd !== null));
  const flags = mm.pageTable.flagsAt(page);
  const huge = pmd !== null && pmd.hugeFlags[pmdIndex] !== 0;
  const entry: PteParts = { flags, pfn: flags === 0 ? 0 : mm.pageTable.pfnAt(page), huge };
  if (pmd !== null && huge) {
    const word = encodePte({ ...entry, pfn: pmd.hugePfn[pmdIndex] });
    levels.push({ level: "PMD", index: pmdIndex, kind: "entry", word });
  } else if (pmd !== null) {
    const table = pmd.tables[pmdIndex];
    levels.push(level("PMD", pmdIndex, table !== null));
    if (table !== null) levels.push(lastLevel(indexInTable(page), entry));
  }
  const pfn = (flags & PTE_PRESENT) !== 0 ? entry.pfn : -1;
  return { address: page, levels, entry, vma: mm.vmaAt(page), pfn };
}

function level(name: WalkLevel["level"], index: number, isTable: boolean): WalkLevel {
  return { level: name, index, kind: isTable ? "table" : "none", word: 0n };
}

function lastLevel(index: number, entry: PteParts): WalkLevel {
  const kind = entry.flags === 0 ? "none" : "entry";
  return { level: "PTE", index, kind, word: encodePte(entry) };
}
