/**
 * Merging one page into a KSM page, and breaking it out again.
 *
 * From mm/ksm.c. A merge opens up to three windows: write_protect_page on each page and
 * replace_page on the one that is replaced. They are the sites of USE_CHANGE_PTE.
 *
 * @module
 */

import { indexInTable, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { changeInWindow, mmuNotifierChangePte } from "../notifier/dispatch.ts";
import {
  MMU_NOTIFIER_USE_CHANGE_PTE,
  MMU_NOTIFY_CLEAR,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
  SITE,
} from "../notifier/range.ts";
import { ZERO_PFN } from "./frames.ts";
import { splitHugePage } from "./huge_split.ts";
import type { RmapItem } from "./ksm_state.ts";
import { wpPageCopy } from "./memory.ts";
import type { Mm } from "./mm_struct.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_HEAD,
  PG_KSM,
  PG_REFERENCED,
  PG_SWAPCACHE,
  PG_TAIL,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SPECIAL,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { PteTable } from "./page_table.ts";
import { pageRemoveRmap } from "./rmap.ts";
import { tryToFreeSwap } from "./swap.ts";
import { VM_MERGEABLE, type Vma, vmPageProt } from "./vma.ts";

/**
 * Finds the mergeable mapping of an address (mm/ksm.c: find_mergeable_vma).
 *
 * @param mm The address space.
 * @param addr The page.
 * @returns The mapping, or null.
 */
export function findMergeableVma(mm: Mm, addr: Vaddr): Vma | null {
  if (!mm.alive) return null;
  const vma = mm.vmaAt(addr);
  if (vma === undefined || (vma.flags & VM_MERGEABLE) === 0 || vma.anonVma === null) return null;
  return vma;
}

/**
 * Finds the anonymous frame mapped at an address (mm/gup.c: follow_page).
 *
 * From v6.1 on it does not find pages whose entry grants no access, so that ksmd neither merges nor
 * breaks them.
 *
 * @param mm The address space.
 * @param addr The page.
 * @returns The frame, or -1.
 */
export function followAnonPage(mm: Mm, addr: Vaddr): Pfn {
  const flags = mm.pageTable.flagsAt(addr);
  if ((flags & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) return -1;
  if ((flags & PTE_PROTNONE) !== 0 && !mm.host.profile.followPageFollowsProtnone) return -1;
  const pfn = mm.pageTable.pfnAt(addr);
  return (mm.host.frames.flags[pfn] & PG_ANON) !== 0 ? pfn : -1;
}

/**
 * Merges a page into a KSM page, or makes it one (mm/ksm.c: try_to_merge_one_page).
 *
 * ksmd holds one reference on `pfn` meanwhile.
 *
 * @param vma The mapping.
 * @param addr The page.
 * @param pfn Its frame.
 * @param kpfn The KSM page or the zero page; null to make `pfn` the KSM page.
 * @returns 0, or -EFAULT if the page cannot be merged.
 */
export function* tryToMergeOnePage(
  vma: Vma,
  addr: Vaddr,
  pfn: Pfn,
  kpfn: Pfn | null,
): Operation<number> {
  if (pfn === kpfn) return 0;
  const { host } = vma.mm;
  const { frames } = host;
  if ((frames.flags[pfn] & (PG_HEAD | PG_TAIL)) !== 0) {
    if ((yield* splitHugePage(host, pfn)) !== 0) return -ERRNO.EFAULT;
  }
  const protectedFlags = yield* writeProtectPage(vma, addr, pfn);
  if (protectedFlags < 0) return -ERRNO.EFAULT;
  if (kpfn === null) {
    const flags = frames.flags[pfn] & ~PG_ANON_EXCLUSIVE;
    frames.flags[pfn] = flags | PG_KSM | PG_DIRTY | PG_REFERENCED;
    return 0;
  }
  if (frames.content[pfn] !== frames.content[kpfn]) return -ERRNO.EFAULT;
  return yield* replacePage(vma, addr, pfn, kpfn, protectedFlags);
}

/**
 * Breaks a page out of KSM by a forced write fault, which copies it (mm/ksm.c: break_ksm).
 *
 * Where userfaultfd protects the page against writes, that fault fails and the page stays shared
 * (until v6.2).
 *
 * @param vma The mapping.
 * @param addr The page.
 */
export function* breakKsm(vma: Vma, addr: Vaddr): Operation {
  const pfn = followAnonPage(vma.mm, addr);
  if (pfn < 0 || (vma.mm.host.frames.flags[pfn] & PG_KSM) === 0) return;
  if ((vma.mm.pageTable.flagsAt(addr) & PTE_UFFD_WP) !== 0) return;
  yield* wpPageCopy(vma, addr);
}

/**
 * Breaks the page of an item out of KSM (mm/ksm.c: break_cow).
 *
 * @param item The item.
 */
export function* breakCow(item: RmapItem): Operation {
  item.anonVma = null;
  const vma = findMergeableVma(item.mm, item.address);
  if (vma !== null) yield* breakKsm(vma, item.address);
}

/** Returns the entry's flags afterwards, or -1 if the page is in other hands. */
function* writeProtectPage(vma: Vma, addr: Vaddr, pfn: Pfn): Operation<number> {
  const { mm } = vma;
  const range = openWindow(vma, addr, SITE.write_protect_page);
  const result = yield* changeInWindow(range, () => protectPte(vma, addr, pfn));
  if (result >= 0) mm.host.charge("tlb_shootdown");
  return result;
}

function protectPte(vma: Vma, addr: Vaddr, pfn: Pfn): number {
  const { mm } = vma;
  const { frames, profile } = mm.host;
  const table = mappedTable(mm, addr, pfn);
  if (table === null) return -1;
  const index = indexInTable(addr);
  const old = table.flags[index];
  const exclusive = profile.cowReuse === "exclusive" &&
    (frames.flags[pfn] & PG_ANON_EXCLUSIVE) !== 0;
  if ((old & (PTE_WRITE | PTE_DIRTY)) === 0 && !exclusive) return old;
  table.flags[index] = 0;
  const cached = (frames.flags[pfn] & PG_SWAPCACHE) !== 0 ? 1 : 0;
  if (frames.mapcount[pfn] + 1 + cached !== frames.refcount[pfn]) {
    table.flags[index] = old;
    return -1;
  }
  if ((old & PTE_DIRTY) !== 0) frames.flags[pfn] |= PG_DIRTY;
  frames.flags[pfn] &= ~PG_ANON_EXCLUSIVE;
  mmuNotifierChangePte(mm, addr, { pfn, writable: false });
  table.flags[index] = old & ~(PTE_WRITE | PTE_DIRTY);
  return table.flags[index];
}

/** Maps the KSM page (or the zero page) instead of an equal page. */
function* replacePage(
  vma: Vma,
  addr: Vaddr,
  pfn: Pfn,
  kpfn: Pfn,
  expected: number,
): Operation<number> {
  const range = openWindow(vma, addr, SITE.replace_page);
  return yield* changeInWindow(range, () => {
    const table = mappedTable(vma.mm, addr, pfn);
    if (table === null || table.flags[indexInTable(addr)] !== expected) return -ERRNO.EFAULT;
    replacePte(vma, addr, table, pfn, kpfn);
    return 0;
  });
}

function replacePte(vma: Vma, addr: Vaddr, table: PteTable, pfn: Pfn, kpfn: Pfn): void {
  const { mm } = vma;
  const { host } = mm;
  const { frames } = host;
  const index = indexInTable(addr);
  const zero = kpfn === ZERO_PFN;
  if (!zero) {
    frames.get(kpfn);
    frames.mapcount[kpfn]++;
    mm.anonPages++;
  }
  table.flags[index] = 0;
  host.charge("tlb_shootdown");
  mmuNotifierChangePte(mm, addr, { pfn: kpfn, writable: false });
  table.flags[index] = vmPageProt(vma) | PTE_YOUNG | (zero ? PTE_SPECIAL : 0);
  table.pfn[index] = kpfn;
  pageRemoveRmap(vma, pfn);
  if (frames.mapcount[pfn] === 0) tryToFreeSwap(host, pfn);
  frames.put(pfn);
  host.charge("ksm_merge_page");
}

function openWindow(vma: Vma, addr: Vaddr, site: number): MmuNotifierRange {
  return mmuNotifierRangeInit(
    MMU_NOTIFY_CLEAR,
    MMU_NOTIFIER_USE_CHANGE_PTE,
    vma,
    vma.mm,
    addr,
    addr + PAGE_SIZE,
    site,
  );
}

function mappedTable(mm: Mm, addr: Vaddr, pfn: Pfn): PteTable | null {
  const table = mm.pageTable.lookup(addr);
  const index = indexInTable(addr);
  const mapped = table !== null && (table.flags[index] & PTE_PRESENT) !== 0 &&
    table.pfn[index] === pfn;
  return mapped ? table : null;
}
