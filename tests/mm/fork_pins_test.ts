import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { exitMm, mmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { getUserPageFast, pinUserPage, unpinUserPage } from "../../lib/mm/gup.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { PTE_WRITE } from "../../lib/mm/flags.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { advise, at, heard, machineWithPages, read, write } from "./reclaim_setup.ts";

const PROT_RW = VM_READ | VM_WRITE;

/** A process whose page 0 a device has pinned. */
function pinned(kernel: string): { mm: Mm; pfn: number } {
  const { mm } = machineWithPages(kernel, 2);
  return { mm, pfn: drain(pinUserPage(mm, at(0))) };
}

/** What a process reads in page 0 after the device has written 77 into its frame. */
function readsOfDevice(mm: Mm, pfn: number): boolean {
  mm.host.frames.content[pfn] = 77;
  return read(mm, 0, 1) === 77;
}

/** Who writes or leaves first after the fork, and whether the parent still sees the device. */
const FIRST: readonly (readonly [string, (mm: Mm, child: Mm) => void, boolean, boolean])[] = [
  ["nobody writes", () => {}, true, true],
  ["the parent writes", (mm) => write(mm, 0, 1, 2), false, true],
  ["the child writes", (_, child) => write(child, 0, 1, 2), true, true],
  [
    "the child writes, then the parent",
    (mm, child) => {
      write(child, 0, 1, 2);
      write(mm, 0, 1, 3);
    },
    true,
    true,
  ],
  [
    "the child exits, then the parent writes",
    (mm, child) => {
      drain(exitMm(child));
      write(mm, 0, 1, 3);
    },
    true,
    true,
  ],
];

for (const [name, act, v52, v61] of FIRST) {
  const says = (sees: boolean) => sees ? "keeps its page" : "loses its page";
  Deno.test(`if ${name}, the parent ${says(v52)} on v5.2 and ${says(v61)} on v6.1 (B-8)`, () => {
    for (const [kernel, sees] of [["v5.2", v52], ["v6.1", v61]] as const) {
      const { mm, pfn } = pinned(kernel);
      act(mm, drain(fork(mm, "C")));
      assertEquals(readsOfDevice(mm, pfn), sees, kernel);
    }
  });
}

Deno.test("device data lands in the child after the parent's write on v5.2, not on v6.1", () => {
  for (const [kernel, lands] of [["v5.2", true], ["v6.1", false]] as const) {
    const { mm, pfn } = pinned(kernel);
    const child = drain(fork(mm, "C"));
    write(mm, 0, 1, 2);
    assertEquals(readsOfDevice(child, pfn), lands, kernel);
  }
});

Deno.test("on v6.1 the child gets a writable copy at once, the parent's entry stays writable", () => {
  for (const [kernel, copied] of [["v5.2", false], ["v6.1", true]] as const) {
    const { mm, pfn } = pinned(kernel);
    const child = drain(fork(mm, "C"));
    const frames = [mm, child].map((each) => each.pageTable.pfnAt(at(0)));
    assertEquals([frames[0], frames[1] === pfn], [pfn, !copied], kernel);
    const writable = [mm, child].map((each) => (each.pageTable.flagsAt(at(0)) & PTE_WRITE) !== 0);
    assertEquals(writable, [copied, copied], kernel);
    assertEquals([read(child, 0, 1), child.anonPages], [1, 2], kernel);
  }
});

Deno.test("only the pinned page is copied", () => {
  const { mm } = pinned("v6.1");
  const child = drain(fork(mm, "C"));
  assertEquals(child.pageTable.pfnAt(at(1)), mm.pageTable.pfnAt(at(1)));
  assertEquals(mm.pageTable.flagsAt(at(1)) & PTE_WRITE, 0);
});

Deno.test("a plain reference is no pin, and neither is a pin that was dropped", () => {
  const variants: [name: string, hold: (mm: Mm) => void][] = [
    ["a reference", (mm) => void getUserPageFast(mm, at(0), true)],
    ["a dropped pin", (mm) => unpinUserPage(mm, drain(pinUserPage(mm, at(0))), true)],
  ];
  for (const [name, hold] of variants) {
    const { mm } = machineWithPages("v6.1", 2);
    hold(mm);
    const child = drain(fork(mm, "C"));
    assertEquals(child.pageTable.pfnAt(at(0)), mm.pageTable.pfnAt(at(0)), name);
  }
});

Deno.test("copying pinned pages opens no window of its own", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { mm } = pinned(kernel);
    const events = heard(mm.host, () => drain(fork(mm, "C")));
    assertEquals(events.filter((event) => !event.includes(" ir ")), ["P PROTECTION_PAGE [0,2)"]);
  }
});

