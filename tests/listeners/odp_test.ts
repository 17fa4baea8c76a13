import { assert, assertEquals, assertThrows } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import type { FaultName } from "../../lib/kernel/faults.ts";
import { type KernelProfile, kernelProfile } from "../../lib/kernel/profile.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { KernelBugError } from "../../lib/kernel/violation.ts";
import { OdpListener } from "../../lib/listeners/odp.ts";
import { resolvePolicy } from "../../lib/listeners/policy.ts";
import { mmuNotifierRegister, mmuNotifierRelease } from "../../lib/notifier/chain.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
  mmuNotifierInvalidateRangeStartNonblock,
} from "../../lib/notifier/dispatch.ts";
import {
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_PROTECTION_VMA,
  MMU_NOTIFY_UNMAP,
  type MmuNotifierEvent,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
  VM_READ,
} from "../../lib/notifier/range.ts";
import { fakeMm, FakeUserPages } from "./fake_user_pages.ts";

const BUF = 0x7f00_0000_0000;

interface Nic {
  readonly user: FakeUserPages;
  readonly nic: OdpListener;
  window(event: MmuNotifierEvent, first: number, pages: number): MmuNotifierRange;
}

function machine(
  policy = "legacy",
  profile: string | KernelProfile = "v5.2",
  faults: readonly FaultName[] = [],
): Nic {
  const user = new FakeUserPages(fakeMm(profile, faults));
  const nic = new OdpListener({ name: "nic", user, policy: resolvePolicy("odp", policy) });
  mmuNotifierRegister(nic.ops, user.mm);
  user.mmap(BUF, 16, true);
  const vma = { start: BUF, end: page(16), flags: VM_READ };
  return {
    user,
    nic,
    window: (event, first, pages) =>
      mmuNotifierRangeInit(event, 0, vma, user.mm, page(first), page(first + pages)),
  };
}

function page(n: number): number {
  return BUF + n * PAGE_SIZE;
}

Deno.test("ODP faults for writing iff the MR is writable, even on reads", () => {
  const { nic, user } = machine();
  drain(nic.regMr(BUF, 2, true));
  drain(nic.regMr(page(2), 2, false));
  assertEquals(user.gups.length, 0, "registering touches no page");
  drain(nic.rdmaRead(BUF, 1));
  drain(nic.rdmaRead(page(2), 1));
  assertEquals(user.gups, [{ address: BUF, write: true }, { address: page(2), write: false }]);
  assertEquals(nic.entryAt(BUF)?.writable, true);
  assertEquals(nic.entryAt(page(2))?.writable, false);
  assertEquals(user.held, 0, "no pin stays");
});

Deno.test("ODP needs one MR that covers the access and allows it", () => {
  const { nic } = machine();
  const writable = drain(nic.regMr(BUF, 4, true));
  const readable = drain(nic.regMr(page(4), 4, false));
  assertEquals([writable, readable], [1, 2]);
  assertEquals(drain(nic.rdmaWrite(BUF, 4, () => 7)), 0);
  assertEquals(drain(nic.rdmaWrite(page(4), 1, () => 7)), -ERRNO.EACCES);
  assertEquals(drain(nic.rdmaRead(page(3), 2)), -ERRNO.EACCES, "across two MRs");
  assertEquals([nic.findMr(BUF, 4, true), nic.findMr(page(4), 1, true)], [1, 0]);
  assertEquals(drain(nic.deregMr(writable)), 0);
  assertEquals(drain(nic.deregMr(writable)), -ERRNO.ENOENT);
  assertEquals(drain(nic.rdmaRead(BUF, 1)), -ERRNO.EACCES);
  assertThrows(() => drain(nic.regMr(BUF + 1, 1, true)), RangeError, "page-aligned");
});

Deno.test("ODP overlapping MRs have translations of their own", () => {
  const { nic, window } = machine();
  drain(nic.regMr(BUF, 4, true));
  drain(nic.rdmaWrite(BUF, 4, () => 1));
  drain(nic.regMr(page(2), 4, true));
  drain(nic.rdmaRead(page(2), 4));
  let entries = 0;
  nic.forEachEntry(() => entries++);
  assertEquals(entries, 8, "pages 2 and 3 are in both");
  const range = window(MMU_NOTIFY_CLEAR, 3, 1);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals([nic.counters.windows, nic.counters.dropped], [1, 2]);
});

