import { assert, assertEquals } from "@std/assert";
import { PAGE_SIZE, PMD_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { exitMm, munmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { userPages } from "../../lib/mm/gup.ts";
import { splitHugePage } from "../../lib/mm/huge_split.ts";
import { ksmFullScans } from "../../lib/mm/ksm.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mlock } from "../../lib/mm/mlock.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { PG_MLOCKED } from "../../lib/mm/flags.ts";
import { VM_READ } from "../../lib/mm/vma.ts";
import { BASE, hugeProcess, isHuge, read, TWO_BLOCKS, windows, write } from "./huge_world.ts";

Deno.test("a write to advised memory maps a huge page and tells nobody", () => {
  const { host, mm } = hugeProcess();
  assertEquals(windows(mm, () => write(mm, 5)), []);
  assert(isHuge(mm, 0) && isHuge(mm, 511) && !isHuge(mm, 512));
  assertEquals([mm.anonPages, host.vmstat.thp_fault_alloc], [512, 1]);
});

Deno.test("a read of advised memory maps the huge zero page, which accounts nothing", () => {
  const { host, mm } = hugeProcess();
  const free = host.frames.freeCount;
  assertEquals(read(mm, 5), 0);
  assert(isHuge(mm, 511));
  assertEquals([mm.anonPages, host.frames.freeCount], [0, free]);
});

Deno.test("a write to the huge zero page splits it and copies one small page", () => {
  const { mm } = hugeProcess();
  read(mm, 0);
  assertEquals(windows(mm, () => write(mm, 3)), ["CLEAR 0 512", "CLEAR 3 4"]);
  assertEquals([isHuge(mm, 0), mm.anonPages], [false, 1]);
});

Deno.test("v5.2 replaces the huge zero page by a huge page in one window", () => {
  const { mm } = hugeProcess("v5.2");
  read(mm, 0);
  assertEquals(windows(mm, () => write(mm, 3)), ["CLEAR 0 512"]);
  assertEquals([isHuge(mm, 0), mm.anonPages], [true, 512]);
});

Deno.test("unmapping part of a huge page splits its entry before the UNMAP window", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  const seen = windows(mm, () => {
    drain(munmap(mm, BASE + 100 * PAGE_SIZE, 4 * PAGE_SIZE));
  });
  assertEquals(seen, ["CLEAR 0 512", "UNMAP 100 104"]);
  assertEquals([isHuge(mm, 0), mm.anonPages, read(mm, 0)], [false, 508, 1]);
});

Deno.test("DONTNEED of part of a huge page splits its entry inside the CLEAR window", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  const seen = windows(mm, () => {
    drain(madvise(mm, BASE + 100 * PAGE_SIZE, 4 * PAGE_SIZE, "DONTNEED"));
  });
  assertEquals(seen, ["CLEAR 100 104", "CLEAR 0 512"]);
});

Deno.test("mprotect of a whole block keeps the entry huge", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  const seen = windows(mm, () => void drain(mprotect(mm, BASE, PMD_SIZE, VM_READ)));
  assertEquals(seen, ["PROTECTION_VMA 0 512"]);
  assert(isHuge(mm, 0));
});

Deno.test("a forked huge page is split by the first writer and reused by the last holder", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  const child = drain(fork(mm, "C"));
  assertEquals(windows(mm, () => write(mm, 7, 2)), ["CLEAR 0 512", "CLEAR 7 8"]);
  assertEquals([read(child, 7), read(mm, 7), isHuge(child, 7)], [0, 2, true]);
  drain(exitMm(mm));
  assertEquals(windows(child, () => write(child, 7, 3)), []);
  assert(isHuge(child, 7));
});

Deno.test("v5.2 copies a forked huge page as a whole", () => {
  const { host, mm } = hugeProcess("v5.2");
  write(mm, 0);
  const child = drain(fork(mm, "C"));
  const free = host.frames.freeCount;
  assertEquals(windows(mm, () => write(mm, 7, 2)), ["CLEAR 0 512"]);
  assertEquals([isHuge(mm, 0), free - host.frames.freeCount], [true, 512]);
  assertEquals([read(child, 7), read(mm, 0)], [0, 1]);
});

