import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { fork } from "../../lib/mm/fork.ts";
import { pinUserPage, unpinUserPage } from "../../lib/mm/gup.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { PG_DIRTY } from "../../lib/mm/flags.ts";
import { memoryReclaim } from "../../lib/mm/shrink_lruvec.ts";
import { ftruncate, punchHole } from "../../lib/mm/truncate.ts";
import {
  at,
  flagsOf,
  frameOf,
  listen,
  machine,
  map,
  read,
  windows,
  write,
} from "./file_fixture.ts";

Deno.test("truncation sends CLEAR twice to every mapping of what goes", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 4);
  map(mm, 0, 4, { file, shared: true });
  write(mm, 0, 4);
  drain(ftruncate(host, file, 2));
  assertEquals(windows(host), ["P CLEAR [2,4)", "P CLEAR [2,4)"]);
  assertEquals([flagsOf(mm, 2), file.cache.has(2), file.cache.has(1)], [0, false, true]);
});

Deno.test("truncation drops private copies, hole punching only notifies them", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 4);
  map(mm, 0, 4, { file });
  write(mm, 0, 4);
  const copy = frameOf(mm, 1);
  drain(punchHole(host, file, 1, 2));
  assertEquals(windows(host), ["P CLEAR [1,2)"]);
  assertEquals(frameOf(mm, 1), copy);
  drain(ftruncate(host, file, 0));
  assertEquals([flagsOf(mm, 1), mm.anonPages], [0, 0]);
});

Deno.test("a page mapped again before it goes from the cache is unmapped again", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 4);
  map(mm, 0, 4, { file, shared: true });
  write(mm, 0, 4);
  const hole = punchHole(host, file, 1, 3);
  while (hole.next().value !== "window_closed");
  read(mm, 2, 1);
  drain(hole);
  assertEquals(windows(host), ["P CLEAR [1,3)", "P CLEAR [1,2)", "P CLEAR [2,3)"]);
  assertEquals([flagsOf(mm, 2), file.cache.has(2)], [0, false]);
});

Deno.test("reclaim leaves a page alone that a device holds and no file has any more", () => {
  const { host, mm } = machine("v5.2");
  const file = host.createFile("shmem", "memfd", 4);
  map(mm, 0, 4, { file, shared: true });
  const pfn = drain(pinUserPage(mm, at(1)));
  drain(punchHole(host, file, 1, 2));
  host.frames.flags[pfn] |= PG_DIRTY;
  const held = host.frames.refcount[pfn];
  for (let round = 0; round < 3; round++) drain(memoryReclaim(host, 8 * PAGE_SIZE));
  assertEquals([host.frames.refcount[pfn], file.swapped.size], [held, 0]);
  unpinUserPage(mm, pfn, true);
});

Deno.test("growing a file tells nobody", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 4);
  map(mm, 0, 4, { file, shared: true });
  drain(ftruncate(host, file, 6));
  assertEquals(windows(host), []);
});

Deno.test("MADV_REMOVE notifies the parent before the child, whoever calls", () => {
  const { host, mm } = machine();
  map(mm, 0, 4, { shared: true });
  write(mm, 0, 4);
  const child = drain(fork(mm, "C"));
  listen(child);
  assertEquals(drain(madvise(child, at(1), 2 * PAGE_SIZE, "REMOVE")), 0);
  assertEquals(windows(host), ["P CLEAR [1,3)", "C CLEAR [1,3)"]);
  read(mm, 1, 1);
  assertEquals(host.frames.content[frameOf(mm, 1)], 0);
});

Deno.test("MADV_REMOVE needs a shared mapping that may be written", () => {
  const { host, mm } = machine();
  map(mm, 0, 1, { file: host.createFile("shmem", "memfd", 1) });
  map(mm, 1, 1);
  assertEquals(drain(madvise(mm, at(0), PAGE_SIZE, "REMOVE")), -ERRNO.EACCES);
  assertEquals(drain(madvise(mm, at(1), PAGE_SIZE, "REMOVE")), -ERRNO.EINVAL);
});
