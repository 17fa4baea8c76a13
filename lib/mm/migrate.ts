/**
 * Migration: moving pages to other frames, compound ones as a whole.
 *
 * From mm/migrate.c, mm/rmap.c: try_to_migrate_one and mm/huge_memory.c: set_pmd_migration_entry.
 * Every mapping of a page is replaced by a migration entry inside a CLEAR window of its own, which for
 * a compound page covers all of it that the mapping holds; putting the entries back sends nothing. A
 * page whose references do not add up goes back to its old frame and is tried again, ten times in all.
 *
 * @module
 */

import { HPAGE_PMD_NR, indexInTable, PAGE_SIZE, type Pfn, tableOf } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_FILE,
  PG_FLAGS_MASK,
  PG_HEAD,
  PG_HUGETLB,
  PG_ISOLATED,
  PG_LRU,
  PG_SWAPCACHE,
  PG_TAIL,
  PTE_DEVICE_PRIVATE,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_SWP_EXCLUSIVE,
} from "./flags.ts";
import type { Host } from "./host.ts";
import {
  addHugeMapping,
  type HugeRmapPlace,
  removeHugeMapping,
  rmapWalkHuge,
  totalMapcount,
} from "./huge_rmap.ts";
import { pageStableNode } from "./ksm_tree.ts";
import { deviceEntryFlags, migrationEntryFlags, restoredEntryFlags } from "./migration_entry.ts";
import type { PteTable } from "./page_table.ts";
import { changeInUnmapWindow, type RmapPlace, rmapWalk } from "./rmap.ts";
import { pteMaps } from "./rmap_walk.ts";
import { swapSlotOf } from "./swap.ts";

/** Passes that migrate_pages makes over its list before it gives up. */
const MIGRATE_PASSES = 10;

/** How a run of migrations ended. */
export interface MigrateResult {
  /** Pages moved. */
  readonly moved: number;
  /** Pages that stayed, in the order given. */
  readonly failed: readonly Pfn[];
  /** 0, or -ENOMEM if there was no frame to move to, which ends the run at once. */
  readonly error: number;
}

/**
 * Takes a frame off its reclaim list, with a reference (mm: isolate_lru_page).
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns False if it is on no list.
 */
export function isolateLruPage(host: Host, pfn: Pfn): boolean {
  const { frames } = host;
  const huge = (frames.flags[pfn] & (PG_HUGETLB | PG_ISOLATED)) === PG_HUGETLB;
  if ((frames.flags[pfn] & PG_LRU) === 0 && !huge) return false;
  frames.flags[pfn] = (frames.flags[pfn] & ~PG_LRU) | PG_ISOLATED;
  frames.get(pfn);
  return true;
}

/**
 * Puts an isolated frame back on its list and drops the reference (mm: putback_lru_page).
 *
 * @param host The machine.
 * @param pfn The frame.
 */
export function putbackLruPage(host: Host, pfn: Pfn): void {
  const { frames } = host;
  const list = (frames.flags[pfn] & PG_HUGETLB) === 0 ? PG_LRU : 0;
  frames.flags[pfn] = (frames.flags[pfn] & ~PG_ISOLATED) | list;
  frames.put(pfn);
}

/**
 * Moves isolated pages to new frames (mm/migrate.c: migrate_pages).
 *
 * @param host The machine.
 * @param pages Isolated frames; they are put back or freed.
 * @param allocate Gives a new page of the size of the given one, with one reference; or -1 when
 *   there is none.
 * @returns What moved and what did not.
 */
export function* migratePages(
  host: Host,
  pages: readonly Pfn[],
  allocate: (page: Pfn) => Pfn,
): Operation<MigrateResult> {
  let left = [...pages];
  let moved = 0;
  let outOfMemory = false;
  for (let pass = 0; pass < MIGRATE_PASSES && left.length > 0 && !outOfMemory; pass++) {
    const again: Pfn[] = [];
    for (const pfn of left) {
      const result = outOfMemory ? -ERRNO.ENOMEM : yield* unmapAndMove(host, pfn, allocate);
      if (result === 0) moved++;
      else again.push(pfn);
      if (result === -ERRNO.ENOMEM) outOfMemory = true;
    }
    left = again;
  }
  for (const pfn of left) putbackLruPage(host, pfn);
  host.vmstat.pgmigrate_success += moved;
  host.vmstat.pgmigrate_fail += left.length;
  return { moved, failed: left, error: outOfMemory ? -ERRNO.ENOMEM : 0 };
}

