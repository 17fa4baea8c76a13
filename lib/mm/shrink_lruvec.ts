/**
 * Reclaim of a whole machine: walking the lists until enough is free.
 *
 * From mm/vmscan.c: shrink_lruvec, get_scan_count and do_try_to_free_pages; mm/memcontrol.c:
 * memory_reclaim. Each round looks at a larger share of the lists; pages used since the last look
 * go around once more.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Host } from "./host.ts";
import {
  LRU_ACTIVE_ANON,
  LRU_ACTIVE_FILE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  type LruList,
} from "./lru.ts";
import { isolateLruPage } from "./migrate.ts";
import { PG_ACTIVE, PG_ISOLATED, PG_LRU, PG_SWAPBACKED } from "./flags.ts";
import { folioReferenced } from "./rmap_walk.ts";
import { VM_EXEC } from "./vma.ts";
import { shrinkFolioList } from "./vmscan.ts";

/** First priority: one 4096th of a list (include/linux/mmzone.h: DEF_PRIORITY). */
const DEF_PRIORITY = 12;
/** Pages looked at together (include/linux/swap.h: SWAP_CLUSTER_MAX). */
const SWAP_CLUSTER_MAX = 32;
/** Times reclaim is tried without progress (mm/internal.h: MAX_RECLAIM_RETRIES). */
export const MAX_RECLAIM_RETRIES = 16;
/** Tendency to reclaim anonymous pages, of 200 (vm.swappiness). */
const SWAPPINESS = 60;

/**
 * Reclaims an amount of memory on demand (mm/memcontrol.c: memory_reclaim, the file memory.reclaim).
 *
 * Pages that only wait in a CPU's batch are not seen until the last try, which drains the batches.
 *
 * @param host The machine.
 * @param bytes How much is wanted.
 * @returns 0, or -EAGAIN if less was freed.
 */
export function* memoryReclaim(host: Host, bytes: number): Operation<number> {
  const wanted = Math.floor(bytes / PAGE_SIZE);
  let freed = 0;
  let retries = MAX_RECLAIM_RETRIES;
  while (freed < wanted) {
    if (retries === 0) host.lru.drain(host.profile.anonWorkingset);
    const progress = yield* tryToFreePages(host, wanted - freed);
    if (progress === 0 && retries-- === 0) return -ERRNO.EAGAIN;
    freed += progress;
  }
  return 0;
}

/**
 * Makes room for an allocation that failed (mm/page_alloc.c: __alloc_pages_slowpath).
 *
 * More than one page is freed at a time, as kswapd would have done before memory ran out.
 *
 * @param host The machine.
 * @returns True if the allocation is worth another try.
 */
export function* directReclaim(host: Host): Operation<boolean> {
  const wanted = Math.max(SWAP_CLUSTER_MAX, host.frames.count >>> 8);
  host.lru.drain(host.profile.anonWorkingset);
  for (let retry = 0; retry < MAX_RECLAIM_RETRIES; retry++) {
    if ((yield* tryToFreePages(host, wanted)) > 0) return true;
  }
  return false;
}

/** What one attempt to reclaim may do, and what it left out (mm/vmscan.c: struct scan_control). */
interface ScanControl {
  /** Active pages are deactivated although there are enough inactive ones. */
  forceDeactivate: boolean;
  /** Active pages were left alone because there are enough inactive ones. */
  skippedDeactivate: boolean;
}

/**
 * Reclaims pages from the lists, with growing effort (mm/vmscan.c: do_try_to_free_pages).
 *
 * @param host The machine.
 * @param wanted Pages wanted.
 * @returns Pages freed.
 */
export function* tryToFreePages(host: Host, wanted: number): Operation<number> {
  const control: ScanControl = { forceDeactivate: false, skippedDeactivate: false };
  host.lruBatches.drain();
  const freed = yield* shrinkZones(host, wanted, control);
  const isDone = freed > 0 || !control.skippedDeactivate;
  if (isDone || !host.profile.reclaimForcesDeactivation) return freed;
  control.forceDeactivate = true;
  return yield* shrinkZones(host, wanted, control);
}

