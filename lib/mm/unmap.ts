/**
 * Taking pages out of a page table, and freeing empty tables.
 *
 * From mm/memory.c: unmap_vmas, zap_page_range, free_pgtables.
 *
 * @module
 */

import {
  ADDRESS_MAX,
  alignDown,
  PAGE_SIZE,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  type Vaddr,
} from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, MMU_NOTIFY_UNMAP } from "../notifier/events.ts";
import { mmuNotifierRangeInit } from "../notifier/range.ts";
import { SITE } from "../notifier/sites.ts";
import { unlinkAnonVmas } from "./anon_vma.ts";
import { removeFrom } from "./address_space.ts";
import { truncateInodePages } from "./filemap.ts";
import type { Mm } from "./mm_struct.ts";
import { zapHugePmd } from "./huge_pmd.ts";
import { splitPartialHugePmd } from "./huge_split.ts";
import { hugetlbVmClose, unmapHugepageRange, widenToSharedTables } from "./hugetlb_range.ts";
import { MmuGather } from "./mmu_gather.ts";
import { PG_ANON, PG_DIRTY } from "./page_flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import {
  PTE_DEVICE_PRIVATE,
  PTE_DIRTY,
  PTE_MARKER,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_UFFD_WP,
} from "./pte.ts";
import { countMapped, pageRemoveRmap } from "./rmap.ts";
import { freeSwapAndCache } from "./swap_cache.ts";
import { VM_UFFD_WP, type Vma } from "./vma.ts";

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
  mmuNotifierInvalidateRangeStart(range);
  yield "window_open";
  for (const vma of vmas) {
    yield* unmapPageRange(gather, vma, Math.max(vma.start, start), Math.min(vma.end, end));
  }
  mmuNotifierInvalidateRangeEnd(range);
  yield "window_closed";
}

/** What a zap spares (include/linux/mm.h: struct zap_details). */
export interface ZapDetails {
  /** Whether private copies of file pages go, too. */
  readonly evenCows: boolean;
}

/** Everything goes, but what userfaultfd had protected leaves a marker. */
const ZAP_ALL: ZapDetails = { evenCows: true };

/**
 * Zaps a part of one mapping inside a CLEAR window; the mapping stays (mm/memory.c: zap_page_range,
 * zap_page_range_single).
 *
 * @param vma The mapping.
 * @param start First byte, within the mapping.
 * @param end First byte after.
 * @param details What is spared, when pages are taken out of the file behind the mapping.
 */
export function* zapPageRange(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  details: ZapDetails | null = null,
): Operation {
  const { mm } = vma;
  mm.host.lruBatches.drain();
  const gather = new MmuGather(mm);
  const site = details === null ? SITE.zap_page_range : SITE.zap_page_range_single;
  const [from, to] = vma.isHugetlb && mm.host.profile.zapWidensHugetlb
    ? widenToSharedTables(vma, start, end)
    : [start, end];
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, vma, mm, from, to, site);
  mmuNotifierInvalidateRangeStart(range);
  yield "window_open";
  const keepsMarkers = vma.file !== null && (vma.flags & VM_UFFD_WP) !== 0;
  yield* unmapPageRange(gather, vma, start, end, details ?? (keepsMarkers ? ZAP_ALL : null));
  mmuNotifierInvalidateRangeEnd(range);
  yield "window_closed";
  gather.finish();
}

/**
 * Removes the entries of a part of one mapping (mm/memory.c: unmap_page_range).
 *
 * @param gather Receives what is removed.
 * @param vma The mapping.
 * @param start First byte, within the mapping.
 * @param end First byte after.
 * @param details What is spared, when pages are taken out of the file behind the mapping.
 */
