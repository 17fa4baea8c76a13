/**
 * Collapsing small pages of a memory file into a huge page of its cache.
 *
 * From mm/khugepaged.c: collapse_file, retract_page_tables, collapse_pte_mapped_thp. Mapped pages
 * are unmapped one by one; then the page tables go whose entries they were, so that the next fault
 * maps the huge page. Before a fix (B-11) that last step told nobody.
 *
 * @module
 */

import {
  HPAGE_PMD_NR,
  PAGE_SIZE,
  type Pfn,
  PMD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { changeInWindow } from "../notifier/dispatch.ts";
import { type AddressSpace, deleteFromPageCache } from "./filemap.ts";
import type { CollapseControl, ScanResult } from "./khugepaged.ts";
import type { Host } from "./host.ts";
import { addHugeToPageCache } from "./huge_file.ts";
import { addHugeMapping } from "./huge_rmap.ts";
import { PG_DIRTY, PG_HEAD, PG_LRU, PG_TAIL, PTE_PRESENT, PTE_YOUNG } from "./flags.ts";
import type { PteTable } from "./page_table.ts";
import { pageRemoveRmap } from "./rmap.ts";
import { tryToUnmap } from "./rmap_walk.ts";
import { shmemSwapin } from "./shmem.ts";
import { unmapMappingRange } from "./truncate.ts";
import { VM_UFFD_WP, type Vma, vmPageProt } from "./vma.ts";

/**
 * Collapses one block of a memory file (mm/khugepaged.c: hpage_collapse_scan_file).
 *
 * @param vma The mapping on whose behalf; room for the block was checked.
 * @param base First byte of the block.
 * @param control On whose behalf; MADV_COLLAPSE also maps the huge page.
 * @returns "succeed", or why not.
 */
export function* collapseFileBlock(
  vma: Vma,
  base: Vaddr,
  control: CollapseControl,
): Operation<ScanResult> {
  const { host } = vma.mm;
  const file = vma.file!;
  const first = vma.indexOf(base);
  const head = file.cache.get(first) ?? -1;
  if (head >= 0 && (host.frames.flags[head] & PG_HEAD) !== 0) {
    return yield* collapsePteMapped(vma, base, head, control);
  }
  const scanned = scanFile(host, file, first, control);
  if (scanned !== "succeed") return scanned;
  const target = host.frames.allocHuge(vma.policy?.node);
  if (target < 0) return "alloc_huge_page_fail";
  const result = yield* unmapPages(host, file, first);
  if (result !== "succeed") {
    host.frames.put(target);
    return result;
  }
  replacePages(host, file, first, target);
  host.vmstat.thp_collapse_alloc++;
  return yield* retractPageTables(file, first, vma, base, target, control);
}

function scanFile(
  host: Host,
  file: AddressSpace,
  first: number,
  control: CollapseControl,
): ScanResult {
  const { frames, thp } = host;
  let present = 0;
  let swapped = 0;
  for (let index = first; index < first + HPAGE_PMD_NR; index++) {
    if (file.swapped.has(index)) swapped++;
    if (control.isKhugepaged && swapped > thp.maxPtesSwap) return "exceed_swap_pte";
    const pfn = file.cache.get(index);
    if (pfn === undefined) continue;
    if ((frames.flags[pfn] & (PG_HEAD | PG_TAIL)) !== 0) return "page_compound";
    if ((frames.flags[pfn] & PG_LRU) === 0) return "page_lru";
    if (frames.refcount[pfn] !== 1 + frames.mapcount[pfn]) return "page_count";
    present++;
  }
  const few = control.isKhugepaged && present < HPAGE_PMD_NR - thp.maxPtesNone;
  return few ? "exceed_none_pte" : "succeed";
}

/** Unmaps the pages until nobody has mapped one again meanwhile. */
function* unmapPages(host: Host, file: AddressSpace, first: number): Operation<ScanResult> {
  for (;;) {
    const result = yield* unmapEachPage(host, file, first);
    if (result !== "succeed" || !isMapped(host, file, first)) return result;
  }
}

function isMapped({ frames }: Host, file: AddressSpace, first: number): boolean {
  for (let index = first; index < first + HPAGE_PMD_NR; index++) {
    const pfn = file.cache.get(index);
    if (pfn !== undefined && frames.mapcount[pfn] > 0) return true;
  }
  return false;
}

/** Reads swapped pages back and unmaps mapped ones, page by page. */
function* unmapEachPage(host: Host, file: AddressSpace, first: number): Operation<ScanResult> {
  const { frames, profile } = host;
  for (let index = first; index < first + HPAGE_PMD_NR; index++) {
    if (file.swapped.has(index) && shmemSwapin(host, file, index, undefined) < 0) return "page_lru";
    const pfn = file.cache.get(index);
    if (pfn === undefined) continue;
    frames.get(pfn);
    if (frames.mapcount[pfn] > 0) {
      if (profile.collapseUnmapsByRmap) yield* tryToUnmap(host, pfn);
      else yield* unmapMappingRange(file, index, index + 1, false);
    }
    const alone = frames.refcount[pfn] === 2;
    frames.put(pfn);
    if (!alone) return "page_count";
  }
  return "succeed";
}

/** Copies the pages and puts the huge page into their place in the cache. */
function replacePages(host: Host, file: AddressSpace, first: number, target: Pfn): void {
  const { frames } = host;
  for (let at = 0; at < HPAGE_PMD_NR; at++) {
    const pfn = file.cache.get(first + at);
    if (pfn === undefined) continue;
    frames.content[target + at] = frames.content[pfn];
    deleteFromPageCache(host, file, first + at);
  }
  addHugeToPageCache(host, file, first, target);
  frames.flags[target] |= PG_DIRTY;
}

/** mm/khugepaged.c: retract_page_tables. MADV_COLLAPSE retracts only the caller's table. */
function* retractPageTables(
  file: AddressSpace,
  first: number,
  target: Vma,
  base: Vaddr,
  head: Pfn,
  control: CollapseControl,
): Operation<ScanResult> {
  let result: ScanResult = control.isKhugepaged ? "succeed" : "pmd_null";
  for (const vma of file.mappings.slice()) {
    const addr = vma.start + (first - vma.pgoff) * PAGE_SIZE;
    if (vma.anonVma !== null || addr < vma.start || addr % PMD_SIZE !== 0) continue;
    if (addr + PMD_SIZE > vma.end) continue;
    const isTarget = vma.mm === target.mm && addr === base;
    const table = vma.mm.pageTable.lookup(addr);
    if (table === null || (vma.flags & VM_UFFD_WP) !== 0) continue;
    if (!control.isKhugepaged && !isTarget) continue;
    const becomesHuge = !control.isKhugepaged && isTarget;
    yield* replaceTable(vma, addr, table, becomesHuge ? head : null);
    if (becomesHuge) result = "succeed";
  }
  return result;
}

/** A block whose small entries all map the huge page already (collapse_pte_mapped_thp). */
function* collapsePteMapped(
  vma: Vma,
  base: Vaddr,
  head: Pfn,
  control: CollapseControl,
): Operation<ScanResult> {
  const pmd = vma.mm.pageTable.pmd(base);
  const slot = tableOf(base) & (HPAGE_PMD_NR - 1);
  if (pmd !== null && pmd.hugeFlags[slot] !== 0) return "pmd_mapped";
  if ((vma.flags & VM_UFFD_WP) !== 0) return "pte_uffd_wp";
  const table = pmd?.tables[slot] ?? null;
  if (table !== null) {
    if (!mapsOnly(table, head)) return "page_compound";
    yield* replaceTable(vma, base, table, control.isKhugepaged ? null : head);
  } else if (!control.isKhugepaged) {
    setHugePmd(vma, base, head);
  }
  return "succeed";
}

function mapsOnly(table: PteTable, head: Pfn): boolean {
  return table.flags.every((flags, at) =>
    flags === 0 || ((flags & PTE_PRESENT) !== 0 && table.pfn[at] === head + at)
  );
}

function dropEntries(vma: Vma, table: PteTable): void {
  for (let at = 0; at < HPAGE_PMD_NR; at++) {
    if (table.flags[at] === 0) continue;
    table.flags[at] = 0;
    pageRemoveRmap(vma, table.pfn[at]);
    vma.mm.host.frames.put(table.pfn[at]);
  }
}

/**
 * Takes a page table away, with what it maps of the huge page, and may map the huge page in its place;
 * in a window since the fix (mm/khugepaged.c: collapse_and_free_pmd, set_huge_pmd).
 */
function* replaceTable(vma: Vma, addr: Vaddr, table: PteTable, head: Pfn | null): Operation {
  const { mm } = vma;
  const replace = () => {
    dropEntries(vma, table);
    mm.pageTable.ensurePmd(addr).tables[tableOf(addr) & (HPAGE_PMD_NR - 1)] = null;
    mm.host.charge("tlb_shootdown");
    if (head !== null) setHugePmd(vma, addr, head);
  };
  if (!mm.host.profile.retractNotifies) return replace();
  const site = SITE.collapse_and_free_pmd;
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, null, mm, addr, addr + PMD_SIZE, site);
  yield* changeInWindow(range, replace);
}

function setHugePmd(vma: Vma, addr: Vaddr, head: Pfn): void {
  const { mm } = vma;
  const pmd = mm.pageTable.ensurePmd(addr);
  const slot = tableOf(addr) & (HPAGE_PMD_NR - 1);
  mm.host.frames.get(head);
  addHugeMapping(mm.host.frames, head);
  mm.filePages += HPAGE_PMD_NR;
  pmd.hugeFlags[slot] = vmPageProt(vma) | PTE_YOUNG;
  pmd.hugePfn[slot] = head;
}
