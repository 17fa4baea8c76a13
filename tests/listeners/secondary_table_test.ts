import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PAGE_SIZE, PMD_SIZE } from "../../lib/kernel/address.ts";
import {
  ENTRY_ACCESSED,
  ENTRY_DIRTY,
  ENTRY_PRESENT,
  ENTRY_WRITE,
} from "../../lib/listeners/secondary_leaf.ts";
import { SecondaryTable } from "../../lib/listeners/secondary_table.ts";

const nothing = (): void => {};

/** Three blocks far apart, the last one at the top of user space. */
const BASES = [0, 5 * PMD_SIZE, 2 ** 47 - 2 * PMD_SIZE];
const address = fc.tuple(fc.constantFrom(...BASES), fc.integer({ min: 0, max: 1023 }))
  .map(([base, page]) => base + page * PAGE_SIZE);
const span = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(address, address).map(([a, b]) => [a, b + PAGE_SIZE] as const) },
  { weight: 1, arbitrary: fc.constant([0, 2 ** 64] as const) },
);
const flags = fc.constantFrom(
  0,
  ENTRY_WRITE,
  ENTRY_ACCESSED,
  ENTRY_WRITE | ENTRY_DIRTY,
  ENTRY_WRITE | ENTRY_ACCESSED | ENTRY_DIRTY,
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: fc.constant("set"), address, flags }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("clear"), address }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("drop"), span, free: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("drop_writable"), span }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("protect"), span }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("age"), span }) },
) as fc.Arbitrary<{
  op: string;
  address: number;
  flags: number;
  span: readonly [number, number];
  free: boolean;
}>;

Deno.test("SecondaryTable does what a Map of pages does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (run) => {
      const table = new SecondaryTable();
      const model = new Map<number, { pfn: number; flags: number }>();
      const within = ([start, end]: readonly [number, number]) =>
        [...model.entries()].filter(([at]) => at >= start && at < end);
      for (const [id, { op, address, flags, span, free }] of run.entries()) {
        let lost = 0;
        const count = (): void => void lost++;
        let hits: [number, { pfn: number; flags: number }][] = [];
        if (op === "set") {
          table.set(address, id, flags);
          model.set(address, { pfn: id, flags: flags | ENTRY_PRESENT });
        } else if (op === "clear") {
          assertEquals(table.clear(address), model.get(address)?.flags ?? 0);
          model.delete(address);
        } else if (op === "drop" || op === "drop_writable") {
          const only = op === "drop" ? ENTRY_PRESENT : ENTRY_WRITE;
          hits = within(span).filter(([, entry]) => (entry.flags & only) !== 0);
          assertEquals(table.dropRange(span[0], span[1], only, free ?? false, count), hits.length);
          for (const [at] of hits) model.delete(at);
        } else if (op === "protect") {
          hits = within(span).filter(([, entry]) => (entry.flags & ENTRY_WRITE) !== 0);
          assertEquals(table.writeProtectRange(span[0], span[1], count), hits.length);
          for (const [, entry] of hits) entry.flags &= ~(ENTRY_WRITE | ENTRY_DIRTY);
        } else {
          const young = within(span).filter(([, entry]) => (entry.flags & ENTRY_ACCESSED) !== 0);
          const cleared = table.clearFlagRange(span[0], span[1], ENTRY_ACCESSED);
          assertEquals(cleared, young.length);
          for (const [, entry] of young) entry.flags &= ~ENTRY_ACCESSED;
        }
        assertEquals(lost, hits.length);
        assertEquals(table.count, model.size);
        if (span) assertEquals(table.countRange(span[0], span[1]), within(span).length);
      }
      const listed: [number, { pfn: number; flags: number }][] = [];
      table.forEach((at, pfn, flags) => listed.push([at, { pfn, flags }]));
      assertEquals(listed, [...model.entries()].sort(([a], [b]) => a - b));
      for (const [at, entry] of model) {
        assertEquals(table.flagsAt(at), entry.flags);
        assertEquals(table.pfnAt(at), entry.pfn);
      }
    }),
    { numRuns: 150, seed: 1 },
  );
});

Deno.test("SecondaryTable frees an empty leaf on request and counts when it is needed again", () => {
  const table = new SecondaryTable();
  assert(!table.set(0x1000, 7, 0));
  table.dropRange(0, PMD_SIZE, ENTRY_PRESENT, false, nothing);
  assertEquals([table.tables, table.freed], [1, 0]);
  table.dropRange(0, PMD_SIZE, ENTRY_PRESENT, true, nothing);
  assertEquals([table.tables, table.freed, table.rebuilt], [0, 1, 0]);
  assert(table.set(0x1000, 8, 0), "the page had a translation before");
  assert(!table.set(0x2000, 9, 0), "the page had none");
  assertEquals([table.tables, table.rebuilt], [1, 1]);
});

Deno.test("SecondaryTable keeps a leaf that still maps something", () => {
  const table = new SecondaryTable();
  table.set(0, 1, 0);
  table.set(PAGE_SIZE, 2, 0);
  table.dropRange(0, PAGE_SIZE, ENTRY_PRESENT, true, nothing);
  assertEquals([table.count, table.tables], [1, 1]);
});

Deno.test("SecondaryTable with borders cuts its leaves and refuses pages outside", () => {
  const start = PMD_SIZE - PAGE_SIZE;
  const table = new SecondaryTable(start, PMD_SIZE + PAGE_SIZE);
  table.set(start, 1, 0);
  table.set(PMD_SIZE, 2, ENTRY_WRITE);
  assertEquals(table.leafAt(start)?.flags.length, 1);
  assertEquals(table.leafAt(PMD_SIZE)?.flags.length, 1);
  assertEquals([table.pfnAt(start), table.pfnAt(PMD_SIZE), table.pfnAt(0)], [1, 2, -1]);
  assertThrows(() => table.set(PMD_SIZE + PAGE_SIZE * 600, 3, 0), RangeError, "spans");
});

Deno.test("SecondaryTable sweeps the whole address space by what is populated", () => {
  const table = new SecondaryTable();
  for (let n = 0; n < 64; n++) table.set(n * 2 ** 40, n, 0);
  const began = performance.now();
  for (let n = 0; n < 1000; n++) table.countRange(0, 2 ** 64);
  assert(performance.now() - began < 1000, "64 leaves cost microseconds, 2^26 would cost seconds");
});
