/**
 * ksmd: scanning registered address spaces for equal pages.
 *
 * From mm/ksm.c. Within a round an address space is scanned in order of address; a page must have
 * kept its checksum for a round before it is compared with the unstable tree.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { KernelBugError } from "../kernel/violation.ts";
import { ZERO_PFN } from "./frames.ts";
import type { Host } from "./host.ts";
import { splitHugePage } from "./huge_split.ts";
import {
  breakCow,
  breakKsm,
  findMergeableVma,
  followAnonPage,
  tryToMergeOnePage,
} from "./ksm_merge.ts";
import type { KsmSlot, RmapItem } from "./ksm_state.ts";
import {
  pageStableNode,
  removeNodeFromStableTree,
  removeRmapItemFromTree,
  stableTreeAppend,
  stableTreeInsert,
  stableTreeSearch,
  unstableTreeSearchInsert,
} from "./ksm_tree.ts";
import { isCompound } from "./madvise_huge.ts";
import { type Mm, MMF_VM_MERGEABLE } from "./mm_struct.ts";
import { mmapReadLock } from "./mmap_lock.ts";
import { VM_MERGEABLE, type Vma } from "./vma.ts";

/**
 * Registers an address space with ksmd, just behind the cursor (mm/ksm.c: __ksm_enter).
 *
 * @param mm The address space.
 */
export function ksmEnter(mm: Mm): void {
  if ((mm.flags & MMF_VM_MERGEABLE) !== 0) return;
  mm.flags |= MMF_VM_MERGEABLE;
  const { ksm } = mm.host;
  const slot: KsmSlot = { mm, items: [], position: 0, visited: [] };
  if (ksm.cursorSlot === 0 && ksm.cursorAddress === 0) {
    ksm.slots.push(slot);
  } else {
    ksm.slots.splice(ksm.cursorSlot, 0, slot);
    ksm.cursorSlot++;
  }
}

/**
 * Registers a child whose parent is registered (mm/ksm.c: ksm_fork).
 *
 * @param child The new address space.
 * @param parent The address space it was copied from.
 */
export function ksmFork(child: Mm, parent: Mm): void {
  if ((parent.flags & MMF_VM_MERGEABLE) !== 0) ksmEnter(child);
}

/**
 * Forgets an address space that exits (mm/ksm.c: ksm_exit and the next visit of ksmd).
 *
 * @param mm The address space.
 */
export function ksmExit(mm: Mm): void {
  const at = mm.host.ksm.slots.findIndex((slot) => slot.mm === mm);
  if (at >= 0) removeSlot(mm.host, at);
}

/**
 * Scans up to a number of candidate pages (mm/ksm.c: ksm_do_scan).
 *
 * @param host The machine.
 * @param pages Candidate pages to look at; the scan stops early at the end of a round.
 * @returns Pages looked at.
 */
export function* ksmDoScan(host: Host, pages: number): Operation<number> {
  const { ksm } = host;
  let scanned = 0;
  while (scanned < pages) {
    if (ksm.cursorSlot === 0 && ksm.cursorAddress === 0) host.lruBatches.drain();
    const slot = ksm.slots[ksm.cursorSlot];
    if (slot === undefined) {
      endRound(host);
      return scanned;
    }
    scanned += yield* scanSlot(host, slot, pages - scanned);
  }
  return scanned;
}

/**
 * Runs whole rounds; with pages_to_scan 0 ksmd only sleeps, and no round ever ends.
 *
 * @param host The machine.
 * @param rounds How many.
 */
export function* ksmFullScans(host: Host, rounds: number): Operation {
  if (host.ksm.knobs.pages_to_scan === 0) return;
  const target = host.ksm.full_scans + rounds;
  while (host.ksm.full_scans < target) {
    yield* ksmDoScan(host, host.ksm.knobs.pages_to_scan);
    yield "daemon_step";
  }
}

/**
 * Breaks every KSM page of a range (mm/ksm.c: unmerge_ksm_pages).
 *
 * @param vma The mapping.
 * @param start First byte.
 * @param end First byte after.
 */
export function* unmergeKsmPages(vma: Vma, start: Vaddr, end: Vaddr): Operation {
  if (vma.anonVma === null) return;
  const cursor = vma.mm.pageTable.cursor(start, end);
  while (cursor.next()) {
    for (let index = cursor.first; index < cursor.last; index++) {
      yield* breakKsm(vma, cursor.base + index * PAGE_SIZE);
    }
  }
}

