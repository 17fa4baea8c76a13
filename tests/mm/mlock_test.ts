import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { fork } from "../../lib/mm/fork.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mlock, munlock } from "../../lib/mm/mlock.ts";
import { PG_MLOCKED, PG_UNEVICTABLE } from "../../lib/mm/flags.ts";
import { VM_LOCKED } from "../../lib/mm/vma.ts";
import { at, flagsOf, frameOf, machine, map, read, windows, write } from "./file_fixture.ts";

Deno.test("mlock cuts the mapping, faults its pages in and marks them", () => {
  const { host, mm } = machine();
  map(mm, 0, 4);
  assertEquals(drain(mlock(mm, at(0), 2 * PAGE_SIZE)), 0);
  assertEquals(mm.vmas.map(({ flags }) => (flags & VM_LOCKED) !== 0), [true, false]);
  assertEquals([flagsOf(mm, 1) !== 0, flagsOf(mm, 2)], [true, 0]);
  assertEquals(host.frames.flags[frameOf(mm, 0)] & PG_MLOCKED, PG_MLOCKED);
  drain(munlock(mm, at(0), 2 * PAGE_SIZE));
  assertEquals(host.frames.flags[frameOf(mm, 0)] & PG_MLOCKED, 0);
});

Deno.test("mlock breaks copy-on-write and replaces the zero page", () => {
  const { host, mm } = machine();
  map(mm, 0, 3);
  write(mm, 0, 1);
  drain(fork(mm, "C"));
  read(mm, 1, 1);
  windows(host);
  drain(mlock(mm, at(0), 3 * PAGE_SIZE));
  assertEquals(windows(host), ["P CLEAR [0,1)", "P CLEAR [1,2)"]);
});

Deno.test("mlock on fault populates nothing", () => {
  const { mm } = machine();
  map(mm, 0, 2);
  drain(mlock(mm, at(0), 2 * PAGE_SIZE, true));
  assertEquals(flagsOf(mm, 0), 0);
});

Deno.test("a page that is faulted into a locked mapping is locked from the beginning", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { host, mm } = machine(kernel);
    map(mm, 0, 2);
    read(mm, 1, 1);
    drain(mlock(mm, at(0), 2 * PAGE_SIZE, true));
    write(mm, 0, 2);
    const marks = PG_MLOCKED | PG_UNEVICTABLE;
    for (const page of [0, 1]) {
      assertEquals(host.frames.flags[frameOf(mm, page)] & marks, marks, `${kernel}, page ${page}`);
    }
  }
});

Deno.test("mlock over a hole locks what comes before it", () => {
  const { mm } = machine();
  map(mm, 0, 1);
  assertEquals(drain(mlock(mm, at(0), 2 * PAGE_SIZE)), -ERRNO.ENOMEM);
  assertEquals(mm.vmas[0].flags & VM_LOCKED, VM_LOCKED);
});

Deno.test("mlock of memory without access is refused after the flags are set", () => {
  const { mm } = machine();
  map(mm, 0, 1, { prot: 0 });
  assertEquals(drain(mlock(mm, at(0), PAGE_SIZE)), -ERRNO.ENOMEM);
});

Deno.test("POPULATE_WRITE copies shared pages, and older kernels do not know it", () => {
  const { host, mm } = machine();
  map(mm, 0, 1);
  read(mm, 0, 1);
  assertEquals(drain(madvise(mm, at(0), PAGE_SIZE, "POPULATE_WRITE")), 0);
  assertEquals(windows(host), ["P CLEAR [0,1)"]);
  const old = machine("v5.2").mm;
  map(old, 0, 1);
  assertEquals(drain(madvise(old, at(0), PAGE_SIZE, "POPULATE_WRITE")), -ERRNO.EINVAL);
});
