import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { fork } from "../../lib/mm/fork.ts";
import { pinUserPage } from "../../lib/mm/gup.ts";
import { Host } from "../../lib/mm/host.ts";
import { migrateToDevice } from "../../lib/mm/migrate_vma.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { PTE_DEVICE_PRIVATE } from "../../lib/mm/flags.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { advise, at, heard, read, write } from "./reclaim_setup.ts";

/** A process with pages mapped and some written, on a machine with a device of 8 frames. */
function machineWithDevice(pages: number, written: number): { host: Host; mm: Mm } {
  const host = new Host({ profile: kernelProfile("v5.2"), memory: 2 ** 20, devicePages: 8 });
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  const prot = VM_READ | VM_WRITE;
  drain(mmap(mm, { addr: at(0), length: pages * PAGE_SIZE, prot, fixed: true }));
  write(mm, 0, written, 1);
  return { host, mm };
}

function toDevice(mm: Mm, pages: number, fillHoles = false): number {
  return drain(migrateToDevice(mm.vmaAt(at(0))!, at(0), at(pages), fillHoles));
}

Deno.test("a range goes to the device in one window; a CPU access brings a page back in another", () => {
  const { host, mm } = machineWithDevice(4, 3);
  const events = heard(host, () => assertEquals(toDevice(mm, 4), 3));
  assertEquals(events, ["P CLEAR [0,4)"]);
  assertEquals(mm.pageTable.flagsAt(at(1)) & PTE_DEVICE_PRIVATE, PTE_DEVICE_PRIVATE);
  assertEquals(host.frames.freeCount, host.frames.count - 1);
  assertEquals(mm.anonPages, 3);
  assertEquals(heard(host, () => assertEquals(read(mm, 1, 1), 1)), ["P CLEAR [1,2)"]);
  assertEquals(host.frames.device.allocator.freeCount, 6);
});

Deno.test("holes may be filled, in a second window from the first hole on", () => {
  const { host, mm } = machineWithDevice(6, 2);
  read(mm, 2, 1);
  const events = heard(host, () => assertEquals(toDevice(mm, 6, true), 6));
  assertEquals(events, [
    "P CLEAR [0,6)",
    "P CLEAR [2,6)",
    "P ir [2,3)",
    "P change_pte [2,3)",
    "P only_end [2,6)",
  ]);
  assertEquals(read(mm, 5, 1), 0);
});

Deno.test("a full device and a pinned page leave pages where they are", () => {
  const { host, mm } = machineWithDevice(12, 12);
  const pfn = drain(pinUserPage(mm, at(0)));
  assertEquals(toDevice(mm, 12), 8);
  assertEquals(mm.pageTable.pfnAt(at(0)), pfn);
  assertEquals(host.frames.device.allocator.freeCount, 0);
  assertEquals(read(mm, 11, 1), 1);
});

Deno.test("a shared page takes its entry in the child along, with a window there", () => {
  const { host, mm } = machineWithDevice(1, 1);
  const child = drain(fork(mm, "C"));
  mmuNotifierRegister({ name: "listener" }, child);
  const events = heard(host, () => assertEquals(toDevice(mm, 1), 1));
  assertEquals(events.at(0), "P CLEAR [0,1)");
  assertEquals(events.includes("C CLEAR [0,1)"), true);
  write(child, 0, 1, 2);
  assertEquals([read(mm, 0, 1), read(child, 0, 1)], [1, 2]);
  assertEquals(host.frames.device.allocator.freeCount, 8);
});

Deno.test("fork, DONTNEED and exit of the range give device frames back", () => {
  const { host, mm } = machineWithDevice(2, 2);
  toDevice(mm, 2);
  const child = drain(fork(mm, "C"));
  advise(child, 0, 2, "DONTNEED");
  write(mm, 0, 1, 5);
  assertEquals(read(mm, 0, 1), 5);
  advise(mm, 0, 2, "DONTNEED");
  assertEquals(host.frames.device.allocator.freeCount, 8);
  assertEquals(host.frames.freeCount, host.frames.count - 1);
});

/** A process with two blocks that may be huge, on a machine with a device of 600 frames. */
function machineWithHugePages(): { host: Host; mm: Mm } {
  const profile = kernelProfile("v5.2");
  const host = new Host({ profile, memory: 16 * 2 ** 20, devicePages: 600 });
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  const prot = VM_READ | VM_WRITE;
  drain(mmap(mm, { addr: at(0), length: 1024 * PAGE_SIZE, prot, fixed: true }));
  advise(mm, 0, 1024, "HUGEPAGE");
  return { host, mm };
}

Deno.test("a huge page is split, in windows of its own, and goes to the device page by page", () => {
  const { host, mm } = machineWithHugePages();
  write(mm, 0, 1, 1);
  const events = heard(host, () => assertEquals(toDevice(mm, 512), 512));
  assertEquals(events.filter((text) => /CLEAR/.test(text)), [
    "P CLEAR [0,512)",
    "P CLEAR [0,512)",
    "P CLEAR [0,512)",
  ]);
  assertEquals(host.vmstat.thp_split_page, 1);
  assertEquals(mm.pageTable.flagsAt(at(511)) & PTE_DEVICE_PRIVATE, PTE_DEVICE_PRIVATE);
  assertEquals(read(mm, 0, 1), 1);
});

Deno.test("a huge page that somebody holds stays where it is, whole", () => {
  const { host, mm } = machineWithHugePages();
  write(mm, 0, 1, 1);
  const pfn = drain(pinUserPage(mm, at(7)));
  assertEquals(toDevice(mm, 512, true), 0);
  assertEquals([mm.pageTable.pfnAt(at(7)), host.frames.refcount[pfn - 7]], [pfn, 2]);
});

Deno.test("the huge zero page is split, and device pages take the place of its entries", () => {
  const { host, mm } = machineWithHugePages();
  read(mm, 0, 1);
  assertEquals(toDevice(mm, 512), 0);
  assertEquals(host.vmstat.thp_split_pmd, 1);
  read(mm, 512, 1);
  const start = at(512);
  const vma = mm.vmaAt(start)!;
  assertEquals(drain(migrateToDevice(vma, start, start + 512 * PAGE_SIZE, true)), 512);
  assertEquals(mm.pageTable.flagsAt(start) & PTE_DEVICE_PRIVATE, PTE_DEVICE_PRIVATE);
  assertEquals(read(mm, 512, 1), 0);
});
