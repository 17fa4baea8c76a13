import { assert, assertEquals, assertThrows } from "@std/assert";
import { ADDRESS_MAX, PAGE_SIZE, PMD_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import type { FaultName } from "../../lib/kernel/faults.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { KernelBugError } from "../../lib/kernel/violation.ts";
import { KvmListener } from "../../lib/listeners/kvm.ts";
import { type PolicySpec, resolvePolicy } from "../../lib/listeners/policy.ts";
import { mmuNotifierRegister, mmuNotifierUnregister } from "../../lib/notifier/chain.ts";
import {
  mmuNotifierChangePte,
  mmuNotifierClearFlushYoung,
  mmuNotifierClearYoung,
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
  mmuNotifierInvalidateRangeStartNonblock,
  mmuNotifierTestYoung,
} from "../../lib/notifier/dispatch.ts";
import {
  MMU_NOTIFIER_USE_CHANGE_PTE,
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_SOFT_DIRTY,
  MMU_NOTIFY_UNMAP,
  type MmuNotifierEvent,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
} from "../../lib/notifier/range.ts";
import { fakeMm, FakeUserPages } from "./fake_user_pages.ts";

const RAM = 0x7f00_0000_0000;

interface Vm {
  readonly user: FakeUserPages;
  readonly vm: KvmListener;
  window(event: MmuNotifierEvent, first: number, pages: number, flags?: number): MmuNotifierRange;
}

function machine(
  policy: string | PolicySpec = "legacy",
  profile = "v5-series",
  faults: readonly FaultName[] = [],
): Vm {
  const user = new FakeUserPages(fakeMm(profile, faults));
  const vm = new KvmListener({ name: "guest", user, policy: resolvePolicy("kvm", policy) });
  mmuNotifierRegister(vm.ops, user.mm);
  vm.addMemslot(0, RAM, 16);
  user.mmap(RAM, 16, true);
  return {
    user,
    vm,
    window: (event, first, pages, flags = 0) =>
      mmuNotifierRangeInit(
        event,
        flags,
        null,
        user.mm,
        RAM + first * PAGE_SIZE,
        RAM + (first + pages) * PAGE_SIZE,
      ),
  };
}

function page(n: number): number {
  return RAM + n * PAGE_SIZE;
}

Deno.test("KVM guest writes fault once, then hit, and store what they are told", () => {
  const { vm, user } = machine();
  assertEquals(drain(vm.guestWrite(RAM, 16, (n) => 0xffff_ff00 + n)), 0);
  assertEquals(drain(vm.guestWrite(RAM, 16, (n) => 0xffff_ff00 + n)), 0);
  assertEquals([vm.counters.faults, vm.counters.read_faults, vm.counters.refaults], [16, 0, 0]);
  const seen: number[] = [];
  assertEquals(drain(vm.guestRead(page(2), 3, (n, content) => seen.push(n, content))), 0);
  assertEquals(seen, [0, 0xffff_ff02, 1, 0xffff_ff03, 2, 0xffff_ff04]);
  assertEquals(vm.counters.faults, 16);
  assertEquals(user.held, 0, "KVM keeps no reference");
  assertEquals(vm.counters.time_ns, 0, "first faults are not the price of an invalidation");
  assert(user.mm.notifierContext.clock.now > 0);
});

Deno.test("KVM maps a read fault writable where the host page is writable, else read-only", () => {
  const { vm, user } = machine();
  drain(user.getUserPage(RAM, true));
  drain(vm.guestRead(RAM, 2));
  assertEquals(vm.entryAt(RAM)?.writable, true);
  assertEquals(vm.entryAt(page(1))?.writable, false);
  assertEquals(vm.counters.read_faults, 2);
  assertEquals(drain(vm.guestWrite(page(1), 1, () => 1)), 0);
  assertEquals(vm.entryAt(page(1))?.writable, true, "a write through a read-only entry faults");
  assertEquals(vm.counters.faults, 3);
});

Deno.test("KVM answers errors as a device does", () => {
  const { vm, user } = machine();
  user.mmap(page(16), 1, true);
  user.mmap(page(32), 1, false);
  vm.addMemslot(2 ** 30, page(32), 2);
  assertEquals(drain(vm.guestRead(page(16), 1)), -ERRNO.ENXIO, "outside guest memory");
  assertEquals(drain(vm.guestWrite(page(32), 1, () => 1)), -ERRNO.EFAULT, "read-only mapping");
  assertEquals(drain(vm.guestRead(page(32), 2)), -ERRNO.EFAULT, "second page is not mapped");
  assert(vm.entryAt(page(32)) !== undefined, "the pages before the failing one were reached");
  assertThrows(() => drain(vm.guestRead(page(0) + 1, 1)), RangeError, "page-aligned");
  assertThrows(() => drain(vm.guestRead(page(0), 0)), RangeError, "one page or more");
});

Deno.test("KVM memslots must not overlap in the guest, and take their entries with them", () => {
  const { vm } = machine();
  assertEquals(vm.addMemslot(15 * PAGE_SIZE, page(100), 1), -ERRNO.EEXIST);
  assertEquals(vm.removeMemslot(PAGE_SIZE), -ERRNO.ENOENT);
  drain(vm.guestWrite(RAM, 16, () => 1));
  assertEquals(vm.removeMemslot(0), 0);
  assertEquals(vm.entryAt(RAM), undefined);
  assertEquals(drain(vm.guestRead(RAM, 1)), -ERRNO.ENXIO);
});

Deno.test("KVM frees emptied shadow tables on legacy drops and rebuilds them by faults", () => {
  const { vm, window } = machine("legacy");
  drain(vm.guestWrite(RAM, 16, () => 1));
  const range = window(MMU_NOTIFY_CLEAR, 0, 16);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals([vm.counters.dropped, vm.counters.tracking_freed], [16, 1]);
  drain(vm.guestWrite(RAM, 16, () => 1));
  assertEquals([vm.counters.refaults, vm.counters.tracking_rebuilt], [16, 1]);
});

Deno.test("KVM hands the dirty state of dropped entries to their frames", () => {
  const { vm, user, window } = machine();
  drain(user.getUserPage(RAM, true));
  drain(user.getUserPage(page(1), true));
  drain(vm.guestRead(RAM, 2));
  drain(vm.guestWrite(RAM, 1, () => 1));
  mmuNotifierInvalidateRangeStart(window(MMU_NOTIFY_CLEAR, 0, 2));
  assertEquals([...user.dirty], [user.ptes.get(RAM)!.pfn]);
});

Deno.test("KVM change_pte to a read-only page rewrites the entry in place", () => {
  const { vm, user, window } = machine("followup");
  drain(vm.guestWrite(RAM, 1, () => 1));
  const range = window(MMU_NOTIFY_CLEAR, 0, 1, MMU_NOTIFIER_USE_CHANGE_PTE);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(vm.openWindows, 0, "start returns at once");
  mmuNotifierChangePte(user.mm, RAM, { pfn: 77, writable: false });
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(vm.entryAt(RAM), { address: RAM, pfn: 77, writable: false });
  const { change_pte, rewritten, dropped, skipped, kept, tlb_flushes } = vm.counters;
  assertEquals({ change_pte, rewritten, dropped, skipped, kept, tlb_flushes }, {
    change_pte: 1,
    rewritten: 1,
    dropped: 0,
    skipped: 1,
    kept: 1,
    tlb_flushes: 1,
  });
});

Deno.test("KVM change_pte to a writable page drops the entry", () => {
  const { vm, user, window } = machine("followup");
  drain(vm.guestRead(RAM, 1));
  const range = window(MMU_NOTIFY_CLEAR, 0, 1, MMU_NOTIFIER_USE_CHANGE_PTE);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierChangePte(user.mm, RAM, { pfn: 77, writable: true });
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(vm.entryAt(RAM), undefined);
  assertEquals([vm.counters.dropped, vm.counters.rewritten], [1, 0]);
});

Deno.test("KVM change_pte finds nothing under a legacy policy (B-1)", () => {
  const { vm, user, window } = machine("legacy");
  drain(vm.guestRead(RAM, 1));
  const range = window(MMU_NOTIFY_CLEAR, 0, 1, MMU_NOTIFIER_USE_CHANGE_PTE);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierChangePte(user.mm, RAM, { pfn: 77, writable: false });
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(vm.entryAt(RAM), undefined);
  assertEquals([vm.counters.change_pte, vm.counters.rewritten], [1, 0]);
});

Deno.test("KVM told to ignore change_pte keeps its stale entry", () => {
  const { vm, user } = machine("followup", "v5-series", ["ignore_change_pte"]);
  drain(vm.guestRead(RAM, 1));
  const before = vm.entryAt(RAM);
  mmuNotifierChangePte(user.mm, RAM, { pfn: 77, writable: false });
  assertEquals(vm.entryAt(RAM), before);
  assertEquals(vm.counters.change_pte, 1);
});

Deno.test("KVM throws a fault away if a window opened and closed after its start", () => {
  const { vm, user, window } = machine();
  user.onGup = () => {
    user.onGup = null;
    const range = window(MMU_NOTIFY_CLEAR, 8, 1);
    mmuNotifierInvalidateRangeStart(range);
    mmuNotifierInvalidateRangeEnd(range);
  };
  assertEquals(drain(vm.guestWrite(RAM, 1, () => 1)), 0);
  assertEquals([vm.counters.faults, vm.counters.retries], [2, 1]);
  assertEquals(user.held, 0);
  const kinds = [...user.mm.notifierContext.trace.records()].map((record) => record.kind);
  assertEquals(kinds.filter((kind) => kind.startsWith("device")), [
    "device_fault",
    "device_retry",
    "device_fault",
  ]);
});

Deno.test("KVM throws a fault away if change_pte came after its start", () => {
  const { vm, user } = machine("followup");
  user.onGup = () => {
    user.onGup = null;
    mmuNotifierChangePte(user.mm, page(9), { pfn: 77, writable: false });
  };
  drain(vm.guestWrite(RAM, 1, () => 1));
  assertEquals(vm.counters.retries, 1);
});

Deno.test("KVM told to forget the retry installs a stale entry", () => {
  const { vm, user, window } = machine("legacy", "v5-series", ["forget_retry"]);
  user.onGup = () => {
    const range = window(MMU_NOTIFY_CLEAR, 0, 1);
    mmuNotifierInvalidateRangeStart(range);
    mmuNotifierInvalidateRangeEnd(range);
  };
  drain(vm.guestWrite(RAM, 1, () => 1));
  assertEquals([vm.counters.faults, vm.counters.retries], [1, 0]);
});

for (
  const { profile, at, blocked } of [
    { profile: "v5.2", at: 0, blocked: true },
    { profile: "v5.2", at: 12, blocked: true },
    { profile: "v6.1", at: 0, blocked: true },
    { profile: "v6.1", at: 3, blocked: true },
    { profile: "v6.1", at: 12, blocked: false },
  ]
) {
  const verb = blocked ? "blocks" : "lets through";
  Deno.test(`KVM of ${profile} ${verb} a fault ${at} pages from an open window (B-10)`, () => {
    const { vm, window } = machine("legacy", profile);
    const outer = window(MMU_NOTIFY_CLEAR, 0, 1);
    const inner = window(MMU_NOTIFY_CLEAR, 3, 1);
    mmuNotifierInvalidateRangeStart(outer);
    mmuNotifierInvalidateRangeStart(inner);
    const access = vm.guestWrite(page(at), 1, () => 1);
    let steps = 0;
    while (steps < 10 && !access.next().done) steps++;
    assertEquals(steps === 10, blocked);
    mmuNotifierInvalidateRangeEnd(inner);
    mmuNotifierInvalidateRangeEnd(outer);
    assertEquals(drain(access) ?? 0, 0);
    assertEquals(vm.counters.retries > 0, blocked);
  });
}

for (const [profile, retries] of [["v5.2", 1], ["v6.1", 0]] as const) {
  Deno.test(`KVM of ${profile} repeats a fault ${retries} times for a window beside its memslots`, () => {
    const { vm, window } = machine("legacy", profile);
    const beside = window(MMU_NOTIFY_CLEAR, 100, 1);
    const access = vm.guestWrite(RAM, 1, () => 1);
    assertEquals(access.next().value, "before_retry_check");
    mmuNotifierInvalidateRangeStart(beside);
    mmuNotifierInvalidateRangeEnd(beside);
    drain(access);
    assertEquals([vm.counters.retries, vm.openWindows], [retries, 0]);
  });
}

Deno.test("memslots of v6.1 cannot change while a window is open", () => {
  for (const [profile, answer] of [["v5.2", 0], ["v6.1", -ERRNO.EAGAIN]] as const) {
    const { vm, window } = machine("legacy", profile);
    const beside = window(MMU_NOTIFY_CLEAR, 100, 1);
    mmuNotifierInvalidateRangeStart(beside);
    assertEquals(vm.addMemslot(0x100000, page(100), 1), answer, profile);
    assertEquals(vm.removeMemslot(0), answer, profile);
    mmuNotifierInvalidateRangeEnd(beside);
    assertEquals(vm.addMemslot(0x200000, page(200), 1), 0, profile);
  }
});

Deno.test("KVM gives up loudly when a window was leaked (B-2)", () => {
  const { vm, window } = machine("legacy", "v5.2");
  const refuses = { name: "refuses", invalidateRangeStart: () => -ERRNO.EAGAIN };
  mmuNotifierRegister(refuses, window(MMU_NOTIFY_UNMAP, 0, 1).mm);
  const reap = window(MMU_NOTIFY_UNMAP, 0, 16);
  assertEquals(mmuNotifierInvalidateRangeStartNonblock(reap), -ERRNO.EAGAIN);
  assertEquals(vm.openWindows, 1, "nobody calls end");
  const error = assertThrows(() => drain(vm.guestWrite(RAM, 1, () => 1)), KernelBugError);
  assert(error.message.includes("tdp_page_fault"));
  assert(error.message.includes("mmu_notifier_count 1"));
  assert(error.message.includes("never ended"));
});

Deno.test("KVM survives a failed non-blocking start where end is paired", () => {
  const { vm, window } = machine("legacy", "v6.1");
  const refuses = { name: "refuses", invalidateRangeStart: () => -ERRNO.EAGAIN };
  mmuNotifierRegister(refuses, window(MMU_NOTIFY_UNMAP, 0, 1).mm);
  mmuNotifierInvalidateRangeStartNonblock(window(MMU_NOTIFY_UNMAP, 0, 16));
  assertEquals(vm.openWindows, 0);
  assertEquals(drain(vm.guestWrite(RAM, 1, () => 1)), 0);
});

Deno.test("KVM calls an end without a start a bug", () => {
  const { window } = machine();
  const range = window(MMU_NOTIFY_CLEAR, 0, 1);
  assertThrows(() => mmuNotifierInvalidateRangeEnd(range), KernelBugError, "below zero");
});

Deno.test("KVM answers young queries from its accessed flags", () => {
  const { vm, user } = machine();
  drain(vm.guestRead(RAM, 2));
  const { mm } = user;
  assert(mmuNotifierTestYoung(mm, RAM));
  assert(mmuNotifierTestYoung(mm, RAM), "a test changes nothing");
  assert(mmuNotifierClearYoung(mm, RAM, page(1)));
  assertEquals(vm.counters.tlb_flushes, 0);
  assert(!mmuNotifierTestYoung(mm, RAM));
  assert(mmuNotifierClearFlushYoung(mm, RAM, page(16)), "the second page is young still");
  assertEquals(vm.counters.tlb_flushes, 1);
  assert(!mmuNotifierClearFlushYoung(mm, RAM, page(16)));
  assertEquals(vm.counters.tlb_flushes, 1);
  drain(vm.guestRead(RAM, 1));
  assert(mmuNotifierTestYoung(mm, RAM), "a hit sets the flag again");
});

Deno.test("KVM finds guest writes after SOFT_DIRTY through write faults, legacy and ideal", () => {
  for (const policy of ["legacy", "ideal"]) {
    const { vm, user } = machine(policy);
    drain(vm.guestWrite(RAM, 4, () => 1));
    const { mm } = user;
    const range = mmuNotifierRangeInit(MMU_NOTIFY_SOFT_DIRTY, 0, null, mm, 0, ADDRESS_MAX);
    mmuNotifierInvalidateRangeStart(range);
    user.softDirty.clear();
    for (const pte of user.ptes.values()) pte.writable = false;
    mmuNotifierInvalidateRangeEnd(range);
    drain(vm.guestRead(RAM, 4));
    assertEquals(user.softDirty.size, 0);
    drain(vm.guestWrite(page(2), 1, () => 2));
    assertEquals([...user.softDirty], [page(2)], policy);
  }
});

Deno.test("KVM misses guest writes if it keeps writable entries over SOFT_DIRTY", () => {
  for (const [action, found] of [["keep", 0], ["record_writes", 1]] as const) {
    const { vm, user } = machine({ base: "ideal", events: { SOFT_DIRTY: action } });
    drain(vm.guestWrite(RAM, 4, () => 1));
    const { mm } = user;
    const range = mmuNotifierRangeInit(MMU_NOTIFY_SOFT_DIRTY, 0, null, mm, 0, ADDRESS_MAX);
    mmuNotifierInvalidateRangeStart(range);
    user.softDirty.clear();
    mmuNotifierInvalidateRangeEnd(range);
    drain(vm.guestWrite(page(2), 1, () => 2));
    drain(vm.guestWrite(page(2), 1, () => 3));
    assertEquals(user.softDirty.size, found);
    assertEquals(vm.counters.soft_dirty_marked, found);
  }
});

Deno.test("KVM drops everything at release and refuses the guest from then on", () => {
  const { vm, user } = machine();
  drain(vm.guestWrite(RAM, 1, () => 1));
  mmuNotifierUnregister(vm.ops, user.mm);
  assertEquals(vm.entryAt(RAM), undefined);
  assertEquals(drain(vm.guestWrite(RAM, 1, () => 1)), -ERRNO.EFAULT);
});

Deno.test("KVM does not install after a release that came during its fault", () => {
  const { vm, user } = machine();
  user.onGup = () => mmuNotifierUnregister(vm.ops, user.mm);
  assertEquals(drain(vm.guestWrite(RAM, 1, () => 1)), -ERRNO.EFAULT);
  assertEquals([vm.entryAt(RAM), user.held], [undefined, 0]);
});

Deno.test("KVM lists its entries in the order of addresses", () => {
  const { vm, user } = machine();
  user.mmap(RAM + 4 * PMD_SIZE, 1, true);
  vm.addMemslot(2 ** 32, RAM + 4 * PMD_SIZE, 1);
  for (const address of [RAM + 4 * PMD_SIZE, page(3), page(1)]) {
    drain(vm.guestWrite(address, 1, () => 1));
  }
  const seen: number[] = [];
  vm.forEachEntry((address, pfn, writable) => {
    seen.push(address);
    assertEquals(vm.entryAt(address), { address, pfn, writable });
  });
  assertEquals(seen, [page(1), page(3), RAM + 4 * PMD_SIZE]);
});
