/**
 * Moving the pages of a range to the memory of a device and back.
 *
 * From mm/migrate.c: migrate_vma. The whole range is collected inside one window, CLEAR without a
 * mapping or, in later kernels, MIGRATE with it; pages that other processes map as well get a window
 * per further mapping. Huge pages are split on the way, each in windows of its own. Holes may be filled with fresh device pages, inside a second window from the
 * first of them on. The entries that result name frames the CPU cannot reach; a CPU access brings the
 * page back the same way.
 *
 * @module
 */

import {
  HPAGE_PMD_NR,
  indexInTable,
  PAGE_SIZE,
  type Pfn,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  changeInWindow,
  insideWindow,
  mmuNotifierChangePte,
  mmuNotifierInvalidateRange,
  mmuNotifierInvalidateRangeOnlyEnd,
} from "../notifier/dispatch.ts";
import {
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_MIGRATE,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
  SITE,
} from "../notifier/range.ts";
import { anonVmaPrepare, pageAddNewAnonRmap, rmapWalk } from "./rmap.ts";
import type { Host } from "./host.ts";
import { splitHugePage, splitHugePmd } from "./huge_split.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import {
  isolateLruPage,
  moveToNewPage,
  putbackLruPage,
  removeMigrationPtes,
  setMigrationEntry,
  tryToMigrate,
} from "./migrate.ts";
import {
  PG_ANON,
  PG_HEAD,
  PG_ISOLATED,
  PG_KSM,
  PG_LRU,
  PG_SWAPCACHE,
  PG_TAIL,
  PTE_DEVICE_PRIVATE,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_WRITE,
} from "./flags.ts";
import type { Cursor } from "./page_table.ts";
import { VM_WRITE, type Vma } from "./vma.ts";

/**
 * Moves anonymous pages of a range to the device (mm/migrate.c: migrate_vma).
 *
 * @param vma The mapping.
 * @param start First byte, within the mapping.
 * @param end First byte after.
 * @param fillHoles Whether pages that were never touched get device pages, too.
 * @returns Pages that are on the device now and were not before.
 */
export function* migrateToDevice(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  fillHoles = false,
): Operation<number> {
  const { host } = vma.mm;
  const pages = yield* collect(vma, start, end, (flags, pfn) => isMovable(host, flags, pfn));
  let moved = yield* movePages(host, pages, () => host.frames.allocDevice());
  if (fillHoles && vma.isAnonymous) moved += yield* insertPages(vma, start, end);
  return moved;
}

/**
 * Brings a page back from the device because the CPU touched it (the driver's migrate_to_ram).
 *
 * @param vma The mapping.
 * @param addr The page; its entry names a frame of the device.
 * @returns FAULT.TOUCHED, after which the access is tried again; FAULT.OOM, or FAULT.SIGBUS if the
 * device cannot give the page back.
 */
export function* migrateToRam(vma: Vma, addr: Vaddr): Operation<FaultOutcome> {
  const { host } = vma.mm;
  const pages = yield* collect(
    vma,
    addr,
    addr + PAGE_SIZE,
    (flags) => (flags & PTE_DEVICE_PRIVATE) !== 0,
  );
  if (pages.length === 0) return FAULT.TOUCHED;
  let outOfMemory = false;
  const moved = yield* movePages(host, pages, () => {
    const pfn = host.frames.alloc(vma.policy?.node);
    outOfMemory = pfn < 0;
    return pfn;
  });
  if (moved === 1) return FAULT.INSTALLED;
  return outOfMemory ? FAULT.OOM : FAULT.SIGBUS;
}

/** Replaces entries by migration entries, inside one window (mm: migrate_vma_collect). */
function collect(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  wanted: (flags: number, pfn: Pfn) => boolean,
): Operation<Pfn[]> {
  const range = windowOf(vma, start, end, SITE.migrate_vma_collect);
  return insideWindow(range, collectEntries(vma, start, end, wanted));
}

function* collectEntries(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  wanted: (flags: number, pfn: Pfn) => boolean,
): Operation<Pfn[]> {
  const { mm } = vma;
  const { frames } = mm.host;
  const pages: Pfn[] = [];
  const cursor = mm.pageTable.cursor(start, end);
  while (cursor.next()) {
    if (cursor.table === null) yield* splitHuge(vma, cursor);
    const { table } = cursor;
    if (table === null) continue;
    for (let index = cursor.first; index < cursor.last; index++) {
      const pfn = table.pfn[index];
      if (!wanted(table.flags[index], pfn)) continue;
      frames.get(pfn);
      if (setMigrationEntry(mm.host, table, index, pfn)) pages.push(pfn);
      else frames.put(pfn);
    }
    yield "ptl_dropped";
  }
  return pages;
}

/** Only small pages move: a huge one is split first, and left where that fails. */
function* splitHuge(vma: Vma, cursor: Cursor): Operation {
  const { pmd, slot, base } = cursor;
  const { host } = vma.mm;
  const flags = pmd.hugeFlags[slot];
  if ((flags & PTE_SPECIAL) !== 0) {
    yield* splitHugePmd(vma, base);
  } else if ((flags & PTE_PRESENT) !== 0 && !vma.isHugetlb) {
    const head = pmd.hugePfn[slot];
    host.frames.get(head);
    yield* splitHugePage(host, head);
    host.frames.put(head);
  }
  cursor.table = pmd.tables[slot];
}

