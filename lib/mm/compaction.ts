/**
 * Compaction: moving pages to the high end of a zone, so that the low end becomes contiguous.
 *
 * From mm/compaction.c. The migrate scanner walks a zone upwards and isolates movable pages, 32 at
 * a time; the free scanner walks downwards and provides frames; the run ends when they meet or when
 * a free block of the wanted order exists. Both work page block by page block; a block in which the
 * migrate scanner works is none of the free scanner's.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { PG_FILE, PG_HEAD, PG_LRU, PG_SWAPCACHE, PG_TAIL } from "./flags.ts";
import {
  fragmentationIndex,
  hasFreeBlock,
  isBlockFree,
  PAGEBLOCK_NR_PAGES,
} from "./fragmentation.ts";
import type { NumaNode } from "./frames.ts";
import type { Host } from "./host.ts";
import { isolateLruPage, migratePages, type MigrateResult } from "./migrate.ts";

/** Pages isolated before they are migrated (mm/internal.h: COMPACT_CLUSTER_MAX). */
const COMPACT_CLUSTER_MAX = 32;

/** The migrate scanner from below and the free scanner from above. */
class Scanners {
  /** Pages left alone because of an extra reference. */
  skippedPinned = 0;
  readonly #host: Host;
  readonly #node: NumaNode;
  readonly #ignoreSuitable: boolean;
  #migrate: Pfn;
  #free: Pfn;

  /**
   * Puts the scanners at both ends of a node.
   *
   * @param host The machine.
   * @param node The node.
   * @param ignoreSuitable Whether wholly free blocks are filled as well (direct compaction's last
   * resort).
   */
  constructor(host: Host, node: NumaNode, ignoreSuitable: boolean) {
    this.#host = host;
    this.#node = node;
    this.#ignoreSuitable = ignoreSuitable;
    this.#migrate = node.start;
    this.#free = node.end;
  }

  /** Whether the scanners have met. */
  get met(): boolean {
    return this.#migrate >= this.#free;
  }

