import { assertEquals } from "@std/assert";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { access } from "../../lib/mm/access.ts";
import { fork } from "../../lib/mm/fork.ts";
import { getUserPageFast, pinUserPage, unpinUserPage } from "../../lib/mm/gup.ts";
import { doMigratePages, mbind } from "../../lib/mm/mempolicy.ts";
import { FAULT } from "../../lib/mm/memory.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { movePages } from "../../lib/mm/move_pages.ts";
import { PG_HWPOISON } from "../../lib/mm/flags.ts";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { advise, at, heard, machineWithPages, swapOut, write } from "./reclaim_setup.ts";

function move(mm: Mm, pages: number[], node: number, all = false) {
  return drain(movePages(mm, pages.map((page) => ({ addr: at(page), node })), all));
}

function nodes(mm: Mm, count: number): number[] {
  const { frames } = mm.host;
  return Array.from({ length: count }, (_, page) => frames.nodeOf(mm.pageTable.pfnAt(at(page))));
}

Deno.test("move_pages opens one CLEAR window per page and tells nobody when it puts them back", () => {
  const { host, mm } = machineWithPages("v6.1", 2);
  const events = heard(host, () => {
    assertEquals(move(mm, [0, 1], 1), { result: 0, status: [1, 1] });
  });
  assertEquals(events, ["P CLEAR [0,1)", "P CLEAR [1,2)"]);
  assertEquals(nodes(mm, 2), [1, 1]);
  assertEquals(heard(host, () => assertEquals(move(mm, [0], 1).status, [1])), []);
});

for (const kind of ["pin", "reference"]) {
  Deno.test(`a page with a ${kind} gets ten windows, stays, and leaves the status unwritten`, () => {
    const { host, mm } = machineWithPages("v6.1", 2);
    const pfn = kind === "pin" ? drain(pinUserPage(mm, at(0))) : getUserPageFast(mm, at(0), true);
    const events = heard(host, () => {
      assertEquals(move(mm, [0, 1], 1), { result: 1, status: [null, null] });
    });
    assertEquals(events.filter((text) => text === "P CLEAR [0,1)").length, 10);
    assertEquals(events.filter((text) => text === "P CLEAR [1,2)").length, 1);
    assertEquals(nodes(mm, 2), [0, 1]);
    if (kind === "pin") unpinUserPage(mm, pfn, false);
    else host.frames.put(pfn);
    assertEquals(move(mm, [0, 1], 1), { result: 0, status: [1, 1] });
  });
}

Deno.test("holes, swapped pages and pages of others have a status of their own", () => {
  const { mm } = machineWithPages("v6.1", 3);
  advise(mm, 1, 1, "DONTNEED");
  swapOut(mm, 0);
  drain(fork(mm, "C"));
  assertEquals(move(mm, [0, 1, 2, 3], 1), {
    result: 0,
    status: [-ERRNO.ENOENT, -ERRNO.EFAULT, -ERRNO.EACCES, -ERRNO.EFAULT],
  });
});

Deno.test("MPOL_MF_MOVE_ALL moves a shared page, with a window in every process", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  const child = drain(fork(mm, "C"));
  mmuNotifierRegister({ name: "listener" }, child);
  const events = heard(host, () => assertEquals(move(mm, [0], 1, true).status, [1]));
  assertEquals(events, ["P CLEAR [0,1)", "C CLEAR [0,1)"]);
  assertEquals(child.pageTable.pfnAt(at(0)), mm.pageTable.pfnAt(at(0)));
});

Deno.test("an unknown node is refused", () => {
  assertEquals(move(machineWithPages("v6.1", 1).mm, [0], 7).result, -ERRNO.ENODEV);
});

Deno.test("mbind moves what is there and decides where new pages go", () => {
  const { host, mm } = machineWithPages("v6.1", 4);
  advise(mm, 2, 2, "DONTNEED");
  const events = heard(host, () => {
    assertEquals(drain(mbind(mm, at(0), 4 * PAGE_SIZE, { node: 1 }, { move: true })), 0);
  });
  assertEquals(events, ["P CLEAR [0,1)", "P CLEAR [1,2)"]);
  write(mm, 2, 1, 1);
  assertEquals(nodes(mm, 3), [1, 1, 1]);
});

Deno.test("mbind refuses a range with a hole and reports what a strict caller wants to know", () => {
  const { mm } = machineWithPages("v6.1", 2);
  assertEquals(drain(mbind(mm, at(0), 9 * PAGE_SIZE, { node: 1 })), -ERRNO.EFAULT);
  drain(pinUserPage(mm, at(0)));
  const flags = { move: true, strict: true };
  assertEquals(drain(mbind(mm, at(0), 2 * PAGE_SIZE, { node: 1 }, flags)), -ERRNO.EIO);
});

Deno.test("migrate_pages moves a whole process and counts what stays", () => {
  const { mm } = machineWithPages("v6.1", 3);
  drain(pinUserPage(mm, at(1)));
  assertEquals(drain(doMigratePages(mm, 0, 1)), 1);
  assertEquals(nodes(mm, 3), [1, 0, 1]);
});

Deno.test("soft offline moves the page and never uses its frame again", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  const pfn = mm.pageTable.pfnAt(at(0));
  assertEquals(heard(host, () => advise(mm, 0, 1, "SOFT_OFFLINE")), ["P CLEAR [0,1)"]);
  assertEquals(host.frames.flags[pfn] & PG_HWPOISON, PG_HWPOISON);
  assertEquals(host.frames.nodes[0].allocator.isFree(pfn), false);
});

Deno.test("a broken page leaves an entry that kills, with one window and no invalidate_range", () => {
  const { host, mm } = machineWithPages("v6.1", 2);
  const pfn = mm.pageTable.pfnAt(at(0));
  assertEquals(heard(host, () => advise(mm, 0, 1, "HWPOISON")), ["P CLEAR [0,1)"]);
  const result = drain(access(mm, at(0), at(1), null));
  assertEquals(result.failure, FAULT.SIGBUS);
  advise(mm, 0, 2, "DONTNEED");
  assertEquals(host.frames.flags[pfn] & PG_HWPOISON, PG_HWPOISON);
  assertEquals(host.frames.freeCount, host.frames.count - 2);
});
