import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { exitMm, mmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { getUserPageFast, pinUserPage } from "../../lib/mm/gup.ts";
import type { Host } from "../../lib/mm/host.ts";
import { ksmFullScans } from "../../lib/mm/ksm.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import {
  PG_ANON_EXCLUSIVE,
  PG_KSM,
  PTE_DIRTY,
  PTE_SOFT_DIRTY,
  PTE_WRITE,
  PTE_YOUNG,
} from "../../lib/mm/flags.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { advise, at, heard, machineWithPages, read, swapOut, write } from "./reclaim_setup.ts";

/** What a write to page 0 of a process does about its page. */
function outcome(mm: Mm, page = 0): "reused" | "copied" {
  const before = { ...mm.host.vmstat };
  const pfn = mm.pageTable.pfnAt(at(page));
  write(mm, page, 1, 9);
  const { pgcow, pgreuse } = mm.host.vmstat;
  const moved = mm.pageTable.pfnAt(at(page)) !== pfn;
  assertEquals([pgcow - before.pgcow, pgreuse - before.pgreuse], moved ? [1, 0] : [0, 1]);
  assertEquals(read(mm, page, 1), 9);
  return moved ? "copied" : "reused";
}

/** Makes a page read-only without anything else: rights taken away and given back. */
function protectTwice(mm: Mm): void {
  for (const prot of [VM_READ, VM_READ | VM_WRITE]) drain(mprotect(mm, at(0), PAGE_SIZE, prot));
}

/** Takes the write bit of page 0 away, as clear_refs does. */
function takeWrite(mm: Mm): void {
  mm.pageTable.lookup(at(0))!.flags[0] &= ~PTE_WRITE;
}

/** Has ksmd merge pages 0 and 1. */
function merge(mm: Mm): void {
  advise(mm, 0, 2, "MERGEABLE");
  drain(ksmFullScans(mm.host, 3));
}

/** Says that the page of the process is not known to be exclusive, as after a fork. */
function shareOnce(mm: Mm): void {
  drain(exitMm(drain(fork(mm, "C"))));
}

/** How a page comes to be as it is, and what a write does on v5.2 and on v6.1. */
type Row = readonly [name: string, prepare: (mm: Mm) => void, v52: string, v61: string];

const DECISIONS: readonly Row[] = [
  ["only its rights changed", takeWrite, "reused", "reused"],
  ["a child shares it", (mm) => void drain(fork(mm, "C")), "copied", "copied"],
  ["a child has shared it", shareOnce, "reused", "reused"],
  [
    "somebody holds a reference",
    (mm) => {
      getUserPageFast(mm, at(0), true);
      takeWrite(mm);
    },
    "reused",
    "reused",
  ],
  [
    "a child has shared it and somebody holds a reference",
    (mm) => {
      shareOnce(mm);
      getUserPageFast(mm, at(0), false);
    },
    "reused",
    "copied",
  ],
  [
    "it is pinned",
    (mm) => {
      drain(pinUserPage(mm, at(0)));
      takeWrite(mm);
    },
    "reused",
    "reused",
  ],
  [
    "it was pinned when a child was forked that has exited",
    (mm) => {
      drain(pinUserPage(mm, at(0)));
      shareOnce(mm);
      takeWrite(mm);
    },
    "reused",
    "reused",
  ],
  ["it is a KSM page of two", merge, "copied", "copied"],
  [
    "it is the last of a KSM page",
    (mm) => {
      merge(mm);
      write(mm, 1, 1, 5);
    },
    "reused",
    "copied",
  ],
  [
    "it is the last of a KSM page and somebody holds a reference",
    (mm) => {
      merge(mm);
      write(mm, 1, 1, 5);
      getUserPageFast(mm, at(0), false);
    },
    "copied",
    "copied",
  ],
];

for (const [name, prepare, v52, v61] of DECISIONS) {
  Deno.test(`a write to a read-only page where ${name}: v5.2 ${v52}, v6.1 ${v61}`, () => {
    for (const [kernel, expected] of [["v5.2", v52], ["v6.1", v61]]) {
      const { mm } = machineWithPages(kernel, 2);
      prepare(mm);
      assertEquals(outcome(mm), expected, kernel);
    }
  });
}

