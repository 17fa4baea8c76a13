import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { fork } from "../../lib/mm/fork.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mlock } from "../../lib/mm/mlock.ts";
import { mmap, munmap } from "../../lib/mm/mmap.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { PTE_YOUNG } from "../../lib/mm/flags.ts";
import { VM_ACCOUNT, VM_RAND_READ, VM_READ, VM_SEQ_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { at, heard, machineWithPages, read } from "./reclaim_setup.ts";

const PROT_RW = VM_READ | VM_WRITE;

Deno.test("MAP_FIXED_NOREPLACE refuses a range that is taken in part", () => {
  const { mm } = machineWithPages("v6.1", 2);
  const request = { fixed: "noreplace", length: 2 * PAGE_SIZE, prot: PROT_RW } as const;
  assertEquals(drain(mmap(mm, { ...request, addr: at(1) })), -ERRNO.EEXIST);
  assertEquals(drain(mmap(mm, { ...request, addr: at(2) })), at(2));
});

Deno.test("the first munmap of everything frees the tables and widens invalidate_range", () => {
  const { host, mm } = machineWithPages("v6.1", 4);
  const events = heard(host, () => drain(munmap(mm, at(0), 4 * PAGE_SIZE)));
  assertEquals(events, ["P UNMAP [0,4)", "P ir [0,4)"]);
  assertEquals(mm.pageTable.pmd(at(0)), null);
});

Deno.test("fork gives the child the tables of its parent even where they are empty", () => {
  const { mm } = machineWithPages("v6.1", 4);
  drain(madvise(mm, at(0), 4 * PAGE_SIZE, "DONTNEED"));
  const child = drain(fork(mm, "C"));
  assertEquals(child.pageTable.lookup(at(0)) !== null, true);
});

Deno.test("memory that becomes writable is accounted, unless it was writable already", () => {
  const { mm } = machineWithPages("v6.1", 1);
  drain(mmap(mm, { addr: at(4), fixed: true, length: PAGE_SIZE, prot: VM_READ }));
  assertEquals(mm.vmaAt(at(4))!.flags & VM_ACCOUNT, 0);
  drain(mprotect(mm, at(4), PAGE_SIZE, PROT_RW));
  assertEquals(mm.vmaAt(at(4))!.flags & VM_ACCOUNT, VM_ACCOUNT);
});

Deno.test("locked private memory that becomes writable is copied at once", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  drain(mmap(mm, { addr: at(4), fixed: true, length: PAGE_SIZE, prot: VM_READ }));
  drain(mlock(mm, at(4), PAGE_SIZE));
  const events = heard(host, () => drain(mprotect(mm, at(4), PAGE_SIZE, PROT_RW)));
  assertEquals(events.slice(0, 2), ["P PROTECTION_VMA [4,5)", "P CLEAR [4,5)"]);
  assertEquals(mm.anonPages, 2);
});

Deno.test("SEQUENTIAL and RANDOM exclude each other, NORMAL takes both back", () => {
  const { mm } = machineWithPages("v6.1", 1);
  const flags = () => mm.vmas[0].flags & (VM_SEQ_READ | VM_RAND_READ);
  const seen = (["SEQUENTIAL", "RANDOM", "NORMAL"] as const).map((advice) => {
    drain(madvise(mm, at(0), PAGE_SIZE, advice));
    return flags();
  });
  assertEquals(seen, [VM_SEQ_READ, VM_RAND_READ, 0]);
});

Deno.test("clear_refs 1 leaves the young bit of the zero page", () => {
  const { mm } = machineWithPages("v6.1", 1);
  drain(mmap(mm, { addr: at(4), fixed: true, length: PAGE_SIZE, prot: PROT_RW }));
  read(mm, 4, 1);
  drain(clearRefs(mm, 1));
  assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_YOUNG, 0);
  assertEquals(mm.pageTable.flagsAt(at(4)) & PTE_YOUNG, PTE_YOUNG);
});

Deno.test("a new page comes from the node of the CPU that runs", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  host.frames.localNode = 1;
  drain(mmap(mm, { addr: at(4), fixed: true, length: PAGE_SIZE, prot: PROT_RW, populate: true }));
  assertEquals(host.frames.nodeOf(mm.pageTable.pfnAt(at(4))), 1);
});
