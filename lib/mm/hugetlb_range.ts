/**
 * Operations on ranges of hugetlbfs memory: unmap, protect, fork and move.
 *
 * From mm/hugetlb.c. Each sends a window of its own for the part of the mapping, whether or not
 * anything is mapped there: UNMAP also where only pages go, CLEAR also at fork.
 *
 * @module
 */

import {
  alignDown,
  alignUp,
  HPAGE_PMD_NR,
  isAligned,
  type Pfn,
  PMD_SIZE,
  PUD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_PROTECTION_VMA,
  MMU_NOTIFY_UNMAP,
  type MmuNotifierEvent,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
  SITE,
} from "../notifier/range.ts";
import { changeInWindow } from "../notifier/dispatch.ts";
import { addHugeMapping, removeHugeMapping } from "./huge_rmap.ts";
import { MMF_HAS_PINNED } from "./mm_struct.ts";
import { MmuGather } from "./mmu_gather.ts";
import {
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PTE_CHG_MASK,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_WRITE,
} from "./flags.ts";
import { VM_MAYSHARE, VM_SHARED, type Vma } from "./vma.ts";

/**
 * Names the owner of a mapping's promises: the file for shared mappings, else the process's mapping
 * of it.
 *
 * @param vma The mapping.
 * @returns A name for {@linkcode HugetlbPool}.
 */
export function hugetlbOwner(vma: Vma): string {
  const shared = (vma.flags & VM_MAYSHARE) !== 0;
  return shared ? `file ${vma.file!.id}` : `file ${vma.file!.id} of mm ${vma.mm.id}`;
}

/**
 * Tells whether a mapping may be cut at an address (mm/hugetlb.c: hugetlb_vm_op_split).
 *
 * @param vma The mapping, of any kind.
 * @param addr Where.
 * @returns False inside a huge page of hugetlbfs.
 */
export function maySplitAt(vma: Vma, addr: Vaddr): boolean {
  return !vma.isHugetlb || addr <= vma.start || addr >= vma.end || isAligned(addr, PMD_SIZE);
}

/**
 * Gives back what a private mapping reserved and did not touch, unless mremap moved it on
 * (mm/hugetlb.c: hugetlb_vm_op_close).
 *
 * @param vma The mapping that goes.
 */
export function hugetlbVmClose(vma: Vma): void {
  if ((vma.flags & VM_MAYSHARE) !== 0) return;
  const end = vma.pgoff + vma.pages;
  const moved = vma.file!.mappings.some((other) =>
    other !== vma && other.mm === vma.mm && other.pgoff < end &&
    other.pgoff + other.pages > vma.pgoff
  );
  if (!moved) vma.mm.host.hugetlb.unreserve(hugetlbOwner(vma), vma.pgoff, end);
}

/**
 * Removes the pages of a part of a mapping inside an UNMAP window (mm/hugetlb.c:
 * __unmap_hugepage_range).
 *
 * @param gather Receives what is removed.
 * @param vma The mapping.
 * @param start First byte, huge-page aligned.
 * @param end First byte after.
 */
export function* unmapHugepageRange(
  gather: MmuGather,
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
): Operation {
  const { frames } = vma.mm.host;
  const range = windowOf(vma, MMU_NOTIFY_UNMAP, start, end, SITE.__unmap_hugepage_range);
  yield* changeInWindow(range, () => {
    const cursor = vma.mm.pageTable.cursor(start, end);
    while (cursor.next()) {
      const { pmd, slot } = cursor;
      const flags = pmd.hugeFlags[slot];
      if (flags === 0) continue;
      pmd.hugeFlags[slot] = 0;
      if ((flags & PTE_MIGRATION) !== 0) continue;
      const head = pmd.hugePfn[slot];
      gather.flushRange(cursor.base, PMD_SIZE);
      if ((flags & PTE_DIRTY) !== 0) frames.flags[head] |= PG_DIRTY;
      removeHugeMapping(frames, head);
      vma.mm.host.charge("unmap_page");
      gather.removePage(head);
    }
  });
}