export function* unmapPageRange(
  gather: MmuGather,
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  details: ZapDetails | null = null,
): Operation {
  if (vma.isHugetlb) {
    yield* unmapHugepageRange(gather, vma, start, end);
    return;
  }
  const cursor = vma.mm.pageTable.cursor(start, end);
  while (cursor.next()) {
    if (cursor.table === null && (yield* splitPartialHugePmd(vma, cursor))) {
      zapHugePmd(gather, vma, cursor);
    }
    if (cursor.table === null) continue;
    zapPteRange(gather, vma, cursor, cursor.table, details);
    yield "ptl_dropped";
  }
}

/** Clears the entries at the cursor, flushing whenever the gather is full. */
function zapPteRange(
  gather: MmuGather,
  vma: Vma,
  cursor: Cursor,
  table: PteTable,
  details: ZapDetails | null,
): void {
  const { mm } = vma;
  const { frames, losesMapcount } = mm.host;
  const { mapcount, flags: pages } = frames;
  const { flags, pfn: pfns } = table;
  const lost = losesMapcount ? 0 : 1;
  const [present, special, anonymous] = [PTE_PRESENT, PTE_SPECIAL, PG_ANON];
  let anon = 0;
  let file = 0;
  let low = -1;
  let high = -1;
  let forceFlush = false;
  for (let index = cursor.first; index < cursor.last; index++) {
    const entry = flags[index];
    if (entry === 0) continue;
    const pfn = pfns[index];
    if (details !== null && isSpared(vma, details, entry, pfn)) continue;
    flags[index] = details === null ? 0 : markerFor(vma, entry);
    if ((entry & present) === 0) {
      zapNonpresent(vma, entry, pfn);
      continue;
    }
    if (low < 0) low = index;
    high = index;
    if ((entry & special) !== 0) continue;
    if ((pages[pfn] & anonymous) !== 0) {
      anon++;
    } else {
      file++;
      if ((entry & PTE_DIRTY) !== 0) {
        pages[pfn] |= PG_DIRTY;
        forceFlush = true;
      }
    }
    mapcount[pfn] -= lost;
    if (gather.removePage(pfn)) {
      gather.flushRange(cursor.base + low * PAGE_SIZE, (high - low + 1) * PAGE_SIZE);
      gather.flush();
      low = -1;
      forceFlush = false;
    }
  }
  if (low >= 0) {
    gather.flushRange(cursor.base + low * PAGE_SIZE, (high - low + 1) * PAGE_SIZE);
  }
  mm.anonPages -= anon;
  mm.filePages -= file;
  if (anon + file > 0) mm.host.charge("unmap_page", anon + file);
  if (forceFlush) gather.flush();
}

/** mm/memory.c: should_zap_page. Older kernels spare every entry that is not present (v5.18). */
function isSpared(vma: Vma, details: ZapDetails, flags: number, pfn: number): boolean {
  const { frames, profile } = vma.mm.host;
  if ((flags & PTE_MARKER) !== 0) return true;
  if ((flags & PTE_PRESENT) === 0) return !details.evenCows || profile.zapDetailsKeepSwap;
  return !details.evenCows && ((flags & PTE_SPECIAL) !== 0 || (frames.flags[pfn] & PG_ANON) !== 0);
}

/** What a zapped entry leaves in a file mapping (mm: pte_install_uffd_wp_if_needed). */
function markerFor(vma: Vma, flags: number): number {
  const kept = (flags & PTE_UFFD_WP) !== 0 && vma.file !== null;
  return kept ? PTE_MARKER | PTE_UFFD_WP : 0;
}

function zapNonpresent(vma: Vma, flags: number, slotOrPfn: number): void {
  const { mm } = vma;
  if ((flags & PTE_SWAP) !== 0) {
    mm.swapEntries--;
    freeSwapAndCache(mm.host, slotOrPfn);
  } else if ((flags & PTE_MIGRATION) !== 0) {
    countMapped(vma, slotOrPfn, -1);
  } else if ((flags & PTE_DEVICE_PRIVATE) !== 0) {
    pageRemoveRmap(vma, slotOrPfn);
    mm.host.frames.put(slotOrPfn);
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
export function freePgdRange(
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