Deno.test("v5.2 copies to 512 small pages where no huge page is free", () => {
  const { host, mm } = hugeProcess("v5.2");
  write(mm, 0);
  const child = drain(fork(mm, "C"));
  const taken = [];
  for (let head = host.frames.allocHuge(); head >= 0; head = host.frames.allocHuge()) {
    taken.push(head);
  }
  const head = taken.pop()!;
  host.frames.alloc();
  host.frames.put(head);
  host.frames.alloc();
  assertEquals(windows(mm, () => write(mm, 7, 2)).length, 1);
  assertEquals([isHuge(child, 0), read(child, 7), read(mm, 7), read(mm, 0)], [true, 0, 2, 1]);
});

Deno.test("fork splits a pinned huge page and copies it for the child", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  drain(userPages(mm).pinUserPage(BASE + 3 * PAGE_SIZE));
  let child = mm;
  const seen = windows(mm, () => child = drain(fork(mm, "C")));
  assertEquals(seen, ["PROTECTION_PAGE 0 1024", "CLEAR 0 512"]);
  assert(child.pageTable.pfnAt(BASE) !== mm.pageTable.pfnAt(BASE));
  assertEquals(windows(mm, () => write(mm, 3)), []);
});

Deno.test("clear_refs 4 write-protects a huge entry and the next write makes it soft-dirty", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  const before = mm.pageTable.flagsAt(BASE);
  drain(clearRefs(mm, 4));
  assert(mm.pageTable.flagsAt(BASE) !== before);
  assertEquals(windows(mm, () => write(mm, 7)), []);
  assertEquals(mm.pageTable.flagsAt(BASE), before);
});

Deno.test("NOHUGEPAGE leaves huge pages alone and makes new faults small", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  drain(madvise(mm, BASE, TWO_BLOCKS, "NOHUGEPAGE"));
  write(mm, 512);
  assert(isHuge(mm, 0) && !isHuge(mm, 512));
});

Deno.test("splitting a huge page gives 512 pages of their own", () => {
  const { host, mm } = hugeProcess();
  write(mm, 0);
  const head = mm.pageTable.pfnAt(BASE);
  host.frames.get(head);
  const seen = windows(mm, () => assertEquals(drain(splitHugePage(host, head)), 0));
  host.frames.put(head);
  assertEquals(seen, ["CLEAR 0 512", "CLEAR 0 512"]);
  assertEquals([host.frames.head(head + 5), host.frames.refcount[head + 5]], [head + 5, 1]);
  assertEquals([read(mm, 0), mm.anonPages, host.vmstat.thp_split_page], [1, 512, 1]);
});

Deno.test("a huge page somebody holds is not split and no window is sent", () => {
  const { host, mm } = hugeProcess();
  write(mm, 0);
  const head = mm.pageTable.pfnAt(BASE);
  host.frames.get(head, 2);
  assertEquals(windows(mm, () => assert(drain(splitHugePage(host, head)) < 0)), []);
  assert(isHuge(mm, 0));
});

Deno.test("every frame of a huge page comes back when the process ends", () => {
  const { host, mm } = hugeProcess();
  const free = host.frames.freeCount;
  write(mm, 0);
  write(mm, 600);
  drain(munmap(mm, BASE + 100 * PAGE_SIZE, 4 * PAGE_SIZE));
  drain(exitMm(mm));
  assertEquals(host.frames.freeCount, free);
});

Deno.test("moving a block to an aligned place keeps it huge, elsewhere it is split", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  write(mm, 512);
  const options = (page: number) => ({ mayMove: true, fixed: BASE + page * PAGE_SIZE });
  const aligned = windows(
    mm,
    () => void drain(mremap(mm, BASE, PMD_SIZE, PMD_SIZE, options(2048))),
  );
  assertEquals(aligned, ["UNMAP 0 512", "UNMAP 0 512"]);
  assert(isHuge(mm, 2048));
  const second = BASE + PMD_SIZE;
  const other = windows(
    mm,
    () => void drain(mremap(mm, second, PMD_SIZE, PMD_SIZE, options(4100))),
  );
  assertEquals(other, ["UNMAP 512 1024", "CLEAR 512 1024", "UNMAP 512 1024"]);
  assertEquals([isHuge(mm, 4100), read(mm, 4100)], [false, 1]);
});

