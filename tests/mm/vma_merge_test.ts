import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { fork } from "../../lib/mm/fork.ts";
import { Host } from "../../lib/mm/host.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mmap, munmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mlock } from "../../lib/mm/mlock.ts";
import { mbind } from "../../lib/mm/mempolicy.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { uffdRegister } from "../../lib/mm/userfaultfd.ts";
import { VM_DONTCOPY, VM_EXEC, VM_READ, VM_SOFTDIRTY, VM_WRITE } from "../../lib/mm/vma.ts";
import { at, fillMapCount, write } from "./reclaim_setup.ts";

/*
 * Mappings are drawn one character a page: `r`, `w` (read and write) and `x` (read and execute) say
 * the rights, a capital letter that the page has been written, `.` that nothing is mapped, and `|`
 * stands where one mapping ends and the next begins.
 */
const RIGHTS: Record<string, number> = {
  r: VM_READ,
  w: VM_READ | VM_WRITE,
  x: VM_READ | VM_EXEC,
};

/**
 * Makes a process with the mappings of a drawing. Memory that was ever writable stays accounted,
 * which keeps it apart from memory that never was.
 */
function draw(text: string, wasWritable = false, kernel = "v5.2"): Mm {
  const mm = new Host({ memory: 2 ** 22, profile: kernelProfile(kernel) }).createMm("P");
  let page = 0;
  for (const part of text.split("|")) {
    for (const run of part.match(/\.+|[^.]+/g) ?? []) {
      const right = RIGHTS[run[0].toLowerCase()];
      if (run[0] !== ".") map(mm, page, run.length, wasWritable ? RIGHTS.w : right);
      if (wasWritable) protect(mm, page, run.length, right);
      [...run].forEach((letter, at) => {
        if (letter !== letter.toLowerCase()) write(mm, page + at, 1, 1);
      });
      page += run.length;
    }
  }
  return mm;
}

function map(mm: Mm, page: number, pages: number, prot: number): void {
  drain(mmap(mm, { addr: at(page), fixed: true, length: pages * PAGE_SIZE, prot }));
}

function protect(mm: Mm, page: number, pages: number, prot: number): void {
  assertEquals(drain(mprotect(mm, at(page), pages * PAGE_SIZE, prot)), 0);
}

/** Draws the mappings of a process. */
function drawn(mm: Mm): string {
  let text = "";
  let page = 0;
  for (const { start, end, flags } of mm.vmas) {
    const from = (start - at(0)) / PAGE_SIZE;
    text += from > page ? ".".repeat(from - page) : text === "" ? "" : "|";
    page = (end - at(0)) / PAGE_SIZE;
    const letter = (flags & VM_WRITE) !== 0 ? "w" : (flags & VM_EXEC) !== 0 ? "x" : "r";
    for (let each = from; each < page; each++) {
      const written = mm.pageTable.flagsAt(at(each)) !== 0;
      text += written ? letter.toUpperCase() : letter;
    }
  }
  return text;
}

/** A change of pages `[from, to)` and what the mappings look like before and after. */
type Row = readonly [before: string, from: number, to: number, right: string, after: string];

const MAPPED: readonly Row[] = [
  ["....", 1, 3, "w", ".ww"],
  ["ww..", 2, 4, "w", "wwww"],
  ["..ww", 0, 2, "w", "wwww"],
  ["ww..ww", 2, 4, "w", "wwwwww"],
  ["ww..ww", 2, 4, "r", "ww|rr|ww"],
  ["ww..rr", 2, 4, "w", "wwww|rr"],
  ["ww..rr", 2, 4, "r", "ww|rrrr"],
  ["ww...ww", 2, 4, "w", "wwww.ww"],
  ["Ww..", 2, 4, "w", "Wwww"],
  ["Ww..ww", 2, 4, "w", "Wwwwww"],
  ["ww..wW", 2, 4, "w", "wwwwwW"],
  ["Ww..wW", 2, 4, "w", "Wwww|wW"],
  ["wwww", 1, 3, "w", "wwww"],
  ["WWWW", 1, 3, "w", "WwwW"],
  ["wwww", 1, 3, "r", "w|rr|w"],
];

const PROTECTED: readonly Row[] = [
  ["wwww", 0, 4, "r", "rrrr"],
  ["wwww", 0, 2, "r", "rr|ww"],
  ["wwww", 2, 4, "r", "ww|rr"],
  ["wwww", 1, 3, "r", "w|rr|w"],
  ["wwww", 1, 3, "w", "wwww"],
  ["ww|rr", 0, 2, "r", "rrrr"],
  ["ww|rr", 2, 4, "w", "wwww"],
  ["ww|rr", 2, 3, "w", "www|r"],
  ["ww|rr", 1, 2, "r", "w|rrr"],
  ["w|rr|w", 1, 3, "w", "wwww"],
  ["w|rr|w", 1, 2, "w", "ww|r|w"],
  ["w|rr|w", 2, 3, "w", "w|r|ww"],
  ["ww|xx|rr", 2, 4, "r", "ww|rrrr"],
  ["ww|xx|rr", 0, 6, "r", "rrrrrr"],
  ["Ww|rr", 2, 4, "w", "Wwww"],
  ["Ww|rr|wW", 2, 4, "w", "WwwwwW"],
];

