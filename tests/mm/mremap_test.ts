import { assertEquals } from "@std/assert";
import { PAGE_SIZE, PMD_SIZE, PUD_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { mlock } from "../../lib/mm/mlock.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { PTE_SOFT_DIRTY } from "../../lib/mm/flags.ts";
import { VM_LOCKED, VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { at, heard, machineWithPages, read, write } from "./reclaim_setup.ts";

const PROT_RW = VM_READ | VM_WRITE;

/** The mappings as page ranges. */
function ranges(mm: Mm): number[][] {
  return mm.vmas.map(({ start, end }) => [start, end].map((addr) => (addr - at(0)) / PAGE_SIZE));
}

Deno.test("a move sends UNMAP for the old range twice and keeps the content", () => {
  const { host, mm } = machineWithPages("v6.1", 4);
  write(mm, 1, 2, 7);
  const fixed = at(100);
  const events = heard(host, () => {
    assertEquals(drain(mremap(mm, at(0), 4 * PAGE_SIZE, 4 * PAGE_SIZE, move(100))), fixed);
  });
  assertEquals(events.filter((event) => event.includes("UNMAP")), [
    "P UNMAP [0,4)",
    "P UNMAP [0,4)",
  ]);
  assertEquals(ranges(mm), [[100, 104]]);
  assertEquals([read(mm, 101, 1), read(mm, 103, 1)], [7, 1]);
});

Deno.test("shrinking in place unmaps the tail, growing in place says nothing", () => {
  const { host, mm } = machineWithPages("v6.1", 8);
  const shrunk = heard(host, () => drain(mremap(mm, at(0), 8 * PAGE_SIZE, 3 * PAGE_SIZE)));
  assertEquals(shrunk.filter((event) => event.includes("UNMAP")), ["P UNMAP [3,8)"]);
  const grown = heard(host, () => drain(mremap(mm, at(0), 3 * PAGE_SIZE, 6 * PAGE_SIZE)));
  assertEquals(grown, []);
  assertEquals(ranges(mm), [[0, 6]]);
});

Deno.test("growing without room needs MAYMOVE", () => {
  const { mm } = machineWithPages("v6.1", 4);
  const grow = () => drain(mremap(mm, at(0), 2 * PAGE_SIZE, 4 * PAGE_SIZE));
  assertEquals(grow(), -ERRNO.ENOMEM);
});

Deno.test("a range across the end of its mapping is EFAULT, an unmapped one too", () => {
  const { mm } = machineWithPages("v6.1", 4);
  assertEquals(drain(mremap(mm, at(2), 4 * PAGE_SIZE, 5 * PAGE_SIZE)), -ERRNO.EFAULT);
  assertEquals(drain(mremap(mm, at(9), PAGE_SIZE, PAGE_SIZE)), -ERRNO.EFAULT);
});

Deno.test("overlapping source and destination are EINVAL", () => {
  const { mm } = machineWithPages("v6.1", 8);
  assertEquals(drain(mremap(mm, at(0), 4 * PAGE_SIZE, 4 * PAGE_SIZE, move(2))), -ERRNO.EINVAL);
});

Deno.test("DONTUNMAP leaves the old mapping empty, and v5.2 does not know it", () => {
  const { host, mm } = machineWithPages("v6.1", 4);
  write(mm, 0, 4, 5);
  const options = { ...move(100), dontUnmap: true };
  const events = heard(host, () => {
    drain(mremap(mm, at(0), 4 * PAGE_SIZE, 4 * PAGE_SIZE, options));
  });
  assertEquals(events, ["P UNMAP [0,4)"]);
  assertEquals(ranges(mm), [[0, 4], [100, 104]]);
  assertEquals([read(mm, 0, 1), read(mm, 100, 1)], [0, 5]);
  const old = machineWithPages("v5.2", 4).mm;
  const refused = drain(mremap(old, at(0), 4 * PAGE_SIZE, 4 * PAGE_SIZE, options));
  assertEquals(refused, -ERRNO.EINVAL);
});

Deno.test("DONTUNMAP of a part of locked memory unlocks that part only", () => {
  const { mm } = machineWithPages("v6.1", 4);
  drain(mlock(mm, at(0), 4 * PAGE_SIZE));
  drain(mremap(mm, at(1), PAGE_SIZE, PAGE_SIZE, { ...move(100), dontUnmap: true }));
  assertEquals(ranges(mm), [[0, 1], [1, 2], [2, 4], [100, 101]]);
  assertEquals(mm.vmas.map(({ flags }) => (flags & VM_LOCKED) !== 0), [true, false, true, true]);
});

Deno.test("locked memory that grows is faulted in", () => {
  const { mm } = machineWithPages("v6.1", 2);
  drain(mlock(mm, at(0), 2 * PAGE_SIZE));
  drain(mremap(mm, at(0), 2 * PAGE_SIZE, 5 * PAGE_SIZE));
  assertEquals(mm.anonPages, 5);
});

Deno.test("entries moved one by one become soft-dirty, whole tables keep their bits (B-15)", () => {
  for (const [pages, expected] of [[4, true], [512, false]] as const) {
    const { mm } = machineWithPages("v6.1", 512);
    write(mm, 0, 1, 1);
    drain(clearRefs(mm, 4));
    drain(mremap(mm, at(0), pages * PAGE_SIZE, pages * PAGE_SIZE, move(1024)));
    assertEquals((mm.pageTable.flagsAt(at(1024)) & PTE_SOFT_DIRTY) !== 0, expected);
  }
});

Deno.test("a move aligned to 1 GiB hands the PMD table over from v5.11 on", () => {
  for (const [profile, expected] of [["v6.1", true], ["v5.2", false]] as const) {
    const { mm } = machineWithPages(profile, 1);
    drain(mmap(mm, { addr: at(0), fixed: true, length: PUD_SIZE, prot: PROT_RW }));
    write(mm, 0, 1, 3);
    const table = mm.pageTable.pmd(at(0));
    drain(mremap(mm, at(0), PUD_SIZE, PUD_SIZE, { mayMove: true, fixed: at(0) + 2 * PUD_SIZE }));
    assertEquals(mm.pageTable.pmd(at(0) + 2 * PUD_SIZE) === table, expected);
    assertEquals(read(mm, 2 * PUD_SIZE / PAGE_SIZE, 1), 3);
  }
});

Deno.test("memory grown up to its neighbour merges with it from v5.18 on", () => {
  for (const [profile, count] of [["v6.1", 1], ["v5.2", 2]] as const) {
    const { mm } = machineWithPages(profile, 2);
    for (const page of [10, 14]) {
      drain(mmap(mm, { addr: at(page), fixed: true, length: 2 * PAGE_SIZE, prot: PROT_RW }));
    }
    drain(mremap(mm, at(10), 2 * PAGE_SIZE, 4 * PAGE_SIZE));
    assertEquals(mm.vmas.length - 1, count);
  }
});

Deno.test("a moved 2 MiB block takes its table along", () => {
  const { mm } = machineWithPages("v5.2", 512);
  write(mm, 3, 1, 9);
  const table = mm.pageTable.lookup(at(0));
  drain(mremap(mm, at(0), PMD_SIZE, PMD_SIZE, move(1024)));
  assertEquals(mm.pageTable.lookup(at(1024)), table);
});

/** Options of a move to a page. */
function move(page: number): { mayMove: boolean; fixed: number } {
  return { mayMove: true, fixed: at(page) };
}