Deno.test("FREE of a whole huge page keeps it huge, of a part splits it", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  write(mm, 512);
  const whole = windows(mm, () => void drain(madvise(mm, BASE, PMD_SIZE, "FREE")));
  assertEquals([whole, isHuge(mm, 0)], [["CLEAR 0 512"], true]);
  const part = windows(mm, () => {
    drain(madvise(mm, BASE + 600 * PAGE_SIZE, 4 * PAGE_SIZE, "FREE"));
  });
  assertEquals(part, ["CLEAR 600 604", "CLEAR 512 1024", "CLEAR 512 1024"]);
  assertEquals(isHuge(mm, 600), false);
});

Deno.test("PAGEOUT of a huge page splits it and swaps 512 pages out", () => {
  const { host, mm } = hugeProcess("v6.1", 1024);
  write(mm, 0);
  const seen = windows(mm, () => void drain(madvise(mm, BASE, PMD_SIZE, "PAGEOUT")));
  assertEquals(seen.slice(0, 4), ["CLEAR 0 512", "CLEAR 0 512", "CLEAR 0 1", "CLEAR 1 2"]);
  assertEquals([seen.length, mm.anonPages, host.vmstat.pswpout], [514, 0, 512]);
  assertEquals(read(mm, 0), 1);
});

Deno.test("KSM takes a huge page apart in one round and merges its pages in the next", () => {
  const { host, mm } = hugeProcess();
  for (const page of [0, 1]) write(mm, page, 7);
  drain(madvise(mm, BASE, 2 * PAGE_SIZE, "MERGEABLE"));
  const split = windows(mm, () => drain(ksmFullScans(host, 2)));
  assertEquals(split, ["CLEAR 0 512", "CLEAR 0 2", "CLEAR 0 512", "CLEAR 2 512"]);
  const merge = windows(mm, () => drain(ksmFullScans(host, 1)));
  assertEquals(merge, ["CLEAR 1 2", "CLEAR 0 1", "CLEAR 0 1"]);
  assertEquals([host.ksm.pages_shared, host.ksm.pages_sharing], [1, 1]);
});

Deno.test("locking a whole huge page marks it and keeps it huge, of a part splits its entry", () => {
  const { host, mm } = hugeProcess();
  write(mm, 0);
  write(mm, 512);
  assertEquals(windows(mm, () => void drain(mlock(mm, BASE, PMD_SIZE))), []);
  const head = mm.pageTable.pfnAt(BASE);
  assert(isHuge(mm, 0) && (host.frames.flags[head] & PG_MLOCKED) !== 0);
  const part = windows(mm, () => {
    drain(mlock(mm, BASE + 600 * PAGE_SIZE, 2 * PAGE_SIZE));
  });
  assertEquals([part, isHuge(mm, 600)], [["CLEAR 512 1024"], false]);
});

Deno.test("splitting a huge page leaves a relative's own huge page at the same place alone", () => {
  const { host, mm } = hugeProcess();
  write(mm, 0);
  const child = drain(fork(mm, "C"));
  drain(madvise(mm, BASE, PMD_SIZE, "DONTNEED"));
  write(mm, 0, 2);
  const head = child.pageTable.pfnAt(BASE);
  host.frames.get(head);
  assertEquals(windows(mm, () => drain(splitHugePage(host, head))), ["CLEAR 0 512", "CLEAR 0 512"]);
  host.frames.put(head);
  assertEquals([isHuge(mm, 0), isHuge(child, 0)], [true, false]);
  assertEquals([read(mm, 0), read(child, 0)], [2, 1]);
});
