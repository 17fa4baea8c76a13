/**
 * Removing mappings, and freeing empty tables.
 *
 * From mm/memory.c: unmap_vmas, free_pgtables, and mm/mmap.c: unmap_region.
 *
 * @module
 */

import {
  ADDRESS_MAX,
  alignDown,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  type Vaddr,
} from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_UNMAP, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { insideWindow } from "../notifier/dispatch.ts";
import { unlinkAnonVmas } from "./rmap.ts";
import { removeFrom, truncateInodePages } from "./filemap.ts";
import type { Mm } from "./mm_struct.ts";
import { hugetlbVmClose } from "./hugetlb_range.ts";
import { MmuGather } from "./mmu_gather.ts";
import type { Vma } from "./vma.ts";
import { unmapPageRange } from "./zap.ts";

/**
 * Unmaps a run of mappings inside one UNMAP window (mm/memory.c: unmap_vmas).
 *
 * The window is the request as it came, holes and all, not clipped to the mappings; it names the
 * first mapping.
 *
 * @param gather Receives what is removed.
 * @param vmas The mappings, not empty.
 * @param start First byte of the request.
 * @param end First byte after.
 */
export function* unmapVmas(
  gather: MmuGather,
  vmas: readonly Vma[],
  start: Vaddr,
  end: Vaddr,
): Operation {
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_UNMAP,
    0,
    vmas[0],
    gather.mm,
    start,
    end,
    SITE.unmap_vmas,
  );
  yield* insideWindow(range, unmapAll(gather, vmas, start, end));
}

function* unmapAll(
  gather: MmuGather,
  vmas: readonly Vma[],
  start: Vaddr,
  end: Vaddr,
): Operation {
  for (const vma of vmas) {
    yield* unmapPageRange(gather, vma, Math.max(vma.start, start), Math.min(vma.end, end));
  }
}

/**
 * Frees the page tables below removed mappings, as far as no neighbour needs them (mm/memory.c:
 * free_pgtables). Freed tables widen the gather's range to their base.
 *
 * @param gather Receives the range of the freed tables.
 * @param vmas The mappings that are removed.
 * @param floor End of the mapping before them, or 0.
 * @param ceiling Start of the mapping after them, or 0 for none.
 */
export function freePgtables(
  gather: MmuGather,
  vmas: readonly Vma[],
  floor: Vaddr,
  ceiling: Vaddr,
): void {
  for (let at = 0; at < vmas.length; at++) {
    const start = vmas[at].start;
    let end = vmas[at].end;
    while (at + 1 < vmas.length && vmas[at + 1].start <= end + PMD_SIZE) end = vmas[++at].end;
    const next = at + 1 < vmas.length ? vmas[at + 1].start : ceiling;
    freePgdRange(gather, start, end, floor, next);
  }
}

/** Frees tables wholly inside `[floor, ceiling)` that cover `[addr, end)` (mm: free_pgd_range). */
function freePgdRange(
  gather: MmuGather,
  addr: Vaddr,
  end: Vaddr,
  floor: Vaddr,
  ceiling: Vaddr,
): void {
  const top = ceiling === 0 ? ADDRESS_MAX : ceiling;
  let from = alignDown(addr, PMD_SIZE);
  if (from < floor) from += PMD_SIZE;
  const limit = alignDown(top, PMD_SIZE);
  let to = end;
  if (to > limit) to = alignDown(to - 1, PMD_SIZE);
  if (from >= to) return;
  freePmdEntries(gather, from, to);
  freeUpperTables(gather, from, to, floor, top);
}

function freePmdEntries(gather: MmuGather, from: Vaddr, to: Vaddr): void {
  const cursor = gather.mm.pageTable.cursor(from, to);
  while (cursor.next()) {
    cursor.pmd.tables[cursor.slot] = null;
    gather.flushRange(cursor.base);
  }
}

function freeUpperTables(
  gather: MmuGather,
  from: Vaddr,
  to: Vaddr,
  floor: Vaddr,
  top: Vaddr,
): void {
  const { pgd } = gather.mm.pageTable;
  for (let pgdBase = alignDown(from, PGD_SIZE); pgdBase < to; pgdBase += PGD_SIZE) {
    const pud = pgd[pgdBase / PGD_SIZE];
    if (!pud) continue;
    const first = Math.max(alignDown(from, PUD_SIZE), pgdBase);
    const last = Math.min(to, pgdBase + PGD_SIZE);
    for (let base = first; base < last; base += PUD_SIZE) {
      const at = (base - pgdBase) / PUD_SIZE;
      if (pud[at] === null || base < floor || !belowCeiling(base, to, PUD_SIZE, top)) continue;
      pud[at] = null;
      gather.flushRange(base);
    }
    if (pgdBase < floor || !belowCeiling(pgdBase, to, PGD_SIZE, top)) continue;
    pgd[pgdBase / PGD_SIZE] = null;
    gather.flushRange(pgdBase);
  }
}

/** True if what is freed of the table at `base` ends below the ceiling of its level. */
function belowCeiling(base: Vaddr, end: Vaddr, size: number, top: Vaddr): boolean {
  return Math.min(base + size, end) <= alignDown(top, size);
}

/**
 * Unmaps mappings that were taken off the list, and frees their tables (mm/mmap.c: unmap_region).
 *
 * @param mm The address space.
 * @param vmas The mappings, not empty.
 * @param start First byte of the request.
 * @param end First byte after.
 */
export function* unmapRegion(
  mm: Mm,
  vmas: readonly Vma[],
  start: Vaddr,
  end: Vaddr,
): Operation {
  mm.host.lruBatches.drain();
  const gather = new MmuGather(mm);
  const at = mm.findVmaIndex(vmas[0].start);
  const floor = mm.vmas[at - 1]?.end ?? 0;
  const ceiling = mm.vmas[at]?.start ?? 0;
  yield* unmapVmas(gather, vmas, start, end);
  for (const vma of vmas) unlinkVma(vma);
  freePgtables(gather, vmas, floor, ceiling);
  gather.finish();
}

/**
 * Takes a mapping off its anon_vmas and its file.
 *
 * @param vma The mapping.
 */
export function unlinkVma(vma: Vma): void {
  unlinkAnonVmas(vma);
  if (vma.isHugetlb) hugetlbVmClose(vma);
  const { file } = vma;
  if (file === null) return;
  removeFrom(file.mappings, vma);
  if (file.mappings.length === 0 && !file.held) truncateInodePages(vma.mm.host, file, 0, Infinity);
}
