import { assert, assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { exitMm, mmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { Host } from "../../lib/mm/host.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { ftruncate, punchHole } from "../../lib/mm/truncate.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { BASE, isHuge, read, TWO_BLOCKS, windows, write } from "./huge_world.ts";

/** A memory file of two blocks, mapped shared with MADV_HUGEPAGE. */
function shmemProcess(shared = true, profile = "v6.1") {
  const host = new Host({ profile: kernelProfile(profile), memory: 64 * 2 ** 20 });
  host.thp.shmemEnabled = "advise";
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  const file = host.createFile("shmem", "/memfd:huge", 1024);
  const prot = VM_READ | VM_WRITE;
  drain(mmap(mm, { addr: BASE, fixed: true, length: TWO_BLOCKS, prot, shared, file }));
  drain(madvise(mm, BASE, TWO_BLOCKS, "HUGEPAGE"));
  return { host, mm, file };
}

Deno.test("a write to an advised memory file maps a huge page of its cache", () => {
  const { mm, file } = shmemProcess();
  assertEquals(windows(mm, () => write(mm, 5)), []);
  assert(isHuge(mm, 0));
  assertEquals([file.cache.size, mm.filePages], [512, 512]);
});

Deno.test("a memory file's huge entry is dropped where anonymous memory is split", () => {
  const { mm } = shmemProcess();
  write(mm, 0);
  const seen = windows(mm, () => {
    drain(mprotect(mm, BASE + 100 * PAGE_SIZE, 4 * PAGE_SIZE, VM_READ));
  });
  assertEquals(seen, ["CLEAR 0 512"]);
  assertEquals([mm.pageTable.flagsAt(BASE), mm.filePages], [0, 0]);
  assertEquals([read(mm, 0), read(mm, 600)], [1, 0]);
});

Deno.test("a hole in a huge page drops its entries, then splits the page", () => {
  const { host, mm, file } = shmemProcess();
  write(mm, 0, 7);
  write(mm, 600, 8);
  const seen = windows(mm, () => void drain(punchHole(host, file, 600, 604)));
  assertEquals(seen, ["CLEAR 600 604", "CLEAR 512 1024", "CLEAR 512 1024", "CLEAR 512 1024"]);
  assertEquals([file.cache.size, read(mm, 0), read(mm, 600)], [1020, 7, 0]);
});

Deno.test("a private mapping reads a huge page of the file and copies small ones", () => {
  const { mm, file } = shmemProcess(false);
  read(mm, 3);
  assertEquals([isHuge(mm, 0), file.cache.size], [true, 512]);
  assertEquals(windows(mm, () => write(mm, 3)), ["CLEAR 0 512"]);
  assertEquals([isHuge(mm, 0), mm.anonPages, read(mm, 3)], [false, 1, 1]);
});

Deno.test("a child faults a huge page of a memory file in by itself", () => {
  const { mm } = shmemProcess();
  write(mm, 9, 4);
  const child = drain(fork(mm, "C"));
  assertEquals([child.filePages, read(child, 9), child.filePages], [0, 4, 512]);
});

Deno.test("truncation and exit give every frame of a huge file back", () => {
  const { host, mm, file } = shmemProcess();
  const free = host.frames.freeCount;
  write(mm, 0);
  write(mm, 700);
  drain(ftruncate(host, file, 700));
  drain(ftruncate(host, file, 0));
  drain(exitMm(mm));
  assertEquals([file.cache.size, host.frames.freeCount], [0, free]);
});

Deno.test("old kernels only fill the hole in a huge page with zeros", () => {
  const { host, mm, file } = shmemProcess(true, "v5.2");
  write(mm, 8, 7);
  drain(punchHole(host, file, 8, 12));
  assertEquals([file.cache.size, host.frames.content[file.cache.get(8)!]], [512, 0]);
});

Deno.test("a huge page that is held cannot be split for a hole, and keeps zeros there", () => {
  const { host, mm, file } = shmemProcess();
  write(mm, 8, 7);
  const pfn = file.cache.get(8)!;
  host.frames.get(pfn);
  drain(punchHole(host, file, 8, 12));
  assertEquals([file.cache.size, host.frames.content[pfn]], [512, 0]);
  host.frames.put(pfn);
});
