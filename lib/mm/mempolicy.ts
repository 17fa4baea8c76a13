/**
 * Memory policies: binding ranges to nodes and moving what is on the wrong one.
 *
 * From mm/mempolicy.c: mbind and migrate_pages.
 *
 * @module
 */

import { isAligned, PAGE_SIZE, type Pfn, TASK_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { allocMigrationTarget, isolateLruPage, migratePages, putbackLruPage } from "./migrate.ts";
import type { Mm } from "./mm_struct.ts";
import { whileMmapLocked } from "./mmap_lock.ts";
import { vmaMigratable } from "./move_pages.ts";
import { PG_HEAD, PG_RESERVED, PG_TAIL, PTE_PRESENT, PTE_SPECIAL } from "./flags.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import type { MemoryPolicy } from "./vma.ts";
import { isolateRange } from "./vma_merge.ts";

/** Which pages mbind and migrate_pages move. */
export interface MoveFlags {
  /** Pages that only this process maps (MPOL_MF_MOVE). */
  readonly move?: boolean;
  /** Pages that others map as well (MPOL_MF_MOVE_ALL). */
  readonly moveAll?: boolean;
  /** Pages that could not be moved make the call fail (MPOL_MF_STRICT). */
  readonly strict?: boolean;
}

/**
 * Sets the memory policy of a range (mm/mempolicy.c: do_mbind).
 *
 * What is on a wrong node is isolated first, then the mappings are cut and given the policy, then
 * the pages are moved.
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param length Bytes; rounded up to pages.
 * @param policy The policy, or null for none.
 * @param flags Which pages are moved.
 * @returns 0, -EINVAL (inside a huge page of hugetlbfs, too), -EFAULT at a hole, or -EIO if strict and not all pages are where they should.
 */
export function* mbind(
  mm: Mm,
  start: Vaddr,
  length: number,
  policy: MemoryPolicy | null,
  flags: MoveFlags = {},
): Operation<number> {
  const end = start + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (!isAligned(start, PAGE_SIZE) || end > TASK_SIZE) return -ERRNO.EINVAL;
  if (end === start) return 0;
  return yield* whileMmapLocked(mm, doMbind(mm, start, end, policy, flags));
}

function* doMbind(
  mm: Mm,
  start: Vaddr,
  end: Vaddr,
  policy: MemoryPolicy | null,
  flags: MoveFlags,
): Operation<number> {
  if (hasHole(mm, start, end)) return -ERRNO.EFAULT;
  const target = policy?.node ?? 0;
  const wanted = new PageQueue(mm, flags, (node) => policy !== null && node !== target);
  if (flags.move || flags.moveAll) mm.host.lruBatches.drain();
  if (flags.move || flags.moveAll || flags.strict) wanted.queueRange(start, end);
  const bound = yield* mbindRange(mm, start, end, policy);
  if (bound < 0) {
    wanted.putBack();
    return bound;
  }
  const failed = yield* wanted.migrate(target);
  return flags.strict && (failed !== 0 || wanted.unmovable) ? -ERRNO.EIO : 0;
}

/** Cuts the mappings of a range and gives them a policy (mm/mempolicy.c: mbind_range). */
function* mbindRange(
  mm: Mm,
  start: Vaddr,
  end: Vaddr,
  policy: MemoryPolicy | null,
): Operation<number> {
  for (const vma of mm.vmasIn(start, end)) {
    const from = Math.max(vma.start, start);
    const to = Math.min(vma.end, end);
    if (vma.policy?.node === policy?.node) continue;
    const part = yield* isolateRange(vma, from, to, vma.flags, policy);
    if (typeof part === "number") return part;
    part.policy = policy;
  }
  return 0;
}

/**
 * Moves all pages of a process from one node to another (mm/mempolicy.c: do_migrate_pages).
 *
 * @param mm The address space.
 * @param from Node to leave.
 * @param to Node to go to.
 * @param all Whether pages that others map as well are moved.
 * @returns Number of pages that were not moved, or a negative error number.
 */
export function* doMigratePages(
  mm: Mm,
  from: number,
  to: number,
  all = false,
): Operation<number> {
  mm.host.lruBatches.drain();
  const queue = new PageQueue(mm, { move: true, moveAll: all }, (node) => node === from);
  queue.queueRange(0, TASK_SIZE);
  return yield* queue.migrate(to);
}

/** Pages isolated because they are on a wrong node (mm/mempolicy.c: queue_pages_range). */
class PageQueue {
  /** Whether a page that should move could not be isolated. */
  unmovable = false;
  readonly #mm: Mm;
  readonly #flags: MoveFlags;
  readonly #isWrong: (node: number) => boolean;
  readonly #pages: Pfn[] = [];

  constructor(mm: Mm, flags: MoveFlags, isWrong: (node: number) => boolean) {
    this.#mm = mm;
    this.#flags = flags;
    this.#isWrong = isWrong;
  }

  /** Isolates the pages of a range that are on a wrong node. */
  queueRange(start: Vaddr, end: Vaddr): void {
    this.#mm.host.lruBatches.drain();
    for (const vma of this.#mm.vmasIn(start, end)) {
      if (!vmaMigratable(vma)) continue;
      const cursor = this.#mm.pageTable.cursor(
        Math.max(vma.start, start),
        Math.min(vma.end, end),
      );
      while (cursor.next()) {
        if (cursor.table !== null) this.#queueTable(cursor, cursor.table);
        else this.#queueHuge(cursor);
      }
    }
  }

  /** Moves the pages; returns how many stayed, or a negative error number. */
  *migrate(node: number): Operation<number> {
    if (this.#pages.length === 0) return 0;
    const { host } = this.#mm;
    const allocate = (page: Pfn) => allocMigrationTarget(host, page, node);
    const outcome = yield* migratePages(host, this.#pages.splice(0), allocate);
    return outcome.error < 0 ? outcome.error : outcome.failed.length;
  }

  /** Gives back pages that are not to be moved after all. */
  putBack(): void {
    for (const pfn of this.#pages.splice(0)) putbackLruPage(this.#mm.host, pfn);
  }

  /** mm/mempolicy.c: queue_pages_pmd, queue_pages_hugetlb. */
  #queueHuge({ pmd, slot }: Cursor): void {
    const flags = pmd.hugeFlags[slot];
    if ((flags & (PTE_PRESENT | PTE_SPECIAL)) === PTE_PRESENT) this.#queuePage(pmd.hugePfn[slot]);
  }

  #queueTable(cursor: Cursor, table: PteTable): void {
    const { host } = this.#mm;
    const { frames } = host;
    for (let index = cursor.first; index < cursor.last; index++) {
      if ((table.flags[index] & (PTE_PRESENT | PTE_SPECIAL)) !== PTE_PRESENT) continue;
      const pfn = table.pfn[index];
      if ((frames.flags[pfn] & (PG_RESERVED | PG_HEAD | PG_TAIL)) !== 0) continue;
      this.#queuePage(pfn);
    }
  }

  /** mm/mempolicy.c: migrate_page_add. */
  #queuePage(pfn: Pfn): void {
    const { host } = this.#mm;
    const { frames } = host;
    if (!this.#isWrong(frames.nodeOf(pfn))) return;
    const alone = frames.mapcount[pfn] === 1 || this.#flags.moveAll === true;
    const moves = this.#flags.move === true || this.#flags.moveAll === true;
    if (moves && alone && isolateLruPage(host, pfn)) this.#pages.push(pfn);
    else this.unmovable = true;
  }
}

/** Tells whether mappings leave a part of the range out. */
function hasHole(mm: Mm, start: Vaddr, end: Vaddr): boolean {
  let addr = start;
  for (const vma of mm.vmasIn(start, end)) {
    if (vma.start > addr) return true;
    addr = vma.end;
  }
  return addr < end;
}
