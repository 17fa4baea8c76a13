import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { FaultName } from "../../lib/kernel/faults.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import type { Violation } from "../../lib/kernel/violation.ts";
import { DRIVERS } from "../../lib/machine/drivers.ts";
import { pageFacts } from "../../lib/machine/facts.ts";
import { Machine } from "../../lib/machine/machine.ts";
import type { RangeRef } from "../../lib/machine/spec.ts";
import { RAM, run } from "./operations.ts";

const FIRST: RangeRef = { mapping: "ram", firstPage: 0, pages: 1 };

interface Setup {
  readonly faults?: readonly FaultName[];
  readonly policy?: string;
  readonly kernel?: string;
}

/** A machine with one process, eight pages of "ram", and one listener of each kind on them. */
function setUp({ faults = [], policy = "legacy", kernel = "v5-series" }: Setup): Machine {
  const machine = new Machine({
    drivers: DRIVERS,
    profile: kernelProfile(kernel),
    memory: 4 * 2 ** 20,
    nodes: 2,
    faults: new Set(faults),
  });
  machine.addProcess("app");
  machine.addListener({ name: "guest", kind: "kvm", process: "app", policy });
  machine.addListener({ name: "nic", kind: "odp", process: "app", policy });
  machine.addListener({ name: "pin", kind: "pinned_mr", process: "app", policy });
  run(machine, "mmap", { process: "app", name: "ram", size: 8 * 4096 });
  run(machine, "fill", { range: RAM });
  return machine;
}

function guestMaps(machine: Machine): void {
  run(machine, "memslot", { listener: "guest", range: RAM });
  run(machine, "guest_write", { listener: "guest", range: RAM });
}

function nicMaps(machine: Machine): void {
  run(machine, "reg_mr", { listener: "nic", range: RAM });
  run(machine, "rdma_write", { listener: "nic", range: RAM });
}

interface Provocation {
  readonly fault: FaultName;
  readonly invariant: string;
  readonly says: string;
  readonly setup?: Omit<Setup, "faults">;
  readonly act: (machine: Machine) => void;
}

const PROVOCATIONS: readonly Provocation[] = [
  {
    fault: "skip_start",
    invariant: "coherence",
    says: 'Listener "guest" maps 0x7f0000000000',
    act: (machine) => {
      guestMaps(machine);
      run(machine, "madvise", { range: RAM, advice: "DONTNEED" });
    },
  },
  {
    fault: "short_range",
    invariant: "coherence",
    says: "0x7f0000007000",
    act: (machine) => {
      nicMaps(machine);
      run(machine, "munmap", { range: RAM });
    },
  },
  {
    fault: "ignore_start",
    invariant: "coherence",
    says: "but the CPU has no present entry",
    act: (machine) => {
      guestMaps(machine);
      run(machine, "munmap", { range: RAM });
    },
  },
  {
    fault: "ignore_change_pte",
    invariant: "coherence",
    says: "but the CPU has frame",
    setup: { policy: "followup" },
    act: (machine) => {
      guestMaps(machine);
      run(machine, "madvise", { range: RAM, advice: "MERGEABLE" });
      run(machine, "ksmd", { full_scans: 2 });
    },
  },
  {
    fault: "skip_change_pte",
    invariant: "coherence",
    says: "but the CPU has frame",
    setup: { policy: "followup" },
    act: (machine) => {
      guestMaps(machine);
      run(machine, "madvise", { range: RAM, advice: "MERGEABLE" });
      run(machine, "ksmd", { full_scans: 2 });
    },
  },
  {
    fault: "skip_end",
    invariant: "kernel_bug",
    says: "a window was started and never ended",
    act: (machine) => {
      guestMaps(machine);
      run(machine, "madvise", { range: FIRST, advice: "DONTNEED" });
      run(machine, "guest_write", { listener: "guest", range: RAM });
    },
  },
  {
    fault: "leak_frame",
    invariant: "refcount",
    says: "but 0 references are held",
    act: (machine) => run(machine, "munmap", { range: RAM }),
  },
  {
    fault: "lost_mapcount",
    invariant: "mapcount",
    says: "but 0 entries map it",
    act: (machine) => {
      run(machine, "reg_mr", { listener: "pin", range: RAM });
      run(machine, "madvise", { range: RAM, advice: "DONTNEED" });
    },
  },
  {
    fault: "leak_pin",
    invariant: "refcount",
    says: "references are held",
    act: (machine) => {
      run(machine, "reg_mr", { listener: "pin", range: RAM });
      run(machine, "dereg_mr", { listener: "pin", range: RAM });
    },
  },
];

