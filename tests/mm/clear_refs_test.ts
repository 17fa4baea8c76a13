import { assertEquals } from "@std/assert";
import { indexInTable, PAGE_SIZE, PMD_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { fork } from "../../lib/mm/fork.ts";
import { pinUserPage, unpinUserPage } from "../../lib/mm/gup.ts";
import type { Host } from "../../lib/mm/host.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { countSoftDirty, isSoftDirty } from "../../lib/mm/task_mmu.ts";
import { PTE_SOFT_DIRTY, PTE_WRITE, PTE_YOUNG } from "../../lib/mm/flags.ts";
import { VM_PFNMAP, VM_READ, VM_SOFTDIRTY, VM_WRITE } from "../../lib/mm/vma.ts";
import { advise, at, heard, machineWithPages, read, swapOut, write } from "./reclaim_setup.ts";

const PROT_RW = VM_READ | VM_WRITE;

/** A process with 4 written pages whose soft-dirty bits have been cleared. */
function cleared(kernel = "v5.2", pages = 4): { host: Host; mm: Mm } {
  const machine = machineWithPages(kernel, pages);
  drain(clearRefs(machine.mm, 4));
  return machine;
}

function map(mm: Mm, page: number, pages: number): void {
  drain(mmap(mm, { addr: at(page), fixed: true, length: pages * PAGE_SIZE, prot: PROT_RW }));
}

/** Which of the first pages are soft-dirty, such as `"x..x"`. */
function softDirty(mm: Mm, page = 0, pages = 4): string {
  return Array.from({ length: pages }, (_, each) => isSoftDirty(mm, at(page + each)) ? "x" : ".")
    .join("");
}

Deno.test("values 1 to 3 clear the young bits of all, anonymous or file mappings", () => {
  const variants: [value: number, result: number, anonYoung: boolean, fileYoung: boolean][] = [
    [0, -ERRNO.EINVAL, true, true],
    [1, 0, false, false],
    [2, 0, false, true],
    [3, 0, true, false],
    [4, 0, true, true],
    [5, 0, true, true],
    [6, -ERRNO.EINVAL, true, true],
  ];
  for (const [value, result, ...young] of variants) {
    const { host, mm } = machineWithPages("v5.2", 1);
    const file = host.createFile("file", "/mnt/file", 4);
    const length = PAGE_SIZE;
    drain(mmap(mm, { addr: at(8), fixed: true, length, prot: VM_READ, shared: true, file }));
    read(mm, 8, 1);
    assertEquals(drain(clearRefs(mm, value)), result);
    const seen = [0, 8].map((page) => (mm.pageTable.flagsAt(at(page)) & PTE_YOUNG) !== 0);
    assertEquals(seen, young, `value ${value}`);
  }
});

Deno.test("only value 4 opens a window, over everything and once", () => {
  for (const value of [1, 2, 3, 5]) {
    const { host, mm } = machineWithPages("v5.2", 2);
    assertEquals(heard(host, () => drain(clearRefs(mm, value))), []);
  }
  const { host, mm } = machineWithPages("v5.2", 2);
  map(mm, 100, 1);
  const events = heard(host, () => drain(clearRefs(mm, 4)));
  assertEquals(events.filter((event) => !event.includes(" ir ")).length, 1);
  assertEquals(events[0].startsWith("P SOFT_DIRTY [-"), true);
});

Deno.test("value 4 clears the flag of mappings, the bits of pages and their write access", () => {
  const { mm } = machineWithPages("v5.2", 4);
  assertEquals([softDirty(mm), mm.vmas[0].flags & VM_SOFTDIRTY], ["xxxx", VM_SOFTDIRTY]);
  drain(clearRefs(mm, 4));
  assertEquals([softDirty(mm), mm.vmas[0].flags & VM_SOFTDIRTY], ["....", 0]);
  for (let page = 0; page < 4; page++) {
    assertEquals(mm.pageTable.flagsAt(at(page)) & (PTE_WRITE | PTE_SOFT_DIRTY), 0);
  }
});

Deno.test("a write makes its page soft-dirty again, a read does not", () => {
  const { host, mm } = cleared();
  read(mm, 0, 4);
  write(mm, 2, 1, 5);
  assertEquals([softDirty(mm), host.vmstat.pgreuse], ["..x.", 1]);
  assertEquals(countSoftDirty(mm, at(0), at(4)), 1);
});

Deno.test("a copy is soft-dirty too, in the writer alone", () => {
  const { mm } = cleared();
  const child = drain(fork(mm, "C"));
  write(child, 1, 1, 5);
  assertEquals([softDirty(mm), softDirty(child)], ["....", ".x.."]);
});

Deno.test("a first write to an empty page is soft-dirty, a first read is not", () => {
  const { mm } = machineWithPages("v5.2", 1);
  map(mm, 0, 4);
  drain(clearRefs(mm, 4));
  write(mm, 1, 1, 5);
  read(mm, 2, 1);
  assertEquals(softDirty(mm), ".x..");
});

Deno.test("a new mapping is soft-dirty as a whole, and so is one that it joins", () => {
  const { mm } = cleared();
  map(mm, 8, 2);
  assertEquals([softDirty(mm), softDirty(mm, 8, 2)], ["....", "xx"]);
  map(mm, 4, 2);
  assertEquals([mm.vmas.length, softDirty(mm, 0, 6)], [2, "xxxxxx"]);
});

Deno.test("growth in place does not make a mapping soft-dirty", () => {
  const { mm } = cleared();
  drain(mremap(mm, at(0), 4 * PAGE_SIZE, 6 * PAGE_SIZE));
  assertEquals(softDirty(mm, 0, 6), "......");
});

Deno.test("memory thrown away is clean until it is written again", () => {
  const { mm } = cleared();
  write(mm, 0, 2, 5);
  advise(mm, 0, 1, "DONTNEED");
  assertEquals(softDirty(mm), ".x..");
  write(mm, 0, 1, 5);
  assertEquals(softDirty(mm), "xx..");
});

Deno.test("fork copies the bits", () => {
  const { mm } = cleared();
  write(mm, 3, 1, 5);
  assertEquals(softDirty(drain(fork(mm, "C"))), "...x");
});

Deno.test("the bits survive swapping, and value 4 clears those of swap entries", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { mm } = cleared(kernel);
    write(mm, 1, 1, 5);
    for (const page of [0, 1]) swapOut(mm, page);
    assertEquals([mm.swapEntries, softDirty(mm)], [2, ".x.."], kernel);
    read(mm, 0, 2);
    assertEquals(softDirty(mm), ".x..", kernel);
    swapOut(mm, 1);
    drain(clearRefs(mm, 4));
    assertEquals([mm.swapEntries, softDirty(mm)], [1, "...."], kernel);
    read(mm, 1, 1);
    assertEquals(softDirty(mm), "....", kernel);
  }
});

