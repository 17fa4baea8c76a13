/**
 * Migration of compound pages, transparent or of hugetlbfs, as a whole.
 *
 * From mm/rmap.c: try_to_migrate_one and mm/huge_memory.c: set_pmd_migration_entry. One CLEAR window
 * per mapping covers all of the huge page that the mapping holds.
 *
 * @module
 */

import { HPAGE_PMD_NR, indexInTable, PAGE_SIZE, type Pfn, tableOf } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Host } from "./host.ts";
import {
  addHugeMapping,
  type HugeRmapPlace,
  removeHugeMapping,
  rmapWalkHuge,
  totalMapcount,
} from "./huge_rmap.ts";
import { migrationEntryFlags, restoredEntryFlags } from "./migration_entry.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_FLAGS_MASK,
  PG_HEAD,
  PG_HUGETLB,
  PG_ISOLATED,
  PG_TAIL,
} from "./page_flags.ts";
import { PTE_DIRTY, PTE_MIGRATION, PTE_PRESENT, PTE_SPECIAL, PTE_SWP_EXCLUSIVE } from "./pte.ts";
import { changeInUnmapWindow } from "./unmap_window.ts";

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
export function* moveHugePage(host: Host, head: Pfn, target: Pfn): Operation<number> {
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