/** One attempt at one page: 0, -EAGAIN or -ENOMEM (mm/migrate.c: unmap_and_move). */
function* unmapAndMove(host: Host, pfn: Pfn, allocate: (page: Pfn) => Pfn): Operation<number> {
  const { frames } = host;
  if (frames.refcount[pfn] === 1) {
    putbackLruPage(host, pfn);
    return 0;
  }
  const target = allocate(pfn);
  if (target < 0) return -ERRNO.ENOMEM;
  const huge = (frames.flags[pfn] & PG_HEAD) !== 0;
  const result = yield* huge ? moveHugePage(host, pfn, target) : movePage(host, pfn, target);
  if (result === 0) {
    putbackLruPage(host, target);
    frames.flags[pfn] &= ~PG_ISOLATED;
    frames.put(pfn);
    host.charge("migrate_page");
  } else {
    frames.put(target);
  }
  return result;
}

/** Unmaps, moves and maps again one page of 4 KiB (mm/migrate.c: __unmap_and_move). */
function* movePage(host: Host, pfn: Pfn, target: Pfn): Operation<number> {
  const { frames } = host;
  const mapped = frames.mapcount[pfn] > 0;
  const places = rmapWalk(host, pfn);
  if (mapped) yield* tryToMigrate(host, pfn, places);
  const result = frames.mapcount[pfn] === 0 ? moveToNewPage(host, pfn, target) : -ERRNO.EAGAIN;
  if (mapped) removeMigrationPtes(host, pfn, result === 0 ? target : pfn);
  return result;
}

/**
 * Replaces mappings by migration entries, a window each, until the page is mapped nowhere
 * (mm/rmap.c: try_to_migrate).
 *
 * @param host The machine.
 * @param pfn The frame.
 * @param places Where it may be mapped.
 */
export function* tryToMigrate(
  host: Host,
  pfn: Pfn,
  places: readonly RmapPlace[],
): Operation {
  for (const { vma, addr } of places) {
    const goOn = yield* changeInUnmapWindow(vma, addr, addr + PAGE_SIZE, () => {
      const table = vma.mm.pageTable.lookup(addr);
      const index = indexInTable(addr);
      const maps = pteMaps(table, index, pfn) || isDeviceEntry(table, index, pfn);
      return !maps || setMigrationEntry(host, table!, index, pfn);
    });
    if (!goOn || host.frames.mapcount[pfn] === 0) return;
  }
}

function isDeviceEntry(table: PteTable | null, index: number, pfn: Pfn): boolean {
  return table !== null && (table.flags[index] & PTE_DEVICE_PRIVATE) !== 0 &&
    table.pfn[index] === pfn;
}

/**
 * Replaces one mapping by a migration entry (mm/rmap.c: try_to_migrate_one).
 *
 * @param host The machine.
 * @param table The last-level table.
 * @param index Index of the entry, which maps the frame.
 * @param pfn The frame.
 * @returns False if a pinned exclusive page keeps its entry, which ends the walk (v6.1).
 */
export function setMigrationEntry(
  host: Host,
  table: PteTable,
  index: number,
  pfn: Pfn,
): boolean {
  const { frames, profile } = host;
  const old = table.flags[index];
  const exclusive = (frames.flags[pfn] & PG_ANON_EXCLUSIVE) !== 0;
  host.charge("tlb_shootdown");
  if (profile.pinBias && exclusive && frames.maybeDmaPinned(pfn)) return false;
  if ((old & PTE_DIRTY) !== 0) frames.flags[pfn] |= PG_DIRTY;
  table.flags[index] = migrationEntryFlags(old, exclusive);
  frames.flags[pfn] &= ~PG_ANON_EXCLUSIVE;
  frames.mapcount[pfn]--;
  frames.put(pfn);
  return true;
}

/**
 * Copies content and state if nobody else holds the page (mm/migrate.c: migrate_page).
 *
 * @param host The machine.
 * @param pfn The frame, isolated and mapped nowhere.
 * @param target The new frame.
 * @returns 0, or -EAGAIN if somebody else holds the page.
 */
