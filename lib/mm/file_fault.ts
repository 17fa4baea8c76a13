/**
 * Page faults on files and shared memory.
 *
 * From mm/memory.c: do_fault and wp_page_shared. None of them opens a window: either the entry was
 * empty, or the page stays and only gains write access.
 *
 * @module
 */

import { alignDown, HPAGE_PMD_NR, indexInTable, PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { anonVmaPrepare, pageAddFileRmap, pageAddNewAnonRmap } from "./rmap.ts";
import { type AddressSpace, filemapGetPage, findCachedPage, setPageDirty } from "./filemap.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import {
  PG_HWPOISON,
  PG_LOCKED,
  PG_RECLAIM,
  PTE_MARKER,
  PTE_MKDIRTY,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { PteTable } from "./page_table.ts";
import { VM_SHARED, VM_UFFD_MISSING, VM_UFFD_WP, VM_WRITE, type Vma, vmPageProt } from "./vma.ts";

/** Pages around a read fault that are mapped with it if they are cached (64 KiB). */
const FAULT_AROUND_PAGES = 16;

/** What an entry consists of that is only a marker. */
const PTE_MARKER_BITS = PTE_MARKER | PTE_UFFD_WP;

/** Frames that fault-around leaves alone; read-ahead marks its frames with PG_RECLAIM. */
const NOT_AROUND = PG_LOCKED | PG_HWPOISON | PG_RECLAIM;

/**
 * Handles a fault on an empty entry of a file mapping (mm/memory.c: do_fault).
 *
 * @param vma The mapping; the access is allowed.
 * @param addr The page.
 * @param write Whether the access writes.
 * @returns FAULT.INSTALLED, FAULT.SIGBUS behind the end of the file, or FAULT.OOM.
 */
export function doFault(vma: Vma, addr: Vaddr, write: boolean): FaultOutcome {
  const file = vma.file!;
  const table = vma.mm.pageTable.ensure(addr);
  if (vma.indexOf(addr) >= file.pages) return FAULT.SIGBUS;
  if (missesForUser(vma, file, addr)) return FAULT.SIGBUS;
  if (!write) return doReadFault(vma, file, table, addr);
  if ((vma.flags & VM_SHARED) !== 0) return doSharedFault(vma, file, table, addr);
  return doCowFault(vma, file, table, addr);
}

/**
 * Makes an entry of a shared mapping writable; the page stays (mm/memory.c: wp_page_shared).
 *
 * @param vma The mapping.
 * @param addr The page, mapped read-only.
 * @returns FAULT.REUSED.
 */
export function wpPageShared(vma: Vma, addr: Vaddr): FaultOutcome {
  const { host, pageTable } = vma.mm;
  const table = pageTable.lookup(addr)!;
  const index = indexInTable(addr);
  table.flags[index] |= PTE_YOUNG | PTE_MKDIRTY | PTE_WRITE;
  setPageDirty(host, table.pfn[index]);
  host.vmstat.pgreuse++;
  return FAULT.REUSED;
}

/** True if userfaultfd has to bring the page; nobody serves it here, as with UFFD_FEATURE_SIGBUS. */
function missesForUser(vma: Vma, file: AddressSpace, addr: Vaddr): boolean {
  return (vma.flags & VM_UFFD_MISSING) !== 0 && findCachedPage(file, vma.indexOf(addr)) < 0;
}

/** mm/memory.c: do_read_fault. A file that had to be read is looked at again from the start. */
function doReadFault(vma: Vma, file: AddressSpace, table: PteTable, addr: Vaddr): FaultOutcome {
  const index = indexInTable(addr);
  doFaultAround(vma, file, table, addr);
  if (mapped(table, index)) return FAULT.INSTALLED;
  const wasCached = findCachedPage(file, vma.indexOf(addr)) >= 0;
  const pfn = getPage(vma, file, addr);
  if (pfn < 0) return FAULT.OOM;
  if (!wasCached && file.kind === "file") doFaultAround(vma, file, table, addr);
  if (!mapped(table, index)) setPte(vma, table, index, pfn, 0);
  return FAULT.INSTALLED;
}

/** mm/memory.c: do_shared_fault, with the file system's page_mkwrite. */
function doSharedFault(vma: Vma, file: AddressSpace, table: PteTable, addr: Vaddr): FaultOutcome {
  const pfn = getPage(vma, file, addr);
  if (pfn < 0) return FAULT.OOM;
  setPte(vma, table, indexInTable(addr), pfn, PTE_MKDIRTY | PTE_WRITE);
  setPageDirty(vma.mm.host, pfn);
  return FAULT.INSTALLED;
}

/** mm/memory.c: do_cow_fault. The copy is made at once, and nothing was mapped before. */
function doCowFault(vma: Vma, file: AddressSpace, table: PteTable, addr: Vaddr): FaultOutcome {
  const { frames } = vma.mm.host;
  if (vma.anonVma === null) anonVmaPrepare(vma);
  const copy = frames.alloc(vma.policy?.node);
  if (copy < 0) return FAULT.OOM;
  const pfn = getPage(vma, file, addr);
  if (pfn < 0) {
    frames.put(copy);
    return FAULT.OOM;
  }
  frames.content[copy] = frames.content[pfn];
  pageAddNewAnonRmap(vma, addr, copy);
  const index = indexInTable(addr);
  const write = (vma.flags & VM_WRITE) !== 0 ? PTE_WRITE : 0;
  table.flags[index] = vmPageProt(vma) | PTE_YOUNG | PTE_MKDIRTY | write;
  table.pfn[index] = copy;
  return FAULT.INSTALLED;
}

/**
 * Maps the cached pages around a read fault (mm/memory.c: do_fault_around).
 *
 * The window is an aligned block of 64 KiB, cut at the start of the mapping; cut so, it ends as
 * many pages later, but not behind the mapping or the page table.
 */
function doFaultAround(vma: Vma, file: AddressSpace, table: PteTable, addr: Vaddr): void {
  if ((vma.flags & VM_UFFD_WP) !== 0) return;
  const { frames } = vma.mm.host;
  const block = alignDown(addr, FAULT_AROUND_PAGES * PAGE_SIZE);
  const start = Math.max(block, vma.start);
  const first = indexInTable(start);
  const inVma = (vma.end - start) / PAGE_SIZE;
  const pgoff = vma.indexOf(start);
  const count = Math.min(HPAGE_PMD_NR - first, inVma, FAULT_AROUND_PAGES, file.pages - pgoff);
  for (let at = 0; at < count; at++) {
    if (table.flags[first + at] !== 0) continue;
    const pfn = findCachedPage(file, pgoff + at);
    if (pfn < 0 || (frames.flags[pfn] & NOT_AROUND) !== 0) continue;
    setPte(vma, table, first + at, pfn, 0);
  }
}

/** mm/memory.c: do_set_pte. A marker left by userfaultfd passes its write protection on. */
function setPte(vma: Vma, table: PteTable, index: number, pfn: number, extra: number): void {
  const protectedWrites = table.flags[index] & PTE_UFFD_WP;
  pageAddFileRmap(vma, pfn);
  const flags = vmPageProt(vma) | PTE_YOUNG | extra | protectedWrites;
  table.flags[index] = protectedWrites !== 0 ? flags & ~PTE_WRITE : flags;
  table.pfn[index] = pfn;
}

function getPage(vma: Vma, file: AddressSpace, addr: Vaddr): number {
  return filemapGetPage(
    vma.mm.host,
    file,
    vma.indexOf(addr),
    vma.policy?.node,
    vma.flags,
  );
}

/** True if an entry holds more than a marker. */
function mapped(table: PteTable, index: number): boolean {
  return (table.flags[index] & ~PTE_MARKER_BITS) !== 0;
}