function windowOf(vma: Vma, start: Vaddr, end: Vaddr, site: number): MmuNotifierRange {
  const { mm } = vma;
  const [event, named] = mm.host.profile.migrateVmaEvent
    ? [MMU_NOTIFY_MIGRATE, vma] as const
    : [MMU_NOTIFY_CLEAR, null] as const;
  return mmuNotifierRangeInit(event, 0, named, mm, start, end, site);
}

function isMovable(host: Host, flags: number, pfn: Pfn): boolean {
  if ((flags & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) return false;
  const refused = PG_KSM | PG_SWAPCACHE | PG_HEAD | PG_TAIL;
  return (host.frames.flags[pfn] & (PG_ANON | refused)) === PG_ANON;
}

/** Isolates, unmaps and moves what was collected (mm: migrate_vma_prepare to migrate_vma_finalize). */
function* movePages(
  host: Host,
  pages: readonly Pfn[],
  allocate: () => Pfn,
): Operation<number> {
  const { frames } = host;
  let moved = 0;
  for (const pfn of pages) {
    const device = pfn >= frames.device.start;
    const isolated = device || isolateLruPage(host, pfn);
    if (isolated && !device) frames.put(pfn);
    if (isolated && isOnlyMapped(host, pfn)) yield* tryToMigrateRest(host, pfn);
    const unmapped = isolated && frames.mapcount[pfn] === 0 && frames.refcount[pfn] === 1;
    const target = unmapped ? allocate() : -1;
    const done = target >= 0 && moveToNewPage(host, pfn, target) === 0;
    removeMigrationPtes(host, pfn, done ? target : pfn);
    if (done) {
      finish(host, target);
      moved++;
    }
    if (!done && isolated && !device) {
      putbackLruPage(host, pfn);
    } else {
      if (done) frames.flags[pfn] &= ~PG_ISOLATED;
      frames.put(pfn);
    }
  }
  return moved;
}

/** Nobody but mappings and the isolation holds the page (mm: migrate_vma_check_page). */
function isOnlyMapped(host: Host, pfn: Pfn): boolean {
  return host.frames.refcount[pfn] === 1 + host.frames.mapcount[pfn];
}

function* tryToMigrateRest(host: Host, pfn: Pfn): Operation {
  if (host.frames.mapcount[pfn] > 0) yield* tryToMigrate(host, pfn, rmapWalk(host, pfn));
}

/** Puts the new page where reclaim finds it, unless it is the device's. */
function finish(host: Host, target: Pfn): void {
  const { frames } = host;
  if (target >= frames.device.start) {
    frames.flags[target] &= ~(PG_LRU | PG_ISOLATED);
    frames.put(target);
  } else {
    putbackLruPage(host, target);
  }
  host.charge("migrate_page");
}

/** Fills holes and zero pages with device pages (mm: migrate_vma_insert_page). */
function* insertPages(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
  const first = firstHole(vma, start, end);
  if (first === end) return 0;
  anonVmaPrepare(vma);
  const range = windowOf(vma, first, end, SITE.migrate_vma_pages);
  const insert = () => {
    let inserted = 0;
    for (let addr = first; addr < end; addr += PAGE_SIZE) if (insertPage(vma, addr)) inserted++;
    return inserted;
  };
  return yield* changeInWindow(range, insert, mmuNotifierInvalidateRangeOnlyEnd);
}

function firstHole(vma: Vma, start: Vaddr, end: Vaddr): Vaddr {
  for (let addr = start; addr < end; addr += PAGE_SIZE) if (isHole(vma, addr)) return addr;
  return end;
}

function isHole(vma: Vma, addr: Vaddr): boolean {
  const { pageTable } = vma.mm;
  const huge = pageTable.pmd(addr)?.hugeFlags[tableOf(addr) & (HPAGE_PMD_NR - 1)] ?? 0;
  if (huge !== 0) return false;
  const flags = pageTable.flagsAt(addr);
  return flags === 0 || (flags & PTE_SPECIAL) !== 0;
}

function insertPage(vma: Vma, addr: Vaddr): boolean {
  const { mm } = vma;
  const { frames } = mm.host;
  if (!isHole(vma, addr)) return false;
  const pfn = frames.allocDevice();
  if (pfn < 0) return false;
  const table = mm.pageTable.ensure(addr);
  const index = indexInTable(addr);
  const writable = (vma.flags & VM_WRITE) !== 0;
  if (table.flags[index] !== 0) {
    table.flags[index] = 0;
    mmuNotifierInvalidateRange(mm, addr, addr + PAGE_SIZE);
    mmuNotifierChangePte(mm, addr, { pfn, writable });
  }
  pageAddNewAnonRmap(vma, addr, pfn);
  frames.flags[pfn] &= ~PG_LRU;
  table.flags[index] = PTE_DEVICE_PRIVATE | (writable ? PTE_WRITE : 0);
  table.pfn[index] = pfn;
  return true;
}
