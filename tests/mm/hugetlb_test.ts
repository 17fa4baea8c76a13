import { assert, assertEquals } from "@std/assert";
import { PAGE_SIZE, PMD_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { access } from "../../lib/mm/access.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { exitMm, mmap, munmap } from "../../lib/mm/mmap.ts";
import { FAULT } from "../../lib/mm/memory.ts";
import { fork } from "../../lib/mm/fork.ts";
import { Host } from "../../lib/mm/host.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mbind } from "../../lib/mm/mempolicy.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { isSoftDirty } from "../../lib/mm/task_mmu.ts";
import { ftruncate, punchHole } from "../../lib/mm/truncate.ts";
import { uffdRegister, uffdUnregister, uffdWriteprotect } from "../../lib/mm/userfaultfd.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { BASE, read, TWO_BLOCKS, windows, write } from "./huge_world.ts";

/** A pool of four pages, two of them mapped. */
function hugetlbProcess(
  options: { profile?: string; shared?: boolean; pool?: number; nodes?: number } = {},
) {
  const { profile = "v6.1", shared = false, pool = 4, nodes = 1 } = options;
  const host = new Host({ profile: kernelProfile(profile), memory: 64 * 2 ** 20, nodes });
  host.hugetlb.grow(pool);
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  const prot = VM_READ | VM_WRITE;
  const file = host.createFile("hugetlb", "/memfd:huge", 1024);
  const result = drain(
    mmap(mm, { addr: BASE, fixed: true, length: TWO_BLOCKS, prot, shared, file }),
  );
  return { host, mm, file, result };
}

Deno.test("munmap of hugetlb memory nests an UNMAP window, touched or not", () => {
  const { mm } = hugetlbProcess();
  write(mm, 0);
  const seen = windows(mm, () => void drain(munmap(mm, BASE, TWO_BLOCKS)));
  assertEquals(seen, ["UNMAP 0 1024", "UNMAP 0 1024"]);
});

Deno.test("a hugetlb mapping cannot be cut inside a page", () => {
  const { mm } = hugetlbProcess();
  assertEquals(drain(munmap(mm, BASE, 4096)), -ERRNO.EINVAL);
  assertEquals(drain(mprotect(mm, BASE + 4096, 4096, VM_READ)), -ERRNO.EINVAL);
  assertEquals(drain(madvise(mm, BASE, 4096, "DONTFORK")), -ERRNO.EINVAL);
});

Deno.test("a call that cannot cut at its end has cut at its start", () => {
  const calls = {
    mprotect: (mm: Mm) => mprotect(mm, BASE + PMD_SIZE, 4096, VM_READ),
    madvise: (mm: Mm) => madvise(mm, BASE + PMD_SIZE, 4096, "DONTFORK"),
    munmap: (mm: Mm) => munmap(mm, BASE + PMD_SIZE, 4096),
  };
  for (const [name, call] of Object.entries(calls)) {
    const { mm } = hugetlbProcess();
    assertEquals(drain(call(mm)), -ERRNO.EINVAL, name);
    assertEquals(mm.vmas.map(({ start }) => start), [BASE, BASE + PMD_SIZE], name);
  }
});

Deno.test("hugetlb memory begins at a huge page and has whole ones", () => {
  const { host, mm, file } = hugetlbProcess();
  const map = (addr: number, length: number, more = {}) =>
    drain(mmap(mm, { addr, fixed: true, length, prot: VM_READ, ...more }));
  assertEquals(map(BASE + 4096, PMD_SIZE, { hugetlb: true }), -ERRNO.EINVAL);
  assertEquals(map(BASE, PMD_SIZE, { file, pgoff: 1 }), -ERRNO.EINVAL);
  assertEquals(map(BASE, 4096, { hugetlb: true }), BASE);
  assertEquals(mm.vmaAt(BASE)?.end, BASE + PMD_SIZE);
  assertEquals(drain(ftruncate(host, file, 1)), -ERRNO.EINVAL);
});

Deno.test("mprotect of hugetlb memory sends one window even without any page table", () => {
  const { mm } = hugetlbProcess();
  const seen = windows(mm, () => void drain(mprotect(mm, BASE, TWO_BLOCKS, VM_READ)));
  assertEquals(seen, ["PROTECTION_VMA 0 1024"]);
});

Deno.test("fork of private hugetlb memory sends CLEAR, and the first writer copies in a window", () => {
  const { mm } = hugetlbProcess();
  write(mm, 0);
  let child = mm;
  assertEquals(windows(mm, () => child = drain(fork(mm, "C"))), ["CLEAR 0 1024"]);
  assertEquals(windows(mm, () => write(mm, 0, 2)), ["CLEAR 0 512"]);
  assertEquals(windows(mm, () => write(child, 0, 3)), []);
  assertEquals([read(mm, 0), read(child, 0)], [2, 3]);
});

Deno.test("fork of untouched hugetlb memory is silent in v6.1 and not in v5.2", () => {
  const late = hugetlbProcess();
  assertEquals(windows(late.mm, () => void drain(fork(late.mm, "C"))), []);
  const early = hugetlbProcess({ profile: "v5.2" });
  assertEquals(windows(early.mm, () => void drain(fork(early.mm, "C"))), ["CLEAR 0 1024"]);
});

Deno.test("an owner short of pages takes them from its children", () => {
  const { host, mm } = hugetlbProcess({ pool: 2 });
  write(mm, 0);
  write(mm, 512);
  const child = drain(fork(mm, "C"));
  mmuNotifierRegister({ name: "child's listener" }, child);
  assertEquals(host.hugetlb.free, 0);
  assertEquals(windows(mm, () => write(mm, 0, 2)), ["UNMAP 0 512"]);
  assertEquals(child.pageTable.flagsAt(BASE), 0);
  assertEquals(drain(access(child, BASE, BASE + 4096, null)).failure, FAULT.SIGBUS);
});

Deno.test("DONTNEED of hugetlb memory frees whole pages in v6.1 and is refused in v5.2", () => {
  const late = hugetlbProcess();
  write(late.mm, 0);
  const seen = windows(late.mm, () => void drain(madvise(late.mm, BASE, PMD_SIZE, "DONTNEED")));
  assertEquals(seen, ["CLEAR 0 512", "UNMAP 0 512"]);
  const early = hugetlbProcess({ profile: "v5.2" });
  assertEquals(drain(madvise(early.mm, BASE, PMD_SIZE, "DONTNEED")), -ERRNO.EINVAL);
});

Deno.test("mremap moves hugetlb memory in a CLEAR window in v6.1 and refuses in v5.2", () => {
  const late = hugetlbProcess();
  write(late.mm, 0);
  const options = { mayMove: true, fixed: BASE + 4 * PMD_SIZE };
  const seen = windows(late.mm, () => {
    drain(mremap(late.mm, BASE, TWO_BLOCKS, TWO_BLOCKS, options));
  });
  assertEquals(seen, ["CLEAR 0 1024", "UNMAP 0 1024", "UNMAP 0 1024"]);
  assertEquals(read(late.mm, 2048), 1);
  const early = hugetlbProcess({ profile: "v5.2" });
  assertEquals(drain(mremap(early.mm, BASE, TWO_BLOCKS, TWO_BLOCKS, options)), -ERRNO.EINVAL);
});

Deno.test("mremap takes whole huge pages of hugetlb memory and lets them not grow", () => {
  const elsewhere = BASE + 4 * PMD_SIZE;
  const cases = [
    { about: "a part", from: 0, old: 7, next: 7, to: elsewhere, expected: elsewhere },
    { about: "less", from: 0, old: 1024, next: 1, to: undefined, expected: BASE },
    { about: "from the middle", from: 3, old: 4, next: 4, to: elsewhere },
    { about: "to the middle", from: 0, old: 512, next: 512, to: elsewhere + PAGE_SIZE },
    { about: "more", from: 512, old: 512, next: 513, to: undefined },
  ];
  for (const { about, from, old, next, to, expected = -ERRNO.EINVAL } of cases) {
    const { mm } = hugetlbProcess();
    write(mm, 0);
    const options = { mayMove: true, ...(to === undefined ? {} : { fixed: to }) };
    const start = BASE + from * PAGE_SIZE;
    const result = drain(mremap(mm, start, old * PAGE_SIZE, next * PAGE_SIZE, options));
    assertEquals(result, expected, about);
    assertEquals(mm.vmas.every((vma) => vma.start % PMD_SIZE === 0), true, about);
  }
});

Deno.test("mbind refuses to cut through a huge page of hugetlbfs, and gives back what it isolated", () => {
  const { host, mm } = hugetlbProcess({ nodes: 2 });
  write(mm, 0);
  const head = mm.pageTable.pfnAt(BASE);
  const node = 1 - host.frames.nodeOf(head);
  assertEquals(drain(mbind(mm, BASE, 7 * PAGE_SIZE, { node }, { move: true })), -ERRNO.EINVAL);
  assertEquals([mm.vmas.length, host.frames.refcount[head]], [1, 1]);
  assertEquals(drain(mbind(mm, BASE, PMD_SIZE, { node }, { move: true })), 0);
  assertEquals([mm.vmas.length, host.frames.nodeOf(mm.pageTable.pfnAt(BASE))], [2, node]);
});

Deno.test("userfaultfd takes whole huge pages of hugetlb memory", () => {
  const { mm } = hugetlbProcess();
  const calls = (from: number, pages: number) => {
    const [start, length] = [BASE + from * PAGE_SIZE, pages * PAGE_SIZE];
    return [
      drain(uffdRegister(mm, start, length, "wp")),
      drain(uffdWriteprotect(mm, start, length, true)),
      drain(uffdUnregister(mm, start, length)),
    ];
  };
  assertEquals(calls(0, 512), [0, 0, 0]);
  drain(uffdRegister(mm, BASE, TWO_BLOCKS, "wp"));
  const refused = [-ERRNO.EINVAL, -ERRNO.EINVAL, -ERRNO.EINVAL];
  assertEquals([calls(0, 7), calls(7, 505)], [refused, refused]);
  assertEquals(mm.vmas.map(({ start }) => start), [BASE, BASE + PMD_SIZE]);
});

Deno.test("hugetlb pages have no soft-dirty bit of their own", () => {
  const { mm } = hugetlbProcess();
  write(mm, 0);
  drain(clearRefs(mm, 4));
  write(mm, 0);
  assertEquals(isSoftDirty(mm, BASE), false);
});

Deno.test("a hole in a hugetlb file is an UNMAP window without one around", () => {
  const { host, mm, file } = hugetlbProcess({ shared: true });
  write(mm, 512);
  const seen = windows(mm, () => void drain(punchHole(host, file, 512, 1024)));
  assertEquals([seen, host.hugetlb.free], [["UNMAP 512 1024"], 4]);
});

Deno.test("a mapping reserves its pages, and gives them back when it goes", () => {
  const { host, mm, result } = hugetlbProcess();
  assertEquals([result, host.hugetlb.reserved], [BASE, 2]);
  write(mm, 0);
  assertEquals([host.hugetlb.reserved, host.hugetlb.free], [1, 3]);
  drain(exitMm(mm));
  assertEquals([host.hugetlb.reserved, host.hugetlb.free], [0, 4]);
  assert(hugetlbProcess({ pool: 1 }).result === -ERRNO.ENOMEM);
});
