import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { pinUserPage } from "../../lib/mm/gup.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { PG_HWPOISON } from "../../lib/mm/flags.ts";
import { BASE, hugeProcess, isHuge, read, write } from "./huge_world.ts";

const THIRD = BASE + 3 * PAGE_SIZE;

Deno.test("SOFT_OFFLINE of a part of a huge page splits it and moves that page alone", () => {
  const { host, mm } = hugeProcess();
  write(mm, 3, 7);
  const old = [2, 3].map((page) => mm.pageTable.pfnAt(BASE + page * PAGE_SIZE));
  assertEquals(drain(madvise(mm, THIRD, PAGE_SIZE, "SOFT_OFFLINE")), 0);
  const now = [2, 3].map((page) => mm.pageTable.pfnAt(BASE + page * PAGE_SIZE));
  assertEquals([isHuge(mm, 3), read(mm, 3), now[0] === old[0]], [false, 7, true]);
  assertEquals(host.frames.flags[old[1]] & PG_HWPOISON, PG_HWPOISON);
});

Deno.test("SOFT_OFFLINE leaves a huge page whole that a device has pinned", () => {
  const { host, mm } = hugeProcess();
  write(mm, 0);
  drain(pinUserPage(mm, BASE));
  const references = host.frames.refcount[mm.pageTable.pfnAt(BASE)];
  assertEquals(drain(madvise(mm, THIRD, PAGE_SIZE, "SOFT_OFFLINE")), -ERRNO.EBUSY);
  assertEquals([isHuge(mm, 3), host.frames.refcount[mm.pageTable.pfnAt(BASE)]], [true, references]);
});