export function moveToNewPage(host: Host, pfn: Pfn, target: Pfn): number {
  const { frames } = host;
  const flags = frames.flags[pfn];
  const cached = (flags & (PG_SWAPCACHE | PG_FILE)) !== 0;
  if (frames.refcount[pfn] !== (cached ? 2 : 1)) return -ERRNO.EAGAIN;
  frames.content[target] = frames.content[pfn];
  frames.bind(target, frames.mapping[pfn], frames.indexOf(pfn), flags & PG_FLAGS_MASK);
  const node = pageStableNode(host, pfn);
  if (node !== null) node.pfn = target;
  if (cached) moveCached(host, pfn, target);
  frames.flags[pfn] = PG_ISOLATED;
  return 0;
}

/** Moves the cache's entry and reference from the old frame to the new one. */
function moveCached(host: Host, pfn: Pfn, target: Pfn): void {
  const { frames, swap, files } = host;
  if ((frames.flags[pfn] & PG_SWAPCACHE) !== 0) {
    swap.setCached(swapSlotOf(host, pfn), target);
  } else {
    files[frames.mapping[pfn]].cache.set(frames.indexOf(pfn), target);
  }
  frames.get(target);
  frames.put(pfn);
}

/**
 * Turns migration entries back into mappings; nobody is told (mm/migrate.c: remove_migration_ptes).
 *
 * The places are looked up anew: a fork may have copied entries meanwhile.
 *
 * @param host The machine.
 * @param from The frame that the entries name.
 * @param to The frame they will map, of a device or of the CPU, or `from` itself.
 */
export function removeMigrationPtes(host: Host, from: Pfn, to: Pfn): void {
  const { frames } = host;
  const device = to >= frames.device.start;
  for (const { vma, addr } of rmapWalk(host, to)) {
    const table = vma.mm.pageTable.lookup(addr);
    const index = indexInTable(addr);
    if (table === null || (table.flags[index] & PTE_MIGRATION) === 0) continue;
    if (table.pfn[index] !== from) continue;
    const entry = table.flags[index];
    table.flags[index] = device ? deviceEntryFlags(entry) : restoredEntryFlags(vma, entry);
    table.pfn[index] = to;
    if ((entry & PTE_SWP_EXCLUSIVE) !== 0) frames.flags[to] |= PG_ANON_EXCLUSIVE;
    frames.get(to);
    frames.mapcount[to]++;
  }
}

/** An entry that maps the compound page or a page of it, whatever its size. */
interface Entry {
  readonly flags: Uint16Array;
  readonly pfn: Uint32Array;
  readonly index: number;
  readonly huge: boolean;
}

/**
 * Allocates the page that a page moves to, of the same size.
 *
 * @param host The machine.
 * @param page The page that moves.
 * @param node Node to move to.
 * @returns The frame or head, with one reference; or -1.
 */
export function allocMigrationTarget(host: Host, page: Pfn, node: number): Pfn {
  const flags = host.frames.flags[page];
  if ((flags & PG_HUGETLB) !== 0) return host.hugetlb.allocOn(node);
  return (flags & PG_HEAD) !== 0 ? host.frames.allocHuge(node) : host.frames.allocOnNode(node);
}

/**
 * Moves one isolated compound page (mm/migrate.c: __unmap_and_move).
 *
 * @param host The machine.
 * @param head The head.
 * @param target The head of the new page, with one reference.
 * @returns 0, or -EAGAIN where references do not add up; the page then stays.
 */
function* moveHugePage(host: Host, head: Pfn, target: Pfn): Operation<number> {
  const { frames } = host;
  const places = rmapWalkHuge(host, head);
  if (totalMapcount(frames, head) > 0) yield* tryToMigrateHuge(host, head, places);
  const left = totalMapcount(frames, head);
  const result = left === 0 ? moveToNewHugePage(host, head, target) : -ERRNO.EAGAIN;
  const to = result === 0 ? target : head;
  for (const place of places) {
    for (const entry of entriesOf(place, head, PTE_MIGRATION)) {
      restore(host, place, entry, head, to);
    }
  }
  return result;
}

function* tryToMigrateHuge(
  host: Host,
  head: Pfn,
  places: readonly HugeRmapPlace[],
): Operation {
  for (const place of places) {
    const { vma, start, end } = place;
    const goOn = yield* changeInUnmapWindow(vma, start, end, () => {
      host.charge("tlb_shootdown");
      return entriesOf(place, head, PTE_PRESENT).every((entry) => freeze(host, entry, head));
    });
    if (!goOn || totalMapcount(host.frames, head) === 0) return;
  }
}

