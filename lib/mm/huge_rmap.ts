/**
 * Adding and removing the mappings of a huge page as a whole.
 *
 * Every page of a compound page counts all its mappings, by huge entries and by small ones; the
 * huge ones are counted once more on the compound page, because each of them holds one reference
 * where 512 small entries hold 512.
 * From mm/rmap.c: page_add_anon_rmap and page_remove_rmap with compound set.
 *
 * @module
 */

import { HPAGE_PMD_NR, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import type { Frames } from "./frames.ts";
import type { Host } from "./host.ts";
import { PG_ANON, PG_ANON_EXCLUSIVE, PG_FILE, PG_HEAD, PG_TAIL } from "./flags.ts";
import { newAnonFlags } from "./rmap.ts";
import type { Vma } from "./vma.ts";

/** A place where pages of a compound page may be mapped. */
export interface HugeRmapPlace {
  /** The mapping. */
  readonly vma: Vma;
  /** First byte in it. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
}

/**
 * Makes a new compound page an anonymous huge page of a vma (mm: page_add_new_anon_rmap).
 *
 * @param vma The mapping; it has an anon_vma.
 * @param base Where it will be mapped, 2 MiB aligned.
 * @param head The head, with one reference that becomes the mapping's.
 */
export function pageAddNewAnonHugeRmap(vma: Vma, base: Vaddr, head: Pfn): void {
  const { frames } = vma.mm.host;
  const index = vma.indexOf(base);
  frames.bind(head, vma.anonVma!.id, index, newAnonFlags(vma) | PG_HEAD);
  for (let at = 1; at < HPAGE_PMD_NR; at++) {
    frames.bind(head + at, vma.anonVma!.id, index + at, PG_ANON | PG_TAIL);
  }
  addHugeMapping(frames, head);
  vma.mm.anonPages += HPAGE_PMD_NR;
}

/**
 * Makes a huge page that only this vma maps belong to the vma's own anon_vma (mm:
 * page_move_anon_rmap).
 *
 * @param vma The mapping.
 * @param head The head.
 */
export function pageMoveAnonHugeRmap(vma: Vma, head: Pfn): void {
  const { frames } = vma.mm.host;
  frames.mapping.fill(vma.anonVma!.id, head, head + HPAGE_PMD_NR);
  frames.flags[head] |= PG_ANON_EXCLUSIVE;
}

/**
 * Counts one more huge entry; its reference is the caller's business.
 *
 * @param frames Memory.
 * @param head The head.
 */
export function addHugeMapping(frames: Frames, head: Pfn): void {
  frames.compoundMapcount[head >>> 9]++;
  for (let pfn = head; pfn < head + HPAGE_PMD_NR; pfn++) frames.mapcount[pfn]++;
}

/**
 * Counts one huge entry less; its reference is the caller's business.
 *
 * @param frames Memory.
 * @param head The head.
 */
export function removeHugeMapping(frames: Frames, head: Pfn): void {
  frames.compoundMapcount[head >>> 9]--;
  for (let pfn = head; pfn < head + HPAGE_PMD_NR; pfn++) frames.mapcount[pfn]--;
}

/**
 * Drops a huge entry's mapping of a page, not its reference (mm: page_remove_rmap).
 *
 * @param vma The mapping it was in.
 * @param head The head.
 */
export function pageRemoveHugeRmap(vma: Vma, head: Pfn): void {
  const { frames } = vma.mm.host;
  removeHugeMapping(frames, head);
  if ((frames.flags[head] & PG_ANON) !== 0) vma.mm.anonPages -= HPAGE_PMD_NR;
  else vma.mm.filePages -= HPAGE_PMD_NR;
}

/**
 * Counts the references that page-table entries hold on a compound page (mm: total_mapcount).
 *
 * @param frames Memory.
 * @param head The head.
 * @returns Huge entries plus small entries.
 */
export function totalMapcount(frames: Frames, head: Pfn): number {
  const huge = frames.compoundMapcount[head >>> 9];
  let total = huge;
  for (let pfn = head; pfn < head + HPAGE_PMD_NR; pfn++) total += frames.mapcount[pfn] - huge;
  return total;
}

/**
 * Lists the places where a compound page may be mapped, in the order of the kernel's rmap walk.
 *
 * @param host The machine.
 * @param head The head.
 * @returns The places, each clipped to its mapping.
 */
export function rmapWalkHuge(host: Host, head: Pfn): HugeRmapPlace[] {
  const { frames } = host;
  const flags = frames.flags[head];
  const index = frames.indexOf(head);
  const owner = frames.mapping[head];
  let vmas: readonly Vma[] = [];
  if ((flags & PG_ANON) !== 0) vmas = host.anonVmas.get(owner).vmas;
  else if ((flags & PG_FILE) !== 0) vmas = host.files[owner].mappings;
  const places: HugeRmapPlace[] = [];
  for (const vma of vmas) {
    if (vma.pgoff >= index + HPAGE_PMD_NR) break;
    const first = Math.max(index, vma.pgoff);
    const last = Math.min(index + HPAGE_PMD_NR, vma.pgoff + vma.pages);
    if (first < last) places.push({ vma, start: addressAt(vma, first), end: addressAt(vma, last) });
  }
  return places;
}

function addressAt(vma: Vma, index: number): Vaddr {
  return vma.start + (index - vma.pgoff) * PAGE_SIZE;
}
