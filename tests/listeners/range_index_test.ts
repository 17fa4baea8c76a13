import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RangeIndex, type RegisteredRange } from "../../lib/listeners/range_index.ts";

type Step =
  | { readonly op: "add"; readonly start: number; readonly length: number }
  | { readonly op: "remove"; readonly pick: number }
  | { readonly op: "query"; readonly start: number; readonly length: number };

const place = fc.integer({ min: 0, max: 400 });
const length = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 400 }));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ op: fc.constant("add" as const), start: place, length }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant("remove" as const), pick: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constant("query" as const), start: place, length }),
    },
  ),
  { maxLength: 400, size: "max" },
);

function overlapsOf(index: RangeIndex<number>, start: number, end: number): number[] {
  const found: number[] = [];
  index.forEachOverlap(start, end, (id) => found.push(id));
  return found.sort((a, b) => a - b);
}

Deno.test("RangeIndex finds what a brute-force list finds", () => {
  fc.assert(
    fc.property(steps, (run) => {
      const index = new RangeIndex<number>();
      const model: RegisteredRange<number>[] = [];
      for (const [id, step] of run.entries()) {
        if (step.op === "add") {
          model.push(index.add(step.start, step.start + step.length, id));
        } else if (step.op === "remove" && model.length > 0) {
          const [gone] = model.splice(step.pick % model.length, 1);
          assert(index.remove(gone));
          assert(!index.remove(gone));
        } else if (step.op === "query") {
          const end = step.start + step.length;
          const expected = model.filter((range) => range.start < end && range.end > step.start)
            .map((range) => range.value).sort((a, b) => a - b);
          assertEquals(overlapsOf(index, step.start, end), expected);
          assertEquals(index.overlaps(step.start, end), expected.length > 0);
        }
        assertEquals(index.size, model.length);
      }
    }),
    { numRuns: 150, seed: 1 },
  );
});

Deno.test("RangeIndex visits in the order of the first byte", () => {
  const index = new RangeIndex<number>();
  for (let n = 0; n < 5000; n++) {
    const start = (n * 7919) % 5003;
    index.add(start, start + 1 + (n % 50), start);
  }
  const seen: number[] = [];
  index.forEach((start) => seen.push(start));
  assertEquals(seen, seen.toSorted((a, b) => a - b));
  assertEquals(seen.length, 5000);
});

Deno.test("RangeIndex treats touching ranges as apart, and the whole address space as a range", () => {
  const index = new RangeIndex<string>();
  index.add(0x1000, 0x2000, "low");
  assert(!index.overlaps(0x2000, 0x3000));
  assert(!index.overlaps(0, 0x1000));
  assert(index.overlaps(0, 2 ** 64));
});

Deno.test("RangeIndex empties and fills again, with equal ranges throughout", () => {
  const index = new RangeIndex<number>();
  for (let round = 0; round < 3; round++) {
    const handles = Array.from({ length: 2000 }, (_, n) => index.add(10, 20, n));
    assertEquals(overlapsOf(index, 19, 30).length, 2000);
    for (const handle of handles) assert(index.remove(handle));
    assertEquals(index.size, 0);
    assert(!index.overlaps(0, 100));
  }
});

Deno.test("RangeIndex refuses a range that is empty or runs backwards", () => {
  assertThrows(() => new RangeIndex<number>().add(5, 5, 0), RangeError, "above start");
});
