/**
 * What operations do to one whole huge entry: zap, protect, copy and clear its bits.
 *
 * From mm/huge_memory.c. The windows are those of the operation around.
 *
 * @module
 */

import { HPAGE_PMD_NR, PMD_SIZE } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { addHugeMapping, pageRemoveHugeRmap } from "./huge_rmap.ts";
import { splitHugePmd } from "./huge_split.ts";
import { MMF_HAS_PINNED } from "./mm_struct.ts";
import type { MmuGather } from "./mmu_gather.ts";
import type { ProtectionChange } from "./mprotect.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_REFERENCED,
  PTE_CHG_MASK,
  PTE_DIRTY,
  PTE_EXEC,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { Cursor } from "./page_table.ts";
import { VM_UFFD_WP, type Vma } from "./vma.ts";

/**
 * Removes a whole huge entry (mm/huge_memory.c: zap_huge_pmd).
 *
 * @param gather Receives the page.
 * @param vma The mapping.
 * @param cursor A cursor at the entry.
 */
export function zapHugePmd(gather: MmuGather, vma: Vma, cursor: Cursor): void {
  const { host } = vma.mm;
  const { pmd, slot } = cursor;
  const flags = pmd.hugeFlags[slot];
  const head = pmd.hugePfn[slot];
  pmd.hugeFlags[slot] = 0;
  if ((flags & PTE_MIGRATION) !== 0) {
    vma.mm.anonPages -= HPAGE_PMD_NR;
    return;
  }
  gather.flushRange(cursor.base, PMD_SIZE);
  if ((flags & PTE_SPECIAL) !== 0) return;
  if ((flags & PTE_DIRTY) !== 0 && (host.frames.flags[head] & PG_ANON) === 0) {
    host.frames.flags[head] |= PG_DIRTY;
  }
  pageRemoveHugeRmap(vma, head);
  host.charge("unmap_page");
  if (gather.removePage(head)) gather.flush();
}

/**
 * Changes the rights of a whole huge entry (mm/huge_memory.c: change_huge_pmd); it never becomes
 * writable this way.
 *
 * @param gather Receives the range if it needs a flush.
 * @param vma The mapping, with its new flags.
 * @param cursor A cursor at the entry.
 * @param change What the entry becomes.
 */
export function changeHugePmd(
  gather: MmuGather,
  vma: Vma,
  cursor: Cursor,
  change: ProtectionChange,
): void {
  const { pmd, slot } = cursor;
  const old = pmd.hugeFlags[slot];
  if ((old & PTE_MIGRATION) !== 0) {
    pmd.hugeFlags[slot] = old & ~PTE_WRITE;
    return;
  }
  if (change.numaSkips?.(old, pmd.hugePfn[slot])) return;
  const kept = change.numaSkips === undefined ? PTE_CHG_MASK : PTE_CHG_MASK | PTE_WRITE;
  let next = (old & kept) | change.prot;
  if (change.uffdWp === true) next |= PTE_UFFD_WP;
  if (change.uffdWp === false) next &= ~PTE_UFFD_WP;
  if ((next & PTE_UFFD_WP) !== 0) next &= ~PTE_WRITE;
  pmd.hugeFlags[slot] = next;
  vma.mm.host.charge("mprotect_page");
  if (pmdNeedsFlush(old, next)) gather.flushRange(cursor.base, PMD_SIZE);
}

/**
 * Copies a huge entry to a child, or splits it where its page may be pinned.
 *
 * From mm/huge_memory.c: copy_huge_pmd. A file's huge entry is not copied: the child faults.
 *
 * @param to The child's mapping.
 * @param from The parent's.
 * @param cursor A cursor at the entry; its table is set after a split.
 */
export function* copyHugePmd(to: Vma, from: Vma, cursor: Cursor): Operation {
  if (to.file !== null) return;
  const { frames, profile } = to.mm.host;
  const { pmd, slot } = cursor;
  const head = pmd.hugePfn[slot];
  let flags = pmd.hugeFlags[slot];
  if ((flags & (PTE_SPECIAL | PTE_MIGRATION)) === 0) {
    const pins = profile.pinnedCopyOnFork && (from.mm.flags & MMF_HAS_PINNED) !== 0 &&
      (frames.flags[head] & PG_ANON_EXCLUSIVE) !== 0;
    if (pins && frames.maybeDmaPinned(head)) {
      yield* splitHugePmd(from, cursor.base);
      cursor.table = pmd.tables[slot];
      return;
    }
    frames.flags[head] &= ~PG_ANON_EXCLUSIVE;
    frames.get(head);
    addHugeMapping(frames, head);
  }
  flags &= ~PTE_WRITE;
  pmd.hugeFlags[slot] = flags;
  const cleared = PTE_YOUNG | ((to.flags & VM_UFFD_WP) === 0 ? PTE_UFFD_WP : 0);
  const target = to.mm.pageTable.ensurePmd(cursor.base);
  target.hugeFlags[slot] = (flags & PTE_SPECIAL) === 0 ? flags & ~cleared : flags;
  target.hugePfn[slot] = head;
  if ((flags & PTE_SPECIAL) === 0) to.mm.anonPages += HPAGE_PMD_NR;
  to.mm.host.charge("fork_page");
}

/**
 * Clears the soft-dirty bit of a huge entry and write-protects it.
 *
 * From fs/proc/task_mmu.c: clear_soft_dirty_pmd.
 *
 * @param vma The mapping.
 * @param cursor A cursor at the entry.
 */
export function clearSoftDirtyPmd(vma: Vma, cursor: Cursor): void {
  const flags = cursor.pmd.hugeFlags[cursor.slot];
  const present = (flags & PTE_PRESENT) !== 0;
  cursor.pmd.hugeFlags[cursor.slot] = flags & ~(PTE_SOFT_DIRTY | (present ? PTE_WRITE : 0));
  vma.mm.host.charge("clear_refs_page");
}

/**
 * Clears the accessed bit of a huge entry, and of its page.
 *
 * From fs/proc/task_mmu.c: clear_refs_pte_range.
 *
 * @param vma The mapping.
 * @param cursor A cursor at the entry.
 */
export function clearYoungPmd(vma: Vma, cursor: Cursor): void {
  const { pmd, slot } = cursor;
  const flags = pmd.hugeFlags[slot];
  if ((flags & PTE_PRESENT) === 0) return;
  pmd.hugeFlags[slot] = flags & ~PTE_YOUNG;
  if ((flags & PTE_SPECIAL) === 0) vma.mm.host.frames.flags[pmd.hugePfn[slot]] &= ~PG_REFERENCED;
}

/** arch/x86/include/asm/tlbflush.h: huge_pmd_needs_flush. */
function pmdNeedsFlush(old: number, next: number): boolean {
  if ((old & PTE_PROTNONE) !== 0) return false;
  return ((old ^ next) & (PTE_WRITE | PTE_EXEC | PTE_PROTNONE)) !== 0;
}