Deno.test("ODP marks the frame of a dropped writable entry dirty, written or not", () => {
  const { nic, user, window } = machine();
  drain(nic.regMr(BUF, 1, true));
  drain(nic.regMr(page(1), 1, false));
  drain(nic.rdmaRead(BUF, 1));
  drain(nic.rdmaRead(page(1), 1));
  mmuNotifierInvalidateRangeStart(window(MMU_NOTIFY_CLEAR, 0, 2));
  assertEquals([...user.dirty], [user.ptes.get(BUF)!.pfn]);
});

Deno.test("ODP refuses a non-blocking window that overlaps an MR, and only that", () => {
  const profile = { ...kernelProfile("v5.2"), odpKeepsLockOnEagain: false };
  const { nic, window } = machine("legacy", profile);
  drain(nic.regMr(page(4), 2, true));
  drain(nic.rdmaWrite(page(4), 2, () => 1));
  const beside = window(MMU_NOTIFY_UNMAP, 0, 4);
  assertEquals(mmuNotifierInvalidateRangeStartNonblock(beside), 0);
  mmuNotifierInvalidateRangeEnd(beside);
  const over = window(MMU_NOTIFY_UNMAP, 0, 5);
  assertEquals(mmuNotifierInvalidateRangeStartNonblock(over), -ERRNO.EAGAIN);
  assertEquals([nic.openWindows, nic.counters.dropped], [0, 0], "a refusal leaves no trace");
  assertEquals(drain(nic.rdmaWrite(page(4), 2, () => 1)), 0);
});

Deno.test("ODP that refused keeps umem_rwsem until v5.3, and registering hangs (B-3)", () => {
  const { nic, window } = machine();
  drain(nic.regMr(BUF, 2, true));
  assertEquals(
    mmuNotifierInvalidateRangeStartNonblock(window(MMU_NOTIFY_UNMAP, 0, 2)),
    -ERRNO.EAGAIN,
  );
  assertEquals([nic.openWindows, nic.counters.refused, nic.counters.dropped], [1, 1, 0]);
  assertEquals(drain(nic.rdmaWrite(BUF, 2, () => 1)), 0, "faults do not need the lock");
  const other = window(MMU_NOTIFY_CLEAR, 0, 2);
  mmuNotifierInvalidateRangeStart(other);
  mmuNotifierInvalidateRangeEnd(other);
  assertEquals(nic.openWindows, 1, "windows of others are paired as before");
  const error = assertThrows(() => drain(nic.regMr(page(4), 1, true)), KernelBugError);
  assert(error.message.includes("umem_rwsem"));
});

Deno.test("ODP that refused is balanced where kernels pair end with the failure", () => {
  const { nic, window } = machine("legacy", "v6.1");
  drain(nic.regMr(BUF, 2, true));
  assertEquals(
    mmuNotifierInvalidateRangeStartNonblock(window(MMU_NOTIFY_UNMAP, 0, 2)),
    -ERRNO.EAGAIN,
  );
  assertEquals(nic.openWindows, 0);
  assertEquals(drain(nic.rdmaWrite(BUF, 2, () => 1)), 0);
});

Deno.test("ODP that agreed keeps its lock when another listener refuses (B-2)", () => {
  const { nic, user, window } = machine();
  drain(nic.regMr(page(8), 1, true));
  const refuses = { name: "refuses", invalidateRangeStart: () => -ERRNO.EAGAIN };
  mmuNotifierRegister(refuses, user.mm);
  mmuNotifierInvalidateRangeStartNonblock(window(MMU_NOTIFY_UNMAP, 0, 2));
  assertEquals(nic.openWindows, 1);
  assertEquals(drain(nic.rdmaWrite(page(8), 1, () => 1)), 0, "MRs outside the window work");
  const error = assertThrows(() => drain(nic.regMr(BUF, 1, true)), KernelBugError);
  assert(error.message.includes("ib_umem_odp_get"));
  assert(error.message.includes("umem_rwsem"));
});

Deno.test("ODP blocks installs of an MR in an open window, and of no other", () => {
  const { nic, window } = machine();
  drain(nic.regMr(BUF, 2, true));
  drain(nic.regMr(page(2), 2, true));
  const range = window(MMU_NOTIFY_CLEAR, 1, 1);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(drain(nic.rdmaWrite(page(2), 2, () => 1)), 0);
  const access = nic.rdmaWrite(BUF, 1, () => 1);
  for (let steps = 0; steps < 10; steps++) assert(!access.next().done);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(drain(access), 0);
  assertEquals(nic.counters.faults, 2 + nic.counters.retries + 1);
});

