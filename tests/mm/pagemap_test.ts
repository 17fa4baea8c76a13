import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { indexInTable, PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { exitMm, mmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { countSoftDirty, isSoftDirty, pagemapEntry } from "../../lib/mm/task_mmu.ts";
import { PTE_MIGRATION, PTE_SOFT_DIRTY, PTE_UFFD_WP } from "../../lib/mm/flags.ts";
import { VM_EXEC, VM_READ, VM_SOFTDIRTY, VM_WRITE } from "../../lib/mm/vma.ts";
import { advise, at, machineWithPages, read, swapOut, write } from "./reclaim_setup.ts";

const PROT_RW = VM_READ | VM_WRITE;

/** A process with 4 written pages, nothing soft-dirty. */
function clean(): Mm {
  const { mm } = machineWithPages("v5.2", 4);
  drain(clearRefs(mm, 4));
  return mm;
}

/** The bits above the frame number that a word has, such as `"56 63"`. */
function bits(mm: Mm, page: number): string {
  const word = pagemapEntry(mm, at(page));
  const set: number[] = [];
  for (let bit = 55; bit < 64; bit++) if ((word >> BigInt(bit) & 1n) === 1n) set.push(bit);
  return set.join(" ");
}

/** The low 55 bits: the frame, or where the page is swapped to. */
function low(mm: Mm, page: number): bigint {
  return BigInt.asUintN(55, pagemapEntry(mm, at(page)));
}

function setFlags(mm: Mm, page: number, change: (flags: number) => number): void {
  const { flags } = mm.pageTable.lookup(at(page))!;
  const index = indexInTable(at(page));
  flags[index] = change(flags[index]);
}

function mapFile(mm: Mm, page: number, shared: boolean): void {
  const file = mm.host.createFile("file", "/mnt/file", 4);
  const length = 4 * PAGE_SIZE;
  drain(mmap(mm, { addr: at(page), fixed: true, length, prot: PROT_RW, shared, file }));
  for (const vma of mm.vmas) vma.flags = (vma.flags & ~VM_SOFTDIRTY) >>> 0;
}

/** What is done to page 0, and the bits of its word from 55 on. */
const WORDS: readonly (readonly [name: string, bits: string, prepare: (mm: Mm) => void])[] = [
  ["a clean page of one process", "56 63", () => {}],
  ["a written page", "55 56 63", (mm) => write(mm, 0, 1, 2)],
  ["a page two processes map", "63", (mm) => void drain(fork(mm, "C"))],
  ["a page whose other mapper is gone", "56 63", (mm) => drain(exitMm(drain(fork(mm, "C"))))],
  ["an empty page", "", (mm) => void advise(mm, 0, 1, "DONTNEED")],
  ["the zero page", "63", (mm) => {
    advise(mm, 0, 1, "DONTNEED");
    read(mm, 0, 1);
  }],
  ["a swapped page", "62", (mm) => swapOut(mm, 0)],
  ["a page swapped after a write", "55 62", (mm) => {
    write(mm, 0, 1, 2);
    swapOut(mm, 0);
  }],
  ["a page under migration", "62", (mm) => setFlags(mm, 0, () => PTE_MIGRATION)],
  ["a soft-dirty page under migration", "55 62", (mm) => {
    setFlags(mm, 0, () => PTE_MIGRATION | PTE_SOFT_DIRTY);
  }],
  ["a page protected by userfaultfd", "56 57 63", (mm) => {
    setFlags(mm, 0, (flags) => flags | PTE_UFFD_WP);
  }],
  ["a page of a shared file", "56 61 63", (mm) => {
    mapFile(mm, 0, true);
    read(mm, 0, 1);
  }],
  ["a page of a file mapped privately", "56 61 63", (mm) => {
    mapFile(mm, 0, false);
    read(mm, 0, 1);
  }],
  ["a private copy of a page of a file", "55 56 63", (mm) => {
    mapFile(mm, 0, false);
    write(mm, 0, 1, 3);
  }],
];

for (const [name, expected, prepare] of WORDS) {
  Deno.test(`the word of ${name} has the bits ${expected || "of nothing"}`, () => {
    const mm = clean();
    prepare(mm);
    assertEquals(bits(mm, 0), expected);
  });
}

Deno.test("the word of a present page holds its frame", () => {
  const mm = clean();
  for (let page = 0; page < 4; page++) {
    assertEquals(low(mm, page), BigInt(mm.pageTable.pfnAt(at(page))));
  }
});

Deno.test("the word of a swapped page holds the type below and the slot above bit 5", () => {
  const mm = clean();
  for (const page of [0, 1, 2]) swapOut(mm, page);
  const slots = [0, 1, 2].map((page) => mm.pageTable.pfnAt(at(page)));
  assertEquals(new Set(slots).size, 3);
  for (const page of [0, 1, 2]) {
    assertEquals([low(mm, page) & 31n, low(mm, page) >> 5n], [0n, BigInt(slots[page])]);
  }
});

Deno.test("an entry under migration is no entry of a swap area", () => {
  const mm = clean();
  const pfn = mm.pageTable.pfnAt(at(0));
  setFlags(mm, 0, () => PTE_MIGRATION);
  assertEquals([low(mm, 0) & 31n, low(mm, 0) >> 5n], [31n, BigInt(pfn)]);
});

Deno.test("holes of a mapping show its soft-dirty flag, holes between mappings nothing", () => {
  const mm = clean();
  const length = 2 * PAGE_SIZE;
  drain(mmap(mm, { addr: at(8), fixed: true, length, prot: PROT_RW }));
  assertEquals([bits(mm, 8), bits(mm, 7), low(mm, 8)], ["55", "", 0n]);
  drain(clearRefs(mm, 4));
  assertEquals(bits(mm, 8), "");
});

Deno.test("the soft-dirty pages of any range are counted like one by one", () => {
  const pages = fc.uniqueArray(fc.nat(23), { maxLength: 12 });
  const property = fc.property(pages, fc.nat(24), fc.nat(24), (written, one, two) => {
    const { mm } = machineWithPages("v5.2", 8);
    const options = { fixed: true, length: 8 * PAGE_SIZE, prot: PROT_RW };
    drain(mmap(mm, { ...options, addr: at(8), shared: true }));
    drain(clearRefs(mm, 4));
    drain(mmap(mm, { ...options, addr: at(16), prot: PROT_RW | VM_EXEC }));
    for (const page of written) write(mm, page, 1, 3);
    const [from, to] = [Math.min(one, two), Math.max(one, two)];
    let expected = 0;
    for (let page = from; page < to; page++) if (isSoftDirty(mm, at(page))) expected++;
    assertEquals(countSoftDirty(mm, at(from), at(to)), expected);
    const dirty = written.filter((page) => page >= from && page < Math.min(to, 16)).length;
    assertEquals(expected, dirty + Math.max(0, to - Math.max(from, 16)));
  });
  fc.assert(property);
});
