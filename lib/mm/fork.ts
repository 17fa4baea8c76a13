/**
 * fork: copying an address space.
 *
 * From kernel/fork.c: dup_mmap and mm/memory.c: copy_page_range. A private mapping that has an
 * anon_vma is copied inside one PROTECTION_PAGE window on the parent, over the whole mapping.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_PROTECTION_PAGE, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { insideWindow } from "../notifier/dispatch.ts";
import { whileMmapLocked } from "./mmap_lock.ts";
import { anonVmaFork, countMapped, pageAddNewAnonRmap } from "./rmap.ts";
import { copyHugePmd } from "./huge_pmd.ts";
import { copyHugetlbPageRange } from "./hugetlb_range.ts";
import { ksmFork } from "./ksm.ts";
import { type Mm, MMF_HAS_PINNED } from "./mm_struct.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_HEAD,
  PG_TAIL,
  PTE_DEVICE_PRIVATE,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_MKDIRTY,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_SWP_EXCLUSIVE,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { khugepagedFork } from "./thp.ts";
import {
  VM_DONTCOPY,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_SHARED,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WIPEONFORK,
  VM_WRITE,
  Vma,
  vmPageProt,
} from "./vma.ts";
import { insertVma } from "./vma_merge.ts";

/**
 * Makes a child with a copy of an address space. Listeners are not inherited.
 *
 * @param parent The address space to copy.
 * @param name Name of the child's process.
 * @returns The child's address space.
 */
export function* fork(parent: Mm, name: string): Operation<Mm> {
  return yield* whileMmapLocked(parent, dupMm(parent, name));
}

function* dupMm(parent: Mm, name: string): Operation<Mm> {
  const child = parent.host.createMm(name);
  child.nextMapping = parent.nextMapping;
  ksmFork(child, parent);
  khugepagedFork(child, parent);
  for (const from of parent.vmas.slice()) {
    if ((from.flags & VM_DONTCOPY) !== 0) continue;
    const to = dupVma(child, from);
    if ((to.flags & VM_WIPEONFORK) === 0) yield* copyPageRange(to, from);
  }
  return child;
}

function dupVma(child: Mm, from: Vma): Vma {
  const cleared = VM_LOCKED | VM_LOCKONFAULT | VM_UFFD_MISSING | VM_UFFD_WP;
  const to = new Vma(child, from.start, from.end, from.flags & ~cleared, from.pgoff, from.file);
  to.policy = from.policy;
  if ((to.flags & VM_WIPEONFORK) === 0) anonVmaFork(to, from);
  insertVma(to, from);
  return to;
}

/** Copies the entries of one mapping, inside a window if writes to it copy. */
function* copyPageRange(to: Vma, from: Vma): Operation {
  const needsCopy = (from.flags & (VM_PFNMAP | VM_MIXEDMAP)) !== 0 || from.anonVma !== null;
  if (from.isHugetlb) {
    if (needsCopy || from.mm.host.profile.forkCopiesHugetlb) yield* copyHugetlbPageRange(to, from);
    return;
  }
  if (!needsCopy) return;
  const parent = from.mm;
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_PROTECTION_PAGE,
    0,
    from,
    parent,
    from.start,
    from.end,
    SITE.copy_page_range,
  );
  const copies = copyEntries(to, from);
  if (from.isCow) yield* insideWindow(range, copies);
  else yield* copies;
}

function* copyEntries(to: Vma, from: Vma): Operation {
  const parent = from.mm;
  to.mm.pageTable.ensureUpperTablesOf(parent.pageTable, from.start, from.end);
  const cursor = parent.pageTable.cursor(from.start, from.end);
  while (cursor.next()) {
    if (cursor.table === null) yield* copyHugePmd(to, from, cursor);
    if (cursor.table === null) continue;
    copyPteRange(to, from, cursor, cursor.table);
    yield "ptl_dropped";
  }
}

/**
 * Copies the entries at the cursor: runs of anonymous pages that nobody may have pinned at once, the
 * rest one by one.
 */
function copyPteRange(to: Vma, from: Vma, cursor: Cursor, source: PteTable): void {
  const copier = new PteCopier(to, from);
  const target = to.mm.pageTable.ensure(cursor.base);
  const { first, last } = cursor;
  target.pfn.set(source.pfn.subarray(first, last), first);
  let index = copier.copyRun(source, target, first, last);
  while (index < last) {
    copier.copy(source, target, index, cursor.base);
    index = copier.copyRun(source, target, index + 1, last);
  }
  if (copier.copied > 0) to.mm.host.charge("fork_page", copier.copied);
}

/** Copies entries between two mappings. */
class PteCopier {
  /** Entries copied so far. */
  copied = 0;
  /** Bits of a present entry that the child's copy keeps. */
  readonly #kept: number;
  /** Whether pages that may be pinned are copied at once. */
  readonly #pins: boolean;
  readonly #to: Vma;
  readonly #isCow: boolean;

