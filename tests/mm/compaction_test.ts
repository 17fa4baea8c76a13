import { assertEquals } from "@std/assert";
import { drain } from "../../lib/kernel/operation.ts";
import { compactZone } from "../../lib/mm/compaction.ts";
import { fragmentationIndex, freeBlocks, isBlockFree } from "../../lib/mm/fragmentation.ts";
import { pinUserPage } from "../../lib/mm/gup.ts";
import type { Host } from "../../lib/mm/host.ts";
import { PG_UNMOVABLE } from "../../lib/mm/flags.ts";
import { at, heard, machineWithPages } from "./reclaim_setup.ts";

/** Takes frames for the kernel. */
function takeFrames(host: Host, pfns: Iterable<number>): void {
  for (const pfn of pfns) {
    if (!host.frames.nodes[0].allocator.isFree(pfn)) continue;
    host.frames.nodes[0].allocator.take(pfn);
    host.frames.refcount[pfn] = 1;
    host.frames.flags[pfn] = PG_UNMOVABLE;
  }
}

Deno.test("the whole zone is compacted into blocks in use, the last page found first", () => {
  const { host, mm } = machineWithPages("v6.1", 3);
  takeFrames(host, [2047]);
  const events = heard(host, () => assertEquals(drain(compactZone(host, 0, null)).moved, 3));
  assertEquals(events, ["P CLEAR [2,3)", "P CLEAR [1,2)", "P CLEAR [0,1)"]);
  assertEquals([0, 1, 2].map((page) => mm.pageTable.pfnAt(at(page))), [2044, 2045, 2046]);
});

Deno.test("wholly free blocks are not filled to compact a zone", () => {
  const { host } = machineWithPages("v6.1", 3);
  assertEquals(
    heard(host, () => assertEquals(drain(compactZone(host, 0, null)).moved, 0)).length,
    0,
  );
});

Deno.test("a pinned page is skipped without a window", () => {
  const { host, mm } = machineWithPages("v6.1", 3);
  takeFrames(host, [2047]);
  drain(pinUserPage(mm, at(1)));
  const events = heard(host, () => {
    assertEquals(drain(compactZone(host, 0, null)).skippedPinned, 1);
  });
  assertEquals(events, ["P CLEAR [2,3)", "P CLEAR [0,1)"]);
});

Deno.test("compaction for an order stops once a block of it is free", () => {
  const { host } = machineWithPages("v6.1", 600);
  takeFrames(host, Array.from({ length: 64 }, (_, at) => 608 + at * 16));
  takeFrames(host, Array.from({ length: 400 }, (_, at) => 1632 + at));
  assertEquals(freeBlocks(host, 0).slice(4), [1, 0, 0, 0, 0, 0, 0]);
  const outcome = drain(compactZone(host, 0, 5));
  assertEquals([outcome.result, outcome.failed.length], ["success", 0]);
  assertEquals(isBlockFree(host, 0, 32, 5), true);
});

Deno.test("the fragmentation index tells lack of memory from fragmentation", () => {
  const { host } = machineWithPages("v6.1", 1);
  assertEquals(fragmentationIndex(host, 0, 9), -1000);
  takeFrames(host, Array.from({ length: 1024 }, (_, at) => at * 2));
  assertEquals(fragmentationIndex(host, 0, 9) > 900, true);
  takeFrames(host, Array.from({ length: 2048 }, (_, at) => at));
  assertEquals(fragmentationIndex(host, 0, 9), 0);
});

Deno.test("compaction for a costly order is skipped where memory is what lacks", () => {
  const { host } = machineWithPages("v6.1", 1);
  takeFrames(host, Array.from({ length: 2046 }, (_, at) => at + 2));
  assertEquals(drain(compactZone(host, 0, 9)).result, "skipped");
});