Deno.test("ODP throws a fault away if a window came and went after its start", () => {
  for (const [faults, retries] of [[[], 1], [["forget_retry"], 0]] as const) {
    const { nic, user, window } = machine("legacy", "v5.2", faults);
    drain(nic.regMr(BUF, 1, true));
    user.onGup = () => {
      user.onGup = null;
      const range = window(MMU_NOTIFY_CLEAR, 0, 1);
      mmuNotifierInvalidateRangeStart(range);
      mmuNotifierInvalidateRangeEnd(range);
    };
    assertEquals(drain(nic.rdmaWrite(BUF, 1, () => 1)), 0);
    assertEquals([nic.counters.retries, user.held], [retries, 0]);
  }
});

Deno.test("ODP faults give up loudly when a window was leaked", () => {
  const { nic, window } = machine();
  drain(nic.regMr(BUF, 1, true));
  mmuNotifierInvalidateRangeStart(window(MMU_NOTIFY_CLEAR, 0, 1));
  const error = assertThrows(() => drain(nic.rdmaWrite(BUF, 1, () => 1)), KernelBugError);
  assert(error.message.includes("notifiers_count of MR 1 is 1"));
});

Deno.test("ODP windows nest and may end in any order", () => {
  const { nic, window } = machine();
  drain(nic.regMr(BUF, 8, true));
  const ranges = [window(MMU_NOTIFY_UNMAP, 0, 8), window(MMU_NOTIFY_CLEAR, 0, 4)];
  for (const range of ranges) mmuNotifierInvalidateRangeStart(range);
  for (const range of ranges) mmuNotifierInvalidateRangeEnd(range);
  assertEquals(nic.openWindows, 0);
  assertEquals(drain(nic.rdmaWrite(BUF, 8, () => 1)), 0);
  assertThrows(() => mmuNotifierInvalidateRangeEnd(ranges[0]), KernelBugError, "without its start");
});

Deno.test("ODP takes an end whose start was told a shorter range", () => {
  const { nic, window } = machine("legacy", "v5.2", ["short_range"]);
  drain(nic.regMr(BUF, 4, true));
  drain(nic.rdmaWrite(BUF, 4, () => 1));
  const range = window(MMU_NOTIFY_UNMAP, 0, 4);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals([nic.openWindows, nic.entryAt(page(3)) !== undefined], [0, true]);
});

Deno.test("ODP follow-up skips a read-only update of an MR never mapped for write", () => {
  const { nic, window } = machine("followup");
  drain(nic.regMr(BUF, 2, false));
  drain(nic.regMr(page(2), 2, true));
  drain(nic.rdmaRead(BUF, 2));
  drain(nic.rdmaRead(page(2), 2));
  const range = window(MMU_NOTIFY_PROTECTION_VMA, 0, 4);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals([nic.counters.kept, nic.counters.dropped], [2, 2], "writable MRs never benefit");
});

Deno.test("ODP follow-up accounts a window that it skips", () => {
  const { nic, user, window } = machine("followup");
  drain(nic.regMr(BUF, 2, false));
  drain(nic.rdmaRead(BUF, 1));
  user.onGup = () => {
    user.onGup = null;
    const range = window(MMU_NOTIFY_PROTECTION_VMA, 0, 2);
    mmuNotifierInvalidateRangeStart(range);
    mmuNotifierInvalidateRangeEnd(range);
  };
  drain(nic.rdmaRead(page(1), 1));
  assertEquals([nic.counters.skipped, nic.counters.retries], [1, 1]);
});

Deno.test("ODP marks its MRs dying at release", () => {
  const { nic, user } = machine();
  drain(nic.regMr(BUF, 2, true));
  drain(nic.rdmaWrite(BUF, 2, () => 1));
  mmuNotifierRelease(user.mm);
  assertEquals(nic.entryAt(BUF), undefined);
  assertEquals(drain(nic.rdmaWrite(BUF, 1, () => 1)), -ERRNO.EFAULT);
  assertEquals(drain(nic.regMr(BUF, 1, true)), -ERRNO.EFAULT);
});

Deno.test("ODP charges refaults, not first faults, to invalidations", () => {
  const { nic, user, window } = machine();
  drain(nic.regMr(BUF, 1, true));
  drain(nic.rdmaRead(BUF, 1));
  assertEquals(nic.counters.time_ns, 0);
  const range = window(MMU_NOTIFY_CLEAR, 0, 1);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeEnd(range);
  const handling = nic.counters.time_ns;
  assert(handling > 0);
  drain(nic.rdmaRead(BUF, 1));
  assertEquals([nic.counters.refaults, nic.counters.time_ns - handling], [1, 2_300_000]);
  assert(user.mm.notifierContext.clock.now > nic.counters.time_ns);
});
