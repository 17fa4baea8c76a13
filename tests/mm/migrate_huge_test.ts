import { assert, assertEquals } from "@std/assert";
import { PAGE_SIZE, PMD_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { userPages } from "../../lib/mm/gup.ts";
import { allocMigrationTarget, isolateLruPage, migratePages } from "../../lib/mm/migrate.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { BASE, hugeProcess, isHuge, read, windows, write } from "./huge_world.ts";

/** Moves the compound page behind an address; gives the windows and how many moved. */
function migrate(mm: Mm, addr: number): { seen: string[]; moved: number } {
  const { host } = mm;
  const head = host.frames.head(mm.pageTable.pfnAt(addr));
  assert(isolateLruPage(host, head));
  let moved = -1;
  const seen = windows(mm, () => {
    const allocate = (page: number) => allocMigrationTarget(host, page, 0);
    moved = drain(migratePages(host, [head], allocate)).moved;
  });
  return { seen, moved };
}

Deno.test("a huge page is migrated whole, in one window", () => {
  const { host, mm } = hugeProcess();
  write(mm, 3, 9);
  const { anonPages } = mm;
  const [old, free] = [mm.pageTable.pfnAt(BASE), host.frames.freeCount];
  const flags = mm.pageTable.flagsAt(BASE);
  assertEquals(migrate(mm, BASE), { seen: ["CLEAR 0 512"], moved: 1 });
  assert(isHuge(mm, 0) && mm.pageTable.pfnAt(BASE) !== old);
  assertEquals([read(mm, 3), mm.pageTable.flagsAt(BASE)], [9, flags]);
  assertEquals([mm.anonPages, host.frames.freeCount], [anonPages, free]);
});

Deno.test("a pinned huge page is tried ten times and stays", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  drain(userPages(mm).pinUserPage(BASE));
  assertEquals(migrate(mm, BASE), { seen: Array(10).fill("CLEAR 0 512"), moved: 0 });
  assert(isHuge(mm, 0));
});

Deno.test("a huge page in small entries of two mappings gets a window for each", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  drain(mprotect(mm, BASE + 100 * PAGE_SIZE, PMD_SIZE, VM_READ));
  assertEquals(migrate(mm, BASE), { seen: ["CLEAR 0 100", "CLEAR 100 512"], moved: 1 });
  assertEquals([read(mm, 0), read(mm, 200)], [1, 0]);
});

Deno.test("a page of hugetlbfs moves within its pool", () => {
  const { host, mm } = hugeProcess();
  host.hugetlb.grow(2);
  const addr = BASE + 8 * PMD_SIZE;
  const prot = VM_READ | VM_WRITE;
  drain(mmap(mm, { addr, fixed: true, length: PMD_SIZE, prot, hugetlb: true }));
  write(mm, 4096, 5);
  assertEquals(migrate(mm, addr), { seen: ["CLEAR 4096 4608"], moved: 1 });
  assertEquals([read(mm, 4096), host.hugetlb.free], [5, 1]);
});
