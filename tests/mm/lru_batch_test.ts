import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { access, fillByte } from "../../lib/mm/access.ts";
import { Frames } from "../../lib/mm/frames.ts";
import { Host } from "../../lib/mm/host.ts";
import { LruBatches, PAGEVEC_SIZE } from "../../lib/mm/lru.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import { PG_SWAPBACKED } from "../../lib/mm/flags.ts";
import { NEW_ANON_FLAGS } from "../../lib/mm/rmap.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";

/** Some anonymous frames with one reference each. */
function anonFrames(count: number): { frames: Frames; pfns: number[] } {
  const frames = new Frames(64);
  const pfns = Array.from({ length: count }, () => frames.alloc());
  for (const pfn of pfns) frames.flags[pfn] = NEW_ANON_FLAGS;
  return { frames, pfns };
}

Deno.test("a page in the batch is referenced and not lazily free until the batch is drained", () => {
  const { frames, pfns: [pfn] } = anonFrames(1);
  const batch = new LruBatches(frames);
  batch.add(pfn);
  assertEquals([frames.refcount[pfn], frames.flags[pfn] & PG_SWAPBACKED], [2, PG_SWAPBACKED]);
  batch.drain();
  assertEquals([frames.refcount[pfn], frames.flags[pfn] & PG_SWAPBACKED], [1, 0]);
});

Deno.test("the batch drains itself when 15 pages have come together", () => {
  const { frames, pfns } = anonFrames(PAGEVEC_SIZE + 1);
  const batch = new LruBatches(frames);
  for (const pfn of pfns) batch.add(pfn);
  assertEquals(batch.pages, [pfns[PAGEVEC_SIZE]]);
  assertEquals(frames.flags[pfns[0]] & PG_SWAPBACKED, 0);
});

Deno.test("a page that is lazily free already does not go into the batch again", () => {
  const { frames, pfns: [pfn] } = anonFrames(1);
  const batch = new LruBatches(frames);
  batch.add(pfn);
  batch.drain();
  batch.add(pfn);
  assertEquals(batch.pages, []);
});

for (const count of [1, 14, 15, 16, 31, 100]) {
  Deno.test(`${count} new pages leave the last ${count % PAGEVEC_SIZE} of them in the batch`, () => {
    const pfns = Uint32Array.from({ length: count }, (_, index) => index + 1);
    const [run, single] = [new LruBatches(new Frames(64)), new LruBatches(new Frames(64))];
    run.addNew(pfns, 0, count);
    for (const pfn of pfns) single.addOne(pfn);
    const waiting = [...pfns].filter((pfn) => run.isNew(pfn));
    assertEquals(waiting, [...pfns.slice(count - (count % PAGEVEC_SIZE))]);
    assertEquals([...pfns].filter((pfn) => single.isNew(pfn)), waiting);
  });
}

for (
  const { remote, swapped } of [
    { remote: false, swapped: true },
    { remote: true, swapped: false },
  ]
) {
  const who = remote ? "from another CPU passes over" : "of the process itself takes";
  Deno.test(`PAGEOUT ${who} pages that are still in the batch`, () => {
    const host = new Host({ profile: kernelProfile("v6.1"), swapPages: 16 });
    const mm = host.createMm("p");
    const start = drain(mmap(mm, { length: 4 * PAGE_SIZE, prot: VM_READ | VM_WRITE }));
    drain(access(mm, start, start + 4 * PAGE_SIZE, fillByte(1)));
    drain(madvise(mm, start, 2 * PAGE_SIZE, "PAGEOUT", remote));
    assertEquals(mm.swapEntries, swapped ? 2 : 0);
  });
}
