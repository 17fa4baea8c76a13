import { assert, assertEquals } from "@std/assert";
import { PMD_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { exitMm, mmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { userPages } from "../../lib/mm/gup.ts";
import { Host } from "../../lib/mm/host.ts";
import { khugepagedFullScan } from "../../lib/mm/khugepaged.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { BASE, isHuge, read, windows, write } from "./huge_world.ts";

/** A memory file of one block with two small pages, mapped shared. */
function smallFile(profile = kernelProfile("v6.1")) {
  const host = new Host({ profile, memory: 64 * 2 ** 20 });
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  const file = host.createFile("shmem", "/memfd:small", 512);
  const prot = VM_READ | VM_WRITE;
  drain(mmap(mm, { addr: BASE, fixed: true, length: PMD_SIZE, prot, shared: true, file }));
  write(mm, 0, 3);
  write(mm, 9, 4);
  host.thp.shmemEnabled = "advise";
  drain(madvise(mm, BASE, PMD_SIZE, "HUGEPAGE"));
  return { host, mm, file };
}

Deno.test("MADV_COLLAPSE of a memory file unmaps its pages, then retracts the table in a window", () => {
  const { mm, file } = smallFile();
  const seen = windows(mm, () => {
    assertEquals(drain(madvise(mm, BASE, PMD_SIZE, "COLLAPSE")), 0);
  });
  assertEquals(seen, ["CLEAR 0 1", "CLEAR 9 10", "CLEAR 0 512"]);
  assertEquals([isHuge(mm, 0), file.cache.size, mm.filePages], [true, 512, 512]);
  assertEquals([read(mm, 0), read(mm, 9), read(mm, 1)], [3, 4, 0]);
});

Deno.test("before the fix the retracted page table tells nobody", () => {
  const { host, mm, file } = smallFile(kernelProfile("v5.2"));
  drain(khugepagedFullScan(host));
  const seen = windows(mm, () => drain(khugepagedFullScan(host)));
  assertEquals([seen, file.cache.size, read(mm, 9)], [[], 512, 4]);
  assert(isHuge(mm, 0));
});

Deno.test("v5.2 zaps each mapped page of a file in every mapping", () => {
  const { host, mm } = smallFile(kernelProfile("v5.2"));
  assertEquals(windows(mm, () => drain(khugepagedFullScan(host))), ["CLEAR 0 1", "CLEAR 9 10"]);
});

Deno.test("a file page that somebody holds keeps its block from collapsing", () => {
  const { mm } = smallFile();
  drain(userPages(mm).getUserPage(BASE, false));
  const seen = windows(mm, () => {
    assert(drain(madvise(mm, BASE, PMD_SIZE, "COLLAPSE")) < 0);
  });
  assertEquals(seen, []);
});

Deno.test("a second mapper of a collapsed file gets the huge page by COLLAPSE, too", () => {
  const { host, mm } = smallFile();
  const child = drain(fork(mm, "C"));
  read(child, 9);
  drain(madvise(mm, BASE, PMD_SIZE, "COLLAPSE"));
  assertEquals(read(child, 9), 4);
  assertEquals(drain(madvise(child, BASE, PMD_SIZE, "COLLAPSE")), 0);
  assert(isHuge(child, 0));
  const free = host.frames.freeCount;
  drain(exitMm(child));
  drain(exitMm(mm));
  assert(host.frames.freeCount >= free);
});
