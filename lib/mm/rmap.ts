/**
 * Reverse mapping: adding and removing the mappings of a frame, and finding them again.
 *
 * A page of anonymous memory names its anon_vma and its page offset; every vma that could hold the
 * page hangs on that anon_vma. Nothing is kept per page and mapping, so fork costs nothing per page
 * here. From mm/rmap.c.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { changeInWindow } from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { insertByOffset, removeFrom } from "./filemap.ts";
import {
  PG_ACTIVE,
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PG_FILE,
  PG_FLAGS_MASK,
  PG_KSM,
  PG_LRU,
  PG_MLOCKED,
  PG_SWAPBACKED,
  PG_UNEVICTABLE,
} from "./flags.ts";
import type { Host } from "./host.ts";
import { VM_ACCESS_FLAGS, VM_LOCKED, VM_SOFTDIRTY, type Vma } from "./vma.ts";

/** The anchor of the pages first written through one vma (and its relatives by split and fork). */
export class AnonVma {
  /** Number on the machine; what a frame's mapping word holds. */
  readonly id: number;
  /** The anon_vma it descends from by fork; itself for a root. */
  readonly parent: AnonVma;
  /** The oldest anon_vma of the tree; every relative's vma hangs on it. */
  readonly root: AnonVma;
  /** Vmas that may map its pages, ordered by page offset. */
  readonly vmas: Vma[] = [];
  /** anon_vmas whose parent this is, itself included for a root. */
  children = 0;
  /** Vmas whose own anon_vma this is. */
  activeVmas = 1;

  /**
   * Makes an anon_vma with one active vma; use {@linkcode AnonVmas.create}.
   *
   * @param id Its number.
   * @param parent The one it descends from, or null for a root.
   */
  constructor(id: number, parent: AnonVma | null) {
    this.id = id;
    this.parent = parent ?? this;
    this.root = parent?.root ?? this;
    this.parent.children++;
  }
}

/** Makes and numbers the anon_vmas of a machine. */
export class AnonVmas {
  readonly #all: AnonVma[] = [];

