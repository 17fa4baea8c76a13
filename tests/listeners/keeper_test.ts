import { assert, assertEquals } from "@std/assert";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { GntdevListener } from "../../lib/listeners/gntdev.ts";
import { Hfi1Listener } from "../../lib/listeners/hfi1.ts";
import { LEAF_SIZE, OdpImplicitListener } from "../../lib/listeners/odp_implicit.ts";
import { mmuNotifierRelease } from "../../lib/notifier/chain.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
  mmuNotifierInvalidateRangeStartNonblock,
} from "../../lib/notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, MMU_NOTIFY_UNMAP } from "../../lib/notifier/range.ts";
import {
  BASE,
  entries,
  make,
  page,
  PAGES,
  pass,
  populate,
  references,
  windowOver,
} from "./driver_setup.ts";
import { fakeMm, FakeUserPages } from "./fake_user_pages.ts";

function grants(policy: string) {
  const user = new FakeUserPages(fakeMm("v5.2"));
  user.mmap(BASE, PAGES, true, "rw");
  const device = make("gntdev", user, policy);
  assert(device instanceof GntdevListener);
  populate(device, "rw");
  return { user, device };
}

Deno.test("gntdev loses what a window unmaps for good", () => {
  const { user, device } = grants("legacy");
  pass(windowOver(user, MMU_NOTIFY_CLEAR, 1, 1));
  assertEquals([entries(device), user.held, device.counters.dropped], ["W-WW", 3, 1]);
  assertEquals(drain(device.peerWrite(BASE, 1, () => 7)), 0);
  assertEquals(drain(device.peerRead(page(1), 1)), -ERRNO.EFAULT);
  pass(windowOver(user, MMU_NOTIFY_CLEAR, 1, 1));
  assertEquals(device.counters.dropped, 1, "a hole is passed over");
  assertEquals(device.unmapGrants(device.find(BASE, 1)), 0);
  assertEquals(user.held, 0);
  drain(device.mapGrants(BASE, PAGES));
  assertEquals(entries(device), "WWWW", "only mapping anew brings it back");
});

Deno.test("gntdev loses a grant whose page goes while the pages behind it are mapped", () => {
  const user = new FakeUserPages(fakeMm("v5.2"));
  user.mmap(BASE, PAGES, true, "rw");
  const device = make("gntdev", user, "legacy");
  assert(device instanceof GntdevListener);
  user.onGup = (address) => {
    if (address === page(2)) pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 2));
  };
  assert(drain(device.mapGrants(BASE, PAGES)) > 0);
  assertEquals([entries(device), user.held, device.counters.dropped], ["--WW", 2, 2]);
});

Deno.test("gntdev that looks in end unmaps what really went", () => {
  const { user, device } = grants("ideal");
  const range = windowOver(user, MMU_NOTIFY_CLEAR);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(entries(device), "WWWW");
  user.ptes.delete(page(1));
  user.ptes.get(page(2))!.pfn = 999;
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals([entries(device), references(device), user.held], ["W--W", 2, 2]);
  assertEquals([device.counters.dropped, device.counters.kept], [2, 2]);
});

Deno.test("gntdev has an end callback only where its policy needs one", () => {
  assertEquals(grants("legacy").device.ops.invalidateRangeEnd, undefined);
  assert(grants("ideal").device.ops.invalidateRangeEnd !== undefined);
});

Deno.test("gntdev refuses a non-blocking window over its grants", () => {
  const { user, device } = grants("ideal");
  const refused = mmuNotifierInvalidateRangeStartNonblock(windowOver(user, MMU_NOTIFY_UNMAP, 3, 2));
  assertEquals([refused, device.counters.refused, entries(device)], [-ERRNO.EAGAIN, 1, "WWWW"]);
  assertEquals(mmuNotifierInvalidateRangeStartNonblock(windowOver(user, MMU_NOTIFY_UNMAP, 4)), 0);
});

Deno.test("gntdev gives all grants back at release", () => {
  const { user, device } = grants("legacy");
  mmuNotifierRelease(user.mm);
  assertEquals([user.held, references(device)], [0, 0]);
  assertEquals(drain(device.mapGrants(BASE, 1)), -ERRNO.EFAULT);
});

Deno.test("gntdev maps all pages or none", () => {
  const { user, device } = grants("legacy");
  user.mmap(page(8), 1, true);
  assertEquals(drain(device.mapGrants(page(8), 2)), -ERRNO.EFAULT);
  assertEquals(user.held, PAGES);
});

function adapter(kernel: string) {
  const user = new FakeUserPages(fakeMm(kernel));
  user.mmap(BASE, PAGES, true, "rw");
  const device = make("hfi1", user);
  assert(device instanceof Hfi1Listener);
  populate(device, "rw");
  return { user, device };
}

Deno.test("hfi1 agrees to every window, blockable or not, and drops whole buffers", () => {
  const { user, device } = adapter("v5.2");
  assertEquals([user.pins.size, device.counters.pinned], [4, 4]);
  assertEquals(
    mmuNotifierInvalidateRangeStartNonblock(windowOver(user, MMU_NOTIFY_CLEAR, 1, 1)),
    0,
  );
  assertEquals([entries(device), user.pins.size, device.counters.dropped], ["----", 0, 4]);
  assertEquals(drain(device.receive(BASE, 1, () => 7)), -ERRNO.EACCES);
  drain(device.setupTids(BASE, PAGES));
  assertEquals([device.counters.tracking_freed, device.counters.tracking_rebuilt], [1, 1]);
  assertEquals(drain(device.receive(BASE, 1, () => 7)), 0);
  assertEquals(device.clearTids(device.find(BASE, 1)), 0);
  assertEquals([user.pins.size, device.clearTids(1)], [0, -ERRNO.ENOENT]);
});

