import { assert, assertEquals, assertThrows } from "@std/assert";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { KernelBugError } from "../../lib/kernel/violation.ts";
import { AmdgpuHsaListener, AmdgpuListener } from "../../lib/listeners/amdgpu.ts";
import { UserptrListener } from "../../lib/listeners/userptr_listener.ts";
import type { ListenerOptions } from "../../lib/listeners/kind.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
  mmuNotifierInvalidateRangeStartNonblock,
} from "../../lib/notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, MMU_NOTIFY_SOFT_DIRTY } from "../../lib/notifier/range.ts";
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

const KINDS = ["amdgpu_gfx", "amdgpu_hsa", "radeon", "i915"];

interface SetUp {
  readonly policy?: string;
  readonly kernel?: string;
  readonly options?: ListenerOptions;
  readonly access?: "ro" | "rw";
}

function setUp(kind: string, { policy, kernel, options, access }: SetUp = {}) {
  const user = new FakeUserPages(fakeMm(kernel ?? "v5.2"));
  user.mmap(BASE, PAGES, true, access === "ro" ? "r" : "rw");
  const gpu = make(kind, user, policy, options);
  assert(gpu instanceof UserptrListener);
  populate(gpu, access ?? "rw");
  return { user, gpu };
}

for (const kind of KINDS) {
  Deno.test(`${kind} holds a reference per page, and gives them back`, () => {
    const { user, gpu } = setUp(kind);
    assertEquals([user.held, references(gpu), gpu.counters.pinned], [4, 4, 4]);
    assertEquals(gpu.unregister(gpu.find(BASE, PAGES)), 0);
    assertEquals([user.held, references(gpu), gpu.counters.pinned], [0, 0, 0]);
    assertEquals(user.dirty.size, 4, "a job may have written to all of them");
    assertEquals(gpu.find(BASE, 1), 0);
    assertEquals(gpu.unregister(1), -ERRNO.ENOENT);
    assertEquals(drain(gpu.submitRead(BASE, 1)), -ERRNO.EACCES);
  });

  Deno.test(`${kind} gets the whole object again when a job follows a window`, () => {
    const { user, gpu } = setUp(kind);
    pass(windowOver(user, MMU_NOTIFY_CLEAR, 2, 1));
    assertEquals(entries(gpu), "----");
    user.ptes.get(page(2))!.pfn = 999;
    assertEquals(drain(gpu.submitWrite(BASE, 1, () => 7)), 0);
    assertEquals([entries(gpu), gpu.entryAt(page(2))?.pfn], ["WWWW", 999]);
    assertEquals([user.held, gpu.counters.rebinds], [4, 1]);
  });

  Deno.test(`${kind} refuses what it must not wait for, and nothing else`, () => {
    const { user, gpu } = setUp(kind, { kernel: "v6.1" });
    user.mmap(page(8), 1, true, "rw");
    const beside = windowOver(user, MMU_NOTIFY_CLEAR, 4, 1);
    assertEquals(mmuNotifierInvalidateRangeStartNonblock(beside), 0);
    mmuNotifierInvalidateRangeEnd(beside);
    const over = windowOver(user, MMU_NOTIFY_CLEAR, 3, 2);
    assertEquals(mmuNotifierInvalidateRangeStartNonblock(over), -ERRNO.EAGAIN);
    assertEquals([entries(gpu), gpu.counters.refused], ["WWWW", 1], "a refusal leaves no trace");
    assertEquals(drain(gpu.submitWrite(BASE, PAGES, () => 7)), 0);
  });

  Deno.test(`${kind} refuses jobs that write a read-only object`, () => {
    const { gpu, user } = setUp(kind, { access: "ro" });
    assertEquals(entries(gpu), "RRRR");
    assertEquals(drain(gpu.submitWrite(BASE, 1, () => 7)), -ERRNO.EACCES);
    gpu.close();
    assertEquals(user.dirty.size, 0);
  });

  Deno.test(`${kind} marks what it writes after SOFT_DIRTY if it uses the event`, () => {
    const { user, gpu } = setUp(kind, { policy: "ideal" });
    drain(gpu.submitWrite(BASE, PAGES, () => 7));
    pass(windowOver(user, MMU_NOTIFY_SOFT_DIRTY));
    user.softDirty.clear();
    drain(gpu.submitWrite(page(1), 1, () => 8));
    assertEquals([...user.softDirty], [page(1)]);
    assertEquals([gpu.counters.rebinds, gpu.counters.skipped], [0, 1]);
  });

  Deno.test(`${kind} fails a job whose memory is gone, and holds nothing`, () => {
    const { user, gpu } = setUp(kind);
    const access = gpu.submitRead(BASE, PAGES);
    pass(windowOver(user, MMU_NOTIFY_CLEAR));
    user.unmapAll();
    assertEquals(drain(access), -ERRNO.EFAULT);
    assertEquals([user.held, entries(gpu)], [0, "----"]);
  });
}

