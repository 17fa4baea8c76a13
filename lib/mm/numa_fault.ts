/**
 * Automatic NUMA balancing: the faults that follow a hinting scan, on small and on huge pages.
 *
 * An access to an entry without rights gets them back and may pull the page to its own node. From
 * mm/memory.c: do_numa_page, mm/huge_memory.c: do_huge_pmd_numa_page and mm/migrate.c:
 * migrate_misplaced_page, migrate_misplaced_transhuge_page. Early kernels move a misplaced huge page
 * without any window: they rely on the PROTECTION_VMA window of the scan to have removed every
 * secondary entry, which a listener that keeps read-only entries does not (B-12).
 *
 * @module
 */

import { HPAGE_PMD_NR, indexInTable, type Pfn, tableOf, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  PG_ANON,
  PG_DIRTY,
  PG_HEAD,
  PG_ISOLATED,
  PG_SWAPBACKED,
  PG_TAIL,
  PTE_CHG_MASK,
  PTE_SPECIAL,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import { addHugeMapping, removeHugeMapping, totalMapcount } from "./huge_rmap.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import {
  allocMigrationTarget,
  isolateLruPage,
  migratePages,
  moveToNewHugePage,
} from "./migrate.ts";
import type { PmdTable } from "./page_table.ts";
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

/**
 * Gives a huge entry its rights back after a hinting fault, and moves its page to the node of the
 * access (mm/huge_memory.c: do_huge_pmd_numa_page).
 *
 * @param vma The mapping, which allows the access.
 * @param addr The address of the fault; its huge entry grants no access.
 * @returns FAULT.TOUCHED: the access is tried again.
 */
export function* doHugePmdNumaPage(vma: Vma, addr: Vaddr): Operation<FaultOutcome> {
  const { host, pageTable } = vma.mm;
  const { frames, profile } = host;
  const pmd = pageTable.ensurePmd(addr);
  const slot = tableOf(addr) & (HPAGE_PMD_NR - 1);
  const old = pmd.hugeFlags[slot];
  const head = pmd.hugePfn[slot];
  pmd.hugeFlags[slot] = (old & (PTE_CHG_MASK | PTE_WRITE)) | vmPageProt(vma) | PTE_YOUNG;
  host.charge("wp_reuse");
  if ((old & PTE_SPECIAL) !== 0 || (frames.flags[head] & PG_ANON) === 0) return FAULT.TOUCHED;
  const node = frames.localNode;
  if (frames.nodeOf(head) === node || vma.policy !== null) return FAULT.TOUCHED;
  if (profile.numaThpNotifies) yield* migrateWithWindow(vma, head, node);
  else migrateMisplacedTranshugePage(vma, pmd, slot, node);
  return FAULT.TOUCHED;
}

function* migrateWithWindow(vma: Vma, head: Pfn, node: number): Operation {
  const { host } = vma.mm;
  if (!isolateLruPage(host, head)) return;
  const outcome = yield* migratePages(host, [head], (page) => targetOn(vma, page, node));
  host.vmstat.numa_pages_migrated += outcome.moved * HPAGE_PMD_NR;
}

/** Replaces the entry in place; refused where anybody else holds the page (v5.2). */
function migrateMisplacedTranshugePage(
  vma: Vma,
  pmd: PmdTable,
  slot: number,
  node: number,
): void {
  const { host } = vma.mm;
  const { frames } = host;
  const head = pmd.hugePfn[slot];
  if (frames.refcount[head] !== 1 || totalMapcount(frames, head) !== 1) return;
  const target = targetOn(vma, head, node);
  if (target < 0) return;
  const flags = frames.flags[head];
  removeHugeMapping(frames, head);
  if (moveToNewHugePage(host, head, target) === 0) {
    frames.flags[target] = flags;
    frames.flags[head] &= ~PG_ISOLATED;
    pmd.hugePfn[slot] = target;
    addHugeMapping(frames, target);
    frames.put(head);
    host.charge("migrate_page");
    host.vmstat.numa_pages_migrated += HPAGE_PMD_NR;
  } else {
    addHugeMapping(frames, head);
    frames.put(target);
  }
}

/** A huge page of the node, or -1; another node's does not help. */
function targetOn(vma: Vma, page: Pfn, node: number): Pfn {
  const { host } = vma.mm;
  const target = allocMigrationTarget(host, page, node);
  if (target < 0 || host.frames.nodeOf(target) === node) return target;
  host.frames.put(target);
  return -1;
}
