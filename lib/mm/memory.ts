/**
 * Page faults on anonymous memory: demand zero, copy on write and reuse.
 *
 * From mm/memory.c. A fault that needs no notifier window is one plain call; one that needs a
 * window is an {@linkcode Operation} that can be interrupted while the window is open.
 *
 * @module
 */

import { indexInTable, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  changeInWindow,
  mmuNotifierChangePte,
  mmuNotifierInvalidateRange,
  mmuNotifierInvalidateRangeOnlyEnd,
} from "../notifier/dispatch.ts";
import {
  MMU_NOTIFIER_USE_CHANGE_PTE,
  MMU_NOTIFY_CLEAR,
  mmuNotifierRangeInit,
  SITE,
} from "../notifier/range.ts";
import {
  anonVmaPrepare,
  newAnonFlags,
  pageAddNewAnonRmap,
  pageMoveAnonRmap,
  pageRemoveRmap,
} from "./rmap.ts";
import { ZERO_PFN } from "./frames.ts";
import { MMF_UNSTABLE } from "./mm_struct.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_FLAGS_MASK,
  PG_HEAD,
  PG_INDEX_SHIFT,
  PG_KSM,
  PG_SWAPCACHE,
  PG_TAIL,
  PTE_DIRTY,
  PTE_MKDIRTY,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SPECIAL,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { PteTable } from "./page_table.ts";
import { swapSlotOf, tryToFreeSwap } from "./swap.ts";
import {
  VM_ACCESS_FLAGS,
  VM_SHARED,
  VM_UFFD_MISSING,
  VM_WRITE,
  type Vma,
  vmPageProt,
} from "./vma.ts";

/** Outcome of one fault. */
export const FAULT = {
  /** A zeroed page (or the zero page) was installed. */
  INSTALLED: 1,
  /** The entry was made writable again. */
  REUSED: 2,
  /** A page was copied without anybody to notify. */
  COPIED: 3,
  /** Only the accessed or dirty bits changed. */
  TOUCHED: 4,
  /** Nothing was done: the page must be copied inside a notifier window. */
  NEEDS_WINDOW: 5,
  /** Nothing was done: the entry needs a path of its own (swap, file, huge page). */
  NEEDS_SLOW: 6,
  /** No such access: the process gets SIGSEGV. */
  SIGSEGV: -1,
  /** Nothing behind the mapping: the process gets SIGBUS. */
  SIGBUS: -2,
  /** No memory. */
  OOM: -3,
} as const;

/** One of {@linkcode FAULT}. */
export type FaultOutcome = typeof FAULT[keyof typeof FAULT];

/**
 * Checks that a mapping grants an access (arch/x86/mm/fault.c: access_error).
 *
 * @param vma The mapping, if any.
 * @param write Whether the access writes.
 * @returns True if the access is an error.
 */
export function accessError(vma: Vma | undefined, write: boolean): boolean {
  if (vma === undefined) return true;
  return (vma.flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)) === 0;
}

/**
 * Handles a fault on one entry of anonymous memory as far as that needs no window.
 *
 * @param vma The mapping; the access is allowed.
 * @param table The last-level table.
 * @param index Index of the entry.
 * @param addr The page.
 * @param write Whether the access writes.
 * @returns What was done, or what has to be done.
 */
export function handlePteFault(
  vma: Vma,
  table: PteTable,
  index: number,
  addr: Vaddr,
  write: boolean,
): FaultOutcome {
  const flags = table.flags[index];
  if (flags === 0) {
    if (vma.file !== null || (vma.flags & VM_UFFD_MISSING) !== 0) return FAULT.NEEDS_SLOW;
    return doAnonymousPage(vma, table, index, addr, write);
  }
  if ((flags & (PTE_PRESENT | PTE_PROTNONE)) !== PTE_PRESENT) return FAULT.NEEDS_SLOW;
  if (!write) {
    table.flags[index] = flags | PTE_YOUNG;
    return FAULT.TOUCHED;
  }
  if ((flags & PTE_WRITE) !== 0) {
    table.flags[index] = flags | PTE_YOUNG | PTE_DIRTY;
    return FAULT.TOUCHED;
  }
  return doWpPage(vma, table, index, addr);
}