/**
 * Unmerges everything and forgets all items (writing 2 to the run file; mm/ksm.c:
 * unmerge_and_remove_all_rmap_items).
 *
 * @param host The machine.
 */
export function* ksmUnmergeAll(host: Host): Operation {
  const { ksm } = host;
  for (const slot of ksm.slots) {
    for (const vma of slot.mm.vmas.slice()) {
      if ((vma.flags & VM_MERGEABLE) !== 0) yield* unmergeKsmPages(vma, vma.start, vma.end);
    }
    dropAllItems(host, slot);
  }
  for (const chain of [...ksm.stable.values()]) {
    for (const node of chain.slice()) removeNodeFromStableTree(host, node);
  }
  ksm.unstable.clear();
  ksm.cursorSlot = 0;
  ksm.cursorAddress = 0;
  ksm.full_scans = 0;
}

/** Scans one address space from the cursor on; moves on to the next when it is done. */
function* scanSlot(host: Host, slot: KsmSlot, budget: number): Operation<number> {
  const { ksm } = host;
  let scanned = 0;
  yield* mmapReadLock(slot.mm);
  for (const vma of slot.mm.vmasIn(ksm.cursorAddress, Infinity)) {
    if ((vma.flags & VM_MERGEABLE) === 0) continue;
    if (vma.anonVma !== null) {
      const from = Math.max(vma.start, ksm.cursorAddress);
      scanned += yield* scanVma(host, slot, vma, from, budget - scanned);
      if (scanned === budget) return scanned;
    }
    ksm.cursorAddress = vma.end;
  }
  finishSlot(host, slot);
  return scanned;
}

function* scanVma(
  host: Host,
  slot: KsmSlot,
  vma: Vma,
  from: Vaddr,
  budget: number,
): Operation<number> {
  const cursor = slot.mm.pageTable.cursor(from, vma.end);
  let scanned = 0;
  while (cursor.next()) {
    for (let index = cursor.first; index < cursor.last; index++) {
      const addr = cursor.base + index * PAGE_SIZE;
      const pfn = followAnonPage(slot.mm, addr);
      if (pfn < 0) continue;
      host.ksm.cursorAddress = addr + PAGE_SIZE;
      yield* scanPage(host, nextItem(host, slot, addr), pfn);
      if (++scanned === budget) return scanned;
    }
  }
  return scanned;
}

/** Looks at one candidate; ksmd holds a reference on its page meanwhile. */
function* scanPage(host: Host, item: RmapItem, pfn: Pfn): Operation {
  host.charge("ksm_scan_page");
  host.frames.get(pfn);
  yield* cmpAndMergePage(host, item, pfn);
  host.frames.put(pfn);
}

/** Finds or makes the item of a page, dropping those the cursor has passed. */
function nextItem(host: Host, slot: KsmSlot, address: Vaddr): RmapItem {
  const { items } = slot;
  while (slot.position < items.length && items[slot.position].address < address) {
    dropItem(host, items[slot.position++]);
  }
  const known = items[slot.position]?.address === address ? items[slot.position++] : null;
  const item = known ?? newItem(host, slot.mm, address);
  slot.visited.push(item);
  return item;
}

function newItem(host: Host, mm: Mm, address: Vaddr): RmapItem {
  host.ksm.rmap_items++;
  return {
    mm,
    address,
    checksum: 0,
    seen: false,
    node: null,
    unstableRound: 0,
    unstableKey: 0,
    anonVma: null,
  };
}

function dropItem(host: Host, item: RmapItem): void {
  removeRmapItemFromTree(host, item);
  host.ksm.rmap_items--;
}

function dropAllItems(host: Host, slot: KsmSlot): void {
  for (const item of slot.visited) dropItem(host, item);
  for (const item of slot.items.slice(slot.position)) dropItem(host, item);
  slot.items = [];
  slot.visited = [];
  slot.position = 0;
}

/** Ends the pass over an address space; one without a mergeable mapping is forgotten. */
function finishSlot(host: Host, slot: KsmSlot): void {
  const { ksm } = host;
  for (const item of slot.items.slice(slot.position)) dropItem(host, item);
  slot.items = slot.visited;
  slot.visited = [];
  slot.position = 0;
  if (ksm.cursorAddress === 0) removeSlot(host, ksm.cursorSlot);
  else ksm.cursorSlot++;
  ksm.cursorAddress = 0;
}