for (const { fault, invariant, says, setup, act } of PROVOCATIONS) {
  Deno.test(`the checks notice the injected fault ${fault} as a breach of ${invariant}`, () => {
    const healthy = setUp(setup ?? {});
    act(healthy);
    assertEquals(healthy.violations, [], "without the fault nothing is wrong");
    const broken = setUp({ ...setup, faults: [fault] });
    act(broken);
    const found = broken.violations.filter((violation) => violation.invariant === invariant);
    assert(found.length > 0, `found only ${JSON.stringify(broken.violations)}`);
    assertStringIncludes(found.map((violation) => violation.message).join("\n"), says);
  });
}

Deno.test("a violation names listener, process, page and operation", () => {
  const machine = setUp({ faults: ["ignore_start"] });
  guestMaps(machine);
  run(machine, "munmap", { range: FIRST });
  const [violation] = machine.violations;
  assertEquals(without(violation, "message"), {
    invariant: "coherence",
    listener: "guest",
    process: "app",
    address: 0x7f0000000000,
    operation: "munmap",
  });
});

Deno.test("many breaches of one invariant are counted, not listed", () => {
  const machine = setUp({ faults: ["leak_frame"] });
  for (let round = 0; round < 2; round++) {
    run(machine, "mmap", { process: "app", name: "more", size: 64 * 4096 });
    run(machine, "fill", { range: { ...RAM, mapping: "more" } });
    run(machine, "munmap", { range: { ...RAM, mapping: "more" } });
  }
  const messages = machine.violations.map((violation) => violation.message);
  assert(messages.some((message) => /^\d+ more breaches of refcount$/.test(message)));
});

Deno.test("a pinned MR may diverge from the CPU, which is counted and no violation", () => {
  const machine = setUp({});
  run(machine, "reg_mr", { listener: "pin", range: RAM });
  run(machine, "madvise", { range: RAM, advice: "DONTNEED" });
  run(machine, "fill", { range: RAM });
  assertEquals(machine.violations, []);
  assertEquals(machine.listener("pin").listener.counters.diverged, 8);
});

Deno.test("a machine made without checks finds nothing", () => {
  const machine = new Machine({ memory: 2 ** 20, faults: new Set(["leak_frame"]), check: false });
  machine.addProcess("app");
  run(machine, "mmap", { process: "app", name: "ram", size: 4096 });
  run(machine, "fill", { range: RAM });
  run(machine, "munmap", { range: RAM });
  assertEquals(machine.violations, []);
});

Deno.test("a NUMA hint takes nothing from a read-only translation", () => {
  const machine = setUp({ faults: ["ignore_start"], kernel: "v6.1" });
  run(machine, "move_pages", { range: RAM, node: 1 });
  run(machine, "mprotect", { range: RAM, prot: "r" });
  run(machine, "memslot", { listener: "guest", range: FIRST });
  run(machine, "guest_read", { listener: "guest", range: FIRST });
  run(machine, "numa_scan", { process: "app" });
  assertEquals(pageFacts(machine, machine.mm("app"), 0x7f0000000000)?.protnone, true);
  assertEquals(machine.violations, []);
  run(machine, "mprotect", { range: RAM, prot: "none" });
  assertEquals(machine.violations.map(({ invariant }) => invariant).includes("coherence"), true);
});

function without(violation: Violation, key: keyof Violation): Partial<Violation> {
  const { [key]: _left, ...rest } = violation;
  return rest;
}
