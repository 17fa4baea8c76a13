/**
 * khugepaged and MADV_COLLAPSE: making huge pages of small ones.
 *
 * From mm/khugepaged.c. A scan decides, without any window, whether a block is worth it; the
 * collapse then takes the whole table away inside one CLEAR window over the 2 MiB, whose range names
 * no vma, copies the pages and maps the huge page.
 *
 * @module
 */

import {
  alignDown,
  alignUp,
  HPAGE_PMD_NR,
  PAGE_SIZE,
  PMD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_CLEAR } from "../notifier/events.ts";
import { mmuNotifierRangeInit } from "../notifier/range.ts";
import { SITE } from "../notifier/sites.ts";
import { changeInWindow } from "../notifier/window.ts";
import { access } from "./access.ts";
import { collapseFileBlock } from "./collapse_file.ts";
import { type CollapseControl, scanPmd, type ScanResult, scanTable } from "./collapse_scan.ts";
import type { Host } from "./host.ts";
import { mapNewHugePage } from "./huge_memory.ts";
import type { Mm } from "./mm_struct.ts";
import type { PmdTable, PteTable } from "./page_table.ts";
import { PTE_PRESENT, PTE_SPECIAL, PTE_SWAP } from "./pte.ts";
import { pageRemoveRmap } from "./rmap.ts";
import { freeSwapCache } from "./swap_cache.ts";
import { hugepageVmaCheck } from "./thp.ts";
import type { Vma } from "./vma.ts";

/**
 * Collapses the whole blocks of a range at once (mm/khugepaged.c: madvise_collapse).
 *
 * @param vma The mapping.
 * @param start First byte.
 * @param end First byte after.
 * @returns 0 if every block is huge now, else the error of the last one that is not.
 */
export function* madviseCollapse(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
  if (!vma.mm.host.profile.madviseCollapse) return -ERRNO.EINVAL;
  if (!hugepageVmaCheck(vma, vma.flags, { inFault: false, enforceSysfs: false })) {
    return -ERRNO.EINVAL;
  }
  let failure: ScanResult = "succeed";
  const control: CollapseControl = { isKhugepaged: false };
  const to = alignDown(end, PMD_SIZE);
  for (let base = alignUp(start, PMD_SIZE); base < to; base += PMD_SIZE) {
    const result = yield* collapseBlock(vma, base, control);
    if (result === "succeed" || result === "pmd_mapped") continue;
    failure = result;
    if (!CONTINUES.has(result)) break;
  }
  return failure === "succeed" ? 0 : collapseErrno(failure);
}

/**
 * Runs one round of khugepaged over all registered address spaces (mm/khugepaged.c:
 * khugepaged_scan_mm_slot).
 *
 * @param host The machine.
 */
export function* khugepagedFullScan(host: Host): Operation {
  for (const mm of host.thp.slots.slice()) {
    if (mm.alive) yield* scanMm(mm);
  }
  host.thp.full_scans++;
}

function* scanMm(mm: Mm): Operation {
  const { thp } = mm.host;
  const control: CollapseControl = { isKhugepaged: true };
  for (const vma of mm.vmas.slice()) {
    if (!hugepageVmaCheck(vma, vma.flags, { inFault: false, enforceSysfs: true })) continue;
    const end = alignDown(vma.end, PMD_SIZE);
    for (let base = alignUp(vma.start, PMD_SIZE); base < end; base += PMD_SIZE) {
      const result = yield* collapseBlock(vma, base, control);
      if (result === "succeed") thp.pages_collapsed++;
      yield "daemon_step";
    }
  }
}

/** Failures after which MADV_COLLAPSE goes on with the next block. */
const CONTINUES: ReadonlySet<ScanResult> = new Set<ScanResult>([
  "pmd_null",
  "pte_non_present",
  "pte_uffd_wp",
  "page_ro",
  "lack_referenced_page",
  "page_count",
  "page_lru",
]);

