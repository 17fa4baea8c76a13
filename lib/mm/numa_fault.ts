/**
 * Automatic NUMA balancing: the faults that follow a hinting scan.
 *
 * An access to an entry without rights gets them back and may pull the page to its own node. From
 * mm/memory.c: do_numa_page and mm/migrate.c: migrate_misplaced_page.
 *
 * @module
 */

import { indexInTable, type Pfn, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import { isolateLruPage, migratePages } from "./migrate.ts";
import { PG_DIRTY, PG_HEAD, PG_SWAPBACKED, PG_TAIL } from "./page_flags.ts";
import { PTE_CHG_MASK, PTE_SPECIAL, PTE_WRITE, PTE_YOUNG } from "./pte.ts";
import { VM_EXEC, type Vma, vmPageProt } from "./vma.ts";

/**
 * Gives an entry its rights back after a hinting fault, and moves its page to the node of the access
 * (mm/memory.c: do_numa_page).
 *
 * @param vma The mapping, which allows the access.
 * @param addr The page; its entry grants no access.
 * @returns FAULT.TOUCHED: the access is tried again.
 */
export function* doNumaPage(vma: Vma, addr: Vaddr): Operation<FaultOutcome> {
  const { host, pageTable } = vma.mm;
  const table = pageTable.lookup(addr)!;
  const index = indexInTable(addr);
  const old = table.flags[index];
  const pfn = table.pfn[index];
  table.flags[index] = (old & (PTE_CHG_MASK | PTE_WRITE)) | vmPageProt(vma) | PTE_YOUNG;
  host.charge("wp_reuse");
  if ((old & PTE_SPECIAL) !== 0) return FAULT.TOUCHED;
  const node = host.frames.localNode;
  if (host.frames.nodeOf(pfn) !== node && vma.policy === null) {
    yield* migrateMisplacedPage(vma, pfn, node);
  }
  return FAULT.TOUCHED;
}

/**
 * Moves a page to the node that uses it (mm/migrate.c: migrate_misplaced_page).
 *
 * @param vma The mapping through which it was used.
 * @param pfn The frame.
 * @param node The node.
 * @returns True if it was moved.
 */
function* migrateMisplacedPage(vma: Vma, pfn: Pfn, node: number): Operation<boolean> {
  const { host } = vma.mm;
  const { frames } = host;
  const flags = frames.flags[pfn];
  if ((flags & (PG_HEAD | PG_TAIL)) !== 0) return false;
  const file = (flags & PG_SWAPBACKED) === 0;
  if (file && (flags & PG_DIRTY) !== 0) return false;
  if (file && frames.mapcount[pfn] !== 1 && (vma.flags & VM_EXEC) !== 0) return false;
  if (!isolateLruPage(host, pfn)) return false;
  const outcome = yield* migratePages(host, [pfn], () => frames.allocOnNode(node));
  host.vmstat.numa_pages_migrated += outcome.moved;
  return outcome.moved === 1;
}
