import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NO_LEAF, RangeIndex } from "../../lib/listeners/range_index.ts";

type Step =
  | { readonly op: "add"; readonly start: number; readonly length: number }
  | { readonly op: "remove"; readonly pick: number }
  | { readonly op: "query"; readonly start: number; readonly length: number };

interface Place {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  leaf: number;
}

const address = fc.integer({ min: 0, max: 400 });
const length = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 400 }));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ op: fc.constant("add" as const), start: address, length }),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constant("remove" as const), pick: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constant("query" as const), start: address, length }),
    },
  ),
  { maxLength: 400, size: "max" },
);

function place(id: number, start: number, end: number): Place {
  return { id, start, end, leaf: NO_LEAF };
}

function overlapsOf(index: RangeIndex<Place>, start: number, end: number): number[] {
  const found: number[] = [];
  index.forEachOverlap(start, end, ({ id }) => found.push(id));
  return found.sort((a, b) => a - b);
}

/** What a plain list of the ranges says. */
function expectedOf(model: readonly Place[], start: number, end: number): number[] {
  return model.filter((range) => range.start < end && range.end > start)
    .map(({ id }) => id).sort((a, b) => a - b);
}

Deno.test("RangeIndex finds what a brute-force list finds", () => {
  fc.assert(
    fc.property(steps, (run) => {
      const index = new RangeIndex<Place>();
      const model: Place[] = [];
      for (const [id, step] of run.entries()) {
        if (step.op === "add") {
          const range = place(id, step.start, step.start + step.length);
          index.add(range);
          model.push(range);
        } else if (step.op === "remove" && model.length > 0) {
          const [gone] = model.splice(step.pick % model.length, 1);
          assert(index.remove(gone));
          assert(!index.remove(gone));
        } else if (step.op === "query") {
          const end = step.start + step.length;
          const expected = expectedOf(model, step.start, end);
          assertEquals(overlapsOf(index, step.start, end), expected);
          assertEquals(index.overlaps(step.start, end), expected.length > 0);
        }
        assertEquals(index.size, model.length);
      }
    }),
    { numRuns: 150, seed: 1 },
  );
});

Deno.test("RangeIndex finds what a brute-force list finds while three levels come and go", () => {
  const index = new RangeIndex<Place>();
  let model: Place[] = [];
  const compare = () => {
    for (let n = 0; n < 40; n++) {
      const start = (n * 997) % 6000;
      const end = start + 1 + (n % 7) * 9;
      assertEquals(overlapsOf(index, start, end), expectedOf(model, start, end));
    }
  };
  for (let n = 0; n < 6000; n++) {
    const start = (n * 7919) % 6007;
    const range = place(n, start, start + 1 + (n % 500 === 0 ? 900 : n % 5));
    index.add(range);
    model.push(range);
  }
  compare();
  for (let left = 5; left >= 0; left--) {
    for (const range of model) if (range.id % 6 === left) assert(index.remove(range));
    model = model.filter(({ id }) => id % 6 !== left);
    compare();
  }
  assertEquals(index.size, 0);
});

Deno.test("RangeIndex visits in the order of the first byte", () => {
  const index = new RangeIndex<Place>();
  for (let n = 0; n < 5000; n++) {
    const start = (n * 7919) % 5003;
    index.add(place(n, start, start + 1 + (n % 50)));
  }
  const seen: number[] = [];
  index.forEach(({ start }) => seen.push(start));
  assertEquals(seen, seen.toSorted((a, b) => a - b));
  assertEquals(seen.length, 5000);
});

Deno.test("RangeIndex treats touching ranges as apart, and the whole address space as a range", () => {
  const index = new RangeIndex<Place>();
  index.add(place(0, 0x1000, 0x2000));
  assert(!index.overlaps(0x2000, 0x3000));
  assert(!index.overlaps(0, 0x1000));
  assert(index.overlaps(0, 2 ** 64));
});

Deno.test("RangeIndex empties and fills again, with equal ranges throughout", () => {
  const index = new RangeIndex<Place>();
  const places = Array.from({ length: 2000 }, (_, n) => place(n, 10, 20));
  for (let round = 0; round < 3; round++) {
    for (const range of places) index.add(range);
    assertEquals(overlapsOf(index, 19, 30).length, 2000);
    for (const range of places) assert(index.remove(range));
    assertEquals(index.size, 0);
    assert(!index.overlaps(0, 100));
  }
});

Deno.test("RangeIndex refuses a range that is empty or runs backwards", () => {
  assertThrows(() => new RangeIndex<Place>().add(place(0, 5, 5)), RangeError, "above start");
});