/**
 * Copies a page for a write, inside a window if somebody listens (mm/memory.c: wp_page_copy).
 *
 * The new page is made before the window opens. Inside it the entry is checked again, cleared and
 * flushed (invalidate_range), announced (change_pte) and set, in that order.
 *
 * @param vma The mapping.
 * @param addr The page.
 * @returns FAULT.COPIED, also where another CPU changed the entry first; or FAULT.OOM.
 */
export function* wpPageCopy(vma: Vma, addr: Vaddr): Operation<FaultOutcome> {
  const { mm } = vma;
  const index = indexInTable(addr);
  const before = mm.pageTable.lookup(addr)!;
  const old = { flags: before.flags[index], pfn: before.pfn[index] };
  const copy = copyPage(vma, old.pfn);
  if (copy < 0) return FAULT.OOM;
  if (mm.notifiers === null) {
    commitCopy(vma, before, index, addr, copy);
    return FAULT.COPIED;
  }
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_CLEAR,
    MMU_NOTIFIER_USE_CHANGE_PTE,
    vma,
    mm,
    addr,
    addr + PAGE_SIZE,
    SITE.wp_page_copy,
  );
  const commit = () => {
    const table = mm.pageTable.lookup(addr);
    if (table !== null && table.flags[index] === old.flags && table.pfn[index] === old.pfn) {
      commitCopy(vma, table, index, addr, copy);
    } else {
      mm.host.frames.put(copy);
    }
  };
  yield* changeInWindow(range, commit, mmuNotifierInvalidateRangeOnlyEnd);
  return FAULT.COPIED;
}

/** Demand zero: the zero page for a read, a new page for a write (mm: do_anonymous_page). */
function doAnonymousPage(
  vma: Vma,
  table: PteTable,
  index: number,
  addr: Vaddr,
  write: boolean,
): FaultOutcome {
  if ((vma.mm.flags & MMF_UNSTABLE) !== 0) return FAULT.SIGBUS;
  if (!write) {
    table.flags[index] = vmPageProt(vma) | PTE_SPECIAL | PTE_YOUNG;
    table.pfn[index] = ZERO_PFN;
    return FAULT.INSTALLED;
  }
  if (vma.anonVma === null) anonVmaPrepare(vma);
  const pfn = vma.mm.host.frames.alloc(vma.policy?.node);
  if (pfn < 0) return FAULT.OOM;
  pageAddNewAnonRmap(vma, addr, pfn);
  table.flags[index] = vmPageProt(vma) | PTE_YOUNG | PTE_MKDIRTY | PTE_WRITE;
  table.pfn[index] = pfn;
  return FAULT.INSTALLED;
}

/**
 * Installs new pages for writes into consecutive empty entries: {@linkcode handlePteFault} for a run.
 *
 * @param vma The mapping, of private anonymous memory; writing is allowed.
 * @param table The last-level table.
 * @param first Index of the first entry.
 * @param last Index after the last entry wanted.
 * @param addr The page of the first entry.
 * @returns Entries filled; the run ends at one that is not empty, and when memory is out.
 */
export function doAnonymousPages(
  vma: Vma,
  table: PteTable,
  first: number,
  last: number,
  addr: Vaddr,
): number {
  const { mm } = vma;
  if ((mm.flags & MMF_UNSTABLE) !== 0) return 0;
  if (vma.anonVma === null) anonVmaPrepare(vma);
  const { frames } = mm.host;
  const { flags, pfn: pfns } = table;
  const entry = vmPageProt(vma) | PTE_YOUNG | PTE_MKDIRTY | PTE_WRITE;
  const start = vma.indexOf(addr);
  const high = Math.floor(start / 2 ** 32);
  const low = start - high * 2 ** 32;
  const end = Math.min(last, first + (2 ** 32 - low));
  const pageFlags = newAnonFlags(vma) | (high << PG_INDEX_SHIFT);
  const mapping = vma.anonVma!.id;
  const node = vma.policy?.node;
  let index = first;
  for (; index < end && flags[index] === 0; index++) {
    const pfn = frames.alloc(node);
    if (pfn < 0) break;
    frames.flags[pfn] = pageFlags;
    frames.mapping[pfn] = mapping;
    frames.index[pfn] = low + (index - first);
    frames.mapcount[pfn] = 1;
    flags[index] = entry;
    pfns[index] = pfn;
  }
  mm.anonPages += index - first;
  mm.host.lruBatches.addNew(pfns, first, index);
  return index - first;
}

