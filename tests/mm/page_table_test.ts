import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  indexInTable,
  PAGE_SIZE,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  tableOf,
  TASK_SIZE,
  type Vaddr,
} from "../../lib/kernel/address.ts";
import { PageTable } from "../../lib/mm/page_table.ts";
import { PTE_PRESENT, PTE_SPECIAL } from "../../lib/mm/flags.ts";

/** Fills an entry, making its tables. */
function put(pageTable: PageTable, addr: Vaddr, flags: number, pfn: number): void {
  const table = pageTable.ensure(addr);
  table.flags[indexInTable(addr)] = flags;
  table.pfn[indexInTable(addr)] = pfn;
}

/** The parts of a range that a cursor stops at. */
function stops(pageTable: PageTable, start: Vaddr, end: Vaddr): [Vaddr, Vaddr][] {
  const cursor = pageTable.cursor(start, end);
  const seen: [Vaddr, Vaddr][] = [];
  while (cursor.next()) seen.push([cursor.from, cursor.to]);
  return seen;
}

/** The borders that tables have, each with the address space of one table below it. */
const BORDERS = [["2 MiB", PMD_SIZE], ["1 GiB", PUD_SIZE], ["512 GiB", PGD_SIZE]] as const;

for (const [name, border] of BORDERS) {
  Deno.test(`the cursor stops on both sides of a border of ${name}, clipped to the range`, () => {
    const pageTable = new PageTable();
    put(pageTable, border - PAGE_SIZE, PTE_PRESENT, 1);
    put(pageTable, border, PTE_PRESENT, 2);
    const [below, above] = [border - 3 * PAGE_SIZE, border + 2 * PAGE_SIZE];
    assertEquals(stops(pageTable, below, above), [[below, border], [border, above]]);
    assertEquals(stops(pageTable, below, border), [[below, border]]);
    assertEquals(stops(pageTable, border, above), [[border, above]]);
  });

  Deno.test(`the cursor passes what is empty up to a border of ${name} and beyond`, () => {
    const pageTable = new PageTable();
    put(pageTable, 0, PTE_PRESENT, 1);
    put(pageTable, 3 * border + 5 * PAGE_SIZE, PTE_PRESENT, 2);
    assertEquals(stops(pageTable, 0, TASK_SIZE), [
      [0, PMD_SIZE],
      [3 * border, 3 * border + PMD_SIZE],
    ]);
    assertEquals(stops(pageTable, PMD_SIZE, 3 * border), []);
  });
}

Deno.test("the cursor reaches the last entry of user space and stops there", () => {
  const pageTable = new PageTable();
  put(pageTable, TASK_SIZE - PAGE_SIZE, PTE_PRESENT, 1);
  for (const end of [TASK_SIZE, 2 ** 64]) {
    assertEquals(stops(pageTable, 0, end), [[TASK_SIZE - PMD_SIZE, TASK_SIZE]]);
  }
});

Deno.test("empty upper tables are no stop, an empty last-level table is one", () => {
  const pageTable = new PageTable();
  pageTable.ensurePmd(PUD_SIZE);
  assertEquals([pageTable.pmd(PUD_SIZE) !== null, pageTable.lookup(PUD_SIZE)], [true, null]);
  assertEquals(stops(pageTable, 0, 4 * PUD_SIZE), []);
  pageTable.ensure(PUD_SIZE + PMD_SIZE);
  assertEquals(stops(pageTable, 0, 4 * PUD_SIZE), [
    [PUD_SIZE + PMD_SIZE, PUD_SIZE + 2 * PMD_SIZE],
  ]);
});

Deno.test("a table that is there is not made anew", () => {
  const pageTable = new PageTable();
  const [pmd, table] = [pageTable.ensurePmd(PGD_SIZE), pageTable.ensure(PGD_SIZE)];
  assertEquals(pageTable.ensurePmd(PGD_SIZE + PUD_SIZE - PAGE_SIZE) === pmd, true);
  assertEquals(pageTable.ensure(PGD_SIZE + PMD_SIZE - PAGE_SIZE) === table, true);
  assertEquals(pageTable.ensure(PGD_SIZE + PMD_SIZE) === table, false);
});

