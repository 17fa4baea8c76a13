import { assert, assertEquals, assertThrows } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { type KernelProfile, kernelProfile } from "../../lib/kernel/profile.ts";
import { KernelBugError } from "../../lib/kernel/violation.ts";
import { HmmListener } from "../../lib/listeners/hmm.ts";
import { SvaListener } from "../../lib/listeners/sva.ts";
import {
  mmuNotifierInvalidateRange,
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeOnlyEnd,
  mmuNotifierInvalidateRangeStart,
  mmuNotifierInvalidateRangeStartNonblock,
} from "../../lib/notifier/dispatch.ts";
import {
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_PROTECTION_PAGE,
  MMU_NOTIFY_UNMAP,
} from "../../lib/notifier/range.ts";
import { BASE, entries, make, page, PAGES, pass, populate, windowOver } from "./driver_setup.ts";
import { fakeMm, FakeUserPages } from "./fake_user_pages.ts";

function mirror(
  profile: KernelProfile | string = "v6.1",
  { policy = "legacy", contended = false } = {},
) {
  const user = new FakeUserPages(fakeMm(profile));
  user.mmap(BASE, 16, true, "rw");
  const device = make("hmm", user, policy, { contended });
  assert(device instanceof HmmListener);
  return { user, device };
}

Deno.test("HMM faults only in ranges that it follows, and holds no page", () => {
  const { user, device } = mirror();
  assertEquals(drain(device.deviceRead(BASE, 1)), -ERRNO.ENXIO);
  populate(device, "rw");
  assertEquals([device.counters.faults, user.held], [4, 0]);
  assertEquals(drain(device.deviceWrite(BASE, PAGES, () => 7)), 0);
  assertEquals(device.counters.faults, 4, "hits do not fault");
});

Deno.test("HMM makes all ranges valid when the last window ends, and none before", () => {
  const { user, device } = mirror();
  device.mirror(BASE, 4);
  device.mirror(page(8), 4);
  const first = windowOver(user, MMU_NOTIFY_CLEAR, 0, 1);
  const second = windowOver(user, MMU_NOTIFY_CLEAR, 12, 1);
  mmuNotifierInvalidateRangeStart(first);
  mmuNotifierInvalidateRangeStart(second);
  assertEquals([device.isValid(BASE), device.isValid(page(8)), device.openWindows], [
    false,
    true,
    2,
  ]);
  mmuNotifierInvalidateRangeEnd(first);
  assertEquals(device.isValid(BASE), false, "a window elsewhere keeps it invalid");
  assertEquals(drain(device.deviceRead(page(8), 1)), 0);
  const access = device.deviceRead(BASE, 1);
  for (let steps = 0; steps < 10; steps++) assert(!access.next().done);
  mmuNotifierInvalidateRangeEnd(second);
  assertEquals(drain(access), 0);
  assertThrows(() => mmuNotifierInvalidateRangeEnd(second), KernelBugError, "without its start");
});

Deno.test("HMM registers a range invalid while any window is open", () => {
  const { user, device } = mirror();
  const range = windowOver(user, MMU_NOTIFY_CLEAR, 12, 1);
  mmuNotifierInvalidateRangeStart(range);
  device.mirror(BASE, 4);
  assertEquals(device.isValid(BASE), false);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(device.isValid(BASE), true);
});

Deno.test("HMM takes a range that begins where the window ends for hit (B-27)", () => {
  for (const [hmmTouchingRanges, valid] of [[true, false], [false, true]] as const) {
    const { user, device } = mirror({ ...kernelProfile("v5.2"), hmmTouchingRanges });
    device.mirror(page(4), 4);
    mmuNotifierInvalidateRangeStart(windowOver(user, MMU_NOTIFY_CLEAR, 0, 4));
    assertEquals(device.isValid(page(4)), valid);
  }
});

Deno.test("HMM that finds its lock taken keeps the count (B-4)", () => {
  for (const [kernel, left] of [["v5.2", 1], ["v6.1", 0]] as const) {
    const { user, device } = mirror(kernel, { contended: true });
    device.mirror(BASE, 4);
    const range = windowOver(user, MMU_NOTIFY_UNMAP);
    assertEquals(mmuNotifierInvalidateRangeStartNonblock(range), -ERRNO.EAGAIN);
    assertEquals([device.openWindows, device.isValid(BASE)], [left, left === 0], kernel);
    if (left === 0) assertEquals(drain(device.deviceRead(BASE, 1)), 0);
    else {
      const error = assertThrows(() => drain(device.deviceRead(BASE, 1)), KernelBugError);
      assert(error.message.includes("notifiers is 1"));
    }
  }
});

for (const others of [0, 1000]) {
  Deno.test(`HMM that keeps a count knows what was hit ${others} windows ago`, () => {
    const { user, device } = mirror({ ...kernelProfile("v5.2"), hmmLeaksNotifiers: true }, {
      contended: true,
    });
    for (const first of [0, 2, 4]) device.mirror(page(first), 2);
    mmuNotifierInvalidateRangeStartNonblock(windowOver(user, MMU_NOTIFY_CLEAR, 15, 1));
    pass(windowOver(user, MMU_NOTIFY_CLEAR, 2, 1));
    for (let count = 0; count < others; count++) pass(windowOver(user, MMU_NOTIFY_CLEAR, 6, 1));
    assertEquals([0, 2, 4].map((first) => device.isValid(page(first))), [true, false, true]);
  });
}