Deno.test("a KSM page with one owner left is reused from v5.1 on, not by v5.0 or v6.1", () => {
  for (const [kernel, expected] of [["v5.0", "copied"], ["v5.2", "reused"], ["v6.1", "copied"]]) {
    const { host, mm } = machineWithPages(kernel, 2);
    merge(mm);
    write(mm, 1, 1, 5);
    assertEquals(isKsm(host, mm), true);
    assertEquals([outcome(mm), isKsm(host, mm)], [expected, false], kernel);
  }
});

Deno.test("a reuse opens no window, a copy opens CLEAR and ends with only_end", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { host, mm } = machineWithPages(kernel, 2);
    takeWrite(mm);
    assertEquals(heard(host, () => write(mm, 0, 1, 2)), []);
    drain(fork(mm, "C"));
    const events = heard(host, () => write(mm, 0, 1, 3));
    assertEquals(events, ["P CLEAR [0,1)", "P ir [0,1)", "P change_pte [0,1)", "P only_end [0,1)"]);
  }
});

Deno.test("the zero page is copied even for its only reader, and no page is dropped", () => {
  const { host, mm } = machineWithPages("v5.2", 1);
  drain(mmap(mm, { addr: at(4), fixed: true, length: PAGE_SIZE, prot: VM_READ | VM_WRITE }));
  read(mm, 4, 1);
  const before = [mm.anonPages, host.frames.refcount[0]];
  assertEquals(outcome(mm, 4), "copied");
  assertEquals([mm.anonPages, host.frames.refcount[0]], [before[0] + 1, before[1]]);
});

Deno.test("the first writer after a fork copies, the second reuses", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { mm } = machineWithPages(kernel, 1);
    const child = drain(fork(mm, "C"));
    assertEquals([outcome(mm), outcome(child)], ["copied", "reused"], kernel);
    assertEquals([mm.anonPages, child.anonPages], [1, 1]);
  }
});

Deno.test("of three sharers two copy and the last reuses", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { mm } = machineWithPages(kernel, 1);
    const others = ["C", "D"].map((name) => drain(fork(mm, name)));
    const seen = [others[1], mm, others[0]].map((each) => outcome(each));
    assertEquals(seen, ["copied", "copied", "reused"], kernel);
  }
});

Deno.test("a page is written, young, dirty and soft-dirty after a reuse and after a copy", () => {
  const all = PTE_WRITE | PTE_YOUNG | PTE_DIRTY | PTE_SOFT_DIRTY;
  for (const shared of [false, true]) {
    const { mm } = machineWithPages("v5.2", 1);
    mm.pageTable.lookup(at(0))!.flags[0] &= ~all;
    if (shared) drain(fork(mm, "C"));
    write(mm, 0, 1, 2);
    assertEquals(mm.pageTable.flagsAt(at(0)) & all, all);
  }
});

Deno.test("the page that is reused is exclusive again", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { host, mm } = machineWithPages(kernel, 1);
    shareOnce(mm);
    write(mm, 0, 1, 2);
    const pfn = mm.pageTable.pfnAt(at(0));
    assertEquals(host.frames.flags[pfn] & PG_ANON_EXCLUSIVE, PG_ANON_EXCLUSIVE, kernel);
  }
});

Deno.test("a page in the swap cache is reused only if no swap entry shares it", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { mm } = machineWithPages(kernel, 1);
    const child = drain(fork(mm, "C"));
    for (const each of [mm, child]) each.pageTable.lookup(at(0))!.flags[0] &= ~PTE_YOUNG;
    swapOut(mm, 0);
    read(mm, 0, 1);
    assertEquals([mm.swapEntries, child.swapEntries], [0, 1]);
    assertEquals(outcome(mm), "copied", kernel);
  }
});

Deno.test("a copy counts the KSM page that it breaks", () => {
  const { host, mm } = machineWithPages("v5.2", 2);
  merge(mm);
  write(mm, 0, 1, 5);
  assertEquals(host.vmstat.cow_ksm, 1);
});

Deno.test("rights given back make an exclusive dirty page writable at once on v6.1 only", () => {
  for (const [kernel, expected] of [["v5.2", 0], ["v6.1", PTE_WRITE]] as const) {
    const { mm } = machineWithPages(kernel, 1);
    protectTwice(mm);
    assertEquals(mm.pageTable.flagsAt(at(0)) & PTE_WRITE, expected, kernel);
  }
});

function isKsm(host: Host, mm: Mm): boolean {
  return (host.frames.flags[mm.pageTable.pfnAt(at(0))] & PG_KSM) !== 0;
}