for (const kind of ["radeon", "i915"]) {
  Deno.test(`${kind} looks pages up again if a window came while it did`, () => {
    const { user, gpu } = setUp(kind);
    pass(windowOver(user, MMU_NOTIFY_CLEAR));
    user.onGup = (address) => {
      if (address !== page(3)) return;
      user.onGup = null;
      pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
      user.ptes.get(page(0))!.pfn = 999;
    };
    assertEquals(drain(gpu.submitRead(BASE, 1)), 0);
    assertEquals([gpu.entryAt(BASE)?.pfn, user.held], [999, 4]);
  });
}

Deno.test("amdgpu spares an object whose own lookup opens a window", () => {
  const { user, gpu } = setUp("amdgpu_gfx");
  pass(windowOver(user, MMU_NOTIFY_CLEAR));
  user.onGup = () => pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
  assertEquals(drain(gpu.submitRead(BASE, 1)), 0);
  assertEquals([entries(gpu), gpu.counters.retries], ["WWWW", 0]);
});

Deno.test("amdgpu_gfx waits for the job that runs, once", () => {
  const { user, gpu } = setUp("amdgpu_gfx");
  const { clock } = user.mm.notifierContext;
  const before = clock.now;
  pass(windowOver(user, MMU_NOTIFY_CLEAR));
  assertEquals(gpu.counters.waits, 1);
  assert(clock.now - before >= 90_000, "the rest of a job of 100 us");
  pass(windowOver(user, MMU_NOTIFY_CLEAR));
  assertEquals(gpu.counters.waits, 1);
  assertEquals([user.held, user.dirty.size], [4, 4], "pages stay until the next submission");
});

Deno.test("amdgpu_gfx holds submissions up while a window is open", () => {
  const { user, gpu } = setUp("amdgpu_gfx");
  const range = windowOver(user, MMU_NOTIFY_CLEAR, 0, 1);
  mmuNotifierInvalidateRangeStart(range);
  const job = gpu.submitWrite(BASE, PAGES, () => 7);
  for (let steps = 0; steps < 10; steps++) assert(!job.next().done);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(drain(job), 0);
  assertEquals(gpu.counters.stalls, 1);
});