  /**
   * Isolates the next movable pages: a cluster, or what one page block has.
   *
   * @returns The pages, the last one found first; none when the scanners have met.
   */
  isolateMigratePages(): Pfn[] {
    const { vmstat } = this.#host;
    const isolated: Pfn[] = [];
    const first = this.#migrate;
    while (!this.met && isolated.length < COMPACT_CLUSTER_MAX) {
      if (isolated.length > 0 && this.#migrate % PAGEBLOCK_NR_PAGES === 0) break;
      const pfn = this.#migrate++;
      if (this.#movable(pfn) && isolateLruPage(this.#host, pfn)) isolated.push(pfn);
    }
    vmstat.compact_migrate_scanned += this.#migrate - first;
    vmstat.compact_isolated += isolated.length;
    this.#host.charge("compact_scan_page", this.#migrate - first);
    return isolated.reverse();
  }

  /**
   * Takes the highest free frame of a suitable block above the migrate scanner's.
   *
   * @returns The frame with one reference, or -1 when there is none.
   */
  isolateFreePage(): Pfn {
    const { frames, vmstat } = this.#host;
    const lowest = Math.ceil(this.#migrate / PAGEBLOCK_NR_PAGES) * PAGEBLOCK_NR_PAGES;
    const from = this.#free;
    let pfn = -1;
    while (pfn < 0 && this.#free > lowest) {
      const block = Math.max(blockOf(this.#free - 1), lowest);
      if (this.#suitable(block)) pfn = this.#node.allocator.allocTop(block - 1, this.#free);
      this.#free = pfn < 0 ? block : pfn;
    }
    vmstat.compact_free_scanned += from - this.#free;
    this.#host.charge("compact_scan_page", from - this.#free);
    if (pfn < 0) return -1;
    frames.refcount[pfn] = 1;
    frames.flags[pfn] = 0;
    return pfn;
  }

  /** Only blocks in use already are filled (mm/compaction.c: suitable_migration_target). */
  #suitable(block: Pfn): boolean {
    if (this.#ignoreSuitable) return true;
    const end = Math.min(blockOf(block) + PAGEBLOCK_NR_PAGES, this.#node.end);
    const first = Math.max(blockOf(block), this.#node.start);
    return this.#free < end || !this.#node.allocator.rangeFree(first, end - first);
  }

  /** mm/compaction.c: isolate_migratepages_block. */
  #movable(pfn: Pfn): boolean {
    const { frames } = this.#host;
    const flags = frames.flags[pfn];
    if ((flags & PG_LRU) === 0 || (flags & (PG_HEAD | PG_TAIL)) !== 0) return false;
    const withoutMapping = (flags & (PG_FILE | PG_SWAPCACHE)) === 0;
    if (withoutMapping && frames.refcount[pfn] > frames.mapcount[pfn]) {
      this.skippedPinned++;
      return false;
    }
    return true;
  }
}

function blockOf(pfn: Pfn): Pfn {
  return pfn - (pfn % PAGEBLOCK_NR_PAGES);
}

/** Orders up to this one are cheap: compaction is not skipped for them (PAGE_ALLOC_COSTLY_ORDER). */
const PAGE_ALLOC_COSTLY_ORDER = 3;
/** Up to this index an allocation fails for lack of memory (sysctl_extfrag_threshold). */
const EXTFRAG_THRESHOLD = 500;

/** How a compaction ended (include/linux/compaction.h: enum compact_result). */
export type CompactResult =
  /** A block of the wanted order is free. */
  | "success"
  /** The scanners have met. */
  | "complete"
  /** Not tried: fragmentation is not what is wrong. */
  | "skipped";

/** What a compaction did. */
export interface CompactOutcome extends Omit<MigrateResult, "error"> {
  /** How it ended. */
  readonly result: CompactResult;
  /** Pages that were left alone because somebody holds an extra reference. */
  readonly skippedPinned: number;
}

/**
 * Compacts one node.
 *
 * Without an order only page blocks that are in use already are filled, so a node whose high end is
 * all free stays as it is.
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
  const early = order === null ? null : compactionSuitable(host, nodeNumber, order);
  if (early !== null) return { moved: 0, failed: [], result: early, skippedPinned: 0 };
  const scanners = new Scanners(host, host.frames.nodes[nodeNumber], order !== null);
  const failed: Pfn[] = [];
  let moved = 0;
  let result: CompactResult = "complete";
  if (order !== null) host.vmstat.compact_stall++;
  else host.lruBatches.drain();
  for (;;) {
    const pages = scanners.isolateMigratePages();
    if (pages.length === 0) break;
    const outcome = yield* migratePages(host, pages, () => scanners.isolateFreePage());
    moved += outcome.moved;
    failed.push(...outcome.failed);
    yield "daemon_step";
    if (order !== null && pages.some((pfn) => isBlockFree(host, nodeNumber, pfn, order))) {
      result = "success";
      break;
    }
    if (outcome.error < 0) break;
  }
  if (order !== null) host.vmstat[result === "success" ? "compact_success" : "compact_fail"]++;
  return { moved, failed, result, skippedPinned: scanners.skippedPinned };
}

/**
 * Decides whether compacting for an order makes sense (mm/compaction.c: compaction_suitable).
 *
 * @param host The machine.
 * @param nodeNumber The node.
 * @param order log2 of the frames wanted.
 * @returns `"success"` if there is a block already, `"skipped"` if fragmentation is not the reason
 * for its lack, null if compaction should run.
 */
function compactionSuitable(
  host: Host,
  nodeNumber: number,
  order: number,
): CompactResult | null {
  if (hasFreeBlock(host, nodeNumber, order)) return "success";
  if (order <= PAGE_ALLOC_COSTLY_ORDER) return null;
  const index = fragmentationIndex(host, nodeNumber, order);
  return index >= 0 && index <= EXTFRAG_THRESHOLD ? "skipped" : null;
}