/**
 * Copies for writes to consecutive entries whose pages others map too, where nobody listens:
 * {@linkcode handlePteFault} for a run.
 *
 * @param vma The mapping, private and without a notifier chain; writing is allowed.
 * @param table The last-level table.
 * @param first Index of the first entry.
 * @param last Index after the last entry wanted.
 * @param addr The page of the first entry.
 * @returns Pages copied; the run ends where a page may be reused or needs a closer look.
 */
export function copySharedPages(
  vma: Vma,
  table: PteTable,
  first: number,
  last: number,
  addr: Vaddr,
): number {
  const { host } = vma.mm;
  const { frames } = host;
  const { refcount, mapcount, content } = frames;
  if (vma.anonVma === null) return 0;
  const entry = vmPageProt(vma) | PTE_YOUNG | PTE_MKDIRTY | PTE_WRITE;
  const lost = host.losesMapcount ? 0 : 1;
  const node = vma.policy?.node;
  const mapping = vma.anonVma.id;
  const pageFlags = newAnonFlags(vma);
  const start = vma.indexOf(addr);
  let index = first;
  for (; index < last; index++) {
    if ((table.flags[index] & COPIED_BITS) !== PTE_PRESENT) break;
    const old = table.pfn[index];
    if ((frames.flags[old] & NEEDS_CLOSER_LOOK) !== PG_ANON || mapcount[old] < 2) break;
    const copy = frames.alloc(node);
    if (copy < 0) break;
    content[copy] = content[old];
    frames.bind(copy, mapping, start + (index - first), pageFlags);
    mapcount[copy] = 1;
    table.flags[index] = entry;
    table.pfn[index] = copy;
    mapcount[old] -= lost;
    refcount[old]--;
  }
  host.vmstat.pgcow += index - first;
  host.lruBatches.addNew(table.pfn, first, index);
  return index - first;
}

/** An entry with just PTE_PRESENT of these maps a page for reading. */
const COPIED_BITS = PTE_PRESENT | PTE_PROTNONE | PTE_SPECIAL | PTE_UFFD_WP;

/** A frame with just PG_ANON of these is an ordinary page that fork has shared. */
const NEEDS_CLOSER_LOOK = PG_ANON | PG_KSM | PG_HEAD | PG_TAIL | PG_SWAPCACHE | PG_ANON_EXCLUSIVE;

/** A write to a read-only entry: reuse the page or copy it (mm: do_wp_page). */
function doWpPage(vma: Vma, table: PteTable, index: number, addr: Vaddr): FaultOutcome {
  const { mm } = vma;
  const uffdWp = (table.flags[index] & PTE_UFFD_WP) !== 0;
  if (uffdWp || (vma.flags & VM_SHARED) !== 0) return FAULT.NEEDS_SLOW;
  if (canReuse(vma, table, index, addr)) {
    table.flags[index] |= PTE_YOUNG | PTE_MKDIRTY | PTE_WRITE;
    mm.host.vmstat.pgreuse++;
    return FAULT.REUSED;
  }
  if (mm.notifiers !== null) return FAULT.NEEDS_WINDOW;
  const copy = copyPage(vma, table.pfn[index]);
  if (copy < 0) return FAULT.OOM;
  commitCopy(vma, table, index, addr, copy);
  return FAULT.COPIED;
}

