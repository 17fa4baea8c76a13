import { assertEquals } from "@std/assert";
import { Frames } from "../../lib/mm/frames.ts";
import { LazyfreeBatch, PAGEVEC_SIZE } from "../../lib/mm/lru_batch.ts";
import { PG_SWAPBACKED } from "../../lib/mm/page_flags.ts";
import { NEW_ANON_FLAGS } from "../../lib/mm/rmap.ts";

/** Some anonymous frames with one reference each. */
function anonFrames(count: number): { frames: Frames; pfns: number[] } {
  const frames = new Frames(64);
  const pfns = Array.from({ length: count }, () => frames.alloc());
  for (const pfn of pfns) frames.flags[pfn] = NEW_ANON_FLAGS;
  return { frames, pfns };
}

Deno.test("a page in the batch is referenced and not lazily free until the batch is drained", () => {
  const { frames, pfns: [pfn] } = anonFrames(1);
  const batch = new LazyfreeBatch(frames);
  batch.add(pfn);
  assertEquals([frames.refcount[pfn], frames.flags[pfn] & PG_SWAPBACKED], [2, PG_SWAPBACKED]);
  batch.drain();
  assertEquals([frames.refcount[pfn], frames.flags[pfn] & PG_SWAPBACKED], [1, 0]);
});

Deno.test("the batch drains itself when 15 pages have come together", () => {
  const { frames, pfns } = anonFrames(PAGEVEC_SIZE + 1);
  const batch = new LazyfreeBatch(frames);
  for (const pfn of pfns) batch.add(pfn);
  assertEquals(batch.pages, [pfns[PAGEVEC_SIZE]]);
  assertEquals(frames.flags[pfns[0]] & PG_SWAPBACKED, 0);
});

Deno.test("a page that is lazily free already does not go into the batch again", () => {
  const { frames, pfns: [pfn] } = anonFrames(1);
  const batch = new LazyfreeBatch(frames);
  batch.add(pfn);
  batch.drain();
  batch.add(pfn);
  assertEquals(batch.pages, []);
});
