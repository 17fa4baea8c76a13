/**
 * Adding and removing the mappings of a frame, and finding them again.
 *
 * From mm/rmap.c.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import type { Host } from "./host.ts";
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
} from "./page_flags.ts";
import { VM_LOCKED, type Vma } from "./vma.ts";

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
