import { assertEquals } from "@std/assert";
import { drain } from "../../lib/kernel/operation.ts";
import { fork } from "../../lib/mm/fork.ts";
import { getUserPageFast, pinUserPage } from "../../lib/mm/gup.ts";
import { PG_SWAPBACKED, PTE_PRESENT, PTE_SWAP, PTE_YOUNG } from "../../lib/mm/flags.ts";
import { shrinkFolioList } from "../../lib/mm/vmscan.ts";
import { isolateLruPage } from "../../lib/mm/migrate.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { advise, at, heard, machineWithPages, write } from "./reclaim_setup.ts";

Deno.test("PAGEOUT asks for the young bit and opens one CLEAR window per page", () => {
  const { host, mm } = machineWithPages("v6.1", 2);
  assertEquals(heard(host, () => advise(mm, 0, 2, "PAGEOUT")), [
    "P young [0,1)",
    "P CLEAR [0,1)",
    "P ir [0,1)",
    "P young [1,2)",
    "P CLEAR [1,2)",
    "P ir [1,2)",
    "P ir [0,2)",
  ]);
});

Deno.test("PAGEOUT is unknown before v5.4 and refused on locked memory", () => {
  assertEquals(advise(machineWithPages("v5.2", 1).mm, 0, 1, "PAGEOUT"), -22);
});

Deno.test("a pinned page is asked for its young bit and stays", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  drain(pinUserPage(mm, at(0)));
  const events = heard(host, () => advise(mm, 0, 1, "PAGEOUT"));
  assertEquals(events, ["P young [0,1)", "P ir [0,1)"]);
  assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_PRESENT, PTE_PRESENT);
});

Deno.test("a page with a plain reference is unmapped, and the same frame comes back", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  const pfn = getUserPageFast(mm, at(0), true);
  advise(mm, 0, 1, "PAGEOUT");
  assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_SWAP, PTE_SWAP);
  write(mm, 0, 1, 2);
  assertEquals(mm.pageTable.pfnAt(at(0)), pfn);
  host.frames.put(pfn);
});

Deno.test("PAGEOUT leaves pages alone that somebody else maps, too", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  drain(fork(mm, "C"));
  assertEquals(heard(host, () => advise(mm, 0, 1, "PAGEOUT")), []);
});

Deno.test("COLD makes entries old and tells only invalidate_range", () => {
  const { host, mm } = machineWithPages("v6.1", 4);
  assertEquals(heard(host, () => advise(mm, 0, 4, "COLD")), ["P ir [0,4)"]);
  assertEquals(mm.pageTable.flagsAt(at(3)) & PTE_YOUNG, 0);
  assertEquals(heard(host, () => advise(mm, 0, 4, "COLD")), []);
});

Deno.test("MADV_FREE opens one window and makes pages lazily free; a written one is kept", () => {
  const { host, mm } = machineWithPages("v6.1", 2);
  const events = heard(host, () => advise(mm, 0, 2, "FREE"));
  assertEquals(events, ["P CLEAR [0,2)", "P ir [0,2)"]);
  const pfns = [0, 1].map((page) => mm.pageTable.pfnAt(at(page)));
  host.lruBatches.drain();
  assertEquals(pfns.map((pfn) => host.frames.flags[pfn] & PG_SWAPBACKED), [0, 0]);
  write(mm, 1, 1, 7);
  advise(mm, 0, 2, "PAGEOUT");
  assertEquals(mm.pageTable.flagsAt(at(0)), 0);
  assertEquals(mm.pageTable.flagsAt(at(1)) & PTE_PRESENT, PTE_PRESENT);
  assertEquals(host.frames.flags[pfns[1]] & PG_SWAPBACKED, PG_SWAPBACKED);
  assertEquals(host.vmstat.pglazyfreed, 1);
});

Deno.test("a device that uses a page keeps it in memory", () => {
  const { host, mm } = machineWithPages("v5.2", 1);
  mmuNotifierRegister({ name: "device", clearFlushYoung: () => true }, mm);
  const pfn = mm.pageTable.pfnAt(at(0));
  isolateLruPage(host, pfn);
  const { kept } = drain(shrinkFolioList(host, [pfn]));
  assertEquals(kept, [{ pfn, verdict: "activate" }]);
});

Deno.test("an unmapped and written page is freed when reclaim meets it again", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  const pfn = mm.pageTable.pfnAt(at(0));
  advise(mm, 0, 1, "PAGEOUT");
  isolateLruPage(host, pfn);
  assertEquals(drain(shrinkFolioList(host, [pfn])).freed, 1);
  assertEquals(host.frames.freeCount, host.frames.count - 1);
});
