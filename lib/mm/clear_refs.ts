/**
 * /proc/PID/clear_refs: clearing young and soft-dirty bits of a whole address space.
 *
 * From fs/proc/task_mmu.c: clear_refs_write. Values: 1 all pages, 2 anonymous mappings, 3 file
 * mappings (young bits, no notifier at all), 4 soft-dirty (one SOFT_DIRTY window over everything),
 * 5 the peak of resident memory.
 *
 * @module
 */

import { ADDRESS_MAX } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_SOFT_DIRTY, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { insideWindow } from "../notifier/dispatch.ts";
import { clearSoftDirtyPmd, clearYoungPmd } from "./huge_pmd.ts";
import { type Mm, MMF_HAS_PINNED } from "./mm_struct.ts";
import { mmapReadLock, whileMmapLocked } from "./mmap_lock.ts";
import { MmuGather } from "./mmu_gather.ts";
import {
  PG_ANON,
  PG_REFERENCED,
  PTE_PRESENT,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { VM_PFNMAP, VM_SOFTDIRTY, type Vma } from "./vma.ts";

/**
 * Writes a value to clear_refs.
 *
 * @param mm The address space.
 * @param value What to clear.
 * @returns 0, or -EINVAL for an unknown value.
 */
export function* clearRefs(mm: Mm, value: number): Operation<number> {
  if (value === 4) {
    if (mm.host.profile.clearRefsWriteLocks) {
      yield* whileMmapLocked(mm, clearSoftDirty(mm));
    } else {
      yield* mmapReadLock(mm);
      yield* clearSoftDirty(mm);
    }
    return 0;
  }
  if (value === 5) return 0;
  if (value !== 1 && value !== 2 && value !== 3) return -ERRNO.EINVAL;
  for (const vma of mm.vmas) {
    const wanted = value === 1 || (value === 2) === (vma.file === null);
    if (wanted) yield* walk(vma, (cursor, table) => clearYoung(vma, cursor, table), clearYoungPmd);
  }
  return 0;
}

function* clearSoftDirty(mm: Mm): Operation {
  const { profile } = mm.host;
  for (const vma of mm.vmas) vma.flags = (vma.flags & ~VM_SOFTDIRTY) >>> 0;
  const gather = profile.clearRefsFlush === "gather" ? new MmuGather(mm, true) : null;
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_SOFT_DIRTY,
    0,
    null,
    mm,
    0,
    ADDRESS_MAX,
    SITE.clear_refs_write,
  );
  yield* insideWindow(range, walkSoftDirty(mm));
  gather?.finish();
}

function* walkSoftDirty(mm: Mm): Operation {
  for (const vma of mm.vmas) {
    if ((vma.flags & VM_PFNMAP) !== 0) continue;
    yield* walk(
      vma,
      (cursor, table) => clearSoftDirtyPtes(vma, cursor, table),
      clearSoftDirtyPmd,
    );
  }
  if (mm.host.profile.clearRefsFlush !== "gather") mm.host.charge("tlb_shootdown");
}

/** Visits the tables and huge entries of a mapping; those of hugetlbfs are left alone. */
function* walk(
  vma: Vma,
  visit: (cursor: Cursor, table: PteTable) => void,
  visitHuge: (vma: Vma, cursor: Cursor) => void,
): Operation {
  if (vma.isHugetlb) return;
  const cursor = vma.mm.pageTable.cursor(vma.start, vma.end);
  while (cursor.next()) {
    if (cursor.table === null) visitHuge(vma, cursor);
    else visit(cursor, cursor.table);
    yield "ptl_dropped";
  }
}

/** fs/proc/task_mmu.c: clear_soft_dirty. Pinned private writable pages stay as they are (v5.11). */
function clearSoftDirtyPtes(vma: Vma, cursor: Cursor, table: PteTable): void {
  const { frames, profile } = vma.mm.host;
  const pins = profile.clearRefsSkipsPinned && vma.isCow &&
    (vma.mm.flags & MMF_HAS_PINNED) !== 0;
  const { flags, pfn } = table;
  for (let index = cursor.first; index < cursor.last; index++) {
    const old = flags[index];
    if ((old & PTE_PRESENT) !== 0) {
      if (pins && pinned(frames, old, pfn[index])) continue;
      flags[index] = old & ~(PTE_WRITE | PTE_SOFT_DIRTY);
    } else if ((old & PTE_SWAP) !== 0) {
      flags[index] = old & ~PTE_SOFT_DIRTY;
    }
  }
  vma.mm.host.charge("clear_refs_page", cursor.last - cursor.first);
}

function pinned(
  frames: { flags: Uint32Array; maybeDmaPinned(pfn: number): boolean },
  flags: number,
  pfn: number,
): boolean {
  if ((flags & PTE_WRITE) === 0 || (flags & PTE_SPECIAL) !== 0) return false;
  return (frames.flags[pfn] & PG_ANON) !== 0 && frames.maybeDmaPinned(pfn);
}

/** fs/proc/task_mmu.c: clear_refs_pte_range; the zero page is no page of the mapping. */
function clearYoung(vma: Vma, cursor: Cursor, table: PteTable): void {
  const { frames } = vma.mm.host;
  for (let index = cursor.first; index < cursor.last; index++) {
    const flags = table.flags[index];
    if ((flags & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) continue;
    table.flags[index] = flags & ~PTE_YOUNG;
    frames.flags[table.pfn[index]] &= ~PG_REFERENCED;
  }
}
