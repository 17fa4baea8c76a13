import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain, type Operation, type Preemption } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { DRIVERS } from "../../lib/machine/drivers.ts";
import { Machine } from "../../lib/machine/machine.ts";
import { operation } from "../../lib/machine/ops/mod.ts";
import { withDefaults } from "../../lib/machine/arguments.ts";
import type { Arguments, OperationResult } from "../../lib/machine/spec.ts";
import { RAM } from "./operations.ts";

const PAGES = 8;

function guestMachine(kernel: string): Machine {
  const machine = new Machine({
    drivers: DRIVERS,
    profile: kernelProfile(kernel),
    memory: 4 * 2 ** 20,
  });
  machine.addProcess("qemu");
  machine.addListener({ name: "guest", kind: "kvm", process: "qemu", policy: "legacy" });
  drain(start(machine, "mmap", { process: "qemu", name: "ram", size: PAGES * PAGE_SIZE }));
  drain(start(machine, "memslot", { listener: "guest", range: RAM }));
  drain(start(machine, "guest_write", { listener: "guest", range: RAM }));
  return machine;
}

function start(machine: Machine, name: string, args: Arguments): Operation<OperationResult> {
  const spec = operation(name);
  return spec.run(machine, withDefaults(spec, args));
}

/** Runs an operation up to a point; tells where it stopped, or that it ended. */
function until(running: Operation<OperationResult>, point: Preemption): Preemption | "ended" {
  for (;;) {
    const step = running.next();
    if (step.done) return "ended";
    if (step.value === point) return point;
  }
}

function part(first: number, pages: number) {
  return { mapping: "ram", firstPage: first, pages };
}

Deno.test("a guest fault waits for the window over its page to close", () => {
  const machine = guestMachine("v6.1");
  const { listener } = machine.listener("guest");
  const address = machine.mappings.get("ram")!.start;
  const zap = start(machine, "madvise", { range: part(0, 2), advice: "DONTNEED" });
  assertEquals(until(zap, "window_open"), "window_open");
  const read = start(machine, "guest_read", { listener: "guest", range: part(0, 1) });
  for (let look = 0; look < 6; look++) {
    assertEquals(until(read, "before_retry_check"), "before_retry_check");
    assertEquals(listener.entryAt(address), undefined);
  }
  assertEquals(listener.counters.retries > 1, true);
  assertEquals(until(zap, "window_closed"), "window_closed");
  assertEquals(drain(read).ret, 0);
  assertEquals(drain(zap).ret, 0);
  assertEquals(listener.entryAt(address)?.writable, false);
});

for (
  const { kernel, waits } of [
    { kernel: "v5.2", waits: true },
    { kernel: "v6.1", waits: false },
  ]
) {
  const what = waits ? "blocks" : "does not block";
  Deno.test(`on ${kernel} a window elsewhere in the guest ${what} a fault (B-10)`, () => {
    const machine = guestMachine(kernel);
    const { counters } = machine.listener("guest").listener;
    drain(start(machine, "madvise", { range: part(6, 1), advice: "DONTNEED" }));
    const zap = start(machine, "madvise", { range: part(0, 1), advice: "DONTNEED" });
    until(zap, "window_open");
    const read = start(machine, "guest_read", { listener: "guest", range: part(6, 1) });
    const ended = [1, 2, 3, 4].some(() => until(read, "before_retry_check") === "ended");
    assertEquals(ended, !waits);
    assertEquals(counters.retries > 0, waits);
    drain(zap);
    if (waits) drain(read);
  });
}

Deno.test("a page that is unmapped while the fault holds it is not installed", () => {
  const machine = guestMachine("v5.2");
  const { listener } = machine.listener("guest");
  drain(start(machine, "madvise", { range: RAM, advice: "DONTNEED" }));
  const write = start(machine, "guest_write", { listener: "guest", range: part(0, 1) });
  assertEquals(until(write, "before_retry_check"), "before_retry_check");
  drain(start(machine, "madvise", { range: part(0, 1), advice: "DONTNEED" }));
  drain(write);
  const mm = machine.mm("qemu");
  const address = machine.mappings.get("ram")!.start;
  assertEquals(listener.entryAt(address)?.pfn, mm.pageTable.pfnAt(address));
  assertEquals(listener.counters.retries, 1);
});

Deno.test("a copying write fault that loses a race drops its copy", () => {
  const machine = guestMachine("v5.2");
  drain(start(machine, "fork", { process: "qemu", child: "child" }));
  const free = machine.host.frames.freeCount;
  const write = start(machine, "write", { range: part(0, 1) });
  assertEquals(until(write, "window_open"), "window_open");
  drain(start(machine, "munmap", { range: part(0, 1), process: "child" }));
  drain(start(machine, "madvise", { range: part(0, 1), advice: "DONTNEED" }));
  drain(write);
  machine.execute(operation("wait"), { time: 0 });
  assertEquals(machine.violations, []);
  assertEquals(machine.host.frames.freeCount, free);
});