  /**
   * Makes an anon_vma.
   *
   * @param parent The one it descends from, or null for a root.
   * @returns The anon_vma.
   */
  create(parent: AnonVma | null): AnonVma {
    const anonVma = new AnonVma(this.#all.length, parent);
    this.#all.push(anonVma);
    return anonVma;
  }

  /**
   * Finds an anon_vma by number.
   *
   * @param id Its number.
   * @returns The anon_vma.
   */
  get(id: number): AnonVma {
    return this.#all[id];
  }
}

/**
 * Gives a vma an anon_vma before its first anonymous page (mm/rmap.c: __anon_vma_prepare).
 *
 * A neighbour's is shared where the two could be merged, so that mprotect later can.
 *
 * @param vma The mapping; nothing is done if it has one.
 */
export function anonVmaPrepare(vma: Vma): void {
  if (vma.anonVma !== null) return;
  const { prev, next } = vma.mm.neighbours(vma);
  let anonVma = next ? reusableAnonVma(next, vma, next) : null;
  anonVma ??= prev ? reusableAnonVma(prev, prev, vma) : null;
  if (anonVma === null) anonVma = vma.mm.host.anonVmas.create(null);
  else anonVma.activeVmas++;
  vma.anonVma = anonVma;
  link(vma, anonVma);
}

/**
 * Gives a copy of a vma (by split or fork) the same chain (mm/rmap.c: anon_vma_clone).
 *
 * A split copies the anon_vma before; a forked vma comes without and may reuse one of the chain.
 *
 * @param to The copy.
 * @param from The original.
 */
export function anonVmaClone(to: Vma, from: Vma): void {
  for (const anonVma of from.anonVmaChain) {
    link(to, anonVma);
    if (to.anonVma === null && from.anonVma !== null && reusableByChild(anonVma)) {
      to.anonVma = anonVma;
    }
  }
  if (to.anonVma !== null) to.anonVma.activeVmas++;
}

/**
 * Ties a child's vma to its parent's pages and gives it an anon_vma of its own (mm/rmap.c:
 * anon_vma_fork).
 *
 * @param to The child's mapping.
 * @param from The parent's.
 */
export function anonVmaFork(to: Vma, from: Vma): void {
  to.anonVma = null;
  if (from.anonVma === null) return;
  anonVmaClone(to, from);
  if (to.anonVma !== null) return;
  const anonVma = to.mm.host.anonVmas.create(from.anonVma);
  to.anonVma = anonVma;
  link(to, anonVma);
}

/**
 * Takes a vma off every anon_vma (mm/rmap.c: unlink_anon_vmas).
 *
 * @param vma The mapping.
 */
export function unlinkAnonVmas(vma: Vma): void {
  for (const anonVma of vma.anonVmaChain) {
    removeFrom(anonVma.vmas, vma);
    if (anonVma.vmas.length === 0) anonVma.parent.children--;
  }
  vma.anonVmaChain.length = 0;
  if (vma.anonVma !== null) vma.anonVma.activeVmas--;
  vma.anonVma = null;
}

/**
 * Runs a change of a vma's bounds while it is off its anon_vma and file lists, which are ordered by
 * page offset.
 *
 * @param vma The mapping.
 * @param change What changes `start`, `end` or `pgoff`.
 */
export function whileUnlinked(vma: Vma, change: () => void): void {
  for (const anonVma of vma.anonVmaChain) removeFrom(anonVma.vmas, vma);
  if (vma.file) removeFrom(vma.file.mappings, vma);
  change();
  for (const anonVma of vma.anonVmaChain) insertByOffset(anonVma.vmas, vma);
  if (vma.file) insertByOffset(vma.file.mappings, vma);
}

function link(vma: Vma, anonVma: AnonVma): void {
  vma.anonVmaChain.push(anonVma);
  insertByOffset(anonVma.vmas, vma);
}

function reusableByChild(anonVma: AnonVma): boolean {
  return anonVma.children < 2 && anonVma.activeVmas === 0;
}

function reusableAnonVma(old: Vma, low: Vma, high: Vma): AnonVma | null {
  if (old.anonVma === null || old.anonVmaChain.length !== 1) return null;
  return anonVmaCompatible(low, high) ? old.anonVma : null;
}

function anonVmaCompatible(low: Vma, high: Vma): boolean {
  const differing = (low.flags ^ high.flags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY);
  return low.end === high.start && low.policy?.node === high.policy?.node &&
    low.file === high.file && differing === 0 &&
    high.pgoff === low.pgoff + low.pages;
}

/** Flags of a new anonymous page that one process maps. */
export const NEW_ANON_FLAGS: number = PG_ANON | PG_SWAPBACKED | PG_LRU | PG_ACTIVE |
  PG_ANON_EXCLUSIVE;

/** A place where a frame may be mapped. */
export interface RmapPlace {
  /** The mapping. */
  readonly vma: Vma;
  /** The address in it. */
  readonly addr: Vaddr;
}

/**
 * Gives the flags of a new anonymous page; in a locked vma it is never on a list that reclaim scans
 * (mm/swap.c: lru_cache_add_inactive_or_unevictable).
 *
 * @param vma The mapping.
 * @returns PG_ bits.
 */
export function newAnonFlags(vma: Vma): number {
  const locked = (vma.flags & VM_LOCKED) !== 0;
  return locked ? NEW_ANON_FLAGS | PG_MLOCKED | PG_UNEVICTABLE : NEW_ANON_FLAGS;
}

/**
 * Makes a new frame an anonymous page of a vma (mm: page_add_new_anon_rmap).
 *
 * @param vma The mapping; it has an anon_vma.
 * @param addr Where it will be mapped.
 * @param pfn The frame, with one reference that becomes the mapping's.
 */
export function pageAddNewAnonRmap(vma: Vma, addr: Vaddr, pfn: Pfn): void {
  const { frames, lruBatches } = vma.mm.host;
  frames.bind(pfn, vma.anonVma!.id, vma.indexOf(addr), newAnonFlags(vma));
  frames.mapcount[pfn] = 1;
  vma.mm.anonPages++;
  lruBatches.addOne(pfn);
}

/**
 * Maps a page of the page cache: takes a reference and counts it (mm: page_add_file_rmap).
 *
 * @param vma The mapping.
 * @param pfn The frame.
 */
export function pageAddFileRmap(vma: Vma, pfn: Pfn): void {
  const { frames } = vma.mm.host;
  frames.get(pfn);
  frames.mapcount[pfn]++;
  vma.mm.filePages++;
}

/**
 * Makes a page that only this vma maps belong to the vma's own anon_vma (mm: page_move_anon_rmap).
 *
 * @param vma The mapping.
 * @param pfn The frame.
 */
export function pageMoveAnonRmap(vma: Vma, pfn: Pfn): void {
  const { frames } = vma.mm.host;
  frames.mapping[pfn] = vma.anonVma!.id;
  frames.flags[pfn] |= PG_ANON_EXCLUSIVE;
}

/**
 * Adds a mapping of a page that may be anonymous already, as swap-in and migration do (mm:
 * page_add_anon_rmap).
 *
 * A page that has no anon_vma yet gets the vma's own if it is exclusive, else the oldest of the
 * tree, in which every relative can find it.
 *
 * @param vma The mapping; it has an anon_vma.
 * @param addr Where it is mapped.
 * @param pfn The frame, with a reference that becomes the mapping's.
 * @param exclusive Whether it is known that nobody else maps the page.
 */
export function pageAddAnonRmap(vma: Vma, addr: Vaddr, pfn: Pfn, exclusive: boolean): void {
  const { frames } = vma.mm.host;
  const flags = frames.flags[pfn];
  if ((flags & PG_ANON) === 0) {
    const owner = exclusive ? vma.anonVma! : vma.anonVma!.root;
    frames.bind(pfn, owner.id, vma.indexOf(addr), (flags & PG_FLAGS_MASK) | PG_ANON);
  }
  if (exclusive) frames.flags[pfn] |= PG_ANON_EXCLUSIVE;
  frames.mapcount[pfn]++;
  vma.mm.anonPages++;
}

/**
 * Drops one mapping of a frame, not its reference (mm: page_remove_rmap).
 *
 * @param vma The mapping it was in.
 * @param pfn The frame.
 */
export function pageRemoveRmap(vma: Vma, pfn: Pfn): void {
  const { host } = vma.mm;
  if (!host.losesMapcount) host.frames.mapcount[pfn]--;
  countMapped(vma, pfn, -1);
}

/**
 * Adjusts the resident counters of a process for one mapping of a frame.
 *
 * @param vma The mapping.
 * @param pfn The frame.
 * @param delta 1 or -1.
 */
export function countMapped(vma: Vma, pfn: Pfn, delta: number): void {
  if ((vma.mm.host.frames.flags[pfn] & PG_ANON) !== 0) vma.mm.anonPages += delta;
  else vma.mm.filePages += delta;
}

/**
 * Lists the places where a frame may be mapped, in the order of the kernel's rmap walk.
 *
 * A place covers the frame's page offset; whether its entry maps the frame is for the caller to
 * see, which is why the kernel opens windows where nothing is mapped.
 * From mm/rmap.c: rmap_walk_anon, rmap_walk_file; mm/ksm.c: rmap_walk_ksm.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns The places.
 */
export function rmapWalk(host: Host, pfn: Pfn): RmapPlace[] {
  const { frames } = host;
  const flags = frames.flags[pfn];
  if ((flags & PG_KSM) !== 0) return rmapWalkKsm(host, frames.mapping[pfn]);
  const index = frames.indexOf(pfn);
  if ((flags & PG_ANON) !== 0) {
    return placesAt(host.anonVmas.get(frames.mapping[pfn]).vmas, index);
  }
  if ((flags & PG_FILE) !== 0) return placesAt(host.files[frames.mapping[pfn]].mappings, index);
  return [];
}

function placesAt(vmas: readonly Vma[], index: number): RmapPlace[] {
  const places: RmapPlace[] = [];
  for (const vma of vmas) {
    if (vma.pgoff > index) break;
    const addr = vma.addressOf(index);
    if (addr >= 0) places.push({ vma, addr });
  }
  return places;
}

/**
 * Items of a KSM page, last linked first: each in its own process, then in relatives that inherited
 * the page.
 */
function rmapWalkKsm(host: Host, nodeId: number): RmapPlace[] {
  const node = host.ksm.stableNode(nodeId);
  const places: RmapPlace[] = [];
  for (const inherited of [false, true]) {
    for (const item of node.items.toReversed()) {
      if (item.anonVma === null) continue;
      for (const vma of item.anonVma.vmas) {
        if ((vma.mm === item.mm) === inherited) continue;
        if (item.address < vma.start || item.address >= vma.end) continue;
        places.push({ vma, addr: item.address });
      }
    }
  }
  return places;
}

/**
 * Changes the entries of a page at one place, inside a CLEAR window that is opened before it is
 * known whether anything is mapped there (mm/rmap.c: try_to_unmap_one, try_to_migrate_one).
 *
 * @typeParam T Type of the result.
 * @param vma The mapping.
 * @param start First byte.
 * @param end First byte after.
 * @param change Changes the entries.
 * @returns What the change returned.
 */
export function changeInUnmapWindow<T>(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  change: () => T,
): Operation<T> {
  const site = SITE.try_to_unmap_one;
  return changeInWindow(
    mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, vma, vma.mm, start, end, site),
    change,
  );
}
