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
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../notifier/dispatch.ts";
import { MMU_NOTIFY_PROTECTION_PAGE } from "../notifier/events.ts";
import { mmuNotifierRangeInit } from "../notifier/range.ts";
import { anonVmaFork } from "./anon_vma.ts";
import { ksmFork } from "./ksm.ts";
import { type Mm, MMF_HAS_PINNED } from "./mm_struct.ts";
import { PG_ANON, PG_ANON_EXCLUSIVE } from "./page_flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import {
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
} from "./pte.ts";
import { countMapped, pageAddNewAnonRmap } from "./rmap.ts";
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
  const child = parent.host.createMm(name);
  child.nextMapping = parent.nextMapping;
  ksmFork(child, parent);
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
  insertVma(to);
  return to;
}

/** Copies the entries of one mapping, inside a window if writes to it copy. */
function* copyPageRange(to: Vma, from: Vma): Operation {
  const needsCopy = (from.flags & (VM_PFNMAP | VM_MIXEDMAP)) !== 0 || from.anonVma !== null;
  if (!needsCopy) return;
  const parent = from.mm;
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_PROTECTION_PAGE,
    0,
    from,
    parent,
    from.start,
    from.end,
  );
  const notified = from.isCow;
  if (notified) {
    mmuNotifierInvalidateRangeStart(range);
    yield "window_open";
  }
  const cursor = parent.pageTable.cursor(from.start, from.end);
  while (cursor.next()) {
    if (cursor.table === null) continue;
    copyPteRange(to, from, cursor, cursor.table);
    yield "ptl_dropped";
  }
  if (!notified) return;
  mmuNotifierInvalidateRangeEnd(range);
  yield "window_closed";
}

function copyPteRange(to: Vma, from: Vma, cursor: Cursor, source: PteTable): void {
  let target: PteTable | null = null;
  const copier = new PteCopier(to, from);
  for (let index = cursor.first; index < cursor.last; index++) {
    if (source.flags[index] === 0) continue;
    target ??= to.mm.pageTable.ensure(cursor.base);
    copier.copy(source, target, index, cursor.base);
  }
  copier.finish();
}

/** Copies single entries between two mappings and keeps the sums. */
class PteCopier {
  readonly #to: Vma;
  readonly #isCow: boolean;
  readonly #cleared: number;
  readonly #pins: boolean;
  #anon = 0;
  #file = 0;
  #copied = 0;

  constructor(to: Vma, from: Vma) {
    this.#to = to;
    this.#isCow = from.isCow;
    this.#pins = from.mm.host.profile.pinnedCopyOnFork &&
      (from.mm.flags & MMF_HAS_PINNED) !== 0;
    const shared = (from.flags & VM_SHARED) !== 0 ? PTE_DIRTY : 0;
    const uffd = (to.flags & VM_UFFD_WP) === 0 ? PTE_UFFD_WP : 0;
    this.#cleared = PTE_YOUNG | shared | uffd;
  }

  /** Copies one entry that is not empty. */
  copy(source: PteTable, target: PteTable, index: number, base: number): void {
    const flags = source.flags[index];
    this.#copied++;
    if ((flags & PTE_PRESENT) === 0) this.#nonpresent(source, target, index);
    else this.#present(source, target, index, base);
  }

  /** Adds the sums to the child's counters. */
  finish(): void {
    const { mm } = this.#to;
    mm.anonPages += this.#anon;
    mm.filePages += this.#file;
    if (this.#copied > 0) mm.host.charge("fork_page", this.#copied);
  }

  #present(source: PteTable, target: PteTable, index: number, base: number): void {
    const { frames } = this.#to.mm.host;
    const pfn = source.pfn[index];
    let flags = source.flags[index];
    if ((flags & PTE_SPECIAL) === 0) {
      const page = frames.flags[pfn];
      if ((page & PG_ANON) !== 0) {
        if ((page & PG_ANON_EXCLUSIVE) !== 0) {
          if (this.#pins && frames.maybeDmaPinned(pfn)) {
            this.#copyPage(source, target, index, base);
            return;
          }
          frames.flags[pfn] = page & ~PG_ANON_EXCLUSIVE;
        }
        this.#anon++;
      } else {
        this.#file++;
      }
      frames.get(pfn);
      frames.mapcount[pfn]++;
    }
    if (this.#isCow && (flags & PTE_WRITE) !== 0) {
      flags &= ~PTE_WRITE;
      source.flags[index] = flags;
    }
    target.flags[index] = flags & ~this.#cleared;
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
    }
    source.flags[index] = flags;
    target.flags[index] = flags & ~PTE_UFFD_WP;
    target.pfn[index] = number;
  }
}