Deno.test("a move page by page makes all it moves soft-dirty, present or swapped", () => {
  const { mm } = cleared();
  swapOut(mm, 2);
  advise(mm, 1, 1, "DONTNEED");
  drain(mremap(mm, at(0), 4 * PAGE_SIZE, 4 * PAGE_SIZE, { mayMove: true, fixed: at(64) }));
  assertEquals(softDirty(mm, 64), "x.xx");
});

Deno.test("a move of a whole table leaves what was clean clean (B-15)", () => {
  for (const kernel of ["v5.0", "v5.2", "v6.1"]) {
    const { mm } = cleared(kernel, 512);
    write(mm, 1, 1, 5);
    drain(mremap(mm, at(0), PMD_SIZE, PMD_SIZE, { mayMove: true, fixed: at(1024) }));
    assertEquals(softDirty(mm, 1024), ".x..", kernel);
    assertEquals(countSoftDirty(mm, at(1024), at(1536)), 1, kernel);
  }
});

Deno.test("mappings of bare frames lose their flag only", () => {
  const { mm } = machineWithPages("v5.2", 2);
  mm.vmas[0].flags = (mm.vmas[0].flags | VM_PFNMAP) >>> 0;
  drain(clearRefs(mm, 4));
  assertEquals(mm.vmas[0].flags & VM_SOFTDIRTY, 0);
  const both = PTE_WRITE | PTE_SOFT_DIRTY;
  assertEquals(mm.pageTable.flagsAt(at(0)) & both, both);
});

Deno.test("a pinned page stays writable and soft-dirty on v6.1, not on v5.2", () => {
  for (const [kernel, seen] of [["v5.0", "...."], ["v5.2", "...."], ["v6.1", ".x.."]]) {
    const { mm } = machineWithPages(kernel, 4);
    const pfn = drain(pinUserPage(mm, at(1)));
    drain(clearRefs(mm, 4));
    assertEquals(softDirty(mm), seen, kernel);
    const writable = (mm.pageTable.flagsAt(at(1)) & PTE_WRITE) !== 0;
    assertEquals(writable, seen === ".x..", kernel);
    write(mm, 1, 1, 5);
    assertEquals(mm.pageTable.pfnAt(at(1)), pfn, kernel);
  }
});

Deno.test("a page that is no longer pinned is cleared like any other", () => {
  const { mm } = machineWithPages("v6.1", 4);
  const pfn = drain(pinUserPage(mm, at(1)));
  unpinUserPage(mm, pfn, false);
  drain(clearRefs(mm, 4));
  assertEquals(softDirty(mm), "....");
});

Deno.test("a pinned page that is read-only is cleared on v6.1 too", () => {
  const { mm } = machineWithPages("v6.1", 4);
  drain(pinUserPage(mm, at(1)));
  mm.pageTable.lookup(at(1))!.flags[indexInTable(at(1))] &= ~PTE_WRITE;
  drain(clearRefs(mm, 4));
  assertEquals(softDirty(mm), "....");
});