Deno.test("hfi1 of v6.1 looks at the event and acts on UNMAP alone", () => {
  const { user, device } = adapter("v6.1");
  pass(windowOver(user, MMU_NOTIFY_CLEAR));
  assertEquals([entries(device), device.counters.skipped], ["WWWW", 1]);
  pass(windowOver(user, MMU_NOTIFY_UNMAP));
  assertEquals(entries(device), "----");
});

Deno.test("hfi1 finds a buffer that it has in its cache", () => {
  const { user, device } = adapter("v5.2");
  const key = device.find(BASE, 1);
  assertEquals(drain(device.setupTids(page(1), 2)), key);
  assertEquals(user.pins.size, 4);
});

Deno.test("hfi1 pins all pages of a buffer or none", () => {
  const { user, device } = adapter("v5.2");
  user.mmap(page(8), 1, true);
  assertEquals(drain(device.setupTids(page(8), 2)), -ERRNO.EFAULT);
  assertEquals([user.pins.size, device.counters.pinned], [4, 4]);
});

function implicit(policy: string, kernel = "v6.1") {
  const user = new FakeUserPages(fakeMm(kernel));
  user.mmap(BASE, PAGES, true);
  const device = make("odp_implicit", user, policy);
  assert(device instanceof OdpImplicitListener);
  return { user, device };
}

Deno.test("implicit ODP makes a leaf of 1 GiB when the device first faults in it", () => {
  const { user, device } = implicit("legacy");
  const border = Math.ceil(BASE / LEAF_SIZE + 1) * LEAF_SIZE;
  const start = border - 2 * 4096;
  user.mmap(start, 4, true);
  assertEquals(device.leaves, 0);
  const read: number[] = [];
  assertEquals(drain(device.rdmaWrite(start, 4, (n) => 10 + n)), 0);
  assertEquals(drain(device.rdmaRead(start, 4, (n, content) => read.push(n, content))), 0);
  assertEquals(read, [0, 10, 1, 11, 2, 12, 3, 13], "one access runs over the border");
  assertEquals([device.leaves, device.counters.faults], [2, 4]);
});

Deno.test("implicit ODP thrashes: a page that moves costs a leaf, unless CLEAR is understood", () => {
  for (const [policy, freed] of [["legacy", 3], ["ideal", 0]] as const) {
    const { user, device } = implicit(policy);
    drain(device.rdmaWrite(BASE, 1, () => 1));
    for (let round = 0; round < 3; round++) {
      pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
      drain(device.rdmaWrite(BASE, 1, () => 1));
    }
    const { counters } = device;
    assertEquals([counters.tracking_freed, counters.tracking_rebuilt], [freed, freed], policy);
    assertEquals([counters.faults, counters.refaults, device.leaves], [4, 3, 1]);
  }
});

Deno.test("implicit ODP makes no leaf while a window is open", () => {
  const { user, device } = implicit("legacy");
  const range = windowOver(user, MMU_NOTIFY_CLEAR);
  mmuNotifierInvalidateRangeStart(range);
  const access = device.rdmaWrite(BASE, 1, () => 1);
  for (let steps = 0; steps < 10; steps++) assert(!access.next().done);
  assertEquals(device.leaves, 0);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals([drain(access), device.leaves], [0, 1]);
});

Deno.test("implicit ODP whose leaf goes during a fault begins again with a new one", () => {
  const { user, device } = implicit("legacy");
  const access = device.rdmaWrite(BASE, 1, () => 1);
  access.next();
  pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
  assertEquals(drain(access), 0);
  assertEquals([entries(device), device.leaves, user.held], ["W---", 1, 0]);
});

Deno.test("implicit ODP whose leaf goes later goes on with the page that faulted", () => {
  const { user, device } = implicit("legacy");
  const written: number[] = [];
  const access = device.rdmaWrite(BASE, 3, (n) => written.push(n));
  while (!access.next().done) {
    const { faults, tracking_freed: freed } = device.counters;
    if (faults === 2 && freed === 0) pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
  }
  assertEquals(written, [0, 1, 2], "no page twice");
  assert(device.counters.tracking_freed > 0);
});

Deno.test("implicit ODP whose leaf goes while memory runs out does not begin again", () => {
  const { user, device } = implicit("legacy");
  // deno-lint-ignore require-yield
  user.getUserPage = function* () {
    pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
    return -ERRNO.ENOMEM;
  };
  user.ptes.clear();
  assertEquals(drain(device.rdmaWrite(BASE, 1, () => 1)), -ERRNO.ENOMEM);
  assertEquals(device.counters.faults, 1);
});

Deno.test("implicit ODP that only reads refuses writes", () => {
  const user = new FakeUserPages();
  user.mmap(BASE, 1, true);
  const device = make("odp_implicit", user, "legacy", { access: "ro" });
  assert(device instanceof OdpImplicitListener);
  assertEquals(drain(device.rdmaWrite(BASE, 1, () => 1)), -ERRNO.EACCES);
  assertEquals(drain(device.rdmaRead(page(0), 1)), 0);
});
