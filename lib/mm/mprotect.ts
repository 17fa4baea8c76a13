/**
 * mprotect: changing the rights of a range and of the entries in it.
 *
 * From mm/mprotect.c. There is one PROTECTION_VMA window per mapping and populated 1 GiB, from the
 * first populated 2 MiB block to the end of the request within that GiB.
 *
 * @module
 */

import {
  alignDown,
  isAligned,
  PAGE_SIZE,
  type Pfn,
  PUD_SIZE,
  TASK_SIZE,
  type Vaddr,
} from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../notifier/dispatch.ts";
import {
  MMU_NOTIFY_PROTECTION_VMA,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
  SITE,
} from "../notifier/range.ts";
import { changeHugePmd } from "./huge_pmd.ts";
import { splitPartialHugePmd } from "./huge_split.ts";
import { hugetlbChangeProtection } from "./hugetlb_range.ts";
import type { Mm } from "./mm_struct.ts";
import { whileMmapLocked } from "./mmap_lock.ts";
import { MmuGather } from "./mmu_gather.ts";
import {
  PG_ANON,
  PG_ANON_EXCLUSIVE,
  PTE_CHG_MASK,
  PTE_DEVICE_PRIVATE,
  PTE_DIRTY,
  PTE_EXEC,
  PTE_MARKER,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_UFFD_WP,
  PTE_WRITE,
} from "./flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { mmPopulate } from "./populate.ts";
import {
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_HUGETLB,
  VM_LOCKED,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_UFFD_WP,
  VM_WRITE,
  type Vma,
  vmaWantsWritenotify,
  vmPageProt,
} from "./vma.ts";
import { isolateRange } from "./vma_merge.ts";

/** How the entries of a range change. */
export interface ProtectionChange {
  /** Protection bits (PTE_PRESENT, PTE_WRITE and so on) the entries get. */
  readonly prot: number;
  /**
   * Entries of a NUMA-hinting pass that are left alone (MM_CP_PROT_NUMA); the others remember that
   * they were writable.
   */
  readonly numaSkips?: (flags: number, pfn: Pfn) => boolean;
  /** Whether exclusive dirty entries may become writable at once (MM_CP_TRY_CHANGE_WRITABLE). */
  readonly tryWritable: boolean;
  /** True to protect against writes for userfaultfd, false to end that (MM_CP_UFFD_WP). */
  readonly uffdWp?: boolean;
}

/**
 * Changes the rights of a range (mm/mprotect.c: do_mprotect_pkey).
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes; rounded up to pages.
 * @param prot VM_READ, VM_WRITE and VM_EXEC bits.
 * @returns 0, -EINVAL, or -ENOMEM at a hole, before which the change is already made.
 */
export function* mprotect(
  mm: Mm,
  start: Vaddr,
  length: number,
  prot: number,
): Operation<number> {
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (!isAligned(start, PAGE_SIZE) || end > TASK_SIZE) return -ERRNO.EINVAL;
  if (end === start) return 0;
  return yield* whileMmapLocked(mm, protectMappings(mm, start, end, prot));
}

function* protectMappings(mm: Mm, start: Vaddr, end: Vaddr, prot: number): Operation<number> {
  const gather = new MmuGather(mm);
  let addr = start;
  let result = 0;
  while (addr < end && result === 0) {
    const vma = mm.vmaAt(addr);
    if (vma === undefined) {
      result = -ERRNO.ENOMEM;
      break;
    }
    const to = Math.min(vma.end, end);
    const flags = (vma.flags & ~VM_ACCESS_FLAGS) | prot;
    result = yield* mprotectFixup(gather, vma, addr, to, flags >>> 0);
    addr = to;
  }
  gather.finish();
  return result;
}

/**
 * Changes one mapping's part: merge or split, set the flags, change the entries. Locked private
 * memory that becomes writable is copied at once, to spare it the faults.
 */
