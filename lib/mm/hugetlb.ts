/**
 * The pool of hugetlbfs, and faults on its memory.
 *
 * From mm/hugetlb.c: hstate, alloc_huge_page, hugetlb_reserve_pages. A mapping reserves what it may
 * touch, so that its faults find a page; whoever has no reservation gets only what is not promised.
 * Installing a page sends nothing; copying one on write sends CLEAR over the huge page, with
 * invalidate_range inside but never change_pte.
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
import { changeInWindow, mmuNotifierInvalidateRange } from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_FILE,
  PG_HEAD,
  PG_HUGETLB,
  PG_TAIL,
  PTE_CHG_MASK,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_MKDIRTY,
  PTE_PROTNONE,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import type { Frames } from "./frames.ts";
import { addHugeMapping, pageMoveAnonHugeRmap, removeHugeMapping } from "./huge_rmap.ts";
import { hugetlbOwner, unmapRefPrivate } from "./hugetlb_range.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import type { PmdTable } from "./page_table.ts";
import { anonVmaPrepare } from "./rmap.ts";
import { VM_MAYSHARE, VM_SHARED, VM_WRITE, type Vma, vmPageProt } from "./vma.ts";

/** The huge pages of 2 MiB of a machine. */
export class HugetlbPool {
  /** Pages of the pool, free or not (nr_hugepages). */
  total = 0;
  /** Pages promised to mappings that have not touched them yet (resv_hugepages). */
  reserved = 0;
  readonly #frames: Frames;
  readonly #free: Pfn[][];
  /** Page offsets, in pages of 4 KiB, that an owner may still claim. */
  readonly #promises: Map<string, Set<number>> = new Map();

  /**
   * Makes an empty pool.
   *
   * @param frames Memory; freed pages of the pool come back from it.
   */
  constructor(frames: Frames) {
    this.#frames = frames;
    this.#free = frames.nodes.map(() => []);
    frames.freeHugetlb = (head) => this.#giveBack(head);
  }

  /** Free pages (free_hugepages). */
  get free(): number {
    return this.#free.reduce((sum, list) => sum + list.length, 0);
  }

  /**
   * Grows the pool, over the nodes in turn (writing nr_hugepages).
   *
   * @param count Pages wanted.
   * @returns Pages the pool has then; fewer where memory is fragmented.
   */
  grow(count: number): number {
    const nodes = this.#free.length;
    for (let node = 0; this.total < count; node = (node + 1) % nodes) {
      const head = this.#frames.allocHuge(node);
      if (head < 0) break;
      this.total++;
      this.#giveBack(head);
    }
    return this.total;
  }

  /**
   * Promises the pages of a range to an owner (mm/hugetlb.c: hugetlb_reserve_pages).
   *
   * @param owner Who may claim them.
   * @param first First page offset, in pages of 4 KiB.
   * @param end First page offset after.
   * @returns False if there are not that many.
   */
  reserve(owner: string, first: number, end: number): boolean {
    const promised = this.#promises.get(owner) ?? new Set();
    const wanted: number[] = [];
    for (let index = first; index < end; index += HPAGE_PMD_NR) {
      if (!promised.has(index)) wanted.push(index);
    }
    if (wanted.length > this.free - this.reserved) return false;
    for (const index of wanted) promised.add(index);
    this.#promises.set(owner, promised);
    this.reserved += wanted.length;
    return true;
  }

  /**
   * Takes promises back that were not claimed (mm/hugetlb.c: hugetlb_unreserve_pages).
   *
   * @param owner Whose they are.
   * @param first First page offset.
   * @param end First page offset after.
   */
  unreserve(owner: string, first: number, end: number): void {
    const promised = this.#promises.get(owner);
    if (promised === undefined) return;
    for (const index of [...promised]) {
      if (index < first || index >= end) continue;
      promised.delete(index);
      this.reserved--;
    }
  }

  /**
   * Takes a page for an owner, claiming its promise if it has one (mm/hugetlb.c: alloc_huge_page).
   *
   * @param owner Who asks.
   * @param index Page offset.
   * @param node Node to prefer.
   * @returns The head, zeroed, with one reference; or -1.
   */
  alloc(owner: string, index: number, node = 0): Pfn {
    const promised = this.#promises.get(owner)?.has(index) ?? false;
    if (!promised && this.free <= this.reserved) return -1;
    const head = this.allocOn(node);
    if (head >= 0 && promised) this.unreserve(owner, index, index + 1);
    return head;
  }

  /**
   * Takes a page of a node, or of another if it has none.
   *
   * @param node Node to prefer.
   * @returns The head, zeroed, with one reference; or -1.
   */
  allocOn(node: number): Pfn {
    const head = this.#free[node].pop() ?? this.#free.find((list) => list.length > 0)?.pop();
    if (head === undefined) return -1;
    const { refcount, content } = this.#frames;
    refcount[head] = 1;
    content.fill(0, head, head + HPAGE_PMD_NR);
    return head;
  }

  #giveBack(head: Pfn): void {
    const { flags, refcount, nodes } = this.#frames;
    flags[head] = PG_HEAD | PG_HUGETLB;
    flags.fill(PG_TAIL | PG_HUGETLB, head + 1, head + HPAGE_PMD_NR);
    refcount[head] = 0;
    this.#free[nodes.findIndex((node) => head < node.end)].push(head);
  }
}

/**
 * Handles a fault (mm/hugetlb.c: hugetlb_fault).
 *
 * @param vma The mapping; the access is allowed.
 * @param addr The address of the fault.
 * @param write Whether the access writes.
 * @returns What was done; FAULT.SIGBUS behind the end of the file or where the pool is empty.
 */
