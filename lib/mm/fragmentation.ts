/**
 * How free memory hangs together: the buddy allocator's view of a node.
 *
 * From mm/page_alloc.c and mm/vmstat.c.
 *
 * @module
 */

import { HPAGE_PMD_NR, type Pfn } from "../kernel/address.ts";
import type { Host } from "./host.ts";

/** Largest order of a free block (MAX_ORDER - 1 of the time). */
export const MAX_BLOCK_ORDER = 10;
/** Frames of a page block, the unit in which compaction scans. */
export const PAGEBLOCK_NR_PAGES: number = HPAGE_PMD_NR;

/**
 * Counts the free, aligned blocks of each order that a node could hand out.
 *
 * @param host The machine.
 * @param nodeNumber The node.
 * @returns For each order from 0 to 10, how many such blocks there are, parts of larger ones
 * included.
 */
export function freeBlocks(host: Host, nodeNumber: number): number[] {
  const { start, end, allocator } = host.frames.nodes[nodeNumber];
  const counts = new Array<number>(MAX_BLOCK_ORDER + 1).fill(0);
  let run = 0;
  for (let pfn = start; pfn < end; pfn++) {
    if (!allocator.isFree(pfn)) {
      run = 0;
      continue;
    }
    run++;
    const next = pfn + 1;
    for (let order = 0; order <= MAX_BLOCK_ORDER; order++) {
      const size = 1 << order;
      if (size > run || next % size !== 0) break;
      counts[order]++;
    }
  }
  return counts;
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
  const { start, end } = host.frames.nodes[nodeNumber];
  const size = 2 ** order;
  for (let pfn = Math.ceil(start / size) * size; pfn + size <= end; pfn += size) {
    if (isBlockFree(host, nodeNumber, pfn, order)) return true;
  }
  return false;
}

/**
 * Tells whether the aligned block around a frame is free.
 *
 * @param host The machine.
 * @param nodeNumber The node of the frame.
 * @param pfn The frame.
 * @param order log2 of the frames of the block.
 * @returns True if all of the block is free and within the node.
 */
export function isBlockFree(host: Host, nodeNumber: number, pfn: Pfn, order: number): boolean {
  const { start, end, allocator } = host.frames.nodes[nodeNumber];
  const size = 2 ** order;
  const first = pfn - (pfn % size);
  return first >= start && first + size <= end && allocator.rangeFree(first, size);
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