/**
 * Unmaps a part of a file from all its mappings, without a window around (fs/hugetlbfs/inode.c:
 * hugetlb_vmdelete_list).
 *
 * @param vmas The file's mappings.
 * @param first First page offset.
 * @param end First page offset after; Infinity for all the rest.
 */
export function* hugetlbVmdeleteList(
  vmas: readonly Vma[],
  first: number,
  end: number,
): Operation {
  for (const vma of vmas.slice()) {
    const from = Math.max(first, vma.pgoff);
    const to = Math.min(end, vma.pgoff + vma.pages);
    if (from >= to) continue;
    const gather = new MmuGather(vma.mm);
    const start = vma.start + (from - vma.pgoff) * (PMD_SIZE / HPAGE_PMD_NR);
    yield* unmapHugepageRange(gather, vma, start, start + (to - from) * (PMD_SIZE / HPAGE_PMD_NR));
    gather.finish();
  }
}

/**
 * Changes the rights of a part of a mapping, in one window (mm/hugetlb.c:
 * hugetlb_change_protection).
 *
 * @param vma The mapping, with its new flags.
 * @param start First byte.
 * @param end First byte after.
 * @param prot Protection bits (PTE_PRESENT, PTE_WRITE and so on) the entries get.
 */
export function* hugetlbChangeProtection(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  prot: number,
): Operation {
  const gather = new MmuGather(vma.mm);
  const range = windowOf(
    vma,
    MMU_NOTIFY_PROTECTION_VMA,
    start,
    end,
    SITE.hugetlb_change_protection,
  );
  yield* changeInWindow(range, () => {
    const cursor = vma.mm.pageTable.cursor(start, end);
    while (cursor.next()) {
      const flags = cursor.pmd.hugeFlags[cursor.slot];
      if (flags === 0) continue;
      const migrating = (flags & PTE_MIGRATION) !== 0;
      cursor.pmd.hugeFlags[cursor.slot] = migrating
        ? flags & ~PTE_WRITE
        : (flags & PTE_CHG_MASK) | prot;
      if (!migrating) gather.flushRange(cursor.base, PMD_SIZE);
    }
    gather.flushTlb();
  });
}

/**
 * Copies the entries of a mapping to a child; private ones inside a CLEAR window over the whole
 * mapping (mm/hugetlb.c: copy_hugetlb_page_range).
 *
 * @param to The child's mapping.
 * @param from The parent's.
 */
export function* copyHugetlbPageRange(to: Vma, from: Vma): Operation {
  if (!from.isCow) return copyEntries(to, from);
  const { mm, start, end } = from;
  const site = SITE.copy_hugetlb_page_range;
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, from, mm, start, end, site);
  yield* changeInWindow(range, () => copyEntries(to, from));
}

function copyEntries(to: Vma, from: Vma): void {
  const cow = from.isCow;
  const cursor = from.mm.pageTable.cursor(from.start, from.end);
  while (cursor.next()) {
    const { pmd, slot } = cursor;
    if (pmd.hugeFlags[slot] === 0) continue;
    const copy = copyPinned(to, from, pmd.hugePfn[slot]);
    if (copy === null && cow) pmd.hugeFlags[slot] &= ~PTE_WRITE;
    const target = to.mm.pageTable.ensurePmd(cursor.base);
    target.hugeFlags[slot] = pmd.hugeFlags[slot];
    target.hugePfn[slot] = copy ?? pmd.hugePfn[slot];
    to.mm.host.charge("fork_page");
  }
}

/** A page that may be pinned is copied for the child; any other is shared with it (null). */
function copyPinned(to: Vma, from: Vma, head: Pfn): Pfn | null {
  const { frames, profile, hugetlb } = to.mm.host;
  const exclusive = (frames.flags[head] & PG_ANON_EXCLUSIVE) !== 0;
  const pins = profile.pinnedCopyOnFork && (from.mm.flags & MMF_HAS_PINNED) !== 0;
  const copy = exclusive && pins && frames.maybeDmaPinned(head)
    ? hugetlb.alloc(hugetlbOwner(to), frames.indexOf(head))
    : -1;
  if (copy < 0) {
    frames.flags[head] &= ~PG_ANON_EXCLUSIVE;
    frames.get(head);
    addHugeMapping(frames, head);
    return null;
  }
  frames.content.copyWithin(copy, head, head + HPAGE_PMD_NR);
  for (let at = 0; at < HPAGE_PMD_NR; at++) {
    const flags = frames.flags[head + at] & 0x0fffffff;
    frames.bind(copy + at, to.anonVma!.id, frames.indexOf(head) + at, flags);
  }
  addHugeMapping(frames, copy);
  return copy;
}

