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
import { Scanners } from "./compaction_scanners.ts";
import { fragmentationIndex, hasFreeBlock, isBlockFree } from "./fragmentation.ts";
import type { Host } from "./host.ts";
import { migratePages, type MigrateResult } from "./migrate.ts";

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
