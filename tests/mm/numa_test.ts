import { assertEquals } from "@std/assert";
import { drain } from "../../lib/kernel/operation.ts";
import { fork } from "../../lib/mm/fork.ts";
import { getUserPageFast, userPages } from "../../lib/mm/gup.ts";
import { taskNumaWork } from "../../lib/mm/numa.ts";
import { PTE_PROTNONE, PTE_WRITE } from "../../lib/mm/flags.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { mmuNotifierRangeUpdateToReadOnly } from "../../lib/notifier/range.ts";
import { at, heard, machineWithPages, moveAway, read, write } from "./reclaim_setup.ts";

Deno.test("a scan takes rights away in one window; the next access gets them back and the page", () => {
  const { host, mm } = machineWithPages("v6.1", 2);
  moveAway(mm, 2);
  const scan = heard(host, () => drain(taskNumaWork(mm)));
  assertEquals(scan, ["P PROTECTION_VMA [0,2)", "P ir [0,2)"]);
  assertEquals(mm.pageTable.flagsAt(at(1)) & PTE_PROTNONE, PTE_PROTNONE);
  assertEquals(heard(host, () => write(mm, 0, 1, 2)), ["P CLEAR [0,1)"]);
  assertEquals(mm.pageTable.flagsAt(at(0)) & (PTE_PROTNONE | PTE_WRITE), PTE_WRITE);
  assertEquals(host.frames.nodeOf(mm.pageTable.pfnAt(at(0))), 0);
  assertEquals(host.vmstat.numa_pages_migrated, 1);
});

Deno.test("the window comes even where every page is on its node already", () => {
  const { host, mm } = machineWithPages("v6.1", 2);
  assertEquals(heard(host, () => drain(taskNumaWork(mm))), ["P PROTECTION_VMA [0,2)"]);
  assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_PROTNONE, 0);
});

Deno.test("pages shared after fork are skipped", () => {
  const { mm } = machineWithPages("v5.2", 1);
  drain(fork(mm, "C"));
  moveAway(mm, 1);
  drain(taskNumaWork(mm));
  assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_PROTNONE, 0);
});

for (const [kernel, hinted] of [["v5.2", PTE_PROTNONE], ["v6.1", 0]] as const) {
  Deno.test(`a page with a further reference is ${hinted ? "hinted" : "skipped"} (${kernel})`, () => {
    const { host, mm } = machineWithPages(kernel, 1);
    moveAway(mm, 1);
    const pfn = getUserPageFast(mm, at(0), false);
    drain(taskNumaWork(mm));
    assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_PROTNONE, hinted);
    host.frames.put(pfn);
  });
}

Deno.test("the read-only helper says true although the CPU has lost all access", () => {
  const { mm } = machineWithPages("v5.2", 1);
  moveAway(mm, 1);
  const answers: boolean[] = [];
  mmuNotifierRegister({
    name: "odp",
    invalidateRangeStart: (range) => (answers.push(mmuNotifierRangeUpdateToReadOnly(range)), 0),
  }, mm);
  drain(taskNumaWork(mm));
  assertEquals(answers, [true]);
});

Deno.test("a device resolves the hint before it gets the page", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  moveAway(mm, 1);
  drain(taskNumaWork(mm));
  const pages = userPages(mm);
  assertEquals(pages.getUserPageFast(at(0), false) < 0, true);
  const pfn = drain(pages.getUserPage(at(0), false));
  assertEquals(host.frames.nodeOf(pfn), 0);
  pages.putPage(pfn);
  assertEquals(read(mm, 0, 1), 1);
});

Deno.test("a scan goes on where the last one stopped", () => {
  const { host, mm } = machineWithPages("v6.1", 1024);
  moveAway(mm, 1024);
  const first = heard(host, () => drain(taskNumaWork(mm, 512)));
  assertEquals(first[0], "P PROTECTION_VMA [0,512)");
  const second = heard(host, () => drain(taskNumaWork(mm, 512)));
  assertEquals(second[0], "P PROTECTION_VMA [512,1024)");
});
