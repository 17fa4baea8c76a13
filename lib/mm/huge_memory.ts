/**
 * Faults on huge entries of anonymous memory: demand, reuse and copy on write.
 *
 * From mm/huge_memory.c.
 *
 * @module
 */

import {
  alignDown,
  HPAGE_PMD_NR,
  type Pfn,
  PMD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  changeInWindow,
  mmuNotifierInvalidateRange,
  mmuNotifierInvalidateRangeOnlyEnd,
} from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { anonVmaPrepare, pageAddNewAnonRmap } from "./rmap.ts";
import { ZERO_PFN } from "./frames.ts";
import {
  pageAddNewAnonHugeRmap,
  pageMoveAnonHugeRmap,
  pageRemoveHugeRmap,
  totalMapcount,
} from "./huge_rmap.ts";
import { splitHugePmd } from "./huge_split.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import { MMF_UNSTABLE } from "./mm_struct.ts";
import {
  PG_ANON_EXCLUSIVE,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_MKDIRTY,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SPECIAL,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import { type PmdTable, PteTable } from "./page_table.ts";
import { hugepageVmaCheck, khugepagedEnterVma, transhugeVmaSuitable } from "./thp.ts";
import { VM_UFFD_MISSING, VM_WRITE, type Vma, vmPageProt } from "./vma.ts";

/**
 * Maps a huge page at an empty entry, where policy, room and memory allow.
 *
 * From mm/huge_memory.c: do_huge_pmd_anonymous_page. A write gets a zeroed huge page, a read the
 * huge zero page.
 *
 * @param vma The mapping; the access is allowed.
 * @param addr The address of the fault.
 * @param write Whether the access writes.
 * @returns FAULT.INSTALLED, FAULT.SIGBUS, or FAULT.TOUCHED if small pages must do.
 */
export function doHugePmdAnonymousPage(vma: Vma, addr: Vaddr, write: boolean): FaultOutcome {
  if (vma.file !== null || (vma.flags & VM_UFFD_MISSING) !== 0) return FAULT.TOUCHED;
  if (!hugepageVmaCheck(vma, vma.flags, { inFault: true, enforceSysfs: true })) {
    return FAULT.TOUCHED;
  }
  if (!transhugeVmaSuitable(vma, addr)) return FAULT.TOUCHED;
  const { mm } = vma;
  const { host } = mm;
  anonVmaPrepare(vma);
  khugepagedEnterVma(vma, vma.flags);
  if ((mm.flags & MMF_UNSTABLE) !== 0) return FAULT.SIGBUS;
  const pmd = mm.pageTable.ensurePmd(addr);
  const slot = tableOf(addr) & (HPAGE_PMD_NR - 1);
  if (!write && host.thp.useZeroPage) {
    setHugeZeroPage(vma, pmd, slot);
    return FAULT.INSTALLED;
  }
  const head = host.frames.allocHuge(vma.policy?.node);
  if (head < 0) return FAULT.TOUCHED;
  host.vmstat.thp_fault_alloc++;
  mapNewHugePage(vma, pmd, slot, alignDown(addr, PMD_SIZE), head);
  return FAULT.INSTALLED;
}

/**
 * Maps a new anonymous huge page, dirty and as writable as the mapping.
 *
 * From mm/huge_memory.c: __do_huge_pmd_anonymous_page.
 *
 * @param vma The mapping; it has an anon_vma.
 * @param pmd The PMD table.
 * @param slot Index of the entry, which is empty.
 * @param base First byte of the block.
 * @param head The page, with one reference that becomes the mapping's.
 */
export function mapNewHugePage(
  vma: Vma,
  pmd: PmdTable,
  slot: number,
  base: Vaddr,
  head: Pfn,
): void {
  pageAddNewAnonHugeRmap(vma, base, head);
  const write = (vma.flags & VM_WRITE) !== 0 ? PTE_WRITE : 0;
  pmd.hugeFlags[slot] = vmPageProt(vma) | PTE_YOUNG | PTE_MKDIRTY | write;
  pmd.hugePfn[slot] = head;
}

/**
 * Handles an access to a huge entry as far as that needs no window.
 *
 * From mm/memory.c: __handle_mm_fault, for entries that are there.
 *
 * @param vma The mapping; the access is allowed.
 * @param pmd The PMD table.
 * @param slot Index of the entry.
 * @param write Whether the access writes.
 * @returns FAULT.TOUCHED, FAULT.REUSED, or FAULT.NEEDS_SLOW.
 */
export function accessHugePmd(
  vma: Vma,
  pmd: PmdTable,
  slot: number,
  write: boolean,
): FaultOutcome {
  const flags = pmd.hugeFlags[slot];
  if ((flags & (PTE_PRESENT | PTE_PROTNONE)) !== PTE_PRESENT) return FAULT.NEEDS_SLOW;
  if (!write || (flags & PTE_WRITE) !== 0) {
    pmd.hugeFlags[slot] = flags | (write ? PTE_YOUNG | PTE_DIRTY : PTE_YOUNG);
    return FAULT.TOUCHED;
  }
  if (vma.file !== null || (flags & PTE_SPECIAL) !== 0) return FAULT.NEEDS_SLOW;
  if (!canReuseHuge(vma, pmd.hugePfn[slot])) return FAULT.NEEDS_SLOW;
  pmd.hugeFlags[slot] = flags | PTE_YOUNG | PTE_MKDIRTY | PTE_WRITE;
  vma.mm.host.vmstat.pgreuse++;
  return FAULT.REUSED;
}

/**
 * Handles a fault on a huge entry that {@linkcode accessHugePmd} left alone.
 *
 * From mm/huge_memory.c: do_huge_pmd_wp_page.
 *
 * @param vma The mapping; the access is allowed.
 * @param addr The address of the fault.
 * @returns What was done; after FAULT.TOUCHED the access is tried again.
 */
export function* handleHugeFault(vma: Vma, addr: Vaddr): Operation<FaultOutcome> {
  const { mm } = vma;
  const pmd = mm.pageTable.ensurePmd(addr);
  const slot = tableOf(addr) & (HPAGE_PMD_NR - 1);
  const flags = pmd.hugeFlags[slot];
  if ((flags & PTE_MIGRATION) !== 0) {
    yield "migration_wait";
    return FAULT.TOUCHED;
  }
  if (mm.host.profile.thpCow === "copy" && vma.file === null) {
    return yield* copyHugePage(vma, alignDown(addr, PMD_SIZE), pmd, slot);
  }
  yield* splitHugePmd(vma, addr);
  return FAULT.TOUCHED;
}

/** v5.2: copies to a new huge page, or else to 512 small pages; two sites, one window each. */
function* copyHugePage(
  vma: Vma,
  base: Vaddr,
  pmd: PmdTable,
  slot: number,
): Operation<FaultOutcome> {
  const { frames, vmstat } = vma.mm.host;
  const allowed = hugepageVmaCheck(vma, vma.flags, { inFault: true, enforceSysfs: true });
  const head = allowed ? frames.allocHuge(vma.policy?.node) : -1;
  const zero = (pmd.hugeFlags[slot] & PTE_SPECIAL) !== 0;
  const copies = head < 0 && !zero ? allocSmallPages(vma) : null;
  if (head < 0 && copies === null) {
    yield* splitHugePmd(vma, base);
    return FAULT.TOUCHED;
  }
  const old = pmd.hugePfn[slot];
  const site = copies === null ? SITE.do_huge_pmd_wp_page : SITE.do_huge_pmd_wp_page_fallback;
  const end = base + PMD_SIZE;
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, vma, vma.mm, base, end, site);
  const replace = () => {
    pmd.hugeFlags[slot] = 0;
    mmuNotifierInvalidateRange(vma.mm, base, base + PMD_SIZE);
    if (copies === null) {
      vmstat.thp_fault_alloc++;
      if (!zero) frames.content.copyWithin(head, old, old + HPAGE_PMD_NR);
      mapNewHugePage(vma, pmd, slot, base, head);
    } else {
      pmd.tables[slot] = mapSmallCopies(vma, base, old, copies);
    }
    if (zero) return;
    pageRemoveHugeRmap(vma, old);
    frames.put(old);
  };
  yield* changeInWindow(range, replace, mmuNotifierInvalidateRangeOnlyEnd);
  return FAULT.COPIED;
}