function removeSlot(host: Host, at: number): void {
  const { ksm } = host;
  const [slot] = ksm.slots.splice(at, 1);
  dropAllItems(host, slot);
  slot.mm.flags &= ~MMF_VM_MERGEABLE;
  if (at < ksm.cursorSlot) ksm.cursorSlot--;
  else if (at === ksm.cursorSlot) ksm.cursorAddress = 0;
}

function endRound(host: Host): void {
  const { ksm } = host;
  ksm.cursorSlot = 0;
  ksm.cursorAddress = 0;
  ksm.full_scans++;
  ksm.round++;
  ksm.unstable.clear();
}

/** mm/ksm.c: cmp_and_merge_page. */
function* cmpAndMergePage(host: Host, item: RmapItem, pfn: Pfn): Operation {
  const own = pageStableNode(host, pfn);
  if (own !== null && item.node === own) return;
  const node = stableTreeSearch(host, pfn);
  removeRmapItemFromTree(host, item);
  if (node !== null) {
    if (yield* tryToMergeWithKsmPage(item, pfn, node.pfn)) stableTreeAppend(host, item, node);
    return;
  }
  const checksum = host.frames.content[pfn];
  if (item.checksum !== checksum || !item.seen) {
    item.checksum = checksum;
    item.seen = true;
    return;
  }
  if (host.ksm.knobs.use_zero_pages === 1 && checksum === 0) {
    yield "ptl_dropped"; // the scan has let mmap_sem go
    const vma = findMergeableVma(item.mm, item.address);
    if (vma === null) return complainOfNoVma(host, item);
    if ((yield* tryToMergeOnePage(vma, item.address, pfn, ZERO_PFN)) === 0) return;
  }
  const other = unstableTreeSearchInsert(host, item, pfn, mergeablePage);
  if (other !== null) yield* mergeTwo(host, item, pfn, other);
}

/** What try_to_merge_one_page does with a vma of NULL (B-20). */
function complainOfNoVma({ profile }: Host, { mm, address }: RmapItem): void {
  if (!profile.ksmZeroPageNullVma) return;
  const what = `the vma of ${hex(address)} of "${mm.name}" is NULL: it went after the scan`;
  throw new KernelBugError("try_to_merge_one_page", what);
}

/**
 * Makes the scanned page a KSM page and maps it in place of the equal one. Two pages of one huge page
 * stand in each other's way: this round only takes the huge page apart.
 */
function* mergeTwo(host: Host, item: RmapItem, pfn: Pfn, other: RmapItem): Operation {
  const otherPfn = mergeablePage(other);
  host.frames.get(otherPfn);
  if (yield* tryToMergeWithKsmPage(item, pfn, null)) {
    const node = stableTreeInsert(host, pfn);
    if (yield* tryToMergeWithKsmPage(other, otherPfn, pfn)) {
      stableTreeAppend(host, other, node);
      stableTreeAppend(host, item, node);
    } else {
      removeNodeFromStableTree(host, node);
      yield* breakCow(item);
    }
  }
  const head = host.frames.head(pfn);
  const together = isCompound(host, head) && host.frames.head(otherPfn) === head;
  host.frames.put(otherPfn);
  if (together) yield* splitHugePage(host, pfn);
}

/** mm/ksm.c: try_to_merge_with_ksm_page. Tells whether the item's page is the KSM page now. */
function* tryToMergeWithKsmPage(item: RmapItem, pfn: Pfn, kpfn: Pfn | null): Operation<boolean> {
  const vma = findMergeableVma(item.mm, item.address);
  if (vma === null) return false;
  if ((yield* tryToMergeOnePage(vma, item.address, pfn, kpfn)) !== 0) return false;
  removeRmapItemFromTree(vma.mm.host, item);
  item.anonVma = vma.anonVma;
  return true;
}

/** The frame of an item if it could still be merged, or -1 (mm/ksm.c: get_mergeable_page). */
function mergeablePage(item: RmapItem): Pfn {
  if (findMergeableVma(item.mm, item.address) === null) return -1;
  return followAnonPage(item.mm, item.address);
}