Deno.test("a new mapping joins its neighbours", () => {
  for (const [before, from, to, right, after] of MAPPED) {
    const mm = draw(before);
    map(mm, from, to - from, RIGHTS[right]);
    assertEquals(drawn(mm), after, `${before}, [${from},${to}) ${right}`);
  }
});

Deno.test("a mapping that changes its rights is cut out and joins its neighbours", () => {
  for (const [before, from, to, right, after] of PROTECTED) {
    const mm = draw(before, true);
    protect(mm, from, to - from, RIGHTS[right]);
    assertEquals(drawn(mm), after, `${before}, [${from},${to}) ${right}`);
  }
});

/** Neighbours that a new mapping may join, and what comes of it on v5.2 and on v6.1. */
const BETWEEN = [
  ["Ww..wW", "Wwww|wW", "Ww|wwwW"],
  ["ww..wW", "wwwwwW", "ww|wwwW"],
  ["Ww..ww", "Wwwwww", "Wwwwww"],
  ["ww..ww", "wwwwww", "wwwwww"],
];

Deno.test("between neighbours with different anon_vmas v5.2 joins the one below, v6.1 above", () => {
  for (const [before, ...after] of BETWEEN) {
    ["v5.2", "v6.1"].forEach((kernel, at) => {
      const mm = draw(before, false, kernel);
      const owners = mm.vmas.map(({ anonVma }) => anonVma?.id);
      map(mm, 2, 2, RIGHTS.w);
      assertEquals(drawn(mm), after[at], `${before} on ${kernel}`);
      if (mm.vmas.length === 2) assertEquals(mm.vmas.map(({ anonVma }) => anonVma?.id), owners);
    });
  }
});

Deno.test("halves of one mapping become one again when the hole is filled", () => {
  const mm = draw("WWWWWW");
  const [{ anonVma }] = mm.vmas;
  drain(munmap(mm, at(2), 2 * PAGE_SIZE));
  assertEquals(drawn(mm), "WW..WW");
  map(mm, 2, 2, RIGHTS.w);
  assertEquals([drawn(mm), mm.vmas[0].anonVma?.id], ["WWwwWW", anonVma?.id]);
});

Deno.test("a mapping whose anon_vma a fork has inherited takes no new neighbour without one", () => {
  const parent = draw("Ww..");
  const child = drain(fork(parent, "C"));
  for (const mm of [parent, child]) map(mm, 2, 2, RIGHTS.w);
  assertEquals([drawn(parent), drawn(child)], ["Wwww", "Ww|ww"]);
});

Deno.test("a mapping above without an anon_vma is swallowed by the one below that has one", () => {
  const mm = draw("Ww..ww");
  const anonVma = mm.vmas[0].anonVma!;
  map(mm, 2, 2, RIGHTS.w);
  assertEquals([drawn(mm), mm.vmas[0].anonVma?.id], ["Wwwwww", anonVma.id]);
  assertEquals([anonVma.vmas.length, anonVma.activeVmas], [1, 1]);
});

Deno.test("mprotect joins unwritten memory to written, not written to unwritten memory", () => {
  const variants = [[0, "wwwW"], [2, "ww|wW"]] as const;
  for (const [changed, after] of variants) {
    const mm = draw("wwww");
    protect(mm, changed, 2, VM_READ | VM_WRITE | VM_EXEC);
    write(mm, 3, 1, 1);
    protect(mm, changed, 2, RIGHTS.w);
    assertEquals(drawn(mm), after);
  }
});

Deno.test("memory that was writable does not join memory that never was", () => {
  const mm = draw("ww|rr");
  protect(mm, 0, 2, VM_READ);
  assertEquals(drawn(mm), "rr|rr");
});

Deno.test("a moved mapping keeps its page offset and joins only if nothing was written", () => {
  for (const [text, after] of [["ww..ww", "wwww"], ["wW..ww", "ww|wW"]]) {
    const mm = draw(text);
    drain(mremap(mm, at(0), 2 * PAGE_SIZE, 2 * PAGE_SIZE, { mayMove: true, fixed: at(6) }));
    assertEquals(drawn(mm), `....${after}`);
  }
});

