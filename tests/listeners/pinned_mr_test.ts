import { assert, assertEquals } from "@std/assert";
import { ADDRESS_MAX, PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import type { FaultName } from "../../lib/kernel/faults.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { PinnedMrListener } from "../../lib/listeners/pinned_mr.ts";
import { resolvePolicy } from "../../lib/listeners/policy.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../../lib/notifier/dispatch.ts";
import { MMU_NOTIFY_SOFT_DIRTY, mmuNotifierRangeInit } from "../../lib/notifier/range.ts";
import { fakeMm, FakeUserPages } from "./fake_user_pages.ts";

const BUF = 0x7f00_0000_0000;

function machine(softDirty = false, profile = "v5.2", faults: readonly FaultName[] = []) {
  const user = new FakeUserPages(fakeMm(profile, faults));
  const policy = resolvePolicy("pinned_mr", "ideal");
  const nic = new PinnedMrListener({ name: "nic", user, policy }, { softDirty });
  if (nic.ops !== null) mmuNotifierRegister(nic.ops, user.mm);
  user.mmap(BUF, 8, true);
  return { user, nic };
}

function page(n: number): number {
  return BUF + n * PAGE_SIZE;
}

/** What writing 4 to clear_refs does, with a device write in the middle of the window. */
function clearRefs(user: FakeUserPages, inside: () => void = () => {}): void {
  const range = mmuNotifierRangeInit(MMU_NOTIFY_SOFT_DIRTY, 0, null, user.mm, 0, ADDRESS_MAX);
  mmuNotifierInvalidateRangeStart(range);
  inside();
  user.softDirty.clear();
  mmuNotifierInvalidateRangeEnd(range);
}

Deno.test("pinned MR pins every page for writing, even if it is read-only", () => {
  const { nic, user } = machine();
  assertEquals(drain(nic.regMr(BUF, 4, false)), 1);
  assertEquals(user.gups.map(({ write }) => write), [true, true, true, true]);
  assertEquals([nic.counters.pinned, user.pins.size], [4, 4]);
  assertEquals([nic.pins, nic.ops], [true, null]);
  assertEquals(nic.entryAt(BUF)?.writable, false);
  assertEquals(drain(nic.rdmaWrite(BUF, 1, () => 1)), -ERRNO.EACCES);
  assertEquals(drain(nic.rdmaRead(BUF, 4)), 0);
});

Deno.test("pinned MR leaves nothing pinned when one page cannot be pinned", () => {
  const { nic, user } = machine();
  assertEquals(drain(nic.regMr(page(6), 4, true)), -ERRNO.EFAULT);
  assertEquals([nic.counters.pinned, user.pins.size, user.dirty.size], [0, 0, 0]);
});

Deno.test("pinned MR goes on with its frames after the page table has changed", () => {
  const { nic, user } = machine();
  drain(nic.regMr(BUF, 1, true));
  const pinned = user.ptes.get(BUF)!.pfn;
  user.ptes.set(BUF, { pfn: 9999, writable: true });
  assertEquals(drain(nic.rdmaWrite(BUF, 1, () => 42)), 0);
  assertEquals([user.readFrame(pinned), user.readFrame(9999)], [42, 0]);
  assertEquals(nic.entryAt(BUF)?.pfn, pinned);
});

Deno.test("pinned MR gives its pins back at deregistration and at close", () => {
  const { nic, user } = machine();
  const first = drain(nic.regMr(BUF, 4, true));
  drain(nic.regMr(page(2), 4, false));
  assertEquals([user.pins.get(user.ptes.get(page(2))!.pfn), nic.counters.pinned], [2, 8]);
  assertEquals(drain(nic.deregMr(first)), 0);
  assertEquals(drain(nic.deregMr(first)), -ERRNO.ENOENT);
  assertEquals([user.pins.size, user.dirty.size], [4, 4], "a writable MR dirties its frames");
  nic.close();
  nic.close();
  assertEquals([user.pins.size, user.dirty.size, nic.counters.pinned], [0, 4, 0]);
  let entries = 0;
  nic.forEachEntry(() => entries++);
  assertEquals(entries, 0);
});

Deno.test("pinned MR without notifier always misses soft-dirty (B-17)", () => {
  const { nic, user } = machine();
  drain(nic.regMr(BUF, 4, true));
  clearRefs(user);
  drain(nic.rdmaWrite(BUF, 4, () => 1));
  assertEquals([user.softDirty.size, nic.counters.soft_dirty_marked], [0, 0]);
});

Deno.test("pinned MR with softDirty reports each page once per round", () => {
  const { nic, user } = machine(true);
  drain(nic.regMr(BUF, 4, true));
  drain(nic.rdmaWrite(BUF, 4, () => 1));
  assertEquals(nic.counters.soft_dirty_marked, 0, "nothing is recorded before the first round");
  for (let round = 1; round <= 2; round++) {
    clearRefs(user);
    assertEquals(user.softDirty.size, 0, "old writes belong to the last round");
    drain(nic.rdmaWrite(page(1), 2, () => 2));
    drain(nic.rdmaWrite(page(1), 1, () => 3));
    assertEquals([...user.softDirty], [page(1), page(2)]);
    assertEquals(nic.counters.soft_dirty_marked, 2 * round);
  }
  drain(nic.rdmaRead(page(3), 1));
  assert(!user.softDirty.has(page(3)), "reads are not reported");
});

Deno.test("pinned MR with softDirty reports a write inside the window again in end", () => {
  const { nic, user } = machine(true);
  drain(nic.regMr(BUF, 4, true));
  drain(nic.rdmaWrite(BUF, 4, () => 1));
  clearRefs(user, () => drain(nic.rdmaWrite(page(3), 1, () => 2)));
  assertEquals([...user.softDirty], [page(3)]);
});

Deno.test("pinned MR with softDirty needs the event, and can be told to stay silent", () => {
  for (const [profile, faults] of [["v5.0", []], ["v5.2", ["ignore_soft_dirty"]]] as const) {
    const { nic, user } = machine(true, profile, faults);
    drain(nic.regMr(BUF, 4, true));
    clearRefs(user);
    drain(nic.rdmaWrite(BUF, 4, () => 1));
    assertEquals(user.softDirty.size, 0);
  }
});