Deno.test("amdgpu says so if a window never ends, and if an end has no start", () => {
  const { user, gpu } = setUp("amdgpu_gfx");
  mmuNotifierInvalidateRangeStart(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
  const leaked = assertThrows(() => drain(gpu.submitRead(BASE, 1)), KernelBugError);
  assert(leaked.message.includes("amdgpu_mn_lock"));
  const other = setUp("amdgpu_gfx");
  const range = windowOver(other.user, MMU_NOTIFY_CLEAR);
  assertThrows(() => mmuNotifierInvalidateRangeEnd(range), KernelBugError, "without its start");
});

Deno.test("amdgpu that agreed keeps its lock when another listener refuses (B-2)", () => {
  for (const [kernel, left] of [["v5.2", 1], ["v6.1", 0]] as const) {
    const user = new FakeUserPages(fakeMm(kernel));
    const gpu = make("amdgpu_gfx", user);
    const refuses = { name: "refuses", invalidateRangeStart: () => -ERRNO.EAGAIN };
    user.mm.notifiers!.list.push(refuses);
    mmuNotifierInvalidateRangeStartNonblock(windowOver(user, MMU_NOTIFY_CLEAR));
    assert(gpu instanceof AmdgpuListener);
    assertEquals(gpu.openWindows, left, kernel);
  }
});

Deno.test("amdgpu_hsa stops the queues once, and restores all objects 1 ms later", () => {
  const { user, gpu } = setUp("amdgpu_hsa");
  user.mmap(page(8), 2, true, "rw");
  drain(gpu.register(page(8), 2, true));
  const { clock } = user.mm.notifierContext;
  pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
  const stopped = clock.now;
  pass(windowOver(user, MMU_NOTIFY_CLEAR, 8, 1));
  assert(gpu instanceof AmdgpuHsaListener && gpu.evicted);
  assertEquals([gpu.counters.stalls, gpu.counters.rebinds, user.held], [1, 0, 6]);
  drain(gpu.submitWrite(page(8), 1, () => 7));
  assert(clock.now - stopped >= 1_000_000);
  assertEquals([gpu.counters.rebinds, gpu.evicted], [2, false]);
});

Deno.test("amdgpu_hsa restores its queues although the memory of an object is gone", () => {
  const { user, gpu } = setUp("amdgpu_hsa");
  user.mmap(page(8), 2, true, "rw");
  drain(gpu.register(page(8), 2, true));
  pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 16));
  user.unmapAll();
  user.mmap(page(8), 2, true, "rw");
  assertEquals(drain(gpu.submitWrite(page(8), 2, () => 7)), 0);
  assertEquals(drain(gpu.submitRead(BASE, 1)), -ERRNO.EFAULT, "a VM fault of the GPU");
});

Deno.test("radeon may bind again inside a window: nothing tells it that it is open", () => {
  const { user, gpu } = setUp("radeon");
  const range = windowOver(user, MMU_NOTIFY_CLEAR);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(drain(gpu.submitRead(BASE, 1)), 0);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(entries(gpu), "WWWW");
});

Deno.test("i915 cancels by a worker on v5.0 and unbinds at once on v5.2", () => {
  for (const [kernel, waits] of [["v5.0", 2], ["v5.2", 1], ["v6.1", 1]] as const) {
    const { user, gpu } = setUp("i915", { kernel });
    pass(windowOver(user, MMU_NOTIFY_CLEAR));
    assertEquals([gpu.counters.waits, user.held], [waits, 0], kernel);
  }
});

Deno.test("i915 of v5.2 keeps the pages when a signal stops its start (B-26)", () => {
  for (const [kernel, held] of [["v5.0", 0], ["v5.2", 4], ["v6.1", 0]] as const) {
    const { user, gpu } = setUp("i915", { kernel, options: { signal: true } });
    pass(windowOver(user, MMU_NOTIFY_CLEAR));
    assertEquals([user.held, gpu.counters.refused], [held, held === 4 ? 1 : 0], kernel);
    assertEquals(user.mm.lines.length, held === 4 ? 1 : 0);
    pass(windowOver(user, MMU_NOTIFY_CLEAR, 8, 1));
    assertEquals(gpu.counters.refused, held === 4 ? 1 : 0, "nothing to unbind, nothing to stop");
  }
});

Deno.test("i915 sends the caller round again while a worker faults pages in", () => {
  const user = new FakeUserPages(fakeMm("v5.2"));
  user.mmap(BASE, PAGES, true);
  const gpu = make("i915", user);
  populate(gpu, "rw");
  assertEquals([gpu.counters.retries, entries(gpu)], [1, "WWWW"]);
});

Deno.test("a lookup that fails half way holds nothing", () => {
  for (const kind of KINDS) {
    const user = new FakeUserPages(fakeMm("v5.2"));
    user.mmap(BASE, 2, true, "rw");
    const gpu = make(kind, user);
    assert(gpu instanceof UserptrListener);
    const key = drain(gpu.register(BASE, PAGES, true));
    if (key > 0) assertEquals(drain(gpu.submitRead(BASE, 1)), -ERRNO.EFAULT, kind);
    assertEquals([user.held, gpu.counters.pinned], [0, 0], kind);
  }
});

Deno.test("i915 has only active objects in its tree", () => {
  const { user } = setUp("i915", { kernel: "v6.1" });
  pass(windowOver(user, MMU_NOTIFY_CLEAR));
  assertEquals(mmuNotifierInvalidateRangeStartNonblock(windowOver(user, MMU_NOTIFY_CLEAR)), 0);
});
