/**
 * Taking pages out of a page table.
 *
 * From mm/memory.c: zap_page_range, unmap_page_range, zap_pte_range.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { insideWindow } from "../notifier/dispatch.ts";
import type { Frames } from "./frames.ts";
import { zapHugePmd } from "./huge_pmd.ts";
import { splitPartialHugePmd } from "./huge_split.ts";
import { unmapHugepageRange, widenToSharedTables } from "./hugetlb_range.ts";
import { MmuGather } from "./mmu_gather.ts";
import {
  PG_ANON,
  PG_DIRTY,
  PTE_DEVICE_PRIVATE,
  PTE_DIRTY,
  PTE_MARKER,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_UFFD_WP,
} from "./flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { countMapped, pageRemoveRmap } from "./rmap.ts";
import { freeSwapAndCache } from "./swap.ts";
import { VM_UFFD_WP, type Vma } from "./vma.ts";

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
  const keepsMarkers = vma.file !== null && (vma.flags & VM_UFFD_WP) !== 0;
  const spares = details ?? (keepsMarkers ? ZAP_ALL : null);
  yield* insideWindow(range, unmapPageRange(gather, vma, start, end, spares));
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

/**
 * Clears the entries at the cursor, flushing whenever the gather is full: runs of anonymous pages at
 * once, the rest one by one.
 */
function zapPteRange(
  gather: MmuGather,
  vma: Vma,
  cursor: Cursor,
  table: PteTable,
  details: ZapDetails | null,
): void {
  const { mm } = vma;
  const { frames, losesMapcount } = mm.host;
  const lost = losesMapcount ? 0 : 1;
  const zapper = new PteZapper(gather, vma, table, details, lost);
  const { base, last } = cursor;
  for (let index = cursor.first; index < last; index++) {
    if (table.flags[index] === 0) continue;
    const limit = Math.min(last, index + gather.room);
    const end = details === null ? clearAnonRun(frames, table, index, limit, lost) : index;
    if (index === end) {
      zapper.zap(index, base + index * PAGE_SIZE);
      continue;
    }
    zapper.anon += end - index;
    gather.flushRange(base + index * PAGE_SIZE, (end - index) * PAGE_SIZE);
    if (gather.removePages(table.pfn, index, end)) zapper.flush();
    index = end - 1;
  }
  const { anon, file } = zapper;
  mm.anonPages -= anon;
  mm.filePages -= file;
  if (anon + file > 0) mm.host.charge("unmap_page", anon + file);
  if (zapper.mustFlush) gather.flush();
}

/** Clears single entries of a table, and counts what was cleared. */
class PteZapper {
  /** Anonymous pages cleared. */
  anon = 0;
  /** File pages cleared. */
  file = 0;
  /** Whether a dirty file page was cleared since the last flush. */
  mustFlush = false;
  readonly #gather: MmuGather;
  readonly #vma: Vma;
  readonly #table: PteTable;
  readonly #details: ZapDetails | null;
  readonly #lost: number;

  constructor(
    gather: MmuGather,
    vma: Vma,
    table: PteTable,
    details: ZapDetails | null,
    lost: number,
  ) {
    this.#gather = gather;
    this.#vma = vma;
    this.#table = table;
    this.#details = details;
    this.#lost = lost;
  }

  /** Clears one entry that is not empty, unless it is spared. */
  zap(index: number, addr: Vaddr): void {
    const { flags, pfn: pfns } = this.#table;
    const entry = flags[index];
    const pfn = pfns[index];
    if (this.#details !== null && isSpared(this.#vma, this.#details, entry, pfn)) return;
    flags[index] = this.#details === null ? 0 : markerFor(this.#vma, entry);
    if ((entry & PTE_PRESENT) === 0) {
      zapNonpresent(this.#vma, entry, pfn);
      return;
    }
    this.#gather.flushRange(addr);
    if ((entry & PTE_SPECIAL) !== 0) return;
    const { frames } = this.#vma.mm.host;
    if ((frames.flags[pfn] & PG_ANON) !== 0) {
      this.anon++;
    } else {
      this.file++;
      if ((entry & PTE_DIRTY) !== 0) {
        frames.flags[pfn] |= PG_DIRTY;
        this.mustFlush = true;
      }
    }
    frames.mapcount[pfn] -= this.#lost;
    if (this.#gather.removePage(pfn)) this.flush();
  }

  /** Flushes the gather. */
  flush(): void {
    this.#gather.flush();
    this.mustFlush = false;
  }
}

/** Clears a run of entries that map anonymous pages; returns the run's end. */
function clearAnonRun(
  { mapcount, flags: pages }: Frames,
  { flags, pfn: pfns }: PteTable,
  first: number,
  last: number,
  lost: number,
): number {
  const [mask, present, anon] = [PTE_PRESENT | PTE_SPECIAL, PTE_PRESENT, PG_ANON];
  let index = first;
  for (; index < last; index++) {
    if ((flags[index] & mask) !== present) break;
    const pfn = pfns[index];
    if ((pages[pfn] & anon) === 0) break;
    flags[index] = 0;
    mapcount[pfn] -= lost;
  }
  return index;
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
