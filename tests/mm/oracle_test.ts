import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { exitMm, munmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { pinUserPage } from "../../lib/mm/gup.ts";
import { ksmFullScans } from "../../lib/mm/ksm.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { isolateLruPage, migratePages } from "../../lib/mm/migrate.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { VM_READ } from "../../lib/mm/vma.ts";
import { at, fill, hear, map, mapFilled, type World, world } from "./oracle_world.ts";

// What a listener hears under v5.2. "E" right after S or ir closes a window; "ir" before E comes
// from the end helper, one after E from the final flush of mmu_gather.

function migrate({ host, mm }: World, page: number) {
  const pfn = mm.pageTable.pfnAt(at(page));
  isolateLruPage(host, pfn);
  return migratePages(host, [pfn], () => host.frames.alloc());
}

Deno.test("munmap of a whole vma: UNMAP, then the flush of what was mapped", () => {
  const here = world();
  mapFilled(here, 0, 4);
  const heard = hear(here, munmap(here.mm, at(0), 4 * PAGE_SIZE));
  assertEquals(heard, ["S UNMAP [0,4)", "ir [0,4)", "E", "ir [0,4)"]);
});

Deno.test("munmap of the middle of a big vma: CLEAR of 2 MiB around each border, then UNMAP", () => {
  const here = world();
  map(here, 0, 2048);
  drain(fill(here.mm, 600, 1));
  const heard = hear(here, munmap(here.mm, at(600), 600 * PAGE_SIZE));
  assertEquals(heard, [
    "S CLEAR [512,1024)",
    "E",
    "S CLEAR [1024,1536)",
    "E",
    "S UNMAP [600,1200)",
    "ir [600,1200)",
    "E",
    "ir [600,601)",
  ]);
});

Deno.test("munmap within one 2 MiB block: the second border has no whole block any more", () => {
  const here = world();
  map(here, 0, 2048);
  drain(fill(here.mm, 600, 4));
  const heard = hear(here, munmap(here.mm, at(600), 4 * PAGE_SIZE));
  assertEquals(heard, [
    "S CLEAR [512,1024)",
    "E",
    "S UNMAP [600,604)",
    "ir [600,604)",
    "E",
    "ir [600,604)",
  ]);
});

Deno.test("mprotect of 1 page in the middle of a big vma: CLEAR of 2 MiB, then PROTECTION_VMA", () => {
  const here = world();
  map(here, 0, 2048);
  drain(fill(here.mm, 600, 1));
  const heard = hear(here, mprotect(here.mm, at(600), PAGE_SIZE, VM_READ));
  assertEquals(heard, [
    "S CLEAR [512,1024)",
    "E",
    "S PROTECTION_VMA [600,601)",
    "ir [600,601)",
    "E",
    "ir [600,601)",
  ]);
});

Deno.test("a border in the first or last 2 MiB block of a vma sends CLEAR, if it has it wholly", () => {
  for (const [start, length, split] of [[0, 512, true], [1, 512, false], [0, 511, false]]) {
    const here = world();
    map(here, Number(start), Number(length) - Number(start));
    drain(fill(here.mm, 100, 1));
    const heard = hear(here, mprotect(here.mm, at(100), 412 * PAGE_SIZE, VM_READ));
    assertEquals(heard[0] === "S CLEAR [0,512)", split, `${start} to ${length}`);
  }
});

Deno.test("mprotect of 3 GiB: one PROTECTION_VMA window per GiB", () => {
  const here = world();
  const gib = 2 ** 18;
  map(here, 0, 3 * gib);
  for (let at = 0; at < 3; at++) drain(fill(here.mm, at * gib, 1));
  const heard = hear(here, mprotect(here.mm, at(0), 3 * gib * PAGE_SIZE, VM_READ));
  assertEquals(heard.filter((line) => line.startsWith("S")), [
    `S PROTECTION_VMA [0,${gib})`,
    `S PROTECTION_VMA [${gib},${2 * gib})`,
    `S PROTECTION_VMA [${2 * gib},${3 * gib})`,
  ]);
});

Deno.test("mprotect starts its window at the first populated 2 MiB block", () => {
  const here = world();
  map(here, 0, 2048);
  drain(fill(here.mm, 1030, 1));
  const heard = hear(here, mprotect(here.mm, at(0), 2048 * PAGE_SIZE, VM_READ));
  assertEquals(heard[0], "S PROTECTION_VMA [1024,2048)");
});

Deno.test("mprotect on a never-touched vma: nothing", () => {
  const here = world();
  map(here, 0, 64);
  assertEquals(hear(here, mprotect(here.mm, at(0), 64 * PAGE_SIZE, VM_READ)), []);
});

Deno.test("MADV_DONTNEED over 3 vmas: three CLEAR windows, each clipped", () => {
  const here = world();
  mapFilled(here, 0, 12);
  drain(mprotect(here.mm, at(4), 4 * PAGE_SIZE, VM_READ));
  const heard = hear(here, madvise(here.mm, at(2), 8 * PAGE_SIZE, "DONTNEED"));
  const clear = (range: string) => [`S CLEAR ${range}`, `ir ${range}`, "E", `ir ${range}`];
  assertEquals(heard, ["[2,4)", "[4,8)", "[8,10)"].flatMap(clear));
});

Deno.test("mremap move: UNMAP of the old range twice, nothing of the new one", () => {
  const here = world();
  mapFilled(here, 0, 4);
  const options = { mayMove: true, fixed: at(4096) };
  const heard = hear(here, mremap(here.mm, at(0), 4 * PAGE_SIZE, 4 * PAGE_SIZE, options));
  assertEquals(heard.filter((line) => !line.startsWith("ir")), [
    "S UNMAP [0,4)",
    "E",
    "S UNMAP [0,4)",
    "E",
  ]);
});

Deno.test("fork and a write of the parent: PROTECTION_PAGE, then CLEAR with change_pte rw", () => {
  const here = world();
  mapFilled(here, 0, 4);
  const forked = hear(here, fork(here.mm, "C"));
  assertEquals(forked, ["S PROTECTION_PAGE [0,4)", "ir [0,4)", "E"]);
  assertEquals(hear(here, fill(here.mm, 2, 1)), ["S CLEAR [2,3)", "ir [2,3)", "cp [2] rw", "E"]);
});

Deno.test("fork of a vma that was only read: nothing", () => {
  const here = world();
  map(here, 0, 4);
  assertEquals(hear(here, fork(here.mm, "C")), []);
});

Deno.test("fork, child exits, parent writes: the write is a reuse and sends nothing", () => {
  const here = world();
  mapFilled(here, 0, 4);
  drain(exitMm(drain(fork(here.mm, "C"))));
  assertEquals(hear(here, fill(here.mm, 0, 4)), []);
});

Deno.test("KSM, unstable partner: scanned page, its partner, and the partner's replacement", () => {
  const here = world();
  mapFilled(here, 0, 2);
  drain(madvise(here.mm, at(0), 2 * PAGE_SIZE, "MERGEABLE"));
  drain(ksmFullScans(here.host, 1));
  const window = (page: number) => [
    `S CLEAR [${page},${page + 1})`,
    `cp [${page}] ro`,
    `ir [${page},${page + 1})`,
    "E",
  ];
  assertEquals(hear(here, ksmFullScans(here.host, 1)), [1, 0, 0].flatMap(window));
});

Deno.test("KSM, stable page known: write protection, then replacement of the one page", () => {
  const here = world();
  mapFilled(here, 0, 2);
  drain(madvise(here.mm, at(0), 2 * PAGE_SIZE, "MERGEABLE"));
  drain(ksmFullScans(here.host, 2));
  mapFilled(here, 8, 1);
  drain(madvise(here.mm, at(8), PAGE_SIZE, "MERGEABLE"));
  const once = ["S CLEAR [8,9)", "cp [8] ro", "ir [8,9)", "E"];
  assertEquals(hear(here, ksmFullScans(here.host, 1)), [...once, ...once]);
});

Deno.test("write to a KSM page: CLEAR, ir, change_pte rw, only_end", () => {
  const here = world();
  mapFilled(here, 0, 2);
  drain(madvise(here.mm, at(0), 2 * PAGE_SIZE, "MERGEABLE"));
  drain(ksmFullScans(here.host, 2));
  const heard = hear(here, fill(here.mm, 1, 1, 2));
  assertEquals(heard, ["S CLEAR [1,2)", "ir [1,2)", "cp [1] rw", "E"]);
});

Deno.test("migrate a page: one CLEAR window for its mapping, nothing when it is mapped again", () => {
  const here = world();
  mapFilled(here, 0, 2);
  assertEquals(hear(here, migrate(here, 1)), ["S CLEAR [1,2)", "ir [1,2)", "E"]);
});

Deno.test("migrate a pinned page: ten CLEAR windows, and the page stays", () => {
  const here = world();
  mapFilled(here, 0, 2);
  const pfn = drain(pinUserPage(here.mm, at(1)));
  const heard = hear(here, migrate(here, 1));
  assertEquals(heard, Array(10).fill(["S CLEAR [1,2)", "ir [1,2)", "E"]).flat());
  assertEquals(here.mm.pageTable.pfnAt(at(1)), pfn);
});

Deno.test("clear_refs 4: one SOFT_DIRTY window over everything", () => {
  const here = world();
  mapFilled(here, 0, 2);
  const heard = hear(here, clearRefs(here.mm, 4));
  assertEquals(heard, ["S SOFT_DIRTY [0,~0)", "ir [0,~0)", "E", "ir [flush all)"]);
});

Deno.test("exit: release, and nothing of what is unmapped then", () => {
  const here = world();
  mapFilled(here, 0, 2);
  assertEquals(hear(here, exitMm(here.mm)), ["release"]);
});

for (const kernel of ["v5.0", "v5.2", "v5-series"]) {
  const flagged = kernel === "v5-series" ? " change_pte" : "";
  const event = kernel === "v5.0" ? "UNMAP" : "CLEAR";
  Deno.test(`KSM merges and copies on write say ${event}${flagged} under ${kernel}`, () => {
    const here = world(kernel);
    mapFilled(here, 0, 2);
    drain(madvise(here.mm, at(0), 2 * PAGE_SIZE, "MERGEABLE"));
    const merged = hear(here, ksmFullScans(here.host, 2)).filter((line) => line.startsWith("S"));
    assertEquals(merged, [1, 0, 0].map((page) => `S ${event} [${page},${page + 1})${flagged}`));
    assertEquals(hear(here, fill(here.mm, 0, 1, 2))[0], `S ${event} [0,1)${flagged}`);
  });
}