Deno.test("HMM that is told to wait by its mirror answers -EAGAIN, or loses it (B-4)", () => {
  for (const [hmmLeaksNotifiers, answer] of [[true, 0], [false, -ERRNO.EAGAIN]] as const) {
    const { user, device } = mirror({ ...kernelProfile("v5.2"), hmmLeaksNotifiers });
    populate(device, "rw");
    const range = windowOver(user, MMU_NOTIFY_UNMAP);
    assertEquals(mmuNotifierInvalidateRangeStartNonblock(range), answer);
    if (answer === 0) mmuNotifierInvalidateRangeEnd(range);
    assertEquals([entries(device), device.openWindows], ["WWWW", 0], "nothing was done");
    const beside = windowOver(user, MMU_NOTIFY_UNMAP, 8, 1);
    assertEquals(mmuNotifierInvalidateRangeStartNonblock(beside), 0);
    mmuNotifierInvalidateRangeEnd(beside);
  }
});

Deno.test("HMM of v6.1 repeats a fault for a window over its range, not for one beside it", () => {
  for (const [first, retries] of [[0, 1], [3, 1], [8, 0]]) {
    const { user, device } = mirror("v6.1");
    device.mirror(BASE, 4);
    const access = device.deviceRead(BASE, 1);
    access.next();
    pass(windowOver(user, MMU_NOTIFY_CLEAR, first, 1));
    drain(access);
    assertEquals(device.counters.retries, retries, `window over page ${first}`);
  }
});

Deno.test("HMM does not see a window that came and went during a fault, by its flag alone", () => {
  for (const [hmmValidFlagOnly, retries] of [[true, 0], [false, 1]] as const) {
    const { user, device } = mirror({ ...kernelProfile("v5.2"), hmmValidFlagOnly });
    device.mirror(BASE, 1);
    const access = device.deviceRead(BASE, 1);
    access.next();
    pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
    user.ptes.get(BASE)!.pfn = 999;
    assertEquals(drain(access), 0);
    assertEquals([device.counters.retries, device.entryAt(BASE)?.pfn === 999], [
      retries,
      retries === 1,
    ]);
  }
});

Deno.test("HMM gives write access back in end where the CPU kept it", () => {
  const { user, device } = mirror("v6.1", { policy: "ideal" });
  populate(device, "rw");
  const range = windowOver(user, MMU_NOTIFY_PROTECTION_PAGE);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(entries(device), "RRRR");
  user.ptes.get(page(1))!.writable = false;
  user.ptes.get(page(2))!.pfn = 999;
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(entries(device), "WRRW");
});

Deno.test("HMM gives no write access back while another window is open", () => {
  const { user, device } = mirror("v6.1", { policy: "ideal" });
  populate(device, "rw");
  const outer = windowOver(user, MMU_NOTIFY_PROTECTION_PAGE, 0, 2);
  mmuNotifierInvalidateRangeStart(outer);
  pass(windowOver(user, MMU_NOTIFY_PROTECTION_PAGE, 0, 4));
  assertEquals(entries(device), "RRRR");
  mmuNotifierInvalidateRangeEnd(outer);
  assertEquals(entries(device), "WWRR");
});

function shared(iommu: "amd" | "intel") {
  const user = new FakeUserPages(fakeMm("v5.2"));
  user.mmap(BASE, PAGES, true, "rw");
  const device = make("sva", user, "legacy", { iommu });
  assert(device instanceof SvaListener);
  populate(device, "rw");
  return { user, device };
}

Deno.test("SVA walks the CPU's table and faults only where it grants no access", () => {
  const user = new FakeUserPages(fakeMm("v5.2"));
  user.mmap(BASE, 2, true, "r");
  user.mmap(page(2), 2, true);
  const device = make("sva", user);
  assert(device instanceof SvaListener);
  drain(device.deviceRead(BASE, PAGES));
  assertEquals([device.counters.faults, entries(device)], [2, "RRRR"]);
  drain(device.deviceWrite(BASE, 1, () => 7));
  assertEquals([device.counters.faults, entries(device), user.held], [3, "WRRR", 0]);
  assertEquals(drain(device.deviceRead(page(9), 1)), -ERRNO.EFAULT);
});

Deno.test("SVA of AMD flushes one page or everything, of Intel the span", () => {
  for (const [iommu, left] of [["amd", "----"], ["intel", "W--W"]] as const) {
    const { user, device } = shared(iommu);
    mmuNotifierInvalidateRange(user.mm, page(1), page(3));
    assertEquals(entries(device), left, iommu);
    assertEquals(device.counters.tlb_flushes, 1);
    const other = shared(iommu);
    mmuNotifierInvalidateRange(other.user.mm, page(1), page(1) + PAGE_SIZE);
    assertEquals(entries(other.device), "W-WW", iommu);
  }
});

Deno.test("SVA is flushed between start and end and again by end, but not by only_end", () => {
  const { user, device } = shared("amd");
  const range = windowOver(user, MMU_NOTIFY_CLEAR, 0, 1);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals([entries(device), device.counters.tlb_flushes], ["WWWW", 0]);
  mmuNotifierInvalidateRange(user.mm, BASE, page(1));
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals([entries(device), device.counters.tlb_flushes], ["-WWW", 2]);
  const again = windowOver(user, MMU_NOTIFY_CLEAR, 0, 1);
  mmuNotifierInvalidateRangeStart(again);
  mmuNotifierInvalidateRangeOnlyEnd(again);
  assertEquals(device.counters.tlb_flushes, 2);
});

Deno.test("SVA refills its cache without a fault", () => {
  const { user, device } = shared("amd");
  const { faults } = device.counters;
  mmuNotifierInvalidateRange(user.mm, BASE, page(4));
  drain(device.deviceRead(BASE, PAGES));
  assertEquals([device.counters.faults - faults, device.counters.refaults], [0, 4]);
});
