import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { FAULT } from "../../lib/mm/memory.ts";
import { PTE_MARKER, PTE_PRESENT, PTE_UFFD_WP, PTE_WRITE } from "../../lib/mm/flags.ts";
import {
  uffdCopy,
  uffdRegister,
  uffdUnregister,
  uffdWriteprotect,
} from "../../lib/mm/userfaultfd.ts";
import { VM_UFFD_WP } from "../../lib/mm/vma.ts";
import { at, flagsOf, frameOf, machine, map, read, windows, write } from "./file_fixture.ts";

const WP_BITS = PTE_PRESENT | PTE_WRITE | PTE_UFFD_WP;

Deno.test("protecting writes is a change of protection, and stays read-only when it ends", () => {
  const { host, mm } = machine();
  map(mm, 0, 4);
  write(mm, 0, 2);
  drain(uffdRegister(mm, at(0), 4 * PAGE_SIZE, "wp"));
  assertEquals(windows(host), []);
  drain(uffdWriteprotect(mm, at(0), 4 * PAGE_SIZE, true));
  assertEquals(windows(host), ["P PROTECTION_VMA [0,4)"]);
  assertEquals(flagsOf(mm, 0) & WP_BITS, PTE_PRESENT | PTE_UFFD_WP);
  assertEquals(write(mm, 0, 1), FAULT.SIGBUS, "nobody serves the write");
  drain(uffdWriteprotect(mm, at(0), 4 * PAGE_SIZE, false));
  assertEquals(flagsOf(mm, 0) & WP_BITS, PTE_PRESENT);
  assertEquals(write(mm, 0, 1), 0);
});

Deno.test("protected shared memory leaves markers where nothing is mapped", () => {
  const { host, mm } = machine();
  map(mm, 0, 4, { shared: true });
  write(mm, 0, 2);
  drain(uffdRegister(mm, at(0), 4 * PAGE_SIZE, "wp"));
  drain(uffdWriteprotect(mm, at(0), 4 * PAGE_SIZE, true));
  assertEquals(flagsOf(mm, 2), PTE_MARKER | PTE_UFFD_WP);
  drain(madvise(mm, at(0), PAGE_SIZE, "DONTNEED"));
  assertEquals(flagsOf(mm, 0), PTE_MARKER | PTE_UFFD_WP, "the protection outlives the mapping");
  read(mm, 0, 1);
  assertEquals(flagsOf(mm, 0) & WP_BITS, PTE_PRESENT | PTE_UFFD_WP);
  drain(uffdWriteprotect(mm, at(0), 4 * PAGE_SIZE, false));
  assertEquals([flagsOf(mm, 0) & WP_BITS, flagsOf(mm, 2)], [PTE_PRESENT | PTE_WRITE, 0]);
  assertEquals(host.frames.mapcount[frameOf(mm, 0)], 1);
});

Deno.test("unregistering ends the protection of a part before it is cut off", () => {
  const { host, mm } = machine();
  map(mm, 0, 4);
  write(mm, 0, 4);
  drain(uffdRegister(mm, at(0), 4 * PAGE_SIZE, "wp"));
  drain(uffdWriteprotect(mm, at(0), 4 * PAGE_SIZE, true));
  windows(host);
  drain(uffdUnregister(mm, at(2), 2 * PAGE_SIZE));
  assertEquals(windows(host), ["P PROTECTION_VMA [2,4)"]);
  assertEquals(mm.vmas.map(({ flags }) => (flags & VM_UFFD_WP) !== 0), [true, false]);
});

Deno.test("copying pages in tells nobody and refuses pages that are there", () => {
  const { host, mm } = machine();
  map(mm, 0, 4);
  drain(uffdRegister(mm, at(0), 4 * PAGE_SIZE, "missing"));
  assertEquals(write(mm, 0, 1), FAULT.SIGBUS);
  assertEquals(drain(uffdCopy(mm, at(0), PAGE_SIZE, 7)), 0);
  assertEquals(drain(uffdCopy(mm, at(1), PAGE_SIZE, null)), 0);
  assertEquals(drain(uffdCopy(mm, at(0), PAGE_SIZE, 7)), -ERRNO.EEXIST);
  assertEquals(host.frames.content[frameOf(mm, 0)], 7);
  assertEquals(windows(host), []);
});

Deno.test("kernels before v5.7 cannot protect, and none a disk file", () => {
  const old = machine("v5.2").mm;
  map(old, 0, 1);
  assertEquals(drain(uffdRegister(old, at(0), PAGE_SIZE, "wp")), -ERRNO.EINVAL);
  const { host, mm } = machine();
  map(mm, 0, 1, { file: host.createFile("file", "/mnt/a", 1), shared: true });
  assertEquals(drain(uffdRegister(mm, at(0), PAGE_SIZE, "missing")), -ERRNO.EINVAL);
});

Deno.test("no page can be copied in behind the end of a memory file", () => {
  const { host, mm } = machine();
  map(mm, 0, 2, { file: host.createFile("shmem", "memfd", 1), shared: true });
  drain(uffdRegister(mm, at(0), 2 * PAGE_SIZE, "missing"));
  assertEquals(drain(uffdCopy(mm, at(1), PAGE_SIZE, 7)), -ERRNO.EFAULT);
});
