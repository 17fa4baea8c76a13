/**
 * move_pages: moving single pages of a process to chosen nodes.
 *
 * From mm/migrate.c: do_pages_move. Pages for the same node are collected and moved together; a
 * page that cannot be collected ends the collection, and its error goes to its status. Pages that
 * cannot be moved end the call: it returns how many were not, and the status of the whole batch
 * stays as it was.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { allocMigrationTarget, isolateLruPage, migratePages } from "./migrate.ts";
import type { Mm } from "./mm_struct.ts";
import { PTE_PRESENT, PTE_PROTNONE, PTE_SPECIAL } from "./flags.ts";
import { mmapReadLock } from "./mmap_lock.ts";
import { VM_PFNMAP, type Vma } from "./vma.ts";

/** What to move where. */
export interface PageMove {
  /** Address of the page. */
  readonly addr: Vaddr;
  /** Node it shall be on. */
  readonly node: number;
}

/** What came of a move. */
export interface MovePagesResult {
  /** 0, the number of pages that were not moved, or a negative error number. */
  readonly result: number;
  /** Node or negative error number of each page; null where the kernel wrote nothing. */
  readonly status: readonly (number | null)[];
}

/**
 * Moves pages to nodes (mm/migrate.c: kernel_move_pages).
 *
 * @param mm The address space.
 * @param moves Pages and nodes, in order.
 * @param all Whether pages that other processes map as well are moved (MPOL_MF_MOVE_ALL).
 * @returns Result and status of each page.
 */
export function* movePages(
  mm: Mm,
  moves: readonly PageMove[],
  all: boolean,
): Operation<MovePagesResult> {
  yield* mmapReadLock(mm);
  mm.host.lruBatches.drain();
  const call = new MoveCall(mm, moves.length);
  let result = 0;
  for (let at = 0; at < moves.length && result === 0; at++) {
    const { addr, node } = moves[at];
    if (mm.host.frames.nodes[node] === undefined) {
      result = -ERRNO.ENODEV;
      break;
    }
    result = yield* call.changeNode(at, node);
    if (result !== 0) break;
    const added = addPageForMigration(mm, addr, node, all);
    if (added.pfn >= 0) {
      call.queue.push(added.pfn);
      continue;
    }
    call.status[at] = added.error === 0 ? node : added.error;
    result = yield* call.flush(at);
    if (result > 0 && mm.host.profile.movePagesCountsRest) result--;
    call.restart();
    if (result !== 0) return { result, status: call.status };
  }
  const last = yield* call.flush(moves.length);
  return { result: result !== 0 ? result : last, status: call.status };
}

/** The pages collected so far, and the statuses. */
class MoveCall {
  /** Isolated pages that go to the same node. */
  readonly queue: Pfn[] = [];
  /** Status of each page. */
  readonly status: (number | null)[];
  readonly #mm: Mm;
  #node = -1;
  #start = 0;

  constructor(mm: Mm, count: number) {
    this.#mm = mm;
    this.status = new Array(count).fill(null);
  }

  /** Moves what was collected for another node. */
  *changeNode(at: number, node: number): Operation<number> {
    if (this.#node === node) return 0;
    const result = this.#node < 0 ? 0 : yield* this.flush(at);
    this.#node = node;
    this.#start = at;
    return result;
  }

  /** Lets the next page begin a new collection. */
  restart(): void {
    this.#node = -1;
  }

  /** Moves what was collected before page `at` (mm: move_pages_and_store_status). */
  *flush(at: number): Operation<number> {
    if (this.queue.length === 0) return 0;
    const { host } = this.#mm;
    const node = this.#node;
    const pages = this.queue.splice(0);
    const outcome = yield* migratePages(
      host,
      pages,
      (page) => allocMigrationTarget(host, page, node),
    );
    if (outcome.error < 0) return outcome.error;
    if (outcome.failed.length > 0) {
      const rest = host.profile.movePagesCountsRest ? this.status.length - at : 0;
      return outcome.failed.length + rest;
    }
    this.status.fill(node, this.#start, at);
    return 0;
  }
}

/** A page taken off its list, or why it was not: 0 if it is on the node already. */
interface AddedPage {
  readonly pfn: Pfn;
  readonly error: number;
}

/** mm/migrate.c: add_page_for_migration. */
function addPageForMigration(mm: Mm, addr: Vaddr, node: number, all: boolean): AddedPage {
  const vma = mm.vmaAt(addr);
  if (vma === undefined || !vmaMigratable(vma)) return failed(-ERRNO.EFAULT);
  const pfn = followPage(vma, addr);
  if (pfn < 0) return failed(pfn);
  const { frames } = mm.host;
  if (frames.nodeOf(pfn) === node) return failed(0);
  if (frames.mapcount[pfn] > 1 && !all) return failed(-ERRNO.EACCES);
  const head = frames.head(pfn);
  return isolateLruPage(mm.host, head) ? { pfn: head, error: 0 } : failed(-ERRNO.EBUSY);
}

function failed(error: number): AddedPage {
  return { pfn: -1, error };
}

/**
 * Tells whether the pages of a mapping may move (mm/mempolicy.c: vma_migratable).
 *
 * @param vma The mapping.
 * @returns True if they may.
 */
export function vmaMigratable(vma: Vma): boolean {
  return (vma.flags & VM_PFNMAP) === 0;
}

/** mm/gup.c: follow_page with FOLL_DUMP, which refuses holes of anonymous memory and zero pages. */
function followPage(vma: Vma, addr: Vaddr): Pfn {
  const { pageTable, host } = vma.mm;
  const flags = pageTable.flagsAt(addr);
  if (flags === 0) return vma.isAnonymous ? -ERRNO.EFAULT : -ERRNO.ENOENT;
  if ((flags & PTE_PRESENT) === 0) return -ERRNO.ENOENT;
  const hidden = (flags & PTE_PROTNONE) !== 0 && !host.profile.followPageFollowsProtnone;
  if (hidden) return -ERRNO.ENOENT;
  if ((flags & PTE_SPECIAL) !== 0) return -ERRNO.EFAULT;
  return pageTable.pfnAt(addr);
}