/** Allocates 512 small pages, or none. */
function allocSmallPages(vma: Vma): Pfn[] | null {
  const { frames } = vma.mm.host;
  const pages: Pfn[] = [];
  for (let at = 0; at < HPAGE_PMD_NR; at++) {
    const pfn = frames.alloc(vma.policy?.node);
    if (pfn < 0) {
      for (const page of pages) frames.put(page);
      return null;
    }
    pages.push(pfn);
  }
  return pages;
}

/** mm/huge_memory.c: do_huge_pmd_wp_page_fallback. */
function mapSmallCopies(vma: Vma, base: Vaddr, old: Pfn, copies: readonly Pfn[]): PteTable {
  const { frames } = vma.mm.host;
  const table = new PteTable();
  const write = (vma.flags & VM_WRITE) !== 0 ? PTE_WRITE : 0;
  copies.forEach((pfn, at) => {
    frames.content[pfn] = frames.content[old + at];
    pageAddNewAnonRmap(vma, base + at * (PMD_SIZE / HPAGE_PMD_NR), pfn);
    table.pfn[at] = pfn;
    table.flags[at] = vmPageProt(vma) | PTE_YOUNG | PTE_MKDIRTY | write;
  });
  return table;
}

/** Reads of untouched memory share one huge page of zeros, which no entry accounts. */
function setHugeZeroPage(vma: Vma, pmd: PmdTable, slot: number): void {
  pmd.hugeFlags[slot] = vmPageProt(vma) | PTE_SPECIAL | PTE_YOUNG;
  pmd.hugePfn[slot] = ZERO_PFN;
}

/** v6.1: exclusive, or one reference in all; v5.x: one mapping in all. */
function canReuseHuge(vma: Vma, head: Pfn): boolean {
  const { frames, profile } = vma.mm.host;
  if (profile.cowReuse === "exclusive") {
    if ((frames.flags[head] & PG_ANON_EXCLUSIVE) !== 0) return true;
    if (frames.refcount[head] !== 1) return false;
  } else if (totalMapcount(frames, head) > 1) {
    return false;
  }
  pageMoveAnonHugeRmap(vma, head);
  return true;
}
