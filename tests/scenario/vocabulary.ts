/** A small made-up vocabulary, so that these tests depend on no real operation. */

import { COSTS } from "../../lib/kernel/costs.ts";
import { INJECTABLE_FAULTS } from "../../lib/kernel/faults.ts";
import { PROFILES } from "../../lib/kernel/profile.ts";
import { newCounters } from "../../lib/listeners/counters.ts";
import type { Program } from "../../lib/machine/program.ts";
import type { ArgumentSpec, OperationSpec } from "../../lib/machine/spec.ts";
import type { Diagnostic } from "../../lib/scenario/diagnostics.ts";
import { checkScenario, parseScenario } from "../../lib/scenario/scenario.ts";
import type { Variables } from "../../lib/scenario/variables.ts";
import type { Vocabulary } from "../../lib/scenario/vocabulary.ts";

function operation(
  name: string,
  args: Record<string, ArgumentSpec>,
  values: Record<string, string> = {},
): OperationSpec {
  return {
    name,
    about: `Does ${name}`,
    args,
    values,
    // deno-lint-ignore require-yield
    *run() {
      return { ret: 0 };
    },
  };
}

const MOVED = { moved: "Pages moved" };
const RANGE: ArgumentSpec = { kind: "range", about: "Pages", required: true };
const GUEST: ArgumentSpec = {
  kind: "listener",
  about: "The guest",
  required: true,
  listenerKinds: ["kvm"],
};

export const VOCABULARY: Vocabulary = {
  operations: [
    operation("mmap", {
      process: { kind: "process", about: "Whose", required: true },
      name: { kind: "name", about: "Name of the mapping", required: true },
      size: { kind: "size", about: "Bytes", required: true },
      prot: { kind: "choice", about: "Access", choices: ["none", "r", "rw", "rx"], default: "rw" },
      at: { kind: "address", about: "Where" },
      populate: { kind: "flag", about: "Fault all pages in", default: false },
    }, MOVED),
    operation("fork", {
      process: { kind: "process", about: "Whose", required: true },
      name: { kind: "name", about: "Name of the child", required: true, introduces: "process" },
    }),
    operation("madvise", {
      range: RANGE,
      advice: {
        kind: "choice",
        about: "What",
        choices: ["MERGEABLE", "DONTNEED"],
        required: true,
      },
    }, MOVED),
    operation("write", {
      process: { kind: "process", about: "Who" },
      range: RANGE,
      fill: { kind: "fill", about: "With what", default: "unique" },
    }),
    operation("memslot", {
      listener: GUEST,
      gpa: { kind: "address", about: "Guest address", required: true },
      range: RANGE,
    }),
    operation("guest_write", {
      listener: GUEST,
      range: RANGE,
      fill: { kind: "fill", about: "With what", default: "unique" },
    }),
    operation("guest_read", { listener: GUEST, range: RANGE }),
    operation("ksmd", { full_scans: { kind: "count", about: "Rounds", default: 1 } }),
    operation("wait", { time: { kind: "duration", about: "How long", required: true } }),
    operation("compact", {}, { moved: "Pages moved", failed: "Pages left" }),
  ],
  listenerKinds: [
    { kind: "kvm", about: "A guest", options: {} },
    {
      kind: "pinned_mr",
      about: "A memory region",
      options: { softDirty: { kind: "flag", about: "Report writes", default: false } },
    },
  ],
  policies: ["legacy", "followup", "ideal"],
  policyActions: ["keep", "drop", "downgrade"],
  profiles: PROFILES,
  costs: Object.keys(COSTS),
  faults: Object.keys(INJECTABLE_FAULTS),
  figures: {
    groups: { ksm: ["pages_shared", "pages_sharing"], vmstat: ["pgmigrate_success"] },
    listener: Object.keys(newCounters()),
    process: ["rss", "faults"],
  },
};

/** Steps that make the process `qemu`, its mapping `ram` and the listener `guest` usable. */
export const HEAD = `name: t
processes: { qemu: {} }
listeners:
  guest: { kind: kvm, process: qemu }
  nic: { kind: pinned_mr, process: qemu }
`;
export const MAPPING = "  - mmap: { process: qemu, name: ram, size: 16 pages }\n";

/** Parses a whole file. */
export function parse(source: string, variables: Variables = {}): Program {
  return parseScenario(source, { vocabulary: VOCABULARY, file: "t.yaml", variables });
}

/** Parses steps; processes, listeners and the mapping `ram` exist. */
export function parseSteps(steps: string): Program {
  return parse(`${HEAD}steps:\n${MAPPING}${steps}`);
}

/** The steps after the mapping, in short. */
export function labels(steps: string): string[] {
  return parseSteps(steps).steps.slice(1).map(({ label }) => label);
}

/** Checks a whole file that is wrong. */
export function check(source: string, variables: Variables = {}): readonly Diagnostic[] {
  return checkScenario(source, { vocabulary: VOCABULARY, file: "t.yaml", variables }).diagnostics;
}

/** Checks steps that are wrong. */
export function checkSteps(steps: string): readonly Diagnostic[] {
  return check(`${HEAD}steps:\n${MAPPING}${steps}`);
}

/** A scenario that uses most of the grammar. */
export const SAMPLE = `name: KSM merge on a KVM guest
about: >
  ksmd merges equal pages of guest RAM.
tags: [ksm, kvm, change_pte]
kernel: v5-series
kernels: [v5-series, v6.1]
switches: { retractNotifies: true, cowReuse: exclusive }
machine: { memory: "\${memory}", nodes: 2, seed: 7 }
costs: { cow_copy: 5 us, cpu_fault: 1000 }
faults: [skip_end]
vars: { pages: 16, memory: 64 MiB, half: "\${pages / 2}" }
policies:
  mine: { base: ideal, useChangePte: false, events: { SOFT_DIRTY: drop } }
processes: { qemu: {}, other: }
listeners:
  guest: { kind: kvm, process: qemu }
  nic: { kind: pinned_mr, process: other, policy: mine, softDirty: true }
steps:
  - mmap: { process: qemu, name: ram, size: "\${pages} pages", prot: rw, at: 0x7f0000000000 }
  - memslot: { listener: guest, gpa: 0, range: ram }
  - guest_write: { listener: guest, range: "ram[0..\${half}]", fill: same }
    name: Fill the guest
  - madvise: { range: ram, advice: MERGEABLE }
    expect: { ret: 0, values: { moved: 3 }, events: { CLEAR: 0, windows: ">= 0" } }
  - ksmd: { full_scans: 2 }
    expect:
      ksm: { pages_shared: 1, pages_sharing: "\${pages - 1}" }
      delta: { guest.faults: "< guest.windows" }
      pages:
        "ram[1..16]": { present: true, same_frame_as: "ram[0]", mapcount: ">= 1", frames: 1 }
        ram: { device: { guest: ro } }
      sequence: ["S CLEAR ram[0] · cp ram[0] · E", "S UNMAP all e"]
  - for: { var: i, from: 0, to: 4, step: 2 }
    do:
      - write: { process: qemu, range: "ram[\${i}]", fill: "\${i}" }
      - repeat: 2
        wait: { time: 20 ms }
  - fork: { process: qemu, name: child }
  - write: { process: child, range: ram }
    expect:
      - when: { kernel: v5.2, policy: [legacy, mine] }
        errno: [EAGAIN, ENOMEM]
      - pages: { "child:ram[0]": { other_frame_than: "qemu:ram[0]" } }
  - compact:
expect:
  violations: coherence
  guest.faults: "3..5"
  compare:
    guest.faults: { legacy: "> followup", mine: "<= legacy / 2" }
`;
