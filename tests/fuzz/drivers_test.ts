/**
 * Random programs with every kind of listener on one process: no invariant may break, whatever the
 * policy and the kernel.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { Rng } from "../../lib/kernel/rng.ts";
import { DRIVERS } from "../../lib/machine/drivers.ts";
import { Machine } from "../../lib/machine/machine.ts";
import { operation } from "../../lib/machine/ops/mod.ts";
import { withDefaults } from "../../lib/machine/arguments.ts";
import type { Arguments, RangeRef } from "../../lib/machine/spec.ts";

const PAGES = 24;
const STEPS = 80;
const ROUNDS = 80;

/** Operations of the process; `range` is added. */
const CPU: readonly (readonly [string, Arguments])[] = [
  ["fill", { fill: "same" }],
  ["fill", { fill: "unique" }],
  ["read", {}],
  ["madvise", { advice: "DONTNEED" }],
  ["madvise", { advice: "MERGEABLE" }],
  ["mprotect", { prot: "r" }],
  ["mprotect", { prot: "rw" }],
  ["mprotect", { prot: "rw" }],
  ["mprotect", { prot: "rw" }],
  ["mprotect", { prot: "none" }],
];

/** Operations of the machine as a whole. */
const OTHERS: readonly (readonly [string, Arguments])[] = [
  ["ksmd", { full_scans: 1 }],
  ["compact", {}],
  ["reclaim", { size: 16 * 4096 }],
  ["clear_refs", { process: "app", value: 4 }],
];

/** Operations of the devices; `listener` (a name that begins with the kind) and `range` are added. */
const DEVICES: readonly (readonly [string, string, Arguments])[] = [
  ["kvm", "guest_write", { fill: "unique" }],
  ["kvm", "guest_read", {}],
  ["odp", "reg_mr", { access: "ro" }],
  ["odp", "reg_mr", {}],
  ["odp", "rdma_write", { fill: "unique" }],
  ["odp", "rdma_read", {}],
  ["odp_implicit", "rdma_write", { fill: "unique" }],
  ["odp_implicit", "rdma_read", {}],
  ["pinned_mr", "reg_mr", {}],
  ["pinned_mr", "dereg_mr", {}],
  ...["amdgpu_gfx", "amdgpu_hsa", "radeon", "i915"].flatMap((kind) =>
    [
      [kind, "userptr", { access: "ro" }],
      [kind, "userptr", {}],
      [kind, "userptr_free", {}],
      [kind, "submit", { access: "read" }],
      [kind, "submit", { fill: "unique" }],
    ] as const
  ),
  ["gntdev", "map_grant", {}],
  ["gntdev", "unmap_grant", {}],
  ["gntdev", "map_grant", {}],
  ["gntdev", "peer_write", { fill: "unique" }],
  ["gntdev", "peer_write", { fill: "same" }],
  ["hmm", "device_write", { fill: "unique" }],
  ["hmm", "device_read", {}],
  ["sva", "device_write", { fill: "unique" }],
  ["sva", "device_read", {}],
  ["hfi1", "tid_setup", {}],
  ["hfi1", "tid_setup", {}],
  ["hfi1", "tid_clear", {}],
  ["hfi1", "tid_clear", {}],
  ["hfi1", "tid_receive", { fill: "unique" }],
];

const KINDS = [...new Set(DEVICES.map(([kind]) => kind))];

/** A random program with a quarter of the kinds: grants forbid to fork, pins to move. */
class Program {
  readonly machine: Machine;
  readonly log: string[] = [];
  /** Device operations that succeeded. */
  readonly done: Set<string> = new Set();
  readonly #rng: Rng;
  readonly #kinds: string[];
  #children = 0;

  constructor(kernel: string, policy: string, seed: number) {
    this.#rng = new Rng(seed);
    this.machine = new Machine({
      drivers: DRIVERS,
      profile: kernelProfile(kernel),
      memory: 2 * 2 ** 20,
      seed,
    });
    this.machine.addProcess("app");
    this.#kinds = KINDS.filter((_, at) => (at + seed) % 4 === 0);
    for (const kind of this.#kinds) {
      this.machine.addListener({ name: `dev_${kind}`, kind, process: "app", policy });
    }
    this.#run("mmap", { process: "app", name: "ram", size: PAGES * 4096 });
    const all: RangeRef = { mapping: "ram", firstPage: 0, pages: null };
    if (this.#kinds.includes("kvm")) this.#run("memslot", { listener: "dev_kvm", range: all });
    if (this.#kinds.includes("hmm")) this.#run("mirror", { listener: "dev_hmm", range: all });
  }

  /** Runs a random step. */
  step(): void {
    const dice = this.#rng.below(10);
    if (dice < 3) {
      const [name, args] = this.#pick(CPU);
      this.#run(name, { ...args, range: this.#range() });
    } else if (dice < 4) {
      const [name, args] = this.#pick(OTHERS);
      this.#run(name, args);
    } else if (dice < 5 && this.#children < 4) this.#fork();
    else {
      const present = DEVICES.filter(([kind]) => this.#kinds.includes(kind));
      if (present.length === 0) return;
      const [kind, name, args] = this.#pick(present);
      this.#run(name, { ...args, listener: `dev_${kind}`, range: this.#range() });
    }
  }

  /** Ends the process. */
  exit(): void {
    this.#run("exit", { process: "app" });
  }

  #fork(): void {
    const child = `child${this.#children++}`;
    this.#run("fork", { process: "app", child });
    if (this.#rng.below(2) === 0) this.#run("exit", { process: child });
  }

  #run(name: string, args: Arguments): void {
    const spec = operation(name);
    this.log.push(`${name} ${JSON.stringify(args)}`);
    const { ret } = this.machine.execute(spec, withDefaults(spec, args));
    if (ret >= 0) this.done.add(`${args.listener} ${name}`);
  }

  #range(): RangeRef {
    // Whole thirds as often as anything, so that devices find what they registered
    if (this.#rng.below(2) === 0) {
      const pages = PAGES / 3;
      return { mapping: "ram", firstPage: this.#rng.below(3) * pages, pages };
    }
    const firstPage = this.#rng.below(PAGES);
    const pages = 1 + this.#rng.below(PAGES - firstPage);
    return { mapping: "ram", firstPage, pages };
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#rng.below(list.length)];
  }
}

for (const kernel of ["v5.0", "v5.2", "v5-series", "v6.1"]) {
  for (const policy of ["legacy", "followup", "ideal"]) {
    Deno.test(`random programs keep every listener right on ${kernel} under ${policy}`, () => {
      const done = new Set<string>();
      for (let seed = 1; seed <= ROUNDS; seed++) {
        const program = new Program(kernel, policy, seed);
        const { machine, log } = program;
        for (let n = 0; n < STEPS && machine.violations.length === 0; n++) program.step();
        if (machine.violations.length === 0) program.exit();
        const [first] = machine.violations;
        const story = first === undefined ? "" : `seed ${seed}: ${log.slice(-6).join("\n")}`;
        assertEquals(first, undefined, story);
        program.done.forEach((name) => done.add(name));
      }
      const idle = DEVICES.filter(([kind, name]) => !done.has(`dev_${kind} ${name}`));
      assert(idle.length < 3, `devices did nearly all that they can, but not ${idle.join("; ")}`);
    });
  }
}
