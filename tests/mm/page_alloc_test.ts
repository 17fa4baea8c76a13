import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PageAllocator } from "../../lib/mm/page_alloc.ts";

/** Takes frames until one is not to be had. */
function takeAll(allocator: PageAllocator): number[] {
  const taken: number[] = [];
  for (let pfn = allocator.alloc(); pfn >= 0; pfn = allocator.alloc()) taken.push(pfn);
  return taken;
}

/** The frames that are taken. */
function used(allocator: PageAllocator): number[] {
  const pfns: number[] = [];
  allocator.forEachUsed((pfn) => pfns.push(pfn));
  return pfns;
}

/** Numbers from `from` to one before `to`. */
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

Deno.test("frames are handed out from the lowest up, then none", () => {
  for (const [start, end] of [[0, 1], [0, 32], [5, 38], [100, 1124], [7, 2100]]) {
    const allocator = new PageAllocator(start, end);
    assertEquals(takeAll(allocator), range(start, end));
    assertEquals([allocator.alloc(), allocator.freeCount], [-1, 0]);
  }
});

Deno.test("a freed frame is the next one if it is the lowest, however far down", () => {
  const allocator = new PageAllocator(10, 70_000);
  takeAll(allocator);
  for (const pfn of [69_999, 40_000, 1034, 42, 10]) {
    allocator.free(pfn);
    assertEquals([allocator.isFree(pfn), allocator.alloc()], [true, pfn]);
  }
  for (const pfn of [69_999, 33_000, 11]) allocator.free(pfn);
  assertEquals(takeAll(allocator), [11, 33_000, 69_999]);
});

Deno.test("a freed range is counted and handed out again, whatever its borders", () => {
  for (const [from, to] of [[3, 4], [3, 40], [32, 64], [31, 97], [64, 1024], [0, 1100]]) {
    const allocator = new PageAllocator(0, 1100);
    takeAll(allocator);
    allocator.freeRange(from, to);
    assertEquals(allocator.freeCount, to - from);
    assertEquals(allocator.rangeFree(from, to - from), true);
    assertEquals(takeAll(allocator), range(from, to));
  }
});

Deno.test("a range is free only if every frame of it is", () => {
  for (const taken of [20, 31, 32, 63, 64, 99]) {
    const allocator = new PageAllocator(0, 128);
    allocator.take(taken);
    assertEquals(allocator.rangeFree(20, 80), false);
    assertEquals(allocator.rangeFree(taken + 1, 128 - taken - 1), true);
    assertEquals(allocator.rangeFree(0, taken), true);
  }
});

Deno.test("taken frames are visited in order, and no more than there are", () => {
  const allocator = new PageAllocator(3, 75);
  for (const pfn of [74, 3, 34, 35]) allocator.take(pfn);
  assertEquals(used(allocator), [3, 34, 35, 74]);
  takeAll(allocator);
  assertEquals(used(allocator), range(3, 75));
});

Deno.test("huge blocks are aligned and come from the high end", () => {
  const allocator = new PageAllocator(100, 2100);
  assertEquals([allocator.allocHuge(), allocator.allocHuge()], [1536, 1024]);
  assertEquals(allocator.allocHuge(), 512);
  assertEquals([allocator.allocHuge(), allocator.freeCount], [-1, 2000 - 3 * 512]);
});

Deno.test("one taken frame spoils its huge block, and freeing it makes it whole", () => {
  for (const pfn of [512, 700, 1023]) {
    const allocator = new PageAllocator(0, 1024);
    allocator.take(pfn);
    assertEquals(allocator.allocHuge(), 0);
    assertEquals(allocator.allocHuge(), -1);
    allocator.free(pfn);
    assertEquals(allocator.allocHuge(), 512);
  }
});

Deno.test("a node without an aligned block of 512 frames has no huge block", () => {
  for (const [start, end] of [[0, 511], [1, 1023], [600, 1023]]) {
    assertEquals(new PageAllocator(start, end).allocHuge(), -1);
  }
});

Deno.test("the highest frame between two limits is taken", () => {
  const allocator = new PageAllocator(0, 64);
  assertEquals(allocator.allocTop(10, 1000), 63);
  assertEquals(allocator.allocTop(10, 13), 12);
  assertEquals(allocator.allocTop(10, 13), 11);
  assertEquals(allocator.allocTop(10, 13), -1);
});

/** What a program may do; the number picks a frame. */
const step = fc.record({
  kind: fc.constantFrom("alloc", "alloc", "huge", "top", "free", "freeRun"),
  pick: fc.nat(),
});

Deno.test("whatever is taken and freed, the free frames are those of a plain set", () => {
  const property = fc.property(
    fc.integer({ min: 0, max: 700 }),
    fc.integer({ min: 1, max: 2500 }),
    fc.array(step, { maxLength: 60 }),
    (start, size, steps) => {
      const allocator = new PageAllocator(start, start + size);
      const free = new Set(range(start, start + size));
      for (const { kind, pick } of steps) follow(allocator, free, start, size, kind, pick);
      assertEquals(allocator.freeCount, free.size);
      assertEquals(used(allocator), range(start, start + size).filter((pfn) => !free.has(pfn)));
      assertEquals(takeAll(allocator), [...free].sort((a, b) => a - b));
    },
  );
  fc.assert(property, { numRuns: 200 });
});

/** Does one step with the allocator and with the set. */
function follow(
  allocator: PageAllocator,
  free: Set<number>,
  start: number,
  size: number,
  kind: string,
  pick: number,
): void {
  const end = start + size;
  const pfn = start + pick % size;
  const sorted = () => [...free].sort((a, b) => a - b);
  if (kind === "alloc") {
    const expected = sorted()[0] ?? -1;
    assertEquals(allocator.alloc(), expected);
    free.delete(expected);
  } else if (kind === "huge") {
    const blocks = sorted().filter((head) =>
      head % 512 === 0 && range(head, head + 512).every((at) => free.has(at))
    );
    const expected = blocks.at(-1) ?? -1;
    assertEquals(allocator.allocHuge(), expected);
    if (expected >= 0) { for (const at of range(expected, expected + 512)) free.delete(at); }
  } else if (kind === "top") {
    const expected = sorted().filter((at) => at > pfn).at(-1) ?? -1;
    assertEquals(allocator.allocTop(pfn, end), expected);
    free.delete(expected);
  } else if (kind === "free") {
    if (!free.has(pfn)) allocator.free(pfn);
    free.add(pfn);
  } else {
    let to = pfn;
    while (to < end && !free.has(to)) free.add(to++);
    allocator.freeRange(pfn, to);
  }
}
