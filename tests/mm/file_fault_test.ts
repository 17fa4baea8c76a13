import { assertEquals } from "@std/assert";
import { filemapGetPage, findCachedPage, writePages } from "../../lib/mm/filemap.ts";
import { FAULT } from "../../lib/mm/memory.ts";
import { PG_ANON, PG_DIRTY, PTE_DIRTY, PTE_PRESENT, PTE_WRITE } from "../../lib/mm/flags.ts";
import { flagsOf, frameOf, machine, map, read, windows, write } from "./file_fixture.ts";

const MAPPED_WRITABLE = PTE_PRESENT | PTE_WRITE;

Deno.test("a read of shared memory maps a clean, writable page without a window", () => {
  const { host, mm } = machine();
  map(mm, 0, 4, { shared: true });
  read(mm, 0, 1);
  assertEquals(flagsOf(mm, 0) & (MAPPED_WRITABLE | PTE_DIRTY), MAPPED_WRITABLE);
  assertEquals(flagsOf(mm, 1), 0, "a page that nobody made is not mapped around");
  assertEquals(host.frames.flags[frameOf(mm, 0)] & PG_DIRTY, 0);
  assertEquals(windows(host), []);
});

Deno.test("a write to shared memory makes the page dirty in the cache", () => {
  const { host, mm } = machine();
  map(mm, 0, 4, { shared: true });
  write(mm, 2, 1);
  assertEquals(host.frames.flags[frameOf(mm, 2)] & PG_DIRTY, PG_DIRTY);
  assertEquals(mm.filePages, 1);
  assertEquals(mm.anonPages, 0);
});

Deno.test("a read fault maps the cached pages of its 64 KiB, and no others", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 64);
  writePages(host, file, 0, 40, 5);
  map(mm, 0, 64, { file, shared: true });
  read(mm, 20, 1);
  const mapped = [...Array(64).keys()].filter((page) => flagsOf(mm, page) !== 0);
  assertEquals(mapped, [...Array(16).keys()].map((page) => 16 + page));
});

Deno.test("fault-around cut at the start of a mapping goes on behind the block", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 64);
  writePages(host, file, 0, 64, 5);
  map(mm, 10, 54, { file, shared: true });
  read(mm, 12, 1);
  assertEquals(flagsOf(mm, 25) !== 0, true);
  assertEquals(flagsOf(mm, 26), 0);
});

Deno.test("a file that is not cached is read ahead and mapped around the fault", () => {
  const { host, mm } = machine();
  const file = host.createFile("file", "/mnt/a", 4);
  file.disk.set(1, 7);
  map(mm, 0, 4, { file, shared: true });
  read(mm, 1, 1);
  const mapped = [0, 1, 2, 3].map((page) => flagsOf(mm, page) & MAPPED_WRITABLE);
  assertEquals(mapped, [PTE_PRESENT, PTE_PRESENT, PTE_PRESENT, PTE_PRESENT]);
  assertEquals(host.frames.content[frameOf(mm, 1)], 7);
});

Deno.test("a first write to a private file mapping copies without a window", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 4);
  writePages(host, file, 0, 1, 5);
  map(mm, 0, 4, { file });
  write(mm, 0, 1, 9);
  assertEquals(windows(host), []);
  assertEquals(host.frames.flags[frameOf(mm, 0)] & PG_ANON, PG_ANON);
  assertEquals(host.frames.content[findCachedPage(file, 0)], 5);
});

Deno.test("a write to a private page that was read sends CLEAR and leaves the file alone", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 4);
  writePages(host, file, 0, 1, 5);
  map(mm, 0, 4, { file });
  read(mm, 0, 1);
  const cached = frameOf(mm, 0);
  write(mm, 0, 1, 9);
  assertEquals(windows(host), ["P CLEAR [0,1)"]);
  assertEquals([host.frames.content[cached], host.frames.mapcount[cached]], [5, 0]);
  assertEquals([mm.anonPages, mm.filePages], [1, 0]);
});

Deno.test("an access behind the end of a file is a SIGBUS", () => {
  const { host, mm } = machine();
  map(mm, 0, 4, { file: host.createFile("shmem", "memfd", 2), shared: true });
  assertEquals(read(mm, 2, 1), FAULT.SIGBUS);
  assertEquals(write(mm, 3, 1), FAULT.SIGBUS);
});

Deno.test("shared memory goes when its last mapping goes, a file's cache stays", () => {
  const { host, mm } = machine();
  const free = host.frames.freeCount;
  map(mm, 0, 4, { shared: true });
  write(mm, 0, 4);
  map(mm, 0, 4);
  assertEquals(host.frames.freeCount, free);
  const file = host.createFile("shmem", "memfd", 4);
  filemapGetPage(host, file, 0, undefined);
  map(mm, 0, 4, { file, shared: true });
  map(mm, 0, 4);
  assertEquals(host.frames.freeCount, free - 1);
});
