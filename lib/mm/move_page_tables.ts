/**
 * Moving page-table entries to another address, inside one UNMAP window on the old range.
 *
 * From mm/mremap.c: move_page_tables. Where both addresses are aligned to 1 GiB or 2 MiB, whole
 * tables change hands and keep their soft-dirty bits (B-15); entries moved one by one become
 * soft-dirty. Nothing is copied, and the destination needs no window.
 *
 * @module
 */

import {
  alignDown,
  indexInTable,
  PAGE_SIZE,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_UNMAP, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { insideWindow } from "../notifier/dispatch.ts";
import { splitHugePmd } from "./huge_split.ts";
import type { Mm } from "./mm_struct.ts";
import type { PmdTable, PteTable } from "./page_table.ts";
import { PTE_PRESENT, PTE_SOFT_DIRTY, PTE_SWAP } from "./flags.ts";
import type { Vma } from "./vma.ts";

/**
 * Moves the entries of `[from, from + length)` of one mapping to another (mm/mremap.c).
 *
 * @param vma The old mapping.
 * @param from First byte of the old range.
 * @param newVma The new mapping; its range is empty.
 * @param to First byte of the new range.
 * @param length Bytes.
 */
export function* movePageTables(
  vma: Vma,
  from: Vaddr,
  newVma: Vma,
  to: Vaddr,
  length: number,
): Operation {
  if (length === 0) return;
  const { mm } = vma;
  const end = from + length;
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_UNMAP,
    0,
    vma,
    mm,
    from,
    end,
    SITE.move_page_tables,
  );
  yield* insideWindow(range, moveEntries(vma, from, newVma, to, length));
}

function* moveEntries(
  vma: Vma,
  from: Vaddr,
  newVma: Vma,
  to: Vaddr,
  length: number,
): Operation {
  const { mm } = vma;
  const end = from + length;
  let extent = 0;
  for (let old = from; old < end; old += extent) {
    const target = to + (old - from);
    extent = extentOf(PUD_SIZE, old, end, target);
    const source = mm.pageTable.pmd(old);
    if (source === null) continue;
    if (extent === PUD_SIZE && moveNormalPud(mm, old, target)) continue;
    extent = extentOf(PMD_SIZE, old, end, target);
    const slot = tableOf(old) & 511;
    if (source.isNone(slot)) continue;
    const destination = newVma.mm.pageTable.ensurePmd(target);
    if (extent === PMD_SIZE && moveNormalPmd(mm, source, slot, destination, target)) continue;
    if (source.tables[slot] === null) yield* splitHugePmd(vma, old);
    const table = source.tables[slot];
    if (table !== null) {
      movePtes(mm, table, indexInTable(old), mm.pageTable.ensure(target), target, extent);
    }
    yield "ptl_dropped";
  }
}

/** Bytes up to the next border of a size, at the old or the new address, whichever comes first. */
function extentOf(size: number, old: Vaddr, end: Vaddr, target: Vaddr): number {
  const toBorder = (addr: Vaddr) => alignDown(addr, size) + size - addr;
  return Math.min(toBorder(old), end - old, toBorder(target));
}

/** Hands a whole PMD table over, if the destination has none (v5.11, CONFIG_HAVE_MOVE_PUD). */
function moveNormalPud(mm: Mm, old: Vaddr, target: Vaddr): boolean {
  if (!mm.host.profile.mremapMovesPud) return false;
  const { pgd } = mm.pageTable;
  const pud = pgd[Math.floor(target / PGD_SIZE)] ??= new Array(512).fill(null);
  const index = (addr: Vaddr) => Math.floor((addr % PGD_SIZE) / PUD_SIZE);
  if (pud[index(target)] !== null) return false;
  const source = pgd[Math.floor(old / PGD_SIZE)]!;
  pud[index(target)] = source[index(old)];
  source[index(old)] = null;
  mm.host.charge("tlb_shootdown");
  return true;
}

/** Hands a last-level table or a huge page over, if the destination has neither. */
function moveNormalPmd(
  mm: Mm,
  source: PmdTable,
  from: number,
  destination: PmdTable,
  target: Vaddr,
): boolean {
  const to = tableOf(target) & 511;
  if (!destination.isNone(to)) return false;
  destination.tables[to] = source.tables[from];
  destination.hugePfn[to] = source.hugePfn[from];
  destination.hugeFlags[to] = source.hugeFlags[from] === 0
    ? 0
    : source.hugeFlags[from] | PTE_SOFT_DIRTY;
  const table = source.tables[from];
  if (table !== null && !mm.host.profile.mremapTableKeepsSoftDirty) {
    movePtes(mm, table, 0, table, target, PMD_SIZE);
  }
  source.tables[from] = null;
  source.hugeFlags[from] = 0;
  return true;
}

/** mm/mremap.c: move_ptes. */
function movePtes(
  mm: Mm,
  source: PteTable,
  first: number,
  destination: PteTable,
  target: Vaddr,
  extent: number,
): void {
  const count = extent / PAGE_SIZE;
  const to = indexInTable(target);
  const { flags: oldFlags, pfn: oldPfns } = source;
  const { flags: newFlags, pfn: newPfns } = destination;
  let moved = 0;
  for (let at = 0; at < count; at++) {
    const flags = oldFlags[first + at];
    if (flags === 0) continue;
    oldFlags[first + at] = 0;
    const tracked = (flags & (PTE_PRESENT | PTE_SWAP)) !== 0;
    newFlags[to + at] = tracked ? flags | PTE_SOFT_DIRTY : flags;
    newPfns[to + at] = oldPfns[first + at];
    moved++;
  }
  if (moved > 0) mm.host.charge("tlb_shootdown");
}
