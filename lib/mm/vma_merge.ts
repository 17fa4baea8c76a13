/**
 * Splitting, moving and merging the borders of mappings.
 *
 * From mm/mmap.c: __vma_adjust, vma_merge, __split_vma; mm/huge_memory.c: vma_adjust_trans_huge.
 * A border that moves inwards in the middle of a 2 MiB block that the mapping covered wholly sends
 * CLEAR for the block, whether or not a huge page is there.
 *
 * @module
 */

import {
  alignDown,
  HPAGE_PMD_NR,
  PAGE_SIZE,
  PMD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { insertBehind, insertByOffset } from "./filemap.ts";
import { type AnonVma, anonVmaClone, whileUnlinked } from "./rmap.ts";
import { splitHugePmd } from "./huge_split.ts";
import { maySplitAt } from "./hugetlb_range.ts";
import type { Mm } from "./mm_struct.ts";
import { unlinkVma } from "./unmap.ts";
import { VM_SOFTDIRTY, VM_SPECIAL, Vma } from "./vma.ts";

/** Mappings a process may have (vm.max_map_count). */
export const MAX_MAP_COUNT = 65530;

/** What a range is about to become, for finding neighbours it can merge with. */
export interface MergeRequest {
  /** First byte of the range. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** VM_ bits it will have. */
  readonly flags: number;
  /** Page offset of `start`. */
  readonly pgoff: number;
  /** The anon_vma of the range, or null. */
  readonly anonVma: AnonVma | null;
  /** The file of the range, or null. */
  readonly file: Vma["file"];
  /** The memory policy of the range. */
  readonly policy: Vma["policy"];
}

/**
 * Inserts a mapping into its mm and its file's list.
 *
 * @param vma The mapping.
 * @param from The mapping it is a forked copy of, behind which the file lists it.
 */
export function insertVma(vma: Vma, from: Vma | null = null): void {
  vma.mm.vmas.splice(vma.mm.findVmaIndex(vma.start), 0, vma);
  if (vma.file === null) return;
  if (from === null) insertByOffset(vma.file.mappings, vma);
  else insertBehind(vma.file.mappings, vma, from);
}

/**
 * Cuts a mapping in two at an address (mm/mmap.c: __split_vma).
 *
 * @param vma The mapping.
 * @param addr Address inside it, page aligned.
 * @param newBelow Whether the new mapping is the lower part; `vma` keeps the other.
 * @returns 0, or -EINVAL inside a huge page of hugetlbfs.
 */
export function* splitVma(vma: Vma, addr: Vaddr, newBelow: boolean): Operation<number> {
  if (!maySplitAt(vma, addr)) return -ERRNO.EINVAL;
  const [from, to] = newBelow ? [vma.start, addr] : [addr, vma.end];
  const part = new Vma(vma.mm, from, to, vma.flags, vma.indexOf(from), vma.file);
  part.policy = vma.policy;
  part.anonVma = vma.anonVma;
  anonVmaClone(part, vma);
  const [start, end] = newBelow ? [addr, vma.end] : [vma.start, addr];
  yield* adjustTransHuge(vma, start, end);
  setBounds(vma, start, end);
  insertVma(part);
  return 0;
}

/**
 * Makes a range a mapping of its own, by merging it with neighbours of the new flags or by cutting.
 *
 * From mm/mprotect.c: mprotect_fixup and mm/madvise.c: madvise_update_vma.
 *
 * @param vma The mapping that holds the range.
 * @param start First byte.
 * @param end First byte after.
 * @param flags VM_ bits the range will have.
 * @param policy Memory policy the range will have.
 * @returns The mapping that holds the range now, which has the flags already only if it was merged; or
 * the negative error number of a cut, of which there may have been one before.
 */
export function* isolateRange(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  flags: number,
  policy: Vma["policy"] = vma.policy,
): Operation<Vma | number> {
  const merged = yield* vmaMerge(vma.mm, {
    start,
    end,
    flags,
    pgoff: vma.indexOf(start),
    anonVma: vma.anonVma,
    file: vma.file,
    policy,
  });
  if (merged !== null) return merged;
  const below = start === vma.start ? 0 : yield* splitIfFew(vma, start, true);
  if (below !== 0) return below;
  const above = end === vma.end ? 0 : yield* splitIfFew(vma, end, false);
  return above === 0 ? vma : above;
}

/** Cuts a mapping unless there are too many already (mm/mmap.c: split_vma). */
function* splitIfFew(vma: Vma, addr: Vaddr, newBelow: boolean): Operation<number> {
  if (vma.mm.vmas.length >= MAX_MAP_COUNT) return -ERRNO.ENOMEM;
  return yield* splitVma(vma, addr, newBelow);
}

/**
 * Looks for neighbours that a range can join, and joins them (mm/mmap.c: vma_merge).
 *
 * The range may be part of a mapping that is about to change, or be empty so far.
 *
 * @param mm The address space.
 * @param request What the range becomes.
 * @returns The mapping that now holds the range, or null if nothing merged.
 */
export function* vmaMerge(mm: Mm, request: MergeRequest): Operation<Vma | null> {
  const { start, end } = request;
  if ((request.flags & VM_SPECIAL) !== 0) return null;
  const at = mm.findVmaIndex(start);
  const here = mm.vmas[at];
  const prev = here !== undefined && here.start < start ? here : mm.vmas[at - 1];
  const next = mm.vmas.find((vma, index) => index >= at && vma !== prev && vma.end > end) ??
    undefined;
  const joinsPrev = prev !== undefined && prev.end === start &&
    canMergeAfter(prev, request);
  const joinsNext = next !== undefined && next.start === end && canMergeBefore(next, request);
  if (joinsPrev && joinsNext && mergeableAnonVma(prev.anonVma, next.anonVma, null)) {
    yield* absorb(prev, prev.start, next.end);
    return prev;
  }
  if (joinsPrev) {
    yield* absorb(prev, prev.start, end);
    return prev;
  }
  if (!joinsNext) return null;
  if (prev !== undefined && start < prev.end) yield* shrinkEnd(prev, start, next);
  yield* absorb(next, start, next.end);
  return next;
}

/**
 * Tells whether a range may join the mapping below it (mm/mmap.c: can_vma_merge_after).
 *
 * @param prev The mapping that ends where the range starts.
 * @param request What the range becomes.
 * @returns True if it may.
 */
export function canMergeAfter(prev: Vma, request: MergeRequest): boolean {
  return mergeableVma(prev, request) && mergeableAnonVma(request.anonVma, prev.anonVma, prev) &&
    prev.pgoff + prev.pages === request.pgoff;
}

/**
 * Tells whether a range may join the mapping above it (mm/mmap.c: can_vma_merge_before).
 *
 * @param next The mapping that starts where the range ends.
 * @param request What the range becomes.
 * @returns True if it may.
 */
export function canMergeBefore(next: Vma, request: MergeRequest): boolean {
  const pages = (request.end - request.start) / PAGE_SIZE;
  return mergeableVma(next, request) && mergeableAnonVma(request.anonVma, next.anonVma, next) &&
    next.pgoff === request.pgoff + pages;
}

/**
 * Sends the CLEAR windows of borders that move inwards (mm/huge_memory.c: vma_adjust_trans_huge).
 *
 * @param vma The mapping with its old bounds.
 * @param start Its new first byte.
 * @param end Its new end.
 */
function* adjustTransHuge(vma: Vma, start: Vaddr, end: Vaddr): Operation {
  for (const border of [start, end]) {
    const block = alignDown(border, PMD_SIZE);
    if (block === border) continue;
    if (block < vma.start || block + PMD_SIZE > vma.end) continue;
    yield* splitHugePmdAddress(vma, block);
  }
}

/**
 * Gives a mapping new bounds, adjusting its page offset.
 *
 * @param vma The mapping.
 * @param start New first byte.
 * @param end New end.
 */
export function setBounds(vma: Vma, start: Vaddr, end: Vaddr): void {
  whileUnlinked(vma, () => {
    vma.pgoff += (start - vma.start) / PAGE_SIZE;
    vma.start = start;
    vma.end = end;
  });
}

/** Grows a mapping over whatever part of others the new bounds cover. */
function* absorb(vma: Vma, start: Vaddr, end: Vaddr): Operation {
  const { mm } = vma;
  for (const other of mm.vmasIn(start, end)) {
    if (other === vma) continue;
    if (vma.anonVma === null && other.anonVma !== null) {
      vma.anonVma = other.anonVma;
      anonVmaClone(vma, other);
    }
    if (other.start >= start && other.end <= end) removeVma(other);
    else if (other.start < start) yield* shrinkEnd(other, start, null);
    else yield* shrinkStart(other, end);
  }
  setBounds(vma, start, end);
}

function* shrinkStart(vma: Vma, start: Vaddr): Operation {
  yield* adjustTransHuge(vma, start, vma.end);
  setBounds(vma, start, vma.end);
}

function* shrinkEnd(vma: Vma, end: Vaddr, heir: Vma | null): Operation {
  yield* adjustTransHuge(vma, vma.start, end);
  if (heir !== null && heir.anonVma === null && vma.anonVma !== null) {
    heir.anonVma = vma.anonVma;
    anonVmaClone(heir, vma);
  }
  setBounds(vma, vma.start, end);
}

function removeVma(vma: Vma): void {
  const { vmas } = vma.mm;
  vmas.splice(vmas.indexOf(vma), 1);
  unlinkVma(vma);
}

/** A CLEAR window for a 2 MiB block whose 1 GiB has page tables (mm: split_huge_pmd_address). */
function* splitHugePmdAddress(vma: Vma, block: Vaddr): Operation {
  const { mm } = vma;
  const pmd = mm.pageTable.pmd(block);
  if (pmd === null) return;
  const huge = pmd.hugeFlags[tableOf(block) & (HPAGE_PMD_NR - 1)] !== 0;
  if (huge || mm.host.profile.vmaSplitClear) yield* splitHugePmd(vma, block);
}

function mergeableVma(vma: Vma, request: MergeRequest): boolean {
  const differing = (vma.flags ^ request.flags) & ~VM_SOFTDIRTY;
  return differing === 0 && vma.file === request.file &&
    vma.policy?.node === request.policy?.node;
}

/**
 * Tells whether two ranges may share one mapping as far as their anon_vmas go (mm/mmap.c:
 * is_mergeable_anon_vma).
 *
 * @param one The anon_vma of one range, or null.
 * @param two The anon_vma of the other, or null.
 * @param vma The mapping that would grow, or null where both exist already.
 * @returns True if they may.
 */
export function mergeableAnonVma(
  one: AnonVma | null,
  two: AnonVma | null,
  vma: Vma | null,
): boolean {
  if ((one === null || two === null) && (vma === null || vma.anonVmaChain.length === 1)) {
    return true;
  }
  return one === two;
}
