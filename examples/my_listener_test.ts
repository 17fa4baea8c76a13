/**
 * A unit test of a driver's listener: does it do what it should, and is that safe?
 *
 *     deno test -P examples/my_listener_test.ts
 */

import { Machine, PAGE_SIZE, perform } from "@mmulab/mmulab";
import { assertEquals } from "@std/assert";
import myListener from "./my_listener.ts";

/** A process with four written pages that the device has read. */
function machineWithReadPages(): Machine {
  const machine = new Machine();
  machine.addProcess("app");
  machine.addListener({
    name: "mine",
    kind: "custom",
    process: "app",
    policy: "ideal",
    factory: myListener,
  });
  perform(machine, "mmap", { process: "app", name: "buf", size: 4 * PAGE_SIZE });
  perform(machine, "fill", { range: "buf" });
  perform(machine, "device_read", { listener: "mine", range: "buf" });
  return machine;
}

Deno.test("read-only entries stay when rights are taken away from the whole mapping", () => {
  const machine = machineWithReadPages();
  const { listener } = machine.listener("mine");
  perform(machine, "mprotect", { range: "buf", prot: "r" });
  assertEquals([listener.counters.kept, listener.counters.dropped], [4, 0]);
  assertEquals(machine.violations, []);
});

Deno.test("entries go when the pages do", () => {
  const machine = machineWithReadPages();
  const { listener } = machine.listener("mine");
  perform(machine, "munmap", { range: "buf[1..3]" });
  assertEquals([listener.counters.kept, listener.counters.dropped], [0, 2]);
  assertEquals(machine.violations, []);
});

Deno.test("a listener that keeps too much is found out", () => {
  const machine = new Machine();
  machine.addProcess("app");
  const careless = (context: Parameters<typeof myListener>[0]) => ({
    ...myListener(context),
    invalidateRangeStart: () => 0,
  });
  machine.addListener({
    name: "mine",
    kind: "custom",
    process: "app",
    policy: "ideal",
    factory: careless,
  });
  perform(machine, "mmap", { process: "app", name: "buf", size: PAGE_SIZE });
  perform(machine, "device_write", { listener: "mine", range: "buf" });
  perform(machine, "munmap", { range: "buf" });
  const [{ invariant, listener, operation }] = machine.violations;
  assertEquals([invariant, listener, operation], ["coherence", "mine", "munmap"]);
});
