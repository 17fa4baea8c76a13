/**
 * Evaluation of expectations on virtual memory areas.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import {
  VM_ACCOUNT,
  VM_DONTCOPY,
  VM_DONTEXPAND,
  VM_EXEC,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_MERGEABLE,
  VM_MIXEDMAP,
  VM_NOHUGEPAGE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WIPEONFORK,
  VM_WRITE,
} from "../mm/vma.ts";
import { placedText } from "./expect_pages.ts";
import type { PlacedRange, VmaDemand } from "./expectation.ts";
import { match } from "./matcher.ts";
import type { FoundRange, Mismatch, Observed } from "./observed.ts";
import { argumentText } from "./arguments.ts";
import { valueDiff } from "./value_diff.ts";

/** Flags of a vma that expectations may name: bit, and what it means. */
export const VMA_FLAGS: Readonly<Record<string, readonly [bit: number, about: string]>> = {
  shared: [VM_SHARED, "Shared with other mappers of the same object"],
  mergeable: [VM_MERGEABLE, "madvise(MADV_MERGEABLE)"],
  locked: [VM_LOCKED, "Pages are locked"],
  lock_on_fault: [VM_LOCKONFAULT, "Pages are locked when they are touched"],
  hugepage: [VM_HUGEPAGE, "madvise(MADV_HUGEPAGE)"],
  nohugepage: [VM_NOHUGEPAGE, "madvise(MADV_NOHUGEPAGE)"],
  hugetlb: [VM_HUGETLB, "Huge pages of hugetlbfs"],
  dont_copy: [VM_DONTCOPY, "Not copied at fork"],
  wipe_on_fork: [VM_WIPEONFORK, "Empty in a forked child"],
  dont_expand: [VM_DONTEXPAND, "Cannot grow by mremap"],
  soft_dirty: [VM_SOFTDIRTY, "Everything in it counts as soft-dirty"],
  uffd_missing: [VM_UFFD_MISSING, "userfaultfd handles missing pages"],
  uffd_wp: [VM_UFFD_WP, "userfaultfd tracks writes"],
  sequential: [VM_SEQ_READ, "Expected to be read sequentially"],
  random: [VM_RAND_READ, "Expected to be read at random"],
  account: [VM_ACCOUNT, "Accounted"],
  pfnmap: [VM_PFNMAP, "Frames without struct page"],
  mixedmap: [VM_MIXEDMAP, "Pages with and without struct page"],
};

/** The rights that a vma can have, as in the argument of mmap. */
export const VMA_RIGHTS = ["none", "r", "rw", "rx", "rwx", "w", "x", "wx"] as const;

/**
 * Checks the vmas of a range.
 *
 * @param where The range.
 * @param demand What they must be.
 * @param observed The machine.
 * @returns What differs, or undefined if all is well.
 */
export function checkVmas(
  where: PlacedRange,
  demand: VmaDemand,
  observed: Observed,
): Mismatch | undefined {
  const subject = `vmas of ${placedText(where)}`;
  const found = observed.resolve(where);
  if (found === undefined) return { subject, expected: "a mapping", actual: "none of that name" };
  const { process, start, pages } = found;
  const vmas = observed.vmas?.(process, start, start + pages * PAGE_SIZE) ?? [];
  if ("count" in demand) {
    const { holds, expected } = match(vmas.length, demand.count, (name) => observed.figure(name));
    if (holds) return undefined;
    const diff = [
      `- count: ${expected}`,
      `+ count: ${vmas.length}`,
      ...vmas.map((vma) => `  ${vmaName(where, found, vma)}: ${vmaText(vma.flags)}`),
    ];
    return { subject: `number of ${subject}`, expected, actual: `${vmas.length}`, diff };
  }
  if (vmas.length === 0) return { subject, expected: "at least one", actual: "none" };
  const what = "prot" in demand ? "prot" : demand.flag;
  const expected = "prot" in demand ? demand.prot : `${demand.value}`;
  const values = vmas.map((vma) => {
    const { flags } = vma;
    const actual = "prot" in demand ? rightsOf(flags) : `${(flags & bitOf(demand.flag)) !== 0}`;
    const name = `${vmaName(where, found, vma)} ${what}`;
    return { what: name, expected, actual, holds: actual === expected };
  });
  const wrong = values.findIndex(({ holds }) => !holds);
  if (wrong < 0) return undefined;
  const page = Math.max((vmas[wrong].start - start) / PAGE_SIZE, 0);
  const mismatch = {
    subject: `${what} of ${subject}, at page ${page}`,
    expected,
    actual: values[wrong].actual,
  };
  return values.length === 1 ? mismatch : { ...mismatch, diff: valueDiff(values) };
}

/** The part of a vma that lies in the range, as pages of the mapping. */
function vmaName(
  { range: { mapping, firstPage } }: PlacedRange,
  found: FoundRange,
  { start, end }: { readonly start: number; readonly end: number },
): string {
  const from = Math.max(start, found.start);
  const to = Math.min(end, found.start + found.pages * PAGE_SIZE);
  const pages = (to - from) / PAGE_SIZE;
  return argumentText({ mapping, firstPage: firstPage + (from - found.start) / PAGE_SIZE, pages });
}

/** Rights and flags of a vma, such as `rw, mergeable`. */
function vmaText(flags: number): string {
  const set = Object.entries(VMA_FLAGS).filter(([, [bit]]) => (flags & bit) !== 0);
  return [rightsOf(flags), ...set.map(([name]) => name)].join(", ");
}

function bitOf(flag: string): number {
  return VMA_FLAGS[flag][0];
}

function rightsOf(flags: number): string {
  const letters = (flags & VM_READ ? "r" : "") + (flags & VM_WRITE ? "w" : "") +
    (flags & VM_EXEC ? "x" : "");
  return letters === "" ? "none" : letters;
}