/** mm/khugepaged.c: madvise_collapse_errno. */
function collapseErrno(result: ScanResult): number {
  if (result === "alloc_huge_page_fail") return -ERRNO.ENOMEM;
  if (result === "page_count" || result === "page_lru") return -ERRNO.EAGAIN;
  return -ERRNO.EINVAL;
}

/** mm/khugepaged.c: hpage_collapse_scan_pmd, collapse_huge_page. */
function* collapseBlock(
  vma: Vma,
  base: Vaddr,
  control: CollapseControl,
): Operation<ScanResult> {
  if (vma.file !== null) return yield* collapseFileBlock(vma, base, control);
  const { mm } = vma;
  const { host } = mm;
  const scan = scanPmd(vma, base, control);
  if (scan.result !== "succeed") return scan.result;
  const head = host.frames.allocHuge(scan.node);
  if (head < 0) return "alloc_huge_page_fail";
  const swapped = yield* swapin(vma, base, scan.unmapped, scan.referenced);
  if (swapped !== "succeed") {
    host.frames.put(head);
    return swapped;
  }
  const pmd = mm.pageTable.ensurePmd(base);
  const slot = tableOf(base) & (HPAGE_PMD_NR - 1);
  const table = pmd.tables[slot];
  if (table === null) {
    host.frames.put(head);
    return "pmd_null";
  }
  yield* flushPmd(mm, pmd, slot, base);
  const isolated = scanTable(vma, table, base, control, true);
  if (isolated.result !== "succeed") {
    pmd.tables[slot] = table;
    host.frames.put(head);
    return isolated.result;
  }
  copyPages(vma, table, head);
  mapNewHugePage(vma, pmd, slot, base, head);
  host.vmstat.thp_collapse_alloc++;
  return "succeed";
}

/** Takes the table away inside the window, which closes before a page is looked at again. */
function* flushPmd(mm: Mm, pmd: PmdTable, slot: number, base: Vaddr): Operation {
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_CLEAR,
    0,
    null,
    mm,
    base,
    base + PMD_SIZE,
    SITE.collapse_huge_page,
  );
  yield* changeInWindow(range, () => {
    pmd.tables[slot] = null;
    mm.host.charge("tlb_shootdown");
  });
}

/**
 * Reads swapped entries back (mm/khugepaged.c: __collapse_huge_page_swapin). v5.x goes through here
 * without swap too, and gives up where fewer than half of the entries were used.
 */
function* swapin(
  vma: Vma,
  base: Vaddr,
  unmapped: number,
  referenced: number,
): Operation<ScanResult> {
  const { mm } = vma;
  if (mm.host.profile.collapseNeedsHalfYoung && referenced < HPAGE_PMD_NR / 2) {
    return "lack_referenced_page";
  }
  if (unmapped === 0) return "succeed";
  for (let addr = base; addr < base + PMD_SIZE; addr += PAGE_SIZE) {
    if ((mm.pageTable.flagsAt(addr) & PTE_SWAP) === 0) continue;
    const { failure } = yield* access(mm, addr, addr + PAGE_SIZE, null);
    if (failure !== 0) return "pte_non_present";
  }
  return "succeed";
}

/** Copies what is there, clears what is not, and drops the small pages. */
function copyPages(vma: Vma, table: PteTable, head: number): void {
  const { host } = vma.mm;
  const { frames } = host;
  for (let at = 0; at < HPAGE_PMD_NR; at++) {
    const flags = table.flags[at];
    if ((flags & PTE_PRESENT) === 0 || (flags & PTE_SPECIAL) !== 0) {
      frames.content[head + at] = 0;
      continue;
    }
    const pfn = table.pfn[at];
    frames.content[head + at] = frames.content[pfn];
    pageRemoveRmap(vma, pfn);
    freeSwapCache(host, pfn);
    frames.put(pfn);
  }
}