function canReuse(vma: Vma, table: PteTable, index: number, addr: Vaddr): boolean {
  if ((table.flags[index] & PTE_SPECIAL) !== 0) return false;
  const { frames, profile } = vma.mm.host;
  const pfn = table.pfn[index];
  const flags = frames.flags[pfn];
  if ((flags & PG_ANON) === 0) return false;
  if (profile.cowReuse === "exclusive") return canReuseExclusive(vma, pfn, flags);
  if (profile.cowCopiesReferenced && frames.refcount[frames.head(pfn)] > 1) return false;
  if ((flags & PG_KSM) !== 0) {
    if (!profile.reuseKsmPage || (flags & PG_SWAPCACHE) !== 0) return false;
    return frames.refcount[pfn] === 1 && reuseKsmPage(vma, pfn, vma.indexOf(addr));
  }
  return reuseSwapPage(vma, pfn, flags);
}

/** v6.1: an exclusive page is reused; otherwise only proof of sole ownership by refcount helps. */
function canReuseExclusive(vma: Vma, pfn: Pfn, flags: number): boolean {
  if ((flags & PG_ANON_EXCLUSIVE) !== 0) return true;
  const { host } = vma.mm;
  const { frames } = host;
  if ((flags & PG_KSM) !== 0) return false;
  const cached = (flags & PG_SWAPCACHE) !== 0 ? 1 : 0;
  const head = frames.head(pfn);
  if (frames.refcount[head] > 1 + cached) return false;
  if (cached === 1 && !tryToFreeSwap(host, pfn)) return false;
  if (frames.refcount[head] !== 1) return false;
  pageMoveAnonRmap(vma, pfn);
  return true;
}

/** v5.x: references by GUP do not count, only mappings and swap entries (mm: reuse_swap_page). */
function reuseSwapPage(vma: Vma, pfn: Pfn, flags: number): boolean {
  const { host } = vma.mm;
  const cached = (flags & PG_SWAPCACHE) !== 0;
  const swapped = cached ? host.swap.map[swapSlotOf(host, pfn)] : 0;
  if (host.frames.mapcount[pfn] + swapped > 1) return false;
  if (cached) tryToFreeSwap(host, pfn);
  pageMoveAnonRmap(vma, pfn);
  return true;
}

/** v5.1 to about v5.9: a KSM page with one owner becomes an ordinary page (mm: reuse_ksm_page). */
function reuseKsmPage(vma: Vma, pfn: Pfn, index: number): boolean {
  const { frames } = vma.mm.host;
  const flags = frames.flags[pfn] & PG_FLAGS_MASK & ~PG_KSM;
  frames.bind(pfn, vma.anonVma!.id, index, flags | PG_ANON_EXCLUSIVE);
  return true;
}

/** Makes the copy, with one reference that becomes the mapping's. */
function copyPage(vma: Vma, from: Pfn): Pfn {
  const { frames } = vma.mm.host;
  if (vma.anonVma === null) anonVmaPrepare(vma);
  const copy = frames.alloc(vma.policy?.node);
  if (copy >= 0) frames.content[copy] = frames.content[from];
  return copy;
}

/** Replaces the entry by the copy and drops the old page's mapping and reference. */
function commitCopy(vma: Vma, table: PteTable, index: number, addr: Vaddr, copy: Pfn): void {
  const { mm } = vma;
  const { frames, vmstat } = mm.host;
  const old = table.pfn[index];
  const special = (table.flags[index] & PTE_SPECIAL) !== 0;
  table.flags[index] = 0;
  mmuNotifierInvalidateRange(mm, addr, addr + PAGE_SIZE);
  const writable = (vma.flags & VM_WRITE) !== 0;
  pageAddNewAnonRmap(vma, addr, copy);
  if (mm.notifiers !== null) mmuNotifierChangePte(mm, addr, { pfn: copy, writable });
  table.flags[index] = vmPageProt(vma) | PTE_YOUNG | PTE_MKDIRTY | (writable ? PTE_WRITE : 0);
  table.pfn[index] = copy;
  vmstat.pgcow++;
  if (special) return;
  if ((frames.flags[old] & PG_KSM) !== 0) vmstat.cow_ksm++;
  pageRemoveRmap(vma, old);
  frames.put(old);
}
