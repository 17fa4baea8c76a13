/**
 * khugepaged and MADV_COLLAPSE: making huge pages of small ones.
 *
 * From mm/khugepaged.c. A scan decides, without any window, whether a block is worth it
 * (hpage_collapse_scan_pmd and __collapse_huge_page_isolate ask nearly the same of every entry). The
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
  type Pfn,
  PMD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { changeInWindow, mmuNotifierTestYoung } from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { access } from "./access.ts";
import { collapseFileBlock } from "./collapse_file.ts";
import {
  PG_ANON,
  PG_HEAD,
  PG_LRU,
  PG_REFERENCED,
  PG_SWAPCACHE,
  PG_TAIL,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { Host } from "./host.ts";
import { mapNewHugePage } from "./huge_memory.ts";
import { totalMapcount } from "./huge_rmap.ts";
import type { Mm } from "./mm_struct.ts";
import { mmapReadLock, whileMmapLocked } from "./mmap_lock.ts";
import type { PmdTable, PteTable } from "./page_table.ts";
import { pageRemoveRmap } from "./rmap.ts";
import { freeSwapCache } from "./swap.ts";
import { hugepageVmaCheck } from "./thp.ts";
import { VM_UFFD_MISSING, VM_UFFD_WP, type Vma } from "./vma.ts";

/** What a scan finds (mm/khugepaged.c: enum scan_result). */
export type ScanResult =
  | "succeed"
  | "pmd_null"
  | "pmd_mapped"
  | "exceed_none_pte"
  | "exceed_swap_pte"
  | "exceed_shared_pte"
  | "pte_non_present"
  | "pte_uffd_wp"
  | "page_ro"
  | "lack_referenced_page"
  | "page_anon"
  | "page_compound"
  | "page_lru"
  | "page_count"
  | "alloc_huge_page_fail";

/** On whose behalf a collapse is made. */
export interface CollapseControl {
  /** khugepaged obeys its knobs and wants used pages; MADV_COLLAPSE does not. */
  readonly isKhugepaged: boolean;
}

/** The outcome of a scan. */
interface Scan {
  /** Whether to collapse, or why not. */
  readonly result: ScanResult;
  /** Entries whose page was used lately. */
  readonly referenced: number;
  /** Swapped entries. */
  readonly unmapped: number;
  /** Node that most pages are on. */
  readonly node: number;
}

/**
 * Looks at a block (mm/khugepaged.c: hpage_collapse_scan_pmd).
 *
 * @param vma The mapping.
 * @param base First byte of the block.
 * @param control On whose behalf.
 * @returns Whether to collapse it.
 */
function scanPmd(vma: Vma, base: Vaddr, control: CollapseControl): Scan {
  const pmd = vma.mm.pageTable.pmd(base);
  const slot = tableOf(base) & (HPAGE_PMD_NR - 1);
  if (pmd === null || pmd.isNone(slot)) return failed("pmd_null");
  const table = pmd.tables[slot];
  return table === null ? failed("pmd_mapped") : scanTable(vma, table, base, control, false);
}

/**
 * Looks at the entries of a table.
 *
 * @param vma The mapping.
 * @param table The table.
 * @param base First byte of the block.
 * @param control On whose behalf.
 * @param isolating Whether the collapse has begun: swapped entries are then too much.
 * @returns Whether to collapse the block.
 */
function scanTable(
  vma: Vma,
  table: PteTable,
  base: Vaddr,
  control: CollapseControl,
  isolating: boolean,
): Scan {
  const scanner = new Scanner(vma, control, isolating);
  for (let at = 0; at < HPAGE_PMD_NR; at++) {
    const result = scanner.entry(table.flags[at], table.pfn[at], base + at * PAGE_SIZE);
    if (result !== "succeed") return failed(result);
  }
  return scanner.finish();
}

function failed(result: ScanResult): Scan {
  return { result, referenced: 0, unmapped: 0, node: 0 };
}

/** Sums over the entries of one table. */
class Scanner {
  readonly #vma: Vma;
  readonly #control: CollapseControl;
  readonly #isolating: boolean;
  readonly #loads: number[];
  #noneOrZero = 0;
  #unmapped = 0;
  #shared = 0;
  #referenced = 0;
  #writable = false;

  constructor(vma: Vma, control: CollapseControl, isolating: boolean) {
    this.#vma = vma;
    this.#control = control;
    this.#isolating = isolating;
    this.#loads = vma.mm.host.frames.nodes.map(() => 0);
  }

