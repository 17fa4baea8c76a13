/**
 * Splitting huge entries: the same pages, mapped by 512 small entries.
 *
 * From mm/huge_memory.c: __split_huge_pmd. No page moves and no right changes, yet listeners lose
 * the block: a CLEAR window over the aligned 2 MiB.
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
  mmuNotifierInvalidateRange,
  mmuNotifierInvalidateRangeOnlyEnd,
} from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR } from "../notifier/events.ts";
import { mmuNotifierRangeInit } from "../notifier/range.ts";
import { SITE } from "../notifier/sites.ts";
import { changeInWindow } from "../notifier/window.ts";
import { ZERO_PFN } from "./frames.ts";
import { pageRemoveHugeRmap, removeHugeMapping } from "./huge_rmap.ts";
import { migrationEntryFlags } from "./migration_entry.ts";
import { PG_ANON_EXCLUSIVE, PG_DIRTY, PG_REFERENCED } from "./page_flags.ts";
import { type Cursor, type PmdTable, PteTable } from "./page_table.ts";
import {
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./pte.ts";
import { type Vma, vmPageProt } from "./vma.ts";

/**
 * Splits the huge entry of a block, if there is one, inside a CLEAR window that is sent either way
 * (mm/huge_memory.c: __split_huge_pmd).
 *
 * @param vma The mapping.
 * @param addr An address in the block.
 * @param only Splits nothing but entries of this page; any entry unless given.
 * @param freeze Whether the small entries become migration entries, for a split of the page.
 */
export function* splitHugePmd(
  vma: Vma,
  addr: Vaddr,
  only: Pfn | null = null,
  freeze = false,
): Operation {
  const { mm } = vma;
  const base = alignDown(addr, PMD_SIZE);
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_CLEAR,
    0,
    vma,
    mm,
    base,
    base + PMD_SIZE,
    SITE.__split_huge_pmd,
  );
  const split = () => {
    const pmd = mm.pageTable.pmd(base);
    const slot = tableOf(base) & (HPAGE_PMD_NR - 1);
    if (pmd === null || pmd.hugeFlags[slot] === 0 || vma.isHugetlb) return;
    if (only === null || pmd.hugePfn[slot] === only) splitLocked(vma, pmd, slot, base, freeze);
  };
  yield* changeInWindow(range, split, mmuNotifierInvalidateRangeOnlyEnd);
}

/**
 * Splits the huge entry at a cursor unless the range covers all of it.
 *
 * From mm/memory.c: zap_pmd_range and the like.
 *
 * @param vma The mapping.
 * @param cursor A cursor at a huge entry; its table is looked up again after a split.
 * @returns True if the entry is whole, and still huge.
 */
export function* splitPartialHugePmd(vma: Vma, cursor: Cursor): Operation<boolean> {
  if (cursor.last - cursor.first === HPAGE_PMD_NR) return true;
  yield* splitHugePmd(vma, cursor.base);
  cursor.table = cursor.pmd.tables[cursor.slot];
  return false;
}

function splitLocked(
  vma: Vma,
  pmd: PmdTable,
  slot: number,
  base: Vaddr,
  freeze: boolean,
): void {
  const flags = pmd.hugeFlags[slot];
  const head = pmd.hugePfn[slot];
  pmd.hugeFlags[slot] = 0;
  vma.mm.host.vmstat.thp_split_pmd++;
  if ((flags & PTE_SPECIAL) !== 0) {
    pmd.tables[slot] = zeroTable(vma, flags);
  } else if (vma.file !== null) {
    mmuNotifierInvalidateRange(vma.mm, base, base + PMD_SIZE);
    dropFilePmd(vma, flags, head);
  } else {
    pmd.tables[slot] = smallTable(vma, flags, head, freeze);
  }
}

/** The huge zero page becomes 512 entries of the zero page (mm: __split_huge_zero_page_pmd). */
function zeroTable(vma: Vma, flags: number): PteTable {
  const table = new PteTable();
  table.flags.fill(vmPageProt(vma) | PTE_SPECIAL | PTE_YOUNG | (flags & PTE_UFFD_WP));
  table.pfn.fill(ZERO_PFN);
  return table;
}

/** A file's huge entry is dropped: small ones come back by faults. */
function dropFilePmd(vma: Vma, flags: number, head: Pfn): void {
  const { frames } = vma.mm.host;
  if ((flags & PTE_DIRTY) !== 0) frames.flags[head] |= PG_DIRTY;
  if ((flags & PTE_YOUNG) !== 0) frames.flags[head] |= PG_REFERENCED;
  pageRemoveHugeRmap(vma, head);
  frames.put(head);
}

/** The huge entry's dirty bit goes to the page, all else to the small entries. */
function smallTable(vma: Vma, flags: number, head: Pfn, freeze: boolean): PteTable {
  const { frames } = vma.mm.host;
  const table = new PteTable();
  for (let at = 0; at < HPAGE_PMD_NR; at++) table.pfn[at] = head + at;
  if ((flags & PTE_DIRTY) !== 0) frames.flags[head] |= PG_DIRTY;
  if ((flags & PTE_MIGRATION) !== 0) {
    table.flags.fill(flags);
    return table;
  }
  const exclusive = (frames.flags[head] & PG_ANON_EXCLUSIVE) !== 0;
  const pinned = exclusive && vma.mm.host.profile.pinBias && frames.maybeDmaPinned(head);
  if (freeze && !pinned) {
    table.flags.fill(migrationEntryFlags(flags, exclusive));
    frames.flags[head] &= ~PG_ANON_EXCLUSIVE;
    removeHugeMapping(frames, head);
    frames.put(head);
    return table;
  }
  const kept = PTE_WRITE | PTE_YOUNG | PTE_SOFT_DIRTY | PTE_UFFD_WP;
  table.flags.fill((flags & PTE_PRESENT) | vmPageProt(vma) | (flags & kept));
  frames.compoundMapcount[head >>> 9]--;
  frames.get(head, HPAGE_PMD_NR - 1);
  if (exclusive) {
    for (let pfn = head + 1; pfn < head + HPAGE_PMD_NR; pfn++) {
      frames.flags[pfn] |= PG_ANON_EXCLUSIVE;
    }
  }
  return table;
}