/** Makes a migration entry; false for a pinned exclusive page, which keeps its entry (v6.1). */
function freeze(host: Host, { flags, pfn, index, huge }: Entry, head: Pfn): boolean {
  const { frames, profile } = host;
  const page = pfn[index];
  const exclusive = (frames.flags[page] & PG_ANON_EXCLUSIVE) !== 0;
  if (profile.pinBias && exclusive && frames.maybeDmaPinned(head)) return false;
  if ((flags[index] & PTE_DIRTY) !== 0) frames.flags[page] |= PG_DIRTY;
  flags[index] = migrationEntryFlags(flags[index], exclusive);
  frames.flags[page] &= ~PG_ANON_EXCLUSIVE;
  if (huge) removeHugeMapping(frames, head);
  else frames.mapcount[page]--;
  frames.put(head);
  return true;
}

function restore(
  host: Host,
  { vma }: HugeRmapPlace,
  { flags, pfn, index, huge }: Entry,
  head: Pfn,
  to: Pfn,
): void {
  const { frames } = host;
  const entry = flags[index];
  const page = pfn[index] - head + to;
  flags[index] = restoredEntryFlags(vma, entry);
  pfn[index] = page;
  if ((entry & PTE_SWP_EXCLUSIVE) !== 0) frames.flags[page] |= PG_ANON_EXCLUSIVE;
  frames.get(to);
  if (huge) addHugeMapping(frames, to);
  else frames.mapcount[page]++;
}

/**
 * Copies content and state of a compound page if nobody else holds it (mm/migrate.c: migrate_page).
 *
 * @param host The machine.
 * @param head The head, mapped nowhere, with one reference of the caller.
 * @param target The head of the new page.
 * @returns 0, or -EAGAIN if somebody else holds the page.
 */
export function moveToNewHugePage(host: Host, head: Pfn, target: Pfn): number {
  const { frames, files } = host;
  const flags = frames.flags[head];
  const cache = (flags & PG_ANON) === 0 ? files[frames.mapping[head]].cache : null;
  const index = frames.indexOf(head);
  const cached = cache === null ? 0 : (flags & PG_HUGETLB) !== 0 ? 1 : HPAGE_PMD_NR;
  if (frames.refcount[head] !== 1 + cached) return -ERRNO.EAGAIN;
  frames.content.copyWithin(target, head, head + HPAGE_PMD_NR);
  for (let at = 0; at < HPAGE_PMD_NR; at++) {
    const own = frames.flags[head + at] & PG_FLAGS_MASK;
    frames.bind(target + at, frames.mapping[head + at], index + at, own);
    if (cache?.get(index + at) === head + at) cache.set(index + at, target + at);
  }
  if (cached > 0) {
    frames.get(target, cached);
    frames.put(head, cached);
  }
  frames.flags[head] = PG_HEAD | PG_ISOLATED | (flags & PG_HUGETLB);
  frames.flags.fill(PG_TAIL | (flags & PG_HUGETLB), head + 1, head + HPAGE_PMD_NR);
  return 0;
}

/** The entries of a place, huge or small, that name the compound page and carry a bit. */
function entriesOf({ vma, start, end }: HugeRmapPlace, head: Pfn, bit: number): Entry[] {
  const pmd = vma.mm.pageTable.pmd(start);
  const slot = tableOf(start) & (HPAGE_PMD_NR - 1);
  const found: Entry[] = [];
  if (pmd !== null && (pmd.hugeFlags[slot] & bit) !== 0 && pmd.hugePfn[slot] === head) {
    return [{ flags: pmd.hugeFlags, pfn: pmd.hugePfn, index: slot, huge: true }];
  }
  for (let addr = start; addr < end; addr += PAGE_SIZE) {
    const table = vma.mm.pageTable.lookup(addr);
    if (table === null) continue;
    const { flags, pfn } = table;
    const index = indexInTable(addr);
    const named = (flags[index] & bit) !== 0 && (flags[index] & PTE_SPECIAL) === 0;
    if (named && (pfn[index] & ~(HPAGE_PMD_NR - 1)) === head) {
      found.push({ flags, pfn, index, huge: false });
    }
  }
  return found;
}