Deno.test("DONTFORK keeps the parent's page on every kernel", () => {
  for (const kernel of ["v5.0", "v5.2", "v6.1"]) {
    const { mm, pfn } = pinned(kernel);
    advise(mm, 0, 1, "DONTFORK");
    const child = drain(fork(mm, "C"));
    assertEquals(child.vmaAt(at(0)), undefined);
    write(mm, 0, 1, 2);
    assertEquals(readsOfDevice(mm, pfn), true, kernel);
  }
});

/** Mappings that fork does not copy as usual: what the child has, and the windows on the parent. */
const EXCEPTIONS: readonly (readonly [
  name: string,
  prepare: (mm: Mm) => void,
  mapped: boolean,
  present: boolean,
  windows: number,
])[] = [
  ["written private memory", (mm) => write(mm, 8, 2, 1), true, true, 1],
  ["untouched memory", () => {}, true, false, 0],
  ["memory that was only read", (mm) => void read(mm, 8, 2), true, false, 0],
  [
    "DONTFORK memory",
    (mm) => {
      write(mm, 8, 2, 1);
      advise(mm, 8, 2, "DONTFORK");
    },
    false,
    false,
    0,
  ],
  [
    "WIPEONFORK memory",
    (mm) => {
      write(mm, 8, 2, 1);
      advise(mm, 8, 2, "WIPEONFORK");
    },
    true,
    false,
    0,
  ],
  [
    "written memory that was thrown away",
    (mm) => {
      write(mm, 8, 2, 1);
      advise(mm, 8, 2, "DONTNEED");
    },
    true,
    false,
    1,
  ],
  [
    "shared memory",
    (mm) => {
      drain(mmap(mm, { ...AT_8, shared: true }));
      write(mm, 8, 2, 1);
    },
    true,
    false,
    0,
  ],
];

const AT_8 = { addr: at(8), fixed: true, length: 2 * PAGE_SIZE, prot: PROT_RW } as const;

for (const [name, prepare, mapped, present, windows] of EXCEPTIONS) {
  Deno.test(`fork of ${name} opens ${windows} windows`, () => {
    for (const kernel of ["v5.2", "v6.1"]) {
      const { host, mm } = machineWithPages(kernel, 1);
      drain(mmap(mm, AT_8));
      prepare(mm);
      let child = mm;
      const events = heard(host, () => child = drain(fork(mm, "C")));
      const seen = events.filter((event) => event === "P PROTECTION_PAGE [8,10)").length;
      const shown = [child.vmaAt(at(8)) !== undefined, child.pageTable.flagsAt(at(8)) !== 0];
      assertEquals([...shown, seen], [mapped, present, windows], kernel);
    }
  });
}

Deno.test("one window for each mapping, over all of it, on the parent only", () => {
  const { host, mm } = machineWithPages("v5.2", 2);
  drain(mmap(mm, { ...AT_8, length: 6 * PAGE_SIZE }));
  write(mm, 9, 1, 1);
  const events = heard(host, () => drain(fork(mm, "C")));
  assertEquals(events.filter((event) => !event.includes(" ir ")), [
    "P PROTECTION_PAGE [0,2)",
    "P PROTECTION_PAGE [8,14)",
  ]);
});
