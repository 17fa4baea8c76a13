import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { fork } from "../../lib/mm/fork.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { punchHole } from "../../lib/mm/truncate.ts";
import { at, flagsOf, frameOf, machine, map, read, windows, write } from "./file_fixture.ts";

Deno.test("a page of shared memory comes back from swap with its content, and dirty", () => {
  const { host, mm } = machine();
  map(mm, 0, 2, { shared: true });
  write(mm, 0, 2, 9);
  drain(madvise(mm, at(0), 2 * PAGE_SIZE, "PAGEOUT"));
  assertEquals([flagsOf(mm, 0), mm.swapEntries], [0, 0], "the file holds the slot, not the entry");
  const child = drain(fork(mm, "C"));
  windows(host);
  read(child, 1, 1);
  assertEquals(host.frames.content[frameOf(child, 1)], 9);
  read(mm, 1, 1);
  assertEquals(frameOf(mm, 1), frameOf(child, 1));
  assertEquals(windows(host), []);
});

Deno.test("a hole frees the swap of its pages", () => {
  const { host, mm } = machine();
  const file = host.createFile("shmem", "memfd", 2);
  map(mm, 0, 2, { file, shared: true });
  write(mm, 0, 2, 9);
  drain(madvise(mm, at(0), 2 * PAGE_SIZE, "PAGEOUT"));
  assertEquals(host.swap.used, 2);
  drain(punchHole(host, file, 0, 2));
  assertEquals(host.swap.used, 0);
  read(mm, 0, 1);
  assertEquals(host.frames.content[frameOf(mm, 0)], 0);
});