function* mprotectFixup(
  gather: MmuGather,
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  wanted: number,
): Operation<number> {
  if (wanted === vma.flags) return 0;
  const charged = VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED;
  const accounts = (wanted & VM_WRITE) !== 0 && (vma.flags & charged) === 0;
  const flags = (accounts ? wanted | VM_ACCOUNT : wanted) >>> 0;
  const wasLocked = (vma.flags & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED;
  const target = yield* isolateRange(vma, start, end, flags);
  if (typeof target === "number") return target;
  target.flags = flags;
  const change = {
    prot: vmPageProt(target),
    tryWritable: wantsManualUpgrade(target),
  };
  yield* changeProtection(gather, target, start, end, change);
  if (wasLocked && (flags & VM_WRITE) !== 0) yield* mmPopulate(target.mm, start, end, true);
  return 0;
}

/**
 * Changes the entries of a part of a mapping, one window per populated GiB.
 *
 * From mm/mprotect.c: change_protection, change_pud_range, change_pmd_range.
 *
 * @param gather Receives the range of entries that need a flush.
 * @param vma The mapping, with its new flags.
 * @param start First byte.
 * @param end First byte after.
 * @param change What entries become.
 */
export function* changeProtection(
  gather: MmuGather,
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  change: ProtectionChange,
): Operation {
  if (vma.isHugetlb) {
    yield* hugetlbChangeProtection(vma, start, end, change.prot);
    return;
  }
  const { mm } = vma;
  const cursor = mm.pageTable.cursor(start, end);
  let range: MmuNotifierRange | null = null;
  while (cursor.next()) {
    if (range !== null && cursor.from >= range.end) {
      mmuNotifierInvalidateRangeEnd(range);
      yield "window_closed";
      range = null;
    }
    if (range === null) {
      const gibEnd = alignDown(cursor.from, PUD_SIZE) + PUD_SIZE;
      range = mmuNotifierRangeInit(
        MMU_NOTIFY_PROTECTION_VMA,
        0,
        vma,
        mm,
        cursor.from,
        Math.min(end, gibEnd),
        SITE.change_pmd_range,
      );
      mmuNotifierInvalidateRangeStart(range);
      yield "window_open";
    }
    if (cursor.table === null && (yield* splitPartialHugePmd(vma, cursor))) {
      changeHugePmd(gather, vma, cursor, change);
    }
    if (cursor.table !== null) changePteRange(gather, vma, cursor, cursor.table, change);
  }
  if (range === null) return;
  mmuNotifierInvalidateRangeEnd(range);
  yield "window_closed";
}

function changePteRange(
  gather: MmuGather,
  vma: Vma,
  cursor: Cursor,
  table: PteTable,
  change: ProtectionChange,
): void {
  const plain = change.uffdWp === undefined && change.numaSkips === undefined &&
    !change.tryWritable && (vma.flags & VM_UFFD_WP) === 0;
  const span = plain
    ? changePlainPtes(vma, cursor, table, change.prot)
    : changePtes(vma, cursor, table, change);
  if (span.high >= span.low) {
    const size = (span.high - span.low + 1) * PAGE_SIZE;
    gather.flushRange(cursor.base + span.low * PAGE_SIZE, size);
  }
  if (span.changed > 0) vma.mm.host.charge("mprotect_page", span.changed);
}

/** What a pass over the entries of a table did. */
interface ChangedSpan {
  /** Entries changed. */
  readonly changed: number;
  /** First index that needs a flush. */
  readonly low: number;
  /** Last index that needs a flush; below `low` where none does. */
  readonly high: number;
}

/** The hot loop: nothing but the rights of present entries changes. */
function changePlainPtes(vma: Vma, cursor: Cursor, table: PteTable, prot: number): ChangedSpan {
  const { flags } = table;
  const { first, last } = cursor;
  const [present, protnone, kept, flushed] = [PTE_PRESENT, PTE_PROTNONE, PTE_CHG_MASK, FLUSH_MASK];
  let changed = 0;
  let low = -1;
  let high = -1;
  for (let index = first; index < last; index++) {
    const old = flags[index];
    if ((old & present) === 0) {
      if (old !== 0) changeNonpresent(vma, table, index, undefined);
      continue;
    }
    const next = (old & kept) | prot;
    flags[index] = next;
    changed++;
    if (((old ^ next) & flushed) !== 0 && (old & protnone) === 0) {
      if (low < 0) low = index;
      high = index;
    }
  }
  return { changed, low: low < 0 ? last : low, high };
}

function changePtes(
  vma: Vma,
  cursor: Cursor,
  table: PteTable,
  change: ProtectionChange,
): ChangedSpan {
  const { flags, pfn } = table;
  const { prot, tryWritable, uffdWp, numaSkips } = change;
  const added = uffdWp === true ? prot | PTE_UFFD_WP : prot;
  const changes = numaSkips === undefined ? PTE_CHG_MASK : PTE_CHG_MASK | PTE_WRITE;
  const kept = uffdWp === false ? changes & ~PTE_UFFD_WP : changes;
  let changed = 0;
  let low = cursor.last;
  let high = cursor.first - 1;
  for (let index = cursor.first; index < cursor.last; index++) {
    const old = flags[index];
    if ((old & PTE_PRESENT) === 0) {
      if (old !== 0 || uffdWp === true) changeNonpresent(vma, table, index, uffdWp);
      continue;
    }
    if (numaSkips !== undefined && numaSkips(old, pfn[index])) continue;
    let next = (old & kept) | added;
    if ((next & PTE_UFFD_WP) !== 0) next &= ~PTE_WRITE;
    else if (tryWritable && (next & PTE_WRITE) === 0 && canChangeWritable(vma, next, pfn[index])) {
      next |= PTE_WRITE;
    }
    flags[index] = next;
    changed++;
    if (pteNeedsFlush(old, next)) {
      if (index < low) low = index;
      high = index;
    }
  }
  return { changed, low, high };
}

/**
 * Migration and device entries that allowed writes become read entries; only userfaultfd changes swap entries, and leaves
 * markers where a file's page is not mapped.
 */
function changeNonpresent(
  vma: Vma,
  table: PteTable,
  index: number,
  uffdWp: boolean | undefined,
): void {
  let flags = table.flags[index];
  if ((flags & (PTE_MIGRATION | PTE_DEVICE_PRIVATE)) !== 0) flags &= ~PTE_WRITE;
  if (uffdWp === true) {
    if (flags !== 0) flags |= PTE_UFFD_WP;
    else if (vma.file !== null) flags = PTE_MARKER | PTE_UFFD_WP;
  } else if (uffdWp === false) {
    flags = (flags & PTE_MARKER) !== 0 ? 0 : flags & ~PTE_UFFD_WP;
  }
  table.flags[index] = flags;
}

/**
 * mm/mprotect.c: can_change_pte_writable. A page that is not soft-dirty must fault where that is
 * tracked; older kernels have the test of the mapping the wrong way round.
 */
function canChangeWritable(vma: Vma, flags: number, pfn: number): boolean {
  if ((flags & PTE_PROTNONE) !== 0 || (flags & PTE_DIRTY) === 0) return false;
  const tracked = (vma.flags & VM_SOFTDIRTY) === 0;
  const asks = tracked !== vma.mm.host.profile.mprotectSoftDirtyInverted;
  if (asks && (flags & PTE_SOFT_DIRTY) === 0) return false;
  if ((vma.flags & VM_SHARED) !== 0) return true;
  if ((flags & PTE_SPECIAL) !== 0) return false;
  const exclusive = PG_ANON | PG_ANON_EXCLUSIVE;
  return (vma.mm.host.frames.flags[pfn] & exclusive) === exclusive;
}

/** mm/mprotect.c: vma_wants_manual_pte_write_upgrade; v5.x knows shared mappings only. */
function wantsManualUpgrade(vma: Vma): boolean {
  if ((vma.flags & VM_SHARED) !== 0) return vmaWantsWritenotify(vma);
  return (vma.flags & VM_WRITE) !== 0 && vma.mm.host.profile.mprotectUpgradesWritable;
}

/** Bits whose change needs a flush if the entry was accessible. */
const FLUSH_MASK = PTE_WRITE | PTE_EXEC | PTE_PROTNONE;

/** arch/x86/include/asm/tlbflush.h: pte_needs_flush. */
function pteNeedsFlush(old: number, next: number): boolean {
  if ((old & PTE_PROTNONE) !== 0) return false;
  return ((old ^ next) & FLUSH_MASK) !== 0;
}
