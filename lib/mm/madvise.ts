/**
 * madvise: advice about the use of a range.
 *
 * From mm/madvise.c and mm/ksm.c: ksm_madvise.
 *
 * @module
 */

import {
  alignDown,
  isAligned,
  PAGE_SIZE,
  PMD_SIZE,
  TASK_SIZE,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { madviseCollapse } from "./khugepaged.ts";
import { ksmEnter, unmergeKsmPages } from "./ksm.ts";
import { madviseCold, madviseFree, madvisePageout } from "./madvise_reclaim.ts";
import { madviseHwpoison, madviseSoftOffline } from "./memory_failure.ts";
import type { Mm } from "./mm_struct.ts";
import { mmapReadLock, whileMmapLocked } from "./mmap_lock.ts";
import { khugepagedEnterVma } from "./thp.ts";
import { madvisePopulate } from "./populate.ts";
import { punchHole } from "./truncate.ts";
import { zapPageRange } from "./zap.ts";
import {
  VM_DONTCOPY,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MAYSHARE,
  VM_MERGEABLE,
  VM_NOHUGEPAGE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_SPECIAL,
  VM_WIPEONFORK,
  VM_WRITE,
  type Vma,
} from "./vma.ts";
import { isolateRange } from "./vma_merge.ts";

/** Advice that is understood. */
export const ADVICE = [
  "DONTNEED",
  "DONTNEED_LOCKED",
  "FREE",
  "COLD",
  "PAGEOUT",
  "SOFT_OFFLINE",
  "HWPOISON",
  "MERGEABLE",
  "UNMERGEABLE",
  "DONTFORK",
  "DOFORK",
  "WIPEONFORK",
  "KEEPONFORK",
  "NORMAL",
  "SEQUENTIAL",
  "RANDOM",
  "WILLNEED",
  "HUGEPAGE",
  "NOHUGEPAGE",
  "COLLAPSE",
  "REMOVE",
  "POPULATE_READ",
  "POPULATE_WRITE",
] as const;

/** Name of an advice, without the prefix MADV_. */
export type Advice = typeof ADVICE[number];

/** Advice that only changes the flags of the mapping: which go, and which come. */
const FLAG_ADVICE = {
  DONTFORK: [0, VM_DONTCOPY],
  DOFORK: [VM_DONTCOPY, 0],
  KEEPONFORK: [VM_WIPEONFORK, 0],
  NOHUGEPAGE: [VM_HUGEPAGE, VM_NOHUGEPAGE],
  NORMAL: [VM_SEQ_READ | VM_RAND_READ, 0],
  SEQUENTIAL: [VM_RAND_READ, VM_SEQ_READ],
  RANDOM: [VM_SEQ_READ, VM_RAND_READ],
} as const;

/** Advice that takes mmap_lock for reading (mm/madvise.c: madvise_need_mmap_write). */
const READS: ReadonlySet<Advice> = new Set<Advice>([
  "DONTNEED",
  "DONTNEED_LOCKED",
  "FREE",
  "COLD",
  "PAGEOUT",
  "WILLNEED",
  "COLLAPSE",
  "REMOVE",
  "POPULATE_READ",
  "POPULATE_WRITE",
]);

/** Advice that takes it page by page, where a page must be faulted in (madvise_inject_error). */
const INJECTS: ReadonlySet<Advice> = new Set<Advice>(["SOFT_OFFLINE", "HWPOISON"]);

/**
 * Gives advice about a range. Mappings before and after a hole are handled; the hole itself makes
 * the result -ENOMEM.
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes; rounded up to pages.
 * @param advice What is advised.
 * @param remote Whether another process gives the advice (process_madvise).
 * @returns 0 or a negative error number.
 */
export function* madvise(
  mm: Mm,
  start: Vaddr,
  length: number,
  advice: Advice,
  remote = false,
): Operation<number> {
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (!isAligned(start, PAGE_SIZE) || end > TASK_SIZE) return -ERRNO.EINVAL;
  const advising = adviseMappings(mm, start, end, advice, remote);
  if (INJECTS.has(advice)) return yield* advising;
  if (!READS.has(advice)) return yield* whileMmapLocked(mm, advising);
  yield* mmapReadLock(mm);
  return yield* advising;
}

function* adviseMappings(
  mm: Mm,
  start: Vaddr,
  end: Vaddr,
  advice: Advice,
  remote: boolean,
): Operation<number> {
  if (advice === "POPULATE_READ" || advice === "POPULATE_WRITE") {
    return yield* madvisePopulate(mm, start, end, advice === "POPULATE_WRITE");
  }
  let addr = start;
  let hole = false;
  while (addr < end) {
    const vma = mm.vmas[mm.findVmaIndex(addr)];
    if (vma === undefined || vma.start >= end) {
      hole = true;
      break;
    }
    if (vma.start > addr) hole = true;
    const from = Math.max(addr, vma.start);
    const to = Math.min(vma.end, end);
    const result = yield* adviseVma(vma, from, to, advice, remote);
    if (result < 0) return result;
    addr = to;
  }
  return hole ? -ERRNO.ENOMEM : 0;
}

function* adviseVma(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  advice: Exclude<Advice, "POPULATE_READ" | "POPULATE_WRITE">,
  remote: boolean,
): Operation<number> {
  if (advice === "DONTNEED") return yield* dontneed(vma, start, end);
  const flags = vma.flags;
  switch (advice) {
    case "DONTNEED_LOCKED":
      if (!vma.mm.host.profile.madviseDontneedLocked) return -ERRNO.EINVAL;
      return yield* dontneed(vma, start, end, VM_LOCKED);
    case "FREE":
      return yield* madviseFree(vma, start, end);
    case "COLD":
      return yield* madviseCold(vma, start, end, remote);
    case "PAGEOUT":
      return yield* madvisePageout(vma, start, end, remote);
    case "SOFT_OFFLINE":
      return yield* madviseSoftOffline(vma.mm, start, end);
    case "HWPOISON":
      return yield* madviseHwpoison(vma.mm, start, end);
    case "WIPEONFORK":
      if (vma.file !== null || (flags & VM_SHARED) !== 0) return -ERRNO.EINVAL;
      return yield* updateFlags(vma, start, end, flags | VM_WIPEONFORK);
    case "HUGEPAGE":
      khugepagedEnterVma(vma, (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE);
      return yield* updateFlags(vma, start, end, (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE);
    case "COLLAPSE":
      return yield* madviseCollapse(vma, start, end);
    case "MERGEABLE":
      return yield* mergeable(vma, start, end);
    case "WILLNEED":
      return 0;
    case "UNMERGEABLE":
      return yield* unmergeable(vma, start, end);
    case "REMOVE":
      return yield* remove(vma, start, end);
    default: {
      const [cleared, set] = FLAG_ADVICE[advice];
      return yield* updateFlags(vma, start, end, (flags & ~cleared) | set);
    }
  }
}

/** mm/madvise.c: madvise_dontneed_single_vma. */
function* dontneed(vma: Vma, start: Vaddr, end: Vaddr, allowed = 0): Operation<number> {
  if ((vma.flags & (VM_LOCKED | VM_PFNMAP) & ~allowed) !== 0) return -ERRNO.EINVAL;
  let to = end;
  if (vma.isHugetlb) {
    if (!vma.mm.host.profile.hugetlbDontneed || !isAligned(start, PMD_SIZE)) return -ERRNO.EINVAL;
    to = alignDown(end, PMD_SIZE);
  }
  if (to > start) yield* zapPageRange(vma, start, to);
  return 0;
}

/** mm/madvise.c: madvise_remove. */
function* remove(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
  if ((vma.flags & VM_LOCKED) !== 0 || vma.file === null) return -ERRNO.EINVAL;
  if ((vma.flags & (VM_SHARED | VM_WRITE)) !== (VM_SHARED | VM_WRITE)) return -ERRNO.EACCES;
  const first = vma.indexOf(start);
  return yield* punchHole(vma.mm.host, vma.file, first, first + (end - start) / PAGE_SIZE);
}

/** mm/ksm.c: ksm_madvise, MADV_MERGEABLE; silently ignored where pages cannot merge. */
function* mergeable(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
  const excluded = VM_MERGEABLE | VM_SHARED | VM_MAYSHARE | VM_SPECIAL | VM_HUGETLB;
  if ((vma.flags & excluded) !== 0) return 0;
  ksmEnter(vma.mm);
  return yield* updateFlags(vma, start, end, vma.flags | VM_MERGEABLE);
}

/** mm/ksm.c: ksm_madvise, MADV_UNMERGEABLE. */
function* unmergeable(vma: Vma, start: Vaddr, end: Vaddr): Operation<number> {
  if ((vma.flags & VM_MERGEABLE) === 0) return 0;
  yield* unmergeKsmPages(vma, start, end);
  return yield* updateFlags(vma, start, end, vma.flags & ~VM_MERGEABLE);
}

/** mm/madvise.c: madvise_update_vma. */
function* updateFlags(vma: Vma, start: Vaddr, end: Vaddr, wanted: number): Operation<number> {
  const flags = wanted >>> 0;
  if (flags === vma.flags) return 0;
  const target = yield* isolateRange(vma, start, end, flags);
  if (typeof target === "number") {
    const again = target === -ERRNO.ENOMEM && vma.mm.host.profile.madviseSaysAgain;
    return again ? -ERRNO.EAGAIN : target;
  }
  target.flags = flags;
  return 0;
}
