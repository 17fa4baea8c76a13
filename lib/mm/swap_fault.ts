/**
 * Faults on swap entries: bringing a page back from swap.
 *
 * From mm/memory.c: do_swap_page. The swap cache is asked first; what is not there is read from the
 * device and cached. An entry is only ever replaced, so nobody is notified; a write that may not
 * use the page maps it read-only first and copies it in a second fault, inside its window.
 *
 * @module
 */

import { indexInTable, type Pfn, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { anonVmaPrepare, pageAddAnonRmap, pageAddNewAnonRmap } from "./rmap.ts";
import type { Host } from "./host.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import {
  PG_ANON,
  PG_DIRTY,
  PG_KSM,
  PG_LRU,
  PG_MLOCKED,
  PG_SWAPBACKED,
  PTE_MKDIRTY,
  PTE_SOFT_DIRTY,
  PTE_SWP_EXCLUSIVE,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { PteTable } from "./page_table.ts";
import { addToSwapCache, deleteFromSwapCache, tryToFreeSwap } from "./swap.ts";
import { VM_LOCKED, VM_WRITE, type Vma, vmPageProt } from "./vma.ts";

/**
 * Brings the page of a swap entry back (mm/memory.c: do_swap_page).
 *
 * @param vma The mapping; the access is allowed.
 * @param addr The page; its entry is a swap entry.
 * @param write Whether the access writes.
 * @returns FAULT.INSTALLED, after which a write may still find the entry read-only; or FAULT.OOM.
 */
export function* doSwapPage(vma: Vma, addr: Vaddr, write: boolean): Operation<FaultOutcome> {
  const { mm } = vma;
  const table = mm.pageTable.lookup(addr)!;
  const index = indexInTable(addr);
  const entry = table.flags[index];
  const slot = table.pfn[index];
  const cached = swapinReadahead(mm.host, slot, vma.policy?.node);
  if (cached < 0) return FAULT.OOM;
  yield "ptl_dropped";
  if (table.flags[index] !== entry || table.pfn[index] !== slot) return FAULT.TOUCHED;
  if (mm.host.swap.cache.get(slot) !== cached) return FAULT.TOUCHED;
  if (vma.anonVma === null) anonVmaPrepare(vma);
  const pfn = ksmMightNeedToCopy(vma, addr, cached);
  if (pfn < 0) return FAULT.OOM;
  if (pfn !== cached) installCopy(vma, addr, { table, slot, entry, pfn, write });
  else installCached(vma, addr, { table, slot, entry, pfn, write });
  return FAULT.INSTALLED;
}

/**
 * Finds the frame of a slot in the swap cache, or reads it into a new one (mm/swap_state.c:
 * swapin_readahead, with a cluster of one page).
 *
 * @param host The machine.
 * @param slot The slot.
 * @param node Node for a new frame.
 * @returns The frame, whose only new reference is the cache's; or -1 without memory.
 */
export function swapinReadahead(host: Host, slot: number, node?: number): Pfn {
  const cached = host.swap.cache.get(slot);
  if (cached !== undefined) return cached;
  const { frames, swap, vmstat } = host;
  const pfn = frames.alloc(node);
  if (pfn < 0) return -1;
  frames.content[pfn] = swap.content[slot];
  frames.flags[pfn] = PG_SWAPBACKED | PG_LRU;
  addToSwapCache(host, pfn, slot);
  frames.put(pfn);
  vmstat.pswpin++;
  vmstat.pgmajfault++;
  host.charge("swap_io");
  return pfn;
}

/**
 * Turns a page that comes from swap into an entry, as far as all ways have it in common.
 *
 * @param vma The mapping.
 * @param entry Flags of the swap entry.
 * @returns The flags of the new entry: readable, not young, soft-dirty and write-protected by
 * userfaultfd as the swap entry was.
 */
export function swapPteFlags(vma: Vma, entry: number): number {
  return vmPageProt(vma) | (entry & (PTE_SOFT_DIRTY | PTE_UFFD_WP));
}

/** What a swap fault is about. */
interface SwapFault {
  readonly table: PteTable;
  readonly slot: number;
  readonly entry: number;
  readonly pfn: Pfn;
  readonly write: boolean;
}

/** Maps the cached page itself, writable if it is certainly this entry's alone. */
function installCached(vma: Vma, addr: Vaddr, fault: SwapFault): void {
  const { host } = vma.mm;
  const { frames, profile } = host;
  const { pfn, slot, write } = fault;
  frames.get(pfn);
  const exclusive = profile.cowReuse === "exclusive"
    ? exclusiveByEntry(vma, fault)
    : exclusiveByCount(vma, fault);
  pageAddAnonRmap(vma, addr, pfn, exclusive);
  setEntry(vma, addr, fault, exclusive && write);
  if (profile.cowReuse !== "exclusive") {
    host.swap.free(slot);
    if (alwaysFreesSwap(vma, pfn)) tryToFreeSwap(host, pfn);
  }
}

/** Maps a private copy of a cached KSM page or of a page that another anon_vma tree owns. */
function installCopy(vma: Vma, addr: Vaddr, fault: SwapFault): void {
  pageAddNewAnonRmap(vma, addr, fault.pfn);
  setEntry(vma, addr, fault, fault.write);
  vma.mm.host.swap.free(fault.slot);
}

function setEntry(vma: Vma, addr: Vaddr, fault: SwapFault, writable: boolean): void {
  const { mm } = vma;
  let flags = swapPteFlags(vma, fault.entry) | PTE_YOUNG;
  if (writable) flags |= PTE_MKDIRTY | ((vma.flags & VM_WRITE) !== 0 ? PTE_WRITE : 0);
  if ((flags & PTE_UFFD_WP) !== 0) flags &= ~PTE_WRITE;
  const index = indexInTable(addr);
  fault.table.flags[index] = flags;
  fault.table.pfn[index] = fault.pfn;
  mm.swapEntries--;
}

/** v6.x: the entry says whether its page is exclusive; else a single reference proves it. */
function exclusiveByEntry(vma: Vma, fault: SwapFault): boolean {
  const { host } = vma.mm;
  const { frames } = host;
  const { pfn, slot, entry, write } = fault;
  const ksm = (frames.flags[pfn] & PG_KSM) !== 0;
  host.swap.free(slot);
  const likely = write && !ksm && frames.refcount[pfn] === 2;
  if (likely || alwaysFreesSwap(vma, pfn)) tryToFreeSwap(host, pfn);
  if (ksm) return false;
  return (entry & PTE_SWP_EXCLUSIVE) !== 0 || frames.refcount[pfn] === 1;
}

/** v5.x: only mappings and swap entries count (mm/swapfile.c: reuse_swap_page). */
function exclusiveByCount(vma: Vma, fault: SwapFault): boolean {
  const { host } = vma.mm;
  const { pfn, slot, write } = fault;
  if (!write || (host.frames.flags[pfn] & PG_KSM) !== 0) return false;
  if (host.frames.mapcount[pfn] + host.swap.map[slot] > 1) return false;
  host.frames.flags[pfn] |= PG_DIRTY;
  deleteFromSwapCache(host, pfn);
  return true;
}

/** A full device or locked memory gives its slots back at once (mm: should_try_to_free_swap). */
function alwaysFreesSwap(vma: Vma, pfn: Pfn): boolean {
  const { frames, swap } = vma.mm.host;
  return swap.isFull || (vma.flags & VM_LOCKED) !== 0 || (frames.flags[pfn] & PG_MLOCKED) !== 0;
}

/**
 * Copies a page from swap where the mapping cannot take it: one that was a KSM page belongs to the
 * place where it was first brought back (mm/ksm.c: ksm_might_need_to_copy).
 *
 * @param vma The mapping; it has an anon_vma.
 * @param addr The page.
 * @param cached Its frame in the swap cache.
 * @returns The frame to map, a new one or the cached one; or -1 without memory.
 */
export function ksmMightNeedToCopy(vma: Vma, addr: Vaddr, cached: Pfn): Pfn {
  const { host } = vma.mm;
  const { frames } = host;
  const flags = frames.flags[cached];
  if ((flags & PG_ANON) === 0 || (flags & PG_KSM) !== 0) return cached;
  const owner = host.anonVmas.get(frames.mapping[cached]);
  const related = owner.root === vma.anonVma!.root;
  if (related && frames.indexOf(cached) === vma.indexOf(addr)) return cached;
  const copy = frames.alloc(vma.policy?.node);
  if (copy >= 0) frames.content[copy] = frames.content[cached];
  return copy;
}
