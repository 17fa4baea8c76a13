import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { PG_DIRTY, PTE_DIRTY, PTE_WRITE } from "../../lib/mm/flags.ts";
import { punchHole } from "../../lib/mm/truncate.ts";
import { VM_READ } from "../../lib/mm/vma.ts";
import { fsync, msync } from "../../lib/mm/writeback.ts";
import { at, flagsOf, frameOf, machine, map, windows, write } from "./file_fixture.ts";

Deno.test("fsync tells every shared mapping of a dirty page, mapped there or not", () => {
  const { host, mm } = machine();
  const file = host.createFile("file", "/mnt/a", 2);
  map(mm, 0, 2, { file, shared: true });
  map(mm, 16, 2, { file, shared: true, prot: VM_READ });
  map(mm, 32, 2, { file });
  write(mm, 0, 1, 3);
  drain(fsync(host, file));
  assertEquals(windows(host), ["P PROTECTION_PAGE [0,1)", "P PROTECTION_PAGE [16,17)"]);
  assertEquals(flagsOf(mm, 0) & (PTE_WRITE | PTE_DIRTY), 0);
  assertEquals(host.frames.flags[frameOf(mm, 0)] & PG_DIRTY, 0);
  drain(fsync(host, file));
  assertEquals(windows(host), [], "there is nothing left to write");
  write(mm, 0, 1, 4);
  assertEquals(windows(host), [], "the page only becomes writable again");
  assertEquals(flagsOf(mm, 0) & PTE_DIRTY, PTE_DIRTY);
});

Deno.test("msync writes only the pages of its range", () => {
  const { host, mm } = machine();
  const file = host.createFile("file", "/mnt/a", 4);
  map(mm, 0, 4, { file, shared: true });
  write(mm, 0, 4);
  assertEquals(drain(msync(mm, at(1), PAGE_SIZE)), 0);
  assertEquals(windows(host), ["P PROTECTION_PAGE [1,2)"]);
});

Deno.test("fsync of memory without a disk does nothing", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 2);
  map(mm, 0, 2, { file, shared: true });
  write(mm, 0, 2);
  drain(fsync(host, file));
  assertEquals(windows(host), []);
});

Deno.test("a hole in a disk file is written back before it is unmapped", () => {
  const { host, mm } = machine();
  const file = host.createFile("file", "/mnt/a", 2);
  map(mm, 0, 2, { file, shared: true });
  write(mm, 0, 2);
  drain(punchHole(host, file, 1, 2));
  assertEquals(windows(host), ["P PROTECTION_PAGE [1,2)", "P CLEAR [1,2)"]);
});
