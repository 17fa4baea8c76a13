import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { PTE_WRITE } from "../../lib/mm/flags.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { at, flagsOf, machine, map, windows, write } from "./file_fixture.ts";

/** Write access of a dirty page of a disk file after its right went and came back. */
function upgraded(profile: string): boolean {
  const { host, mm } = machine(profile);
  map(mm, 0, 1, { file: host.createFile("file", "/mnt/a", 1), shared: true });
  write(mm, 0, 1);
  drain(mprotect(mm, at(0), PAGE_SIZE, VM_READ));
  drain(mprotect(mm, at(0), PAGE_SIZE, VM_READ | VM_WRITE));
  return (flagsOf(mm, 0) & PTE_WRITE) !== 0;
}

Deno.test("a dirty shared page is writable again at once, in old kernels, too", () => {
  assertEquals([upgraded("v5.2"), upgraded("v6.1")], [true, true]);
});

/** The same for shared memory whose soft-dirty bits were cleared meanwhile. */
function upgradedClean(profile: string): boolean {
  const { mm } = machine(profile);
  map(mm, 0, 1, { shared: true });
  write(mm, 0, 1);
  drain(clearRefs(mm, 4));
  drain(mprotect(mm, at(0), PAGE_SIZE, VM_READ));
  drain(mprotect(mm, at(0), PAGE_SIZE, VM_READ | VM_WRITE));
  return (flagsOf(mm, 0) & PTE_WRITE) !== 0;
}

Deno.test("old kernels miss a write to a page that mprotect made writable after clear_refs", () => {
  assertEquals([upgradedClean("v5.2"), upgradedClean("v6.1")], [true, false]);
});

Deno.test("after clear_refs 4 the first write to shared memory faults, without a window", () => {
  const { host, mm } = machine();
  map(mm, 0, 1, { shared: true });
  write(mm, 0, 1);
  drain(clearRefs(mm, 4));
  assertEquals(flagsOf(mm, 0) & PTE_WRITE, 0);
  windows(host);
  write(mm, 0, 1);
  assertEquals([flagsOf(mm, 0) & PTE_WRITE, windows(host)], [PTE_WRITE, []]);
});