Deno.test("nothing is mapped where tables of any level are missing", () => {
  for (const made of [[], [PGD_SIZE], [PGD_SIZE, 2 * PGD_SIZE]]) {
    const pageTable = new PageTable();
    for (const addr of made) pageTable.ensurePmd(addr);
    for (const addr of [0, PGD_SIZE, PGD_SIZE + PUD_SIZE, TASK_SIZE - PAGE_SIZE]) {
      assertEquals([pageTable.flagsAt(addr), pageTable.pfnAt(addr)], [0, 0]);
    }
  }
});

Deno.test("a huge entry maps 512 frames in a row, the huge zero page always the same", () => {
  for (const [special, last] of [[0, 1024 + 511], [PTE_SPECIAL, 1024]]) {
    const pageTable = new PageTable();
    const pmd = pageTable.ensurePmd(PMD_SIZE);
    pmd.hugeFlags[1] = PTE_PRESENT | special;
    pmd.hugePfn[1] = 1024;
    assertEquals(pageTable.pfnAt(PMD_SIZE), 1024);
    assertEquals(pageTable.pfnAt(2 * PMD_SIZE - PAGE_SIZE), last);
    assertEquals(pageTable.flagsAt(2 * PMD_SIZE), 0);
    const cursor = pageTable.cursor(PMD_SIZE + PAGE_SIZE, PUD_SIZE);
    assertEquals([cursor.next(), cursor.table, cursor.slot], [true, null, 1]);
    assertEquals([cursor.first, cursor.last, cursor.next()], [1, 512, false]);
  }
});

Deno.test("upper tables are copied without entries, and only within the range", () => {
  const parent = new PageTable();
  put(parent, 0, PTE_PRESENT, 1);
  put(parent, PUD_SIZE, PTE_PRESENT, 2);
  put(parent, PGD_SIZE, PTE_PRESENT, 3);
  const child = new PageTable();
  child.ensureUpperTablesOf(parent, PUD_SIZE + PMD_SIZE, PGD_SIZE);
  assertEquals([0, PUD_SIZE, 2 * PUD_SIZE, PGD_SIZE].map((addr) => child.pmd(addr) !== null), [
    false,
    true,
    false,
    false,
  ]);
  assertEquals([child.lookup(PUD_SIZE), child.pgd[1]], [null, null]);
});

/** Pages around all borders, so that tables of every level are met. */
const page = fc.record({
  base: fc.constantFrom(0, PMD_SIZE, PUD_SIZE, PGD_SIZE, 2 * PGD_SIZE, TASK_SIZE - 2 * PMD_SIZE),
  offset: fc.integer({ min: 0, max: 1023 }),
}).map(({ base, offset }) => base + offset * PAGE_SIZE);

const entry = fc.tuple(page, fc.integer({ min: 1, max: 0x7fff }), fc.nat());

Deno.test("a walk over any range finds the entries that a map has, in order", () => {
  const property = fc.property(fc.array(entry, { maxLength: 40 }), page, page, (entries, a, b) => {
    const pageTable = new PageTable();
    const model = new Map<Vaddr, [number, number]>();
    for (const [addr, flags, pfn] of entries) {
      put(pageTable, addr, flags, pfn);
      model.set(addr, [flags, pfn]);
    }
    const [start, end] = [Math.min(a, b), Math.max(a, b) + PAGE_SIZE];
    const inside = [...model].filter(([addr]) => addr >= start && addr < end);
    assertEquals(walk(pageTable, start, end), inside.sort(([one], [two]) => one - two));
    for (const [addr, [flags, pfn]] of model) {
      assertEquals([pageTable.flagsAt(addr), pageTable.pfnAt(addr)], [flags, pfn]);
    }
    const tables = new Set(inside.map(([addr]) => tableOf(addr)));
    assertEquals(stops(pageTable, start, end).length >= tables.size, true);
  });
  fc.assert(property);
});

/** All entries of a range that are not empty, by way of a cursor. */
function walk(pageTable: PageTable, start: Vaddr, end: Vaddr): [Vaddr, [number, number]][] {
  const found: [Vaddr, [number, number]][] = [];
  const cursor = pageTable.cursor(start, end);
  while (cursor.next()) {
    for (let index = cursor.first; index < cursor.last; index++) {
      const flags = cursor.table!.flags[index];
      const addr = cursor.base + index * PAGE_SIZE;
      if (flags !== 0) found.push([addr, [flags, cursor.table!.pfn[index]]]);
    }
  }
  return found;
}
