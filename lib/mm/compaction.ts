/**
 * Compaction: moving pages to the high end of a zone, so that the low end becomes contiguous.
 *
 * From mm/compaction.c. The migrate scanner walks a zone upwards and isolates movable pages, 32 at
 * a time; the free scanner walks downwards and provides frames; the run ends when they meet or when
 * a free block of the wanted order exists.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Node } from "./frames.ts";
import type { Host } from "./host.ts";
import { isolateLruPage, migratePages, type MigrateResult } from "./migrate.ts";
import { PG_ANON, PG_HEAD, PG_LRU, PG_SWAPCACHE, PG_TAIL } from "./page_flags.ts";

/** Pages isolated before they are migrated (mm/internal.h: COMPACT_CLUSTER_MAX). */
const COMPACT_CLUSTER_MAX = 32;

/** How a compaction ended (include/linux/compaction.h: enum compact_result). */
export type CompactResult = "success" | "complete";

/** What a compaction did. */
export interface CompactOutcome extends MigrateResult {
  /** How it ended. */
  readonly result: CompactResult;
  /** Pages that were left alone because somebody holds an extra reference. */
  readonly skippedPinned: number;
}

/**
 * Compacts one node.
 *
 * @param host The machine.
 * @param nodeNumber The node.
 * @param order Stop once a free block of 2^order frames exists; null for the whole zone.
 * @returns What moved, what did not, and how it ended.
 */
export function* compactZone(
  host: Host,
  nodeNumber: number,
  order: number | null,
): Operation<CompactOutcome> {
  const scanners = new Scanners(host, host.frames.nodes[nodeNumber]);
  const failed: Pfn[] = [];
  let moved = 0;
  let result: CompactResult = "complete";
  host.vmstat.compact_stall++;
  for (;;) {
    if (order !== null && hasFreeBlock(host, nodeNumber, order)) {
      result = "success";
      break;
    }
    const pages = scanners.isolateMigratePages();
    if (pages.length === 0) break;
    const outcome = yield* migratePages(host, pages, () => scanners.isolateFreePage());
    moved += outcome.moved;
    failed.push(...outcome.failed);
    yield "daemon_step";
    if (outcome.failed.length > 0 && scanners.met) break;
  }
  if (result === "success" || order === null) host.vmstat.compact_success++;
  else host.vmstat.compact_fail++;
  return { moved, failed, result, skippedPinned: scanners.skippedPinned };
}

/**
 * Tells whether a node has a free, aligned block of 2^order frames.
 *
 * @param host The machine.
 * @param nodeNumber The node.
 * @param order log2 of the frames.
 * @returns True if there is one.
 */
export function hasFreeBlock(host: Host, nodeNumber: number, order: number): boolean {
  return freeBlocks(host, nodeNumber)[order] > 0;
}

/** Largest order that free blocks are counted for (MAX_ORDER - 1 of the time). */
const MAX_BLOCK_ORDER = 10;

/**
 * Counts the free, aligned blocks of each order that a node could hand out.
 *
 * @param host The machine.
 * @param nodeNumber The node.
 * @returns For each order from 0 to 10, how many such blocks there are, larger ones included.
 */
export function freeBlocks(host: Host, nodeNumber: number): number[] {
  const { start, end, allocator } = host.frames.nodes[nodeNumber];
  const counts = new Array<number>(MAX_BLOCK_ORDER + 1).fill(0);
  let run = 0;
  for (let pfn = start; pfn < end; pfn++) {
    run = allocator.isFree(pfn) ? run + 1 : 0;
    for (let order = 0; order <= MAX_BLOCK_ORDER; order++) {
      const size = 1 << order;
      if (run < size) break;
      if ((pfn + 1) % size === 0) counts[order]++;
    }
  }
  return counts;
}

/**
 * Tells why an allocation of an order fails (mm/vmstat.c: fragmentation_index).
 *
 * @param host The machine.
 * @param nodeNumber The node.
 * @param order log2 of the frames wanted.
 * @returns 0 towards lack of memory, 1000 towards fragmentation; -1000 if it would not fail.
 */
export function fragmentationIndex(host: Host, nodeNumber: number, order: number): number {
  const blocks = freeBlocks(host, nodeNumber);
  if (blocks[order] > 0) return -1000;
  const freePages = host.frames.nodes[nodeNumber].allocator.freeCount;
  const freeBlocksTotal = blocks.reduce((sum, count, at) => {
    const merged = at < MAX_BLOCK_ORDER ? 2 * blocks[at + 1] : 0;
    return sum + count - merged;
  }, 0);
  if (freeBlocksTotal === 0) return 0;
  const wanted = Math.floor((freePages * 1000) / 2 ** order);
  return 1000 - Math.floor((1000 + wanted) / freeBlocksTotal);
}

/** The migrate scanner from below and the free scanner from above. */
class Scanners {
  /** Pages left alone because of an extra reference. */
  skippedPinned = 0;
  readonly #host: Host;
  readonly #node: Node;
  #migrate: Pfn;
  #free: Pfn;

  constructor(host: Host, node: Node) {
    this.#host = host;
    this.#node = node;
    this.#migrate = node.start;
    this.#free = node.end;
  }

  /** Whether the scanners have met. */
  get met(): boolean {
    return this.#migrate >= this.#free;
  }

  /** Isolates the next movable pages, up to a cluster. */
  isolateMigratePages(): Pfn[] {
    const { vmstat } = this.#host;
    const isolated: Pfn[] = [];
    const first = this.#migrate;
    while (!this.met && isolated.length < COMPACT_CLUSTER_MAX) {
      const pfn = this.#migrate++;
      if (this.#movable(pfn) && isolateLruPage(this.#host, pfn)) isolated.push(pfn);
    }
    vmstat.compact_migrate_scanned += this.#migrate - first;
    vmstat.compact_isolated += isolated.length;
    this.#host.charge("compact_scan_page", this.#migrate - first);
    return isolated;
  }

  /** Takes the highest free frame above the migrate scanner. */
  isolateFreePage(): Pfn {
    const { frames, vmstat } = this.#host;
    const pfn = this.#node.allocator.allocTop(this.#migrate - 1, this.#free);
    const scanned = this.#free - (pfn < 0 ? this.#migrate : pfn);
    vmstat.compact_free_scanned += Math.max(scanned, 0);
    this.#host.charge("compact_scan_page", Math.max(scanned, 0));
    this.#free = pfn < 0 ? this.#migrate : pfn;
    if (pfn < 0) return -1;
    frames.refcount[pfn] = 1;
    frames.flags[pfn] = 0;
    return pfn;
  }

  /** mm/compaction.c: isolate_migratepages_block. */
  #movable(pfn: Pfn): boolean {
    const { frames } = this.#host;
    const flags = frames.flags[pfn];
    if ((flags & PG_LRU) === 0 || (flags & (PG_HEAD | PG_TAIL)) !== 0) return false;
    const withoutMapping = (flags & PG_ANON) !== 0 && (flags & PG_SWAPCACHE) === 0;
    if (withoutMapping && frames.refcount[pfn] > frames.mapcount[pfn]) {
      this.skippedPinned++;
      return false;
    }
    return true;
  }
}
