import { assertEquals } from "@std/assert";
import { drain } from "../../lib/kernel/operation.ts";
import { fork } from "../../lib/mm/fork.ts";
import {
  PG_ANON_EXCLUSIVE,
  PG_SWAPCACHE,
  PTE_SOFT_DIRTY,
  PTE_SWAP,
  PTE_SWP_EXCLUSIVE,
  PTE_WRITE,
} from "../../lib/mm/flags.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { advise, at, heard, machineWithPages, read, swapOut, write } from "./reclaim_setup.ts";

Deno.test("a page paged out leaves a swap entry that is exclusive and soft-dirty", () => {
  const { mm } = machineWithPages("v6.1", 2);
  assertEquals(advise(mm, 0, 1, "PAGEOUT"), 0);
  const wanted = PTE_SWAP | PTE_SWP_EXCLUSIVE | PTE_SOFT_DIRTY;
  assertEquals(mm.pageTable.flagsAt(at(0)), wanted);
  assertEquals([mm.anonPages, mm.swapEntries], [1, 1]);
});

Deno.test("reading a swapped page maps it read-only and keeps it in the swap cache", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  advise(mm, 0, 1, "PAGEOUT");
  assertEquals(heard(host, () => assertEquals(read(mm, 0, 1), 1)), []);
  assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_WRITE, 0);
  assertEquals(host.frames.flags[mm.pageTable.pfnAt(at(0))] & PG_SWAPCACHE, PG_SWAPCACHE);
});

Deno.test("writing a page whose swap entry is exclusive reuses it silently", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  advise(mm, 0, 1, "PAGEOUT");
  assertEquals(heard(host, () => write(mm, 0, 1, 2)), []);
  const flags = host.frames.flags[mm.pageTable.pfnAt(at(0))];
  assertEquals(flags & (PG_SWAPCACHE | PG_ANON_EXCLUSIVE), PG_ANON_EXCLUSIVE);
  assertEquals(host.swap.used, 0);
});

for (const kernel of ["v5.2", "v6.1"]) {
  Deno.test(`the first writer of a shared swap entry copies, the last does not (${kernel})`, () => {
    const { host, mm } = machineWithPages(kernel, 1);
    swapOut(mm, 0);
    const child = drain(fork(mm, "C"));
    mmuNotifierRegister({ name: "listener" }, child);
    assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_SWP_EXCLUSIVE, 0);
    assertEquals(heard(host, () => write(child, 0, 1, 2)), [
      "C CLEAR [0,1)",
      "C ir [0,1)",
      "C change_pte [0,1)",
      "C only_end [0,1)",
    ]);
    assertEquals(heard(host, () => write(mm, 0, 1, 3)), []);
    assertEquals([read(child, 0, 1), read(mm, 0, 1)], [2, 3]);
    assertEquals(host.swap.used, 0);
  });
}

Deno.test("a slot is free again once its last entry and its cached frame are gone", () => {
  const { host, mm } = machineWithPages("v6.1", 4);
  advise(mm, 0, 4, "PAGEOUT");
  assertEquals(host.swap.used, 4);
  advise(mm, 0, 4, "DONTNEED");
  assertEquals([host.swap.used, mm.swapEntries], [0, 0]);
  assertEquals(host.frames.freeCount, host.frames.count - 1);
});