  constructor(to: Vma, from: Vma) {
    this.#to = to;
    this.#isCow = from.isCow;
    this.#pins = from.mm.host.profile.pinnedCopyOnFork &&
      (from.mm.flags & MMF_HAS_PINNED) !== 0;
    const shared = (from.flags & VM_SHARED) !== 0 ? PTE_DIRTY : 0;
    const uffd = (to.flags & VM_UFFD_WP) === 0 ? PTE_UFFD_WP : 0;
    this.#kept = ~(PTE_YOUNG | shared | uffd);
  }

  /**
   * Copies the flags of a run of entries and counts another mapping of their pages; returns the
   * run's end, an entry whose page is not anonymous or may be pinned.
   */
  copyRun(source: PteTable, target: PteTable, first: number, last: number): number {
    const { flags, pfn: pfns } = source;
    const { flags: copies } = target;
    const { refcount, mapcount, flags: pages } = this.#to.mm.host.frames;
    const [present, mask, anon] = [PTE_PRESENT, PTE_PRESENT | PTE_SPECIAL, PG_ANON];
    const looked = PG_ANON | PG_TAIL | PG_HEAD | (this.#pins ? PG_ANON_EXCLUSIVE : 0);
    const [shared, unwritable] = [~PG_ANON_EXCLUSIVE, this.#isCow ? ~PTE_WRITE : ~0];
    const kept = this.#kept;
    let [index, empty] = [first, 0];
    for (; index < last; index++) {
      const entry = flags[index];
      if ((entry & mask) !== present) {
        if (entry !== 0) break;
        empty++;
        continue;
      }
      const pfn = pfns[index];
      const page = pages[pfn];
      if ((page & looked) !== anon) break;
      refcount[pfn]++;
      mapcount[pfn]++;
      pages[pfn] = page & shared;
      flags[index] = entry & unwritable;
      copies[index] = entry & unwritable & kept;
    }
    this.#to.mm.anonPages += index - first - empty;
    this.copied += index - first - empty;
    return index;
  }

  /** Copies one entry that is not empty. */
  copy(source: PteTable, target: PteTable, index: number, base: number): void {
    const present = (source.flags[index] & PTE_PRESENT) !== 0;
    if (present) this.#present(source, target, index, base);
    else this.#nonpresent(source, target, index);
    this.copied++;
  }

  #present(source: PteTable, target: PteTable, index: number, base: number): void {
    const { frames } = this.#to.mm.host;
    const pfn = source.pfn[index];
    let flags = source.flags[index];
    if ((flags & PTE_SPECIAL) === 0) {
      const page = frames.flags[pfn];
      if ((page & PG_ANON_EXCLUSIVE) !== 0) {
        if (this.#pins && frames.maybeDmaPinned(pfn)) {
          this.#copyPage(source, target, index, base);
          return;
        }
        frames.flags[pfn] = page & ~PG_ANON_EXCLUSIVE;
      }
      frames.get(pfn);
      frames.mapcount[pfn]++;
      countMapped(this.#to, pfn, 1);
    }
    if (this.#isCow && (flags & PTE_WRITE) !== 0) {
      flags &= ~PTE_WRITE;
      source.flags[index] = flags;
    }
    target.flags[index] = flags & this.#kept;
    target.pfn[index] = pfn;
  }

  /** A pinned page is copied for the child at once, so that the parent keeps its page (v5.9). */
  #copyPage(source: PteTable, target: PteTable, index: number, base: number): void {
    const to = this.#to;
    const { frames } = to.mm.host;
    const copy = frames.alloc(to.policy?.node);
    if (copy < 0) return;
    frames.content[copy] = frames.content[source.pfn[index]];
    pageAddNewAnonRmap(to, base + index * PAGE_SIZE, copy);
    const write = (to.flags & VM_WRITE) !== 0 ? PTE_WRITE : 0;
    target.flags[index] = vmPageProt(to) | PTE_YOUNG | PTE_MKDIRTY | write;
    target.pfn[index] = copy;
  }

  #nonpresent(source: PteTable, target: PteTable, index: number): void {
    let flags = source.flags[index];
    const number = source.pfn[index];
    const { host } = this.#to.mm;
    if ((flags & PTE_SWAP) !== 0) {
      host.swap.duplicate(number);
      flags &= ~PTE_SWP_EXCLUSIVE;
      this.#to.mm.swapEntries++;
    } else if ((flags & PTE_MIGRATION) !== 0) {
      if (this.#isCow) flags &= ~(PTE_WRITE | PTE_SWP_EXCLUSIVE);
      countMapped(this.#to, number, 1);
    } else if ((flags & PTE_DEVICE_PRIVATE) !== 0) {
      if (this.#isCow) flags &= ~PTE_WRITE;
      host.frames.flags[number] &= ~PG_ANON_EXCLUSIVE;
      host.frames.get(number);
      host.frames.mapcount[number]++;
      countMapped(this.#to, number, 1);
    }
    source.flags[index] = flags;
    target.flags[index] = flags & ~PTE_UFFD_WP;
    target.pfn[index] = number;
  }
}