  /** Judges one entry. */
  entry(flags: number, pfn: Pfn, addr: Vaddr): ScanResult {
    if (flags === 0 || (flags & PTE_SPECIAL) !== 0) return this.#none();
    if ((flags & PTE_PRESENT) === 0) return this.#nonpresent(flags);
    if ((flags & PTE_PROTNONE) !== 0) return "pte_non_present";
    if ((flags & PTE_UFFD_WP) !== 0) return "pte_uffd_wp";
    if ((flags & PTE_WRITE) !== 0) this.#writable = true;
    const page = this.#page(pfn);
    if (page !== "succeed") return page;
    if (this.#control.isKhugepaged && this.#young(flags, pfn, addr)) this.#referenced++;
    return "succeed";
  }

  /** Judges the sums. */
  finish(): Scan {
    const { isKhugepaged } = this.#control;
    const { collapseNeedsHalfYoung } = this.#vma.mm.host.profile;
    const cold = this.#unmapped > 0 && this.#referenced < HPAGE_PMD_NR / 2 &&
      !collapseNeedsHalfYoung;
    let result: ScanResult = "succeed";
    if (!this.#writable) result = "page_ro";
    else if (isKhugepaged && (this.#referenced === 0 || cold)) result = "lack_referenced_page";
    return {
      result,
      referenced: this.#referenced,
      unmapped: this.#unmapped,
      node: this.#loads.indexOf(Math.max(...this.#loads)),
    };
  }

  #none(): ScanResult {
    this.#noneOrZero++;
    const armed = (this.#vma.flags & (VM_UFFD_MISSING | VM_UFFD_WP)) !== 0;
    const { maxPtesNone } = this.#vma.mm.host.thp;
    const few = !this.#control.isKhugepaged || this.#noneOrZero <= maxPtesNone;
    return !armed && few ? "succeed" : "exceed_none_pte";
  }

  #nonpresent(flags: number): ScanResult {
    if (this.#isolating || (flags & PTE_SWAP) === 0) return "pte_non_present";
    this.#unmapped++;
    if (this.#control.isKhugepaged && this.#unmapped > this.#vma.mm.host.thp.maxPtesSwap) {
      return "exceed_swap_pte";
    }
    return (flags & PTE_UFFD_WP) !== 0 ? "pte_uffd_wp" : "succeed";
  }

  #page(pfn: Pfn): ScanResult {
    const { host } = this.#vma.mm;
    const { frames, profile, thp } = host;
    if (frames.mapcount[pfn] > 1) {
      this.#shared++;
      if (this.#control.isKhugepaged && this.#shared > thp.maxPtesShared) {
        return "exceed_shared_pte";
      }
    }
    const head = frames.head(pfn);
    this.#loads[frames.nodeOf(pfn)]++;
    if (!profile.collapseShared && (frames.flags[pfn] & (PG_HEAD | PG_TAIL)) !== 0) {
      return "page_compound";
    }
    if ((frames.flags[head] & PG_LRU) === 0) return "page_lru";
    if ((frames.flags[head] & PG_ANON) === 0) return "page_anon";
    return isRefcountSuitable(host, head) ? "succeed" : "page_count";
  }

  #young(flags: number, pfn: Pfn, addr: Vaddr): boolean {
    const { mm } = this.#vma;
    const { frames } = mm.host;
    if ((flags & PTE_YOUNG) !== 0) return true;
    if ((frames.flags[frames.head(pfn)] & PG_REFERENCED) !== 0) return true;
    return mmuNotifierTestYoung(mm, addr);
  }
}

/** All references are mappings' (v5.8), or there is one only (v5.2), the swap cache aside. */
function isRefcountSuitable(host: Host, head: Pfn): boolean {
  const { frames, profile } = host;
  const compound = (frames.flags[head] & PG_HEAD) !== 0;
  const cached = (frames.flags[head] & PG_SWAPCACHE) !== 0 ? (compound ? HPAGE_PMD_NR : 1) : 0;
  let mapped = 1;
  if (profile.collapseShared) {
    mapped = compound ? totalMapcount(frames, head) : frames.mapcount[head];
  }
  return frames.refcount[head] === mapped + cached;
}

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
  yield* mmapReadLock(mm);
  const scan = scanPmd(vma, base, control);
  if (scan.result !== "succeed") return scan.result;
  const head = host.frames.allocHuge(scan.node);
  if (head < 0) return "alloc_huge_page_fail";
  const swapped = yield* swapin(vma, base, scan.unmapped, scan.referenced);
  if (swapped !== "succeed") {
    host.frames.put(head);
    return swapped;
  }
  const result = yield* whileMmapLocked(mm, replaceTable(vma, base, control, head));
  if (result !== "succeed") host.frames.put(head);
  return result;
}

/** Puts a huge page in the place of a table of small ones, if these still allow it. */
function* replaceTable(
  vma: Vma,
  base: Vaddr,
  control: CollapseControl,
  head: number,
): Operation<ScanResult> {
  const { mm } = vma;
  const pmd = mm.pageTable.ensurePmd(base);
  const slot = tableOf(base) & (HPAGE_PMD_NR - 1);
  const table = pmd.tables[slot];
  if (table === null) return "pmd_null";
  yield* flushPmd(mm, pmd, slot, base);
  const isolated = scanTable(vma, table, base, control, true);
  if (isolated.result !== "succeed") {
    pmd.tables[slot] = table;
    return isolated.result;
  }
  copyPages(vma, table, head);
  mapNewHugePage(vma, pmd, slot, base, head);
  mm.host.vmstat.thp_collapse_alloc++;
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