/**
 * Moves the entries of a range to another address, inside a CLEAR window on the old one
 * (mm/hugetlb.c: move_hugetlb_page_tables, since v5.16).
 *
 * @param vma The old mapping.
 * @param from First byte of the old range.
 * @param to First byte of the new range.
 * @param length Bytes, a multiple of the huge page size.
 */
export function* moveHugetlbPageTables(
  vma: Vma,
  from: Vaddr,
  to: Vaddr,
  length: number,
): Operation {
  const { pageTable } = vma.mm;
  const gather = new MmuGather(vma.mm);
  const range = windowOf(vma, MMU_NOTIFY_CLEAR, from, from + length, SITE.move_page_tables);
  yield* changeInWindow(range, () => {
    const cursor = pageTable.cursor(from, from + length);
    while (cursor.next()) {
      const { pmd, slot } = cursor;
      if (pmd.hugeFlags[slot] === 0) continue;
      const addr = cursor.base - from + to;
      const target = pageTable.ensurePmd(addr);
      const at = tableOf(addr) & (HPAGE_PMD_NR - 1);
      target.hugeFlags[at] = pmd.hugeFlags[slot];
      target.hugePfn[at] = pmd.hugePfn[slot];
      pmd.hugeFlags[slot] = 0;
      gather.flushRange(cursor.base, PMD_SIZE);
    }
    gather.flushTlb();
  });
}

/**
 * Takes a page from the other private mappings of the file, so that its owner can keep it where the
 * pool is empty (mm/hugetlb.c: unmap_ref_private).
 *
 * @param vma The owner's mapping.
 * @param base First byte of the page.
 * @param head The page.
 * @returns True if the owner is the only one left.
 */
export function* unmapRefPrivate(vma: Vma, base: Vaddr, head: Pfn): Operation<boolean> {
  const { frames } = vma.mm.host;
  const index = vma.indexOf(base);
  for (const other of vma.file!.mappings.slice()) {
    if (other === vma || (other.flags & VM_SHARED) !== 0) continue;
    const addr = other.addressOf(index);
    if (addr < 0) continue;
    const gather = new MmuGather(other.mm);
    yield* unmapHugepageRange(gather, other, addr, addr + PMD_SIZE);
    gather.finish();
  }
  return frames.compoundMapcount[head >>> 9] === 1;
}

/**
 * Widens a range to whole GiB where page tables might be shared (mm/hugetlb.c:
 * adjust_range_if_pmd_sharing_possible).
 *
 * @param vma The mapping.
 * @param start First byte.
 * @param end First byte after.
 * @returns The bounds of the wider range.
 */
export function widenToSharedTables(vma: Vma, start: Vaddr, end: Vaddr): [Vaddr, Vaddr] {
  const low = alignUp(vma.start, PUD_SIZE);
  const high = alignDown(vma.end, PUD_SIZE);
  const shares = (vma.flags & VM_MAYSHARE) !== 0 && high > low && end > low && start < high;
  if (!shares) return [start, end];
  return [
    start > low ? alignDown(start, PUD_SIZE) : start,
    end < high ? alignUp(end, PUD_SIZE) : end,
  ];
}

/** A window, widened to where page tables might be shared. */
function windowOf(
  vma: Vma,
  event: MmuNotifierEvent,
  start: Vaddr,
  end: Vaddr,
  site: number,
): MmuNotifierRange {
  const [from, to] = widenToSharedTables(vma, start, end);
  return mmuNotifierRangeInit(event, 0, vma, vma.mm, from, to, site);
}
