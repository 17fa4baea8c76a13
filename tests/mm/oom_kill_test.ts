import { assertEquals } from "@std/assert";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { MMF_OOM_SKIP, MMF_UNSTABLE } from "../../lib/mm/mm_struct.ts";
import { MAX_OOM_REAP_RETRIES, oomReapTask, processMrelease } from "../../lib/mm/oom_kill.ts";
import { VM_LOCKED } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { mmuNotifierRangeBlockable } from "../../lib/notifier/range.ts";
import { at, heard, machineWithPages } from "./reclaim_setup.ts";

Deno.test("the reaper unmaps private memory in non-blocking UNMAP windows; the mapping stays", () => {
  const { host, mm } = machineWithPages("v6.1", 2);
  const blockable: boolean[] = [];
  const name = "watcher";
  mmuNotifierRegister({
    name,
    invalidateRangeStart: (range) => (blockable.push(mmuNotifierRangeBlockable(range)), 0),
  }, mm);
  const events = heard(host, () => assertEquals(drain(processMrelease(mm)), 0));
  assertEquals(events, ["P UNMAP [0,2)", "P ir [0,2)"]);
  assertEquals([blockable, mm.vmas.length, mm.anonPages], [[false], 1, 0]);
  assertEquals(mm.flags & MMF_UNSTABLE, MMF_UNSTABLE);
  assertEquals(host.frames.freeCount, host.frames.count - 1);
});

Deno.test("a listener that would block makes the reaper come again ten times and then give up", () => {
  const { host, mm } = machineWithPages("v5.2", 2);
  mmuNotifierRegister({ name: "busy", invalidateRangeStart: () => -ERRNO.EAGAIN }, mm);
  assertEquals(drain(processMrelease(mm)), -ERRNO.EAGAIN);
  const before = host.clock.now;
  assertEquals(drain(oomReapTask(mm)), MAX_OOM_REAP_RETRIES + 1);
  assertEquals(host.clock.now - before >= 1e9, true);
  assertEquals(mm.flags & MMF_OOM_SKIP, MMF_OOM_SKIP);
  assertEquals(host.logLines.includes("oom_reaper: unable to reap P"), true);
  assertEquals(mm.anonPages, 2);
});

for (const [kernel, ends] of [["v5.2", 0], ["v6.1", 1]] as const) {
  Deno.test(`after a refused start the others get ${ends} ends (${kernel})`, () => {
    const { mm } = machineWithPages(kernel, 1);
    mmuNotifierRegister({ name: "busy", invalidateRangeStart: () => -ERRNO.EAGAIN }, mm);
    let ended = 0;
    mmuNotifierRegister({
      name: "counter",
      invalidateRangeStart: () => 0,
      invalidateRangeEnd: () => void ended++,
    }, mm);
    drain(processMrelease(mm));
    assertEquals(ended, ends);
  });
}

Deno.test("locked memory is reaped only by later kernels", () => {
  for (const [kernel, left] of [["v5.2", 1], ["v6.1", 0]] as const) {
    const { mm } = machineWithPages(kernel, 1);
    mm.vmaAt(at(0))!.flags |= VM_LOCKED;
    drain(processMrelease(mm));
    assertEquals(mm.anonPages, left);
  }
});
