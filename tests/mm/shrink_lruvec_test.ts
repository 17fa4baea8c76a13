import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { access, storeByte } from "../../lib/mm/access.ts";
import { fork } from "../../lib/mm/fork.ts";
import { Host } from "../../lib/mm/host.ts";
import { ksmFullScans } from "../../lib/mm/ksm.ts";
import { FAULT } from "../../lib/mm/memory.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { memoryReclaim, tryToFreePages } from "../../lib/mm/shrink_lruvec.ts";
import { swapoff } from "../../lib/mm/swapoff.ts";
import { PTE_SOFT_DIRTY, PTE_YOUNG } from "../../lib/mm/flags.ts";
import { advise, at, heard, machineWithPages, read, write } from "./reclaim_setup.ts";

Deno.test("reclaim lets pages that were just used go around once", () => {
  const { host } = machineWithPages("v6.1", 8);
  const events = heard(host, () => {
    assertEquals(drain(memoryReclaim(host, PAGE_SIZE)), -ERRNO.EAGAIN);
  });
  const young = Array.from({ length: 8 }, (_, page) => `P young [${page},${page + 1})`);
  assertEquals(events, [...young, "P young [0,1)", "P CLEAR [0,1)", "P ir [0,1)"]);
});

Deno.test("a second reclaim unmaps the rest and frees what was written before", () => {
  const { host, mm } = machineWithPages("v6.1", 8);
  drain(memoryReclaim(host, PAGE_SIZE));
  assertEquals(drain(memoryReclaim(host, 8 * PAGE_SIZE)), 0);
  assertEquals([mm.anonPages, mm.swapEntries], [0, 8]);
  assertEquals(host.frames.freeCount, host.frames.count - 1);
  assertEquals(read(mm, 0, 8), 1);
  assertEquals([mm.anonPages, mm.swapEntries], [8, 0]);
});

Deno.test("before v5.9 new pages are active and must be deactivated first", () => {
  const { host, mm } = machineWithPages("v5.2", 40);
  host.lru.drain(host.profile.anonWorkingset);
  for (let round = 0; round < 3; round++) drain(tryToFreePages(host, 40));
  assertEquals(mm.swapEntries > 0, true);
});

Deno.test("a process may write more than there is memory, as long as swap lasts", () => {
  const host = new Host({ profile: kernelProfile("v6.1"), memory: 2 ** 20, swapPages: 512 });
  const mm = host.createMm("P");
  const length = 512 * PAGE_SIZE;
  drain(mmap(mm, { addr: at(0), length, prot: VM_READ | VM_WRITE, fixed: true }));
  write(mm, 0, 512, 3);
  assertEquals(mm.anonPages + mm.swapEntries, 512);
  assertEquals(mm.swapEntries >= 512 - 255, true);
  for (let page = 0; page < 512; page++) assertEquals(read(mm, page, 1), 3);
  const more = drain(access(mm, at(0), at(512), storeByte(4)));
  assertEquals(more.failure, 0);
});

Deno.test("without swap a full memory is a failure", () => {
  const host = new Host({ profile: kernelProfile("v6.1"), memory: 2 ** 20 });
  const mm = host.createMm("P");
  const length = 512 * PAGE_SIZE;
  drain(mmap(mm, { addr: at(0), length, prot: VM_READ | VM_WRITE, fixed: true }));
  const result = drain(access(mm, at(0), at(512), storeByte(1)));
  assertEquals(result, { pages: 255, failure: FAULT.OOM });
});

Deno.test("swapoff brings pages back old and clean, and tells nobody", () => {
  const { host, mm } = machineWithPages("v6.1", 2);
  advise(mm, 0, 2, "PAGEOUT");
  assertEquals(heard(host, () => assertEquals(drain(swapoff(host)), 0)), []);
  const flags = mm.pageTable.flagsAt(at(0));
  assertEquals([flags & PTE_YOUNG, flags & PTE_SOFT_DIRTY], [0, PTE_SOFT_DIRTY]);
  assertEquals([host.swap.used, mm.swapEntries], [0, 0]);
  assertEquals(heard(host, () => write(mm, 0, 1, 2)), []);
  assertEquals(advise(mm, 1, 1, "PAGEOUT"), 0);
  assertEquals(mm.swapEntries, 0);
});

for (const kernel of ["v5.0", "v6.1"]) {
  Deno.test(`swapoff gives each entry of what was a KSM page its own copy (${kernel})`, () => {
    const { host, mm } = machineWithPages(kernel, 4);
    advise(mm, 0, 4, "MERGEABLE");
    drain(ksmFullScans(host, 2));
    assertEquals(frames(mm, 4).size, 1);
    for (let round = 0; round < 3; round++) drain(memoryReclaim(host, 8 * PAGE_SIZE));
    assertEquals([mm.swapEntries, host.swap.cache.size], [4, 0]);
    assertEquals(drain(swapoff(host)), 0);
    assertEquals([frames(mm, 4).size, host.swap.used, read(mm, 3, 1)], [4, 0, 1]);
  });
}

function frames(mm: Mm, pages: number): Set<number> {
  return new Set(Array.from({ length: pages }, (_, page) => mm.pageTable.pfnAt(at(page))));
}

Deno.test("copying shared pages back from a full swap ends when memory is out", () => {
  const host = new Host({ profile: kernelProfile("v5.0"), memory: 4 * 2 ** 20, swapPages: 1024 });
  const mm = host.createMm("parent");
  const length = 1413 * PAGE_SIZE;
  const start = drain(mmap(mm, { length, prot: VM_READ | VM_WRITE }));
  drain(access(mm, start, start + length, storeByte(1)));
  const child = drain(fork(mm, "child"));
  const writing = access(child, start, start + length, storeByte(2));
  let step = writing.next();
  for (let steps = 0; steps < 100_000 && !step.done; steps++) step = writing.next();
  assertEquals(step.done && step.value.failure, FAULT.OOM);
});