export function* hugetlbFault(vma: Vma, addr: Vaddr, write: boolean): Operation<FaultOutcome> {
  const base = alignDown(addr, PMD_SIZE);
  const pmd = vma.mm.pageTable.ensurePmd(base);
  const slot = tableOf(base) & (HPAGE_PMD_NR - 1);
  let outcome: FaultOutcome = FAULT.TOUCHED;
  if (pmd.hugeFlags[slot] === 0) {
    outcome = hugetlbNoPage(vma, base, pmd, slot);
    if (outcome < 0) return outcome;
  }
  const flags = pmd.hugeFlags[slot];
  if ((flags & PTE_MIGRATION) !== 0) {
    yield "migration_wait";
    return FAULT.TOUCHED;
  }
  if ((flags & PTE_PROTNONE) !== 0) {
    pmd.hugeFlags[slot] = (flags & PTE_CHG_MASK) | vmPageProt(vma);
  }
  if (write && (flags & PTE_WRITE) === 0) {
    const written = yield* hugetlbWp(vma, base, pmd, slot);
    return outcome === FAULT.TOUCHED || written < 0 ? written : outcome;
  }
  pmd.hugeFlags[slot] |= write ? PTE_YOUNG | PTE_DIRTY : PTE_YOUNG;
  return outcome;
}

/** Maps the file's page, or a new one that is anonymous in private mappings (hugetlb_no_page). */
function hugetlbNoPage(vma: Vma, base: Vaddr, pmd: PmdTable, slot: number): FaultOutcome {
  const { mm } = vma;
  const { frames, hugetlb } = mm.host;
  const file = vma.file!;
  const index = vma.indexOf(base);
  if (index >= file.pages) return FAULT.SIGBUS;
  let head = file.cache.get(index) ?? -1;
  if (head >= 0) {
    frames.get(head);
  } else {
    head = hugetlb.alloc(hugetlbOwner(vma), index, vma.policy?.node);
    if (head < 0) return FAULT.SIGBUS;
    if ((vma.flags & VM_MAYSHARE) !== 0) addToCache(vma, index, head);
    else bindAnon(vma, base, head);
  }
  addHugeMapping(frames, head);
  const both = VM_WRITE | VM_SHARED;
  const writable = (vma.flags & both) === both ? PTE_WRITE | PTE_MKDIRTY : 0;
  pmd.hugeFlags[slot] = (vmPageProt(vma) & ~PTE_WRITE) | PTE_YOUNG | writable;
  pmd.hugePfn[slot] = head;
  return FAULT.INSTALLED;
}

function addToCache(vma: Vma, index: number, head: Pfn): void {
  const { frames } = vma.mm.host;
  const file = vma.file!;
  frames.bind(head, file.id, index, PG_FILE | PG_DIRTY | PG_HEAD | PG_HUGETLB);
  for (let at = 1; at < HPAGE_PMD_NR; at++) {
    frames.bind(head + at, file.id, index + at, PG_FILE | PG_TAIL | PG_HUGETLB);
  }
  file.cache.set(index, head);
  frames.get(head);
}

function bindAnon(vma: Vma, base: Vaddr, head: Pfn): void {
  anonVmaPrepare(vma);
  const { frames } = vma.mm.host;
  const index = vma.indexOf(base);
  const id = vma.anonVma!.id;
  frames.bind(head, id, index, PG_ANON | PG_ANON_EXCLUSIVE | PG_HEAD | PG_HUGETLB);
  for (let at = 1; at < HPAGE_PMD_NR; at++) {
    frames.bind(head + at, id, index + at, PG_ANON | PG_TAIL | PG_HUGETLB);
  }
}

/** Reuses an anonymous page with one mapping, or copies it (mm/hugetlb.c: hugetlb_wp). */
function* hugetlbWp(
  vma: Vma,
  base: Vaddr,
  pmd: PmdTable,
  slot: number,
): Operation<FaultOutcome> {
  const { mm } = vma;
  const { frames, hugetlb } = mm.host;
  const old = pmd.hugePfn[slot];
  const anon = (frames.flags[old] & PG_ANON) !== 0;
  const shared = (vma.flags & VM_SHARED) !== 0;
  if (shared || (anon && frames.compoundMapcount[old >>> 9] === 1)) {
    if (!shared) pageMoveAnonHugeRmap(vma, old);
    pmd.hugeFlags[slot] |= PTE_YOUNG | PTE_MKDIRTY | PTE_WRITE;
    return FAULT.REUSED;
  }
  const copy = hugetlb.alloc(hugetlbOwner(vma), vma.indexOf(base), vma.policy?.node);
  if (copy < 0) return (yield* unmapRefPrivate(vma, base, old)) ? FAULT.TOUCHED : FAULT.SIGBUS;
  frames.content.copyWithin(copy, old, old + HPAGE_PMD_NR);
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_CLEAR,
    0,
    vma,
    mm,
    base,
    base + PMD_SIZE,
    SITE.hugetlb_cow,
  );
  yield* changeInWindow(range, () => {
    pmd.hugeFlags[slot] = 0;
    mmuNotifierInvalidateRange(mm, base, base + PMD_SIZE);
    removeHugeMapping(frames, old);
    bindAnon(vma, base, copy);
    addHugeMapping(frames, copy);
    const write = (vma.flags & VM_WRITE) !== 0 ? PTE_WRITE : 0;
    pmd.hugeFlags[slot] = vmPageProt(vma) | PTE_YOUNG | PTE_MKDIRTY | write;
    pmd.hugePfn[slot] = copy;
  });
  frames.put(old);
  return FAULT.COPIED;
}
