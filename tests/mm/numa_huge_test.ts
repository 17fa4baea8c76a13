import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { pinUserPage } from "../../lib/mm/gup.ts";
import { Host } from "../../lib/mm/host.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { taskNumaWork } from "../../lib/mm/numa.ts";
import { PTE_PROTNONE, PTE_WRITE } from "../../lib/mm/flags.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { advise, at, heard, read, write } from "./reclaim_setup.ts";

/** A process whose huge page is on the node of another CPU than its own. */
function misplacedHugePage(kernel: string): { host: Host; mm: Mm } {
  const host = new Host({ profile: kernelProfile(kernel), memory: 16 * 2 ** 20, nodes: 2 });
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  const prot = VM_READ | VM_WRITE;
  drain(mmap(mm, { addr: at(0), length: 512 * PAGE_SIZE, prot, fixed: true }));
  advise(mm, 0, 512, "HUGEPAGE");
  host.frames.localNode = 1;
  write(mm, 7, 1, 9);
  host.frames.localNode = 0;
  return { host, mm };
}

for (
  const [kernel, window] of [["v5.2", []], ["v6.1", ["P CLEAR [0,512)"]]] as const
) {
  Deno.test(`a misplaced huge page moves with ${window.length} windows (${kernel})`, () => {
    const { host, mm } = misplacedHugePage(kernel);
    const scan = heard(host, () => drain(taskNumaWork(mm)));
    assertEquals(scan, ["P PROTECTION_VMA [0,512)", "P ir [0,512)"]);
    assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_PROTNONE, PTE_PROTNONE);
    assertEquals(heard(host, () => assertEquals(read(mm, 7, 1), 9)), [...window]);
    assertEquals(mm.pageTable.flagsAt(at(0)) & (PTE_PROTNONE | PTE_WRITE), PTE_WRITE);
    assertEquals(host.frames.nodeOf(mm.pageTable.pfnAt(at(0))), 0);
    assertEquals([mm.anonPages, host.vmstat.numa_pages_migrated], [512, 512]);
    advise(mm, 0, 512, "DONTNEED");
    assertEquals(host.frames.freeCount, host.frames.count - 1);
  });
}

Deno.test("a huge page that a driver holds is not moved (v5.2)", () => {
  const { host, mm } = misplacedHugePage("v5.2");
  const pfn = drain(pinUserPage(mm, at(3)));
  drain(taskNumaWork(mm));
  assertEquals(heard(host, () => read(mm, 0, 1)), []);
  assertEquals(mm.pageTable.pfnAt(at(3)), pfn);
});
