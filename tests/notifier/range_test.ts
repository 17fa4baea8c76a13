import { assertEquals } from "@std/assert";
import { errnoName } from "../../lib/kernel/errno.ts";
import {
  EVENT_NAMES,
  MMU_NOTIFIER_RANGE_BLOCKABLE,
  MMU_NOTIFIER_USE_CHANGE_PTE,
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_PROTECTION_PAGE,
  MMU_NOTIFY_PROTECTION_VMA,
  MMU_NOTIFY_SOFT_DIRTY,
  MMU_NOTIFY_UNMAP,
  type MmuNotifierEvent,
  mmuNotifierRangeBlockable,
  mmuNotifierRangeInit,
  mmuNotifierRangeUpdateToReadOnly,
  mmuNotifierRangeUseChangePte,
  VM_READ,
} from "../../lib/notifier/range.ts";
import { fakeMm } from "../listeners/fake_user_pages.ts";

const VM_WRITE = 0x2;
const VM_EXEC = 0x4;

Deno.test("events have the codes of the series, by name", () => {
  assertEquals(EVENT_NAMES[MMU_NOTIFY_UNMAP], "UNMAP");
  assertEquals(EVENT_NAMES[MMU_NOTIFY_CLEAR], "CLEAR");
  assertEquals(EVENT_NAMES[MMU_NOTIFY_PROTECTION_VMA], "PROTECTION_VMA");
  assertEquals(EVENT_NAMES[MMU_NOTIFY_PROTECTION_PAGE], "PROTECTION_PAGE");
  assertEquals(EVENT_NAMES[MMU_NOTIFY_SOFT_DIRTY], "SOFT_DIRTY");
  assertEquals([MMU_NOTIFIER_RANGE_BLOCKABLE, MMU_NOTIFIER_USE_CHANGE_PTE], [1, 2]);
  assertEquals(errnoName(-11), "EAGAIN");
});

const vma = { start: 0x1000, end: 0x9000, flags: VM_READ };

for (
  const { profile, event, flags, hasVma } of [
    { profile: "v5.0", event: MMU_NOTIFY_UNMAP, flags: 0, hasVma: false },
    { profile: "v5.2", event: MMU_NOTIFY_CLEAR, flags: 0, hasVma: true },
    {
      profile: "v5-series",
      event: MMU_NOTIFY_CLEAR,
      flags: MMU_NOTIFIER_USE_CHANGE_PTE,
      hasVma: true,
    },
    { profile: "v6.1", event: MMU_NOTIFY_CLEAR, flags: 0, hasVma: true },
  ]
) {
  Deno.test(`mmuNotifierRangeInit() carries what ${profile} knows`, () => {
    const mm = fakeMm(profile);
    const range = mmuNotifierRangeInit(
      MMU_NOTIFY_CLEAR,
      MMU_NOTIFIER_USE_CHANGE_PTE,
      vma,
      mm,
      0x2000,
      0x4000,
    );
    assertEquals([range.start, range.end], [0x2000, 0x4000]);
    assertEquals([range.event, range.flags], [event, flags]);
    assertEquals(range.vma, hasVma ? vma : null);
    assertEquals(mmuNotifierRangeUseChangePte(range), flags !== 0);
    assertEquals(mmuNotifierRangeBlockable(range), false);
  });
}

interface HelperCase {
  readonly about: string;
  readonly event: MmuNotifierEvent;
  /** The vma's flags while the listener runs, or null where no vma is named. */
  readonly flags: number | null;
  readonly readOnly: boolean;
}

const HELPER_CASES: readonly HelperCase[] = [
  {
    about: "mprotect RW to R",
    event: MMU_NOTIFY_PROTECTION_VMA,
    flags: VM_READ,
    readOnly: true,
  },
  {
    about: "mprotect R to RW, an upgrade",
    event: MMU_NOTIFY_PROTECTION_VMA,
    flags: VM_READ | VM_WRITE,
    readOnly: true,
  },
  {
    about: "mprotect to PROT_NONE",
    event: MMU_NOTIFY_PROTECTION_VMA,
    flags: 0,
    readOnly: false,
  },
  {
    about: "mprotect to execute only",
    event: MMU_NOTIFY_PROTECTION_VMA,
    flags: VM_EXEC,
    readOnly: false,
  },
  {
    about: "NUMA hinting of a readable vma",
    event: MMU_NOTIFY_PROTECTION_VMA,
    flags: VM_READ | VM_WRITE,
    readOnly: true,
  },
  {
    about: "PROTECTION_VMA without a vma",
    event: MMU_NOTIFY_PROTECTION_VMA,
    flags: null,
    readOnly: false,
  },
  { about: "fork", event: MMU_NOTIFY_PROTECTION_PAGE, flags: VM_READ, readOnly: false },
  { about: "clear_refs", event: MMU_NOTIFY_SOFT_DIRTY, flags: null, readOnly: false },
  { about: "CLEAR", event: MMU_NOTIFY_CLEAR, flags: VM_READ, readOnly: false },
  { about: "UNMAP", event: MMU_NOTIFY_UNMAP, flags: VM_READ, readOnly: false },
];

for (const { about, event, flags, readOnly } of HELPER_CASES) {
  Deno.test(`mmuNotifierRangeUpdateToReadOnly() says ${readOnly} for ${about}`, () => {
    const named = flags === null ? null : { ...vma, flags };
    const range = mmuNotifierRangeInit(event, 0, named, fakeMm("v5.2"), 0x2000, 0x4000);
    assertEquals(mmuNotifierRangeUpdateToReadOnly(range), readOnly);
    const old = mmuNotifierRangeInit(event, 0, named, fakeMm("v5.0"), 0x2000, 0x4000);
    assertEquals(mmuNotifierRangeUpdateToReadOnly(old), false, "no context, no answer");
  });
}
