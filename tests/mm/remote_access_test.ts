import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { storeByte } from "../../lib/mm/access.ts";
import { fork } from "../../lib/mm/fork.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { PTE_WRITE } from "../../lib/mm/flags.ts";
import { accessRemoteVm, processVmWrite } from "../../lib/mm/remote_access.ts";
import { VM_READ } from "../../lib/mm/vma.ts";
import { at, heard, machineWithPages, read } from "./reclaim_setup.ts";

Deno.test("a write through /proc/PID/mem to a shared page copies it inside a window", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  drain(fork(mm, "C"));
  const events = heard(host, () => drain(accessRemoteVm(mm, at(0), storeByte(9))));
  assertEquals(events, ["P CLEAR [0,1)", "P ir [0,1)", "P change_pte [0,1)", "P only_end [0,1)"]);
  assertEquals(read(mm, 0, 1), 9);
});

Deno.test("a debugger writes to read-only private memory, which stays read-only", () => {
  const { mm } = machineWithPages("v6.1", 1);
  drain(mprotect(mm, at(0), PAGE_SIZE, VM_READ));
  assertEquals(drain(accessRemoteVm(mm, at(0), storeByte(9))), 9);
  assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_WRITE, 0);
});

Deno.test("a debugger writes to memory without any access", () => {
  const { host, mm } = machineWithPages("v6.1", 1);
  drain(fork(mm, "C"));
  drain(mprotect(mm, at(0), PAGE_SIZE, 0));
  const events = heard(host, () => drain(accessRemoteVm(mm, at(0), storeByte(9))));
  assertEquals(events[0], "P CLEAR [0,1)");
  assertEquals(heard(host, () => drain(accessRemoteVm(mm, at(0), storeByte(8)))), []);
});

Deno.test("a debugger cannot write to read-only shared memory or where nothing is mapped", () => {
  const { mm } = machineWithPages("v6.1", 1);
  drain(mmap(mm, { addr: at(4), fixed: true, length: PAGE_SIZE, prot: VM_READ, shared: true }));
  assertEquals(drain(accessRemoteVm(mm, at(4), storeByte(9))), -ERRNO.EIO);
  assertEquals(drain(accessRemoteVm(mm, at(9), null)), -ERRNO.EIO);
});

Deno.test("process_vm_writev respects the rights of the mapping", () => {
  const { mm } = machineWithPages("v6.1", 1);
  assertEquals(drain(processVmWrite(mm, at(0), storeByte(3))), 3);
  drain(mprotect(mm, at(0), PAGE_SIZE, VM_READ));
  assertEquals(drain(processVmWrite(mm, at(0), storeByte(4))), -ERRNO.EFAULT);
});