Deno.test("soft-dirty flags do not keep mappings apart, and the result is soft-dirty", () => {
  const mm = draw("ww..");
  mm.vmas[0].flags = (mm.vmas[0].flags & ~VM_SOFTDIRTY) >>> 0;
  map(mm, 2, 2, RIGHTS.w);
  assertEquals(drawn(mm), "wwww");
  assertEquals(mm.vmas[0].flags & VM_SOFTDIRTY, VM_SOFTDIRTY);
});

Deno.test("advice that sets a flag cuts, advice that clears it joins again", () => {
  const mm = draw("wwww");
  assertEquals(drain(madvise(mm, at(1), 2 * PAGE_SIZE, "DONTFORK")), 0);
  assertEquals(drawn(mm), "w|ww|w");
  assertEquals(mm.vmas.map(({ flags }) => flags & VM_DONTCOPY), [0, VM_DONTCOPY, 0]);
  assertEquals(drain(madvise(mm, at(1), 2 * PAGE_SIZE, "DOFORK")), 0);
  assertEquals(drawn(mm), "wwww");
});

Deno.test("files join only where their offsets go on", () => {
  for (const [pgoff, after] of [[2, "rrrr"], [3, "rr|rr"], [0, "rr|rr"]] as const) {
    const mm = draw("");
    const file = mm.host.createFile("file", "/mnt/file", 16);
    const options = { fixed: true, length: 2 * PAGE_SIZE, prot: VM_READ, file };
    drain(mmap(mm, { ...options, addr: at(0), pgoff: 0 }));
    drain(mmap(mm, { ...options, addr: at(2), pgoff }));
    assertEquals(drawn(mm), after);
  }
});

const change = fc.record({
  kind: fc.constantFrom("map", "protect", "unmap", "write"),
  from: fc.nat(15),
  pages: fc.integer({ min: 1, max: 8 }),
  right: fc.constantFrom("r", "w", "x"),
});

Deno.test("whatever is mapped, cut and joined, every page keeps its rights and its place", () => {
  const property = fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
    const mm = draw("");
    const model = new Map<number, string>();
    for (const { kind, from, pages, right } of changes) {
      const range = Array.from({ length: pages }, (_, at) => from + at);
      const all = range.every((page) => model.has(page));
      if (kind === "map") map(mm, from, pages, RIGHTS[right]);
      else if (kind === "unmap") drain(munmap(mm, at(from), pages * PAGE_SIZE));
      else if (kind === "protect" && all) protect(mm, from, pages, RIGHTS[right]);
      else if (model.get(from) === "w") write(mm, from, 1, 1);
      for (const page of range) {
        if (kind === "map" || (kind === "protect" && all)) model.set(page, right);
        else if (kind === "unmap") model.delete(page);
      }
      checkMappings(mm, model);
    }
  });
  fc.assert(property);
});

/** Compares the mappings with what each page should be, and their lists with their bounds. */
function checkMappings(mm: Mm, model: ReadonlyMap<number, string>): void {
  const pages = [...model.keys()].sort((one, two) => one - two);
  const letters = drawn(mm).replaceAll("|", "").toLowerCase();
  assertEquals(pages.map((page) => letters[page]), pages.map((page) => model.get(page)));
  assertEquals(mm.vmas.reduce((sum, vma) => sum + vma.pages, 0), pages.length);
  mm.vmas.forEach((vma, at) => {
    if (at > 0) assertEquals(mm.vmas[at - 1].end <= vma.start, true);
    assertEquals(vma.pgoff, vma.start / PAGE_SIZE);
    for (const anonVma of vma.anonVmaChain) assertEquals(anonVma.vmas.includes(vma), true);
  });
}

Deno.test("a process with 65530 mappings gets no more by cutting one, but can still merge", () => {
  const calls = {
    mprotect: (mm: Mm, page: number) => mprotect(mm, at(page), PAGE_SIZE, VM_READ),
    mlock: (mm: Mm, page: number) => mlock(mm, at(page), PAGE_SIZE),
    mbind: (mm: Mm, page: number) => mbind(mm, at(page), PAGE_SIZE, { node: 0 }),
    userfaultfd: (mm: Mm, page: number) => uffdRegister(mm, at(page), PAGE_SIZE, "missing"),
  };
  for (const [name, call] of Object.entries(calls)) {
    const mm = draw("ww");
    fillMapCount(mm);
    assertEquals(mm.vmas.length, 65530, name);
    assertEquals(drain(call(mm, 0)), -ERRNO.ENOMEM, name);
    assertEquals(mm.vmas[0].pages, 2, name);

    const merging = draw("www");
    assertEquals(drain(call(merging, 0)), 0, name);
    fillMapCount(merging);
    assertEquals(drain(call(merging, 1)), 0, `${name} that merges`);
    assertEquals(merging.vmas[0].pages, 2, `${name} that merges`);
  }
});