/** Goes over all nodes at every priority, from the first to the last. */
function* shrinkZones(host: Host, wanted: number, control: ScanControl): Operation<number> {
  let freed = 0;
  for (let priority = DEF_PRIORITY; priority >= 0 && freed < wanted; priority--) {
    for (let node = 0; node < host.frames.nodes.length; node++) {
      freed += yield* shrinkLruvec(host, node, priority, wanted - freed, control);
      yield "daemon_step";
    }
  }
  return freed;
}

/** Shrinks the lists of one node by the share that the priority allows. */
function* shrinkLruvec(
  host: Host,
  node: number,
  priority: number,
  wanted: number,
  control: ScanControl,
): Operation<number> {
  const { lru } = host;
  const counts = [LRU_INACTIVE_ANON, LRU_ACTIVE_ANON, LRU_INACTIVE_FILE, LRU_ACTIVE_FILE].map(
    (list) => scanCount(lru.size(node, list as LruList), list >= LRU_INACTIVE_FILE, priority),
  );
  let freed = 0;
  while (counts[LRU_INACTIVE_ANON] + counts[LRU_ACTIVE_FILE] + counts[LRU_INACTIVE_FILE] > 0) {
    for (let list = 0; list < counts.length; list++) {
      const count = Math.min(counts[list], SWAP_CLUSTER_MAX);
      counts[list] -= count;
      if (count > 0) freed += yield* shrinkList(host, node, list as LruList, count, control);
    }
    if (freed >= wanted) break;
  }
  if (inactiveIsLow(host, node, LRU_INACTIVE_ANON)) {
    shrinkActiveList(host, node, LRU_ACTIVE_ANON, SWAP_CLUSTER_MAX);
  }
  return freed;
}

/** mm/vmscan.c: get_scan_count; the last priority looks at everything. */
function scanCount(size: number, isFile: boolean, priority: number): number {
  if (priority === 0) return size;
  const share = isFile ? 200 - SWAPPINESS : SWAPPINESS;
  return Math.floor((Math.floor(size / 2 ** priority) * share) / 200);
}

function* shrinkList(
  host: Host,
  node: number,
  list: LruList,
  count: number,
  control: ScanControl,
): Operation<number> {
  if (list === LRU_ACTIVE_ANON || list === LRU_ACTIVE_FILE) {
    const inactive = list === LRU_ACTIVE_ANON ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE;
    if (control.forceDeactivate || inactiveIsLow(host, node, inactive)) {
      shrinkActiveList(host, node, list, count);
    } else control.skippedDeactivate = true;
    return 0;
  }
  const pages = host.lru.take(node, list, count).filter((pfn) => isolateLruPage(host, pfn));
  const { freed, kept } = yield* shrinkFolioList(host, pages);
  for (const { pfn, verdict } of kept) {
    if (host.frames.refcount[pfn] > 0) host.lru.add(pfn, verdict === "written");
  }
  return freed;
}

/** Moves pages from an active list to the inactive one (mm/vmscan.c: shrink_active_list). */
function shrinkActiveList(host: Host, node: number, list: LruList, count: number): void {
  const { frames, lru } = host;
  for (const pfn of lru.take(node, list, count)) {
    frames.flags[pfn] = (frames.flags[pfn] & ~PG_LRU) | PG_ISOLATED;
    const { ptes, vmFlags } = folioReferenced(host, pfn);
    const file = (frames.flags[pfn] & PG_SWAPBACKED) === 0;
    const stays = ptes > 0 && file && (vmFlags & VM_EXEC) !== 0;
    if (!stays) frames.flags[pfn] &= ~PG_ACTIVE;
    frames.flags[pfn] = (frames.flags[pfn] & ~PG_ISOLATED) | PG_LRU;
    lru.add(pfn);
  }
}

/** mm/vmscan.c: inactive_is_low, for a machine of less than 1 GiB a list. */
function inactiveIsLow(host: Host, node: number, inactive: LruList): boolean {
  return host.lru.size(node, inactive) < host.lru.size(node, (inactive + 1) as LruList);
}
