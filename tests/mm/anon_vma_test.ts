import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { type AnonVma, rmapWalk } from "../../lib/mm/rmap.ts";
import { exitMm, mmap, munmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { Host } from "../../lib/mm/host.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { at, BASE, write } from "./reclaim_setup.ts";

const PROT_RW = VM_READ | VM_WRITE;

/** A process with a mapping of 4 pages, of which nothing is touched. */
function process(): Mm {
  const mm = new Host({ memory: 2 ** 22 }).createMm("P");
  map(mm, 0, 4);
  return mm;
}

function map(mm: Mm, page: number, pages: number, prot = PROT_RW): void {
  drain(mmap(mm, { addr: at(page), fixed: true, length: pages * PAGE_SIZE, prot }));
}

/** The anon_vma of the mapping of a page. */
function anonVmaAt(mm: Mm, page: number): AnonVma | null {
  return mm.vmaAt(at(page))!.anonVma;
}

/** The numbers of anon_vmas. */
function ids(anonVmas: readonly AnonVma[]): number[] {
  return anonVmas.map(({ id }) => id);
}

/** Where the rmap walk of a page of P looks, such as `"P1 C1"`. */
function places(mm: Mm, page: number): string {
  const pfn = mm.pageTable.pfnAt(at(page));
  return rmapWalk(mm.host, pfn)
    .map(({ vma, addr }) => `${vma.mm.name}${(addr - BASE) / PAGE_SIZE}`).join(" ");
}

Deno.test("the first write makes the anon_vma, a read does not", () => {
  const mm = process();
  assertEquals(anonVmaAt(mm, 0), null);
  write(mm, 2, 1, 1);
  const anonVma = anonVmaAt(mm, 0)!;
  assertEquals([anonVma.root, anonVma.parent].map(({ id }) => id), [anonVma.id, anonVma.id]);
  assertEquals(anonVma.vmas.map(({ start }) => start), [at(0)]);
});

Deno.test("a fork tree: each child hangs on all its ancestors and on one of its own", () => {
  const mm = process();
  write(mm, 0, 4, 1);
  const child = drain(fork(mm, "C"));
  const grandchild = drain(fork(child, "G"));
  const [one, two, three] = [mm, child, grandchild].map((each) => anonVmaAt(each, 0)!);
  assertEquals([one, two, three].map(({ parent }) => parent.id), [one.id, one.id, two.id]);
  assertEquals([one, two, three].map(({ root }) => root.id), [one.id, one.id, one.id]);
  const chains = [mm, child, grandchild].map(({ vmas: [vma] }) => ids(vma.anonVmaChain));
  assertEquals(chains, [ids([one]), ids([one, two]), ids([one, two, three])]);
  assertEquals([one.children, two.children, three.children], [2, 1, 0]);
});

Deno.test("the rmap walk visits the oldest first, and only the page's own branch", () => {
  const mm = process();
  write(mm, 0, 4, 1);
  const child = drain(fork(mm, "C"));
  drain(fork(mm, "D"));
  drain(fork(child, "G"));
  assertEquals(places(mm, 1), "P1 C1 D1 G1");
  write(child, 1, 1, 2);
  assertEquals(places(child, 1), "C1 G1");
  assertEquals(places(mm, 1), "P1 C1 D1 G1");
});

Deno.test("a page of a child alone is looked for in the child alone", () => {
  const mm = process();
  write(mm, 0, 1, 1);
  const child = drain(fork(mm, "C"));
  write(child, 3, 1, 2);
  assertEquals(places(child, 3), "C3");
});

Deno.test("both halves of a split share the anon_vma; a page is looked for in its half", () => {
  const mm = process();
  write(mm, 0, 4, 1);
  drain(mprotect(mm, at(2), 2 * PAGE_SIZE, VM_READ));
  const anonVma = anonVmaAt(mm, 0)!;
  assertEquals([anonVmaAt(mm, 3)?.id, anonVma.activeVmas], [anonVma.id, 2]);
  assertEquals(anonVma.vmas.map(({ start }) => start), [at(0), at(2)]);
  assertEquals([places(mm, 1), places(mm, 2)], ["P1", "P2"]);
});

Deno.test("a fork after a split gives each half of the child an anon_vma of its own", () => {
  const mm = process();
  write(mm, 0, 4, 1);
  drain(mprotect(mm, at(2), 2 * PAGE_SIZE, VM_READ));
  const child = drain(fork(mm, "C"));
  assertEquals(anonVmaAt(child, 0) === anonVmaAt(child, 3), false);
  assertEquals(anonVmaAt(mm, 0)!.children, 3);
  assertEquals([places(mm, 0), places(mm, 3)], ["P0 C0", "P3 C3"]);
});

Deno.test("a new mapping joins the anon_vma of a neighbour that it may merge with later", () => {
  const variants: [name: string, page: number, prot: number, shares: boolean][] = [
    ["next to it, other rights", 4, VM_READ | VM_WRITE | 4, true],
    ["apart", 6, PROT_RW, false],
  ];
  for (const [name, page, prot, shares] of variants) {
    const mm = process();
    write(mm, 0, 1, 1);
    map(mm, page, 2, prot);
    write(mm, page, 1, 1);
    assertEquals(anonVmaAt(mm, page) === anonVmaAt(mm, 0), shares, name);
  }
});

Deno.test("of two neighbours the one above lends its anon_vma", () => {
  const mm = process();
  write(mm, 0, 1, 1);
  map(mm, 6, 2);
  write(mm, 6, 1, 1);
  map(mm, 4, 2, PROT_RW | 4);
  write(mm, 4, 1, 1);
  assertEquals(anonVmaAt(mm, 0) === anonVmaAt(mm, 6), false);
  assertEquals(anonVmaAt(mm, 4)?.id, anonVmaAt(mm, 6)?.id);
});

Deno.test("an inherited anon_vma is not lent to neighbours", () => {
  const mm = process();
  write(mm, 0, 1, 1);
  const child = drain(fork(mm, "C"));
  map(child, 4, 2, PROT_RW | 4);
  write(child, 4, 1, 1);
  assertEquals(anonVmaAt(child, 4) === anonVmaAt(child, 0), false);
});

Deno.test("a child takes over the anon_vma of an ancestor that has died", () => {
  const mm = process();
  write(mm, 0, 1, 1);
  const child = drain(fork(mm, "C"));
  const middle = anonVmaAt(child, 0)!;
  const grandchild = drain(fork(child, "G"));
  drain(exitMm(child));
  assertEquals(middle.activeVmas, 0);
  const last = drain(fork(grandchild, "L"));
  assertEquals(anonVmaAt(last, 0)?.id, middle.id);
});

Deno.test("a page is found at its new address after a move", () => {
  const mm = process();
  write(mm, 0, 4, 1);
  const pfn = mm.pageTable.pfnAt(at(1));
  drain(mremap(mm, at(0), 4 * PAGE_SIZE, 4 * PAGE_SIZE, { mayMove: true, fixed: at(32) }));
  assertEquals(mm.pageTable.pfnAt(at(33)), pfn);
  assertEquals(places(mm, 33), "P33");
});

Deno.test("a mapping that goes away is taken off every anon_vma of its chain", () => {
  const mm = process();
  write(mm, 0, 4, 1);
  const child = drain(fork(mm, "C"));
  const [one, two] = child.vmas[0].anonVmaChain;
  drain(munmap(child, at(0), 4 * PAGE_SIZE));
  assertEquals([one.vmas.length, two.vmas.length, two.activeVmas], [1, 0, 0]);
  assertEquals([one.children, places(mm, 0)], [1, "P0"]);
});
