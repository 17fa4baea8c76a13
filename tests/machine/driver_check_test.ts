import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { FaultName } from "../../lib/kernel/faults.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { DRIVERS } from "../../lib/machine/drivers.ts";
import { Machine } from "../../lib/machine/machine.ts";
import { RAM, run } from "./operations.ts";

const PAGES = 8;

/** A machine with one process, eight filled pages of "ram", and one listener "dev". */
function setUp(kind: string, faults: readonly FaultName[], policy = "legacy"): Machine {
  const machine = new Machine({
    drivers: DRIVERS,
    profile: kernelProfile("v5-series"),
    memory: 4 * 2 ** 20,
    faults: new Set(faults),
  });
  machine.addProcess("app");
  machine.addListener({ name: "dev", kind, process: "app", policy });
  run(machine, "mmap", { process: "app", name: "ram", size: PAGES * 4096 });
  run(machine, "fill", { range: RAM });
  return machine;
}

/** What makes each kind of device work on all pages: names of operations. */
const USE: Readonly<Record<string, readonly string[]>> = {
  odp_implicit: ["rdma_write"],
  amdgpu_gfx: ["userptr", "submit"],
  amdgpu_hsa: ["userptr", "submit"],
  radeon: ["userptr", "submit"],
  i915: ["userptr", "submit"],
  gntdev: ["map_grant", "peer_write"],
  hmm: ["mirror", "device_write"],
  sva: ["device_write"],
  hfi1: ["tid_setup", "tid_receive"],
};

function use(machine: Machine, kind: string): void {
  for (const name of USE[kind]) {
    assertEquals(run(machine, name, { listener: "dev", range: RAM }), 0);
  }
}

/** Kinds whose translations must be the CPU's: leaving one behind is a breach. */
const FOLLOWERS: readonly (readonly [string, FaultName])[] = [
  ["odp_implicit", "ignore_start"],
  ["gntdev", "ignore_start"],
  ["hmm", "ignore_start"],
  ["sva", "skip_invalidate_range"],
];

for (const [kind, fault] of FOLLOWERS) {
  for (const [name, args] of [["munmap", {}], ["madvise", { advice: "DONTNEED" }]] as const) {
    Deno.test(`the checks notice that ${kind} keeps its translations over ${name}`, () => {
      const healthy = setUp(kind, []);
      use(healthy, kind);
      run(healthy, name, { range: RAM, ...args });
      assertEquals(healthy.violations, [], "without the fault nothing is wrong");
      const broken = setUp(kind, [fault]);
      use(broken, kind);
      run(broken, name, { range: RAM, ...args });
      const found = broken.violations.filter(({ invariant }) => invariant === "coherence");
      assertEquals(found.length, PAGES);
      assertStringIncludes(found[0].message, 'Listener "dev" maps 0x7f0000000000');
    });
  }
}

Deno.test("the checks notice a writable translation that fork should have taken", () => {
  for (const [kind, fault] of FOLLOWERS) {
    const machine = setUp(kind, [fault]);
    use(machine, kind);
    run(machine, "fork", { process: "app", child: "child" });
    const found = machine.violations.filter(({ invariant }) => invariant === "coherence");
    assertEquals(found.length, kind === "gntdev" ? 0 : PAGES, kind);
  }
});

/** Kinds that hold references: frames count them, and what is left behind is divergence. */
const HOLDERS = ["amdgpu_gfx", "amdgpu_hsa", "radeon", "i915", "hfi1"];

for (const kind of HOLDERS) {
  Deno.test(`the references of ${kind} are accounted, and what it keeps diverges`, () => {
    const machine = setUp(kind, ["ignore_start"]);
    use(machine, kind);
    run(machine, "madvise", { range: RAM, advice: "DONTNEED" });
    run(machine, "fill", { range: RAM });
    assertEquals(machine.violations, []);
    assertEquals(machine.listener("dev").listener.counters.diverged, PAGES);
  });

  Deno.test(`the accounting notices a reference that ${kind} does not own up to`, () => {
    const machine = setUp(kind, []);
    use(machine, kind);
    const { listener } = machine.listener("dev");
    listener.forEachReference = () => {};
    run(machine, "read", { range: RAM });
    const found = machine.violations.filter(({ invariant }) => invariant === "refcount");
    assertEquals(found.length, PAGES);
    assertStringIncludes(found[0].message, "has refcount 2, but 1 references are held");
  });

  Deno.test(`an exit gives the references of ${kind} back`, () => {
    const machine = setUp(kind, []);
    use(machine, kind);
    run(machine, "exit", { process: "app" });
    assertEquals(machine.violations, []);
    assertEquals(machine.listener("dev").listener.counters.pinned, 0);
  });
}

Deno.test("grants are accounted, and given back at exit", () => {
  const machine = setUp("gntdev", []);
  use(machine, "gntdev");
  assertEquals(machine.violations, []);
  run(machine, "exit", { process: "app" });
  assertEquals(machine.violations, []);
  assertEquals(machine.listener("dev").listener.counters.pinned, 0);
});

Deno.test("a job that needs another kind of listener says which", () => {
  const machine = setUp("radeon", []);
  for (
    const [name, wanted] of [
      ["peer_write", "gntdev"],
      ["tid_receive", "hfi1"],
      ["device_read", "hmm, sva"],
      ["rdma_read", "odp"],
    ]
  ) {
    let message = "";
    try {
      run(machine, name, { listener: "dev", range: RAM });
    } catch (error) {
      assert(error instanceof TypeError);
      message = error.message;
    }
    assertStringIncludes(message, `expected kind ${wanted}`);
  }
});
