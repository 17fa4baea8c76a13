import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { compactZone } from "../../lib/mm/compaction.ts";
import { getUserPage } from "../../lib/mm/gup.ts";
import { Host } from "../../lib/mm/host.ts";
import { mmap, munmap } from "../../lib/mm/mmap.ts";
import { PG_FILE } from "../../lib/mm/flags.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";

/** A page of shared memory that only a device holds, because its file is gone. */
function heldByDevice() {
  const host = new Host({ memory: 2 ** 20 });
  const mm = host.createMm("P");
  const prot = VM_READ | VM_WRITE;
  const addr = drain(mmap(mm, { length: PAGE_SIZE, prot, shared: true }));
  const pfn = drain(getUserPage(mm, addr, true));
  drain(munmap(mm, addr, PAGE_SIZE));
  return { host, pfn };
}

Deno.test("a page that outlives its file belongs to no file", () => {
  const { host, pfn } = heldByDevice();
  assertEquals([host.frames.refcount[pfn], host.frames.flags[pfn] & PG_FILE], [1, 0]);
});

Deno.test("compaction leaves a page alone that only a device holds", () => {
  const { host, pfn } = heldByDevice();
  const { moved, skippedPinned } = drain(compactZone(host, 0, null));
  assertEquals([moved, skippedPinned], [0, 1]);
  assertEquals(host.frames.put(pfn), true);
  assertEquals(host.frames.freeCount, host.frames.count - 1);
});
