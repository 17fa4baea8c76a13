import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  fragmentationIndex,
  freeBlocks,
  hasFreeBlock,
  isBlockFree,
  MAX_BLOCK_ORDER,
} from "../../lib/mm/fragmentation.ts";
import { Host } from "../../lib/mm/host.ts";

/** A machine of 16 MiB on one node (4096 frames) where just these frames are free. */
function withFree(free: (pfn: number) => boolean, nodes = 1): Host {
  const host = new Host({ memory: 2 ** 24, nodes });
  for (const { start, end, allocator } of host.frames.nodes) {
    for (let pfn = start; pfn < end; pfn++) {
      if (!free(pfn) && allocator.isFree(pfn)) allocator.take(pfn);
    }
  }
  return host;
}

/** The node's blocks as the buddy allocator would list them, none part of another. */
function buddyBlocks(free: (pfn: number) => boolean): number {
  let blocks = 0;
  for (let pfn = 0; pfn < 4096;) {
    let order = 0;
    while (order < MAX_BLOCK_ORDER && pfn % (2 << order) === 0 && allFree(free, pfn, 2 << order)) {
      order++;
    }
    if (free(pfn)) blocks++;
    pfn += free(pfn) ? 1 << order : 1;
  }
  return blocks;
}

function allFree(free: (pfn: number) => boolean, from: number, count: number): boolean {
  for (let pfn = from; pfn < from + count; pfn++) if (!free(pfn)) return false;
  return true;
}

/** Which frames are free, the order wanted, and the index. */
const INDEXES: readonly (readonly [string, (pfn: number) => boolean, number, number])[] = [
  ["no frame", () => false, 0, 0],
  ["no frame", () => false, 9, 0],
  ["one frame", (pfn) => pfn === 7, 0, -1000],
  ["one frame", (pfn) => pfn === 7, 1, -500],
  ["one frame", (pfn) => pfn === 7, 4, -62],
  ["one frame", (pfn) => pfn === 7, 9, -1],
  ["a block of 8", (pfn) => pfn >= 8 && pfn < 16, 3, -1000],
  ["a block of 8", (pfn) => pfn >= 8 && pfn < 16, 4, -500],
  ["8 frames across a border", (pfn) => pfn >= 12 && pfn < 20, 3, 0],
  ["every second frame", (pfn) => pfn % 2 === 1, 0, -1000],
  ["every second frame", (pfn) => pfn % 2 === 1, 1, 500],
  ["every second frame", (pfn) => pfn % 2 === 1, 4, 938],
  ["every second frame", (pfn) => pfn % 2 === 1, 9, 998],
  ["every 16th frame", (pfn) => pfn % 16 === 1, 4, 934],
  ["every 16th frame", (pfn) => pfn % 16 === 1, 9, 995],
  ["16 frames apart", (pfn) => pfn % 256 === 1, 9, 936],
  ["halves of 512", (pfn) => pfn % 512 >= 256, 9, 375],
  ["one half of 512", (pfn) => pfn >= 256 && pfn < 512, 9, -500],
];

Deno.test("the index tells lack of memory, fragmentation and success apart", () => {
  for (const [name, free, order, index] of INDEXES) {
    assertEquals(fragmentationIndex(withFree(free), 0, order), index, `${name}, order ${order}`);
  }
});

Deno.test("free blocks of each order count the parts of larger ones", () => {
  const host = withFree((pfn) => pfn >= 8 && pfn < 20);
  assertEquals(freeBlocks(host, 0).slice(0, 5), [12, 6, 3, 1, 0]);
});

Deno.test("a block must be aligned to its size", () => {
  const host = withFree((pfn) => pfn >= 12 && pfn < 20);
  assertEquals([0, 1, 2, 3].map((order) => hasFreeBlock(host, 0, order)), [
    true,
    true,
    true,
    false,
  ]);
  assertEquals([isBlockFree(host, 0, 13, 2), isBlockFree(host, 0, 13, 3)], [true, false]);
});

Deno.test("blocks end where their node ends", () => {
  const host = withFree((pfn) => pfn >= 1024 && pfn < 3072, 2);
  assertEquals(freeBlocks(host, 0)[10], 1);
  assertEquals(freeBlocks(host, 1)[10], 1);
  assertEquals([hasFreeBlock(host, 0, 11), hasFreeBlock(host, 1, 11)], [false, false]);
});

Deno.test("the index of a node does not depend on another", () => {
  const host = withFree((pfn) => pfn < 2048 ? pfn % 2 === 1 : true, 2);
  assertEquals([fragmentationIndex(host, 0, 9) > 900, fragmentationIndex(host, 1, 9)], [
    true,
    -1000,
  ]);
});

Deno.test("for any free frames the index follows from the buddy allocator's lists", () => {
  const run = fc.record({ from: fc.nat(4095), length: fc.integer({ min: 1, max: 600 }) });
  const order = fc.integer({ min: 0, max: MAX_BLOCK_ORDER });
  const property = fc.property(fc.array(run, { maxLength: 8 }), order, (runs, wanted) => {
    const free = (pfn: number) =>
      pfn > 0 && runs.some(({ from, length }) => pfn >= from && pfn < from + length);
    const host = withFree(free);
    const index = fragmentationIndex(host, 0, wanted);
    const blocks = buddyBlocks(free);
    assertEquals(index === -1000, hasFreeBlock(host, 0, wanted));
    if (index === -1000) return;
    const pages = host.frames.freeCount;
    const share = Math.floor((pages * 1000) / 2 ** wanted);
    assertEquals(index, blocks === 0 ? 0 : 1000 - Math.floor((1000 + share) / blocks));
  });
  fc.assert(property, { numRuns: 40 });
});
