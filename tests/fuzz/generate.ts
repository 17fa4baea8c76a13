/**
 * Random programs over everything a scenario can ask for.
 *
 * Arguments are drawn by their kind from the operations' own records, so that a new operation takes
 * part as soon as it exists.
 *
 * @module
 */

import { PAGE_SIZE, PMD_SIZE } from "../../lib/kernel/address.ts";
import type { Preemption } from "../../lib/kernel/operation.ts";
import { Rng } from "../../lib/kernel/rng.ts";
import {
  newProgram,
  newStep,
  type Program,
  type ProgramListener,
  type Step,
} from "../../lib/machine/program.ts";
import type {
  Arguments,
  ArgumentSpec,
  ArgumentValue,
  OperationSpec,
} from "../../lib/machine/spec.ts";
import {
  ARENAS,
  DEVICE_ACCESSES,
  FAVOURED,
  GIVING,
  HIGHEST,
  KNOWN_BUGS_FIXED,
  RARE,
  USED_LISTENERS,
  USED_OPERATIONS,
  WEIGHTS,
} from "./ingredients.ts";

/** Operations of one random program. */
export const OPERATIONS_PER_PROGRAM = 240;
/** Where a device comes between. */
const POINTS: readonly Preemption[] = [
  "window_open",
  "ptl_dropped",
  "window_closed",
  "daemon_step",
];
/** Processes alive at a time. */
const MAX_PROCESSES = 3;
/** A mapping as far as it can be known before the program runs. */
interface Mapping {
  readonly name: string;
  readonly process: string;
  readonly pages: number;
  /** Listener to which a part of it was given. */
  readonly listener?: string;
  /** First page of that part. */
  readonly firstPage: number;
}

/**
 * Makes a random program; equal seeds give equal programs.
 *
 * @param seed The seed.
 * @param length Number of operations before the closing exits.
 * @returns The program.
 */
export function randomProgram(seed: number, length = OPERATIONS_PER_PROGRAM): Program {
  return new Generator(seed).program(length);
}

class Generator {
  readonly #rng: Rng;
  readonly #seed: number;
  readonly #nodes: number;
  readonly #listeners: readonly ProgramListener[] = listenersOf(["p0", "p1"]);
  #processes: string[] = ["p0", "p1"];
  /** Processes by name, each with those that it descends from. */
  readonly #ancestry: Map<string, readonly string[]> = new Map();
  readonly #mappings: Mapping[] = [];
  readonly #files: string[] = [];
  /** Chance of each operation; some are left out of a program, so that others come further. */
  readonly #weights: readonly number[];
  #names = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#rng = new Rng(seed);
    this.#nodes = 1 + this.#rng.below(2);
    this.#weights = USED_OPERATIONS.map(({ name }) => {
      const leftOut = name !== "mmap" && this.#rng.below(4) === 0;
      return leftOut ? 0 : WEIGHTS[name] ?? 4;
    });
  }

  program(length: number): Program {
    const steps = this.#beginning();
    while (steps.length < length) {
      const step = this.#step(this.#operation());
      steps.push(this.#interrupted(step));
      if (step.operation.name === "mmap" && this.#rng.below(2) === 0) {
        steps.push(this.#adviceFor(step));
      }
    }
    const exit = USED_OPERATIONS.find(({ name }) => name === "exit")!;
    for (const process of this.#processes) steps.push(newStep(exit, { process }));
    return newProgram({
      name: `Random program ${this.#seed}`,
      switches: KNOWN_BUGS_FIXED,
      machine: {
        memory: [4, 8, 16][this.#rng.below(3)] * 2 ** 20,
        nodes: this.#nodes,
        seed: this.#seed,
      },
      processes: [{ name: "p0" }, { name: "p1" }],
      listeners: this.#listeners,
      steps,
    });
  }

  /** Now and then a device uses memory in the middle of what a CPU or a daemon does. */
  #interrupted(step: Step): Step {
    if (step.args.listener !== undefined || this.#rng.below(3) > 0) return step;
    const interlude = {
      at: this.#pick(POINTS),
      nth: 1 + this.#rng.below(3),
      steps: [this.#step(this.#pick(DEVICE_ACCESSES))],
    };
    return { ...step, during: [interlude] };
  }

  /** A file, and a mapping of each process, given to each of its listeners. */
  #beginning(): Step[] {
    const named = (wanted: string) => USED_OPERATIONS.find(({ name }) => name === wanted)!;
    const file = this.#step(named("create_file"));
    const mappings = this.#processes.map((process) => this.#step(named("mmap"), { process }));
    const given = GIVING.flatMap((name) => {
      const kinds = named(name).args.listener.listenerKinds;
      const fitting = this.#listeners.filter(({ kind }) => kinds?.includes(kind));
      return fitting.map((listener) => this.#step(named(name), { listener: listener.name }));
    });
    return [file, ...mappings, ...given];
  }

  /** Advice on the whole of a new mapping, which small and late advice would hardly ever reach. */
  #adviceFor({ args }: Step): Step {
    const madvise = USED_OPERATIONS.find(({ name }) => name === "madvise")!;
    const advice = Number(args.size) >= PMD_SIZE ? "HUGEPAGE" : "MERGEABLE";
    const range = { mapping: String(args.name), firstPage: 0, pages: null };
    return newStep(madvise, { range, advice });
  }

  #operation(): OperationSpec {
    let at = this.#rng.below(this.#weights.reduce((sum, weight) => sum + weight));
    const found = USED_OPERATIONS[this.#weights.findIndex((weight) => (at -= weight) < 0)];
    const alive = this.#processes.length;
    if (found.name === "fork" && alive >= MAX_PROCESSES) return this.#operation();
    const forked = this.#processes.some((name) => this.#ancestry.has(name));
    if (found.name === "exit" && (alive < 2 || (!forked && this.#rng.below(4) > 0))) {
      return this.#operation();
    }
    return found;
  }

  #step(operation: OperationSpec, given: Arguments = {}): Step {
    const args: Record<string, ArgumentValue> = { ...given };
    for (const [name, spec] of Object.entries(operation.args)) {
      if (name in given) continue;
      if (!spec.required && this.#rng.below(RARE.includes(name) ? 8 : 2) > 0) continue;
      args[name] = this.#argument(operation.name, name, spec, args);
    }
    this.#remember(operation, args);
    return newStep(operation, args);
  }

  /** Follows what the operation introduces and ends. */
  #remember(operation: OperationSpec, args: Arguments): void {
    const process = String(args.process);
    if (operation.name === "exit") {
      this.#processes = this.#processes.filter((name) => name !== process);
      return;
    }
    for (const [name, spec] of Object.entries(operation.args)) {
      if (spec.kind !== "name" || args[name] === undefined) continue;
      const value = String(args[name]);
      if (spec.introduces === "process") {
        this.#processes.push(value);
        this.#ancestry.set(value, [process, ...(this.#ancestry.get(process) ?? [])]);
      }
      if (spec.introduces === "file") this.#files.push(value);
      if ((spec.introduces ?? "mapping") !== "mapping") continue;
      const pages = typeof args.size === "number" ? args.size / PAGE_SIZE : 1;
      this.#mappings.push({ name: value, process, pages, firstPage: 0 });
    }
    const { listener, range } = args;
    if (typeof range !== "object" || !GIVING.includes(operation.name)) return;
    const known = this.#mappings.find(({ name }) => name === range.mapping)!;
    const pages = range.pages ?? known.pages;
    const { firstPage } = range;
    this.#mappings.push({ ...known, pages, firstPage, listener: String(listener) });
  }

  #argument(
    operation: string,
    name: string,
    spec: ArgumentSpec,
    args: Arguments,
  ): ArgumentValue {
    switch (spec.kind) {
      case "process":
        return this.#process(operation, args);
      case "listener":
        return this.#listener(spec);
      case "file":
        return this.#pick(this.#files);
      case "name":
        return spec.introduces === "image" ? "image" : `n${this.#names++}`;
      case "range":
        return this.#range(operation, args);
      case "size":
        return this.#size() * PAGE_SIZE;
      case "address":
        return this.#address(name);
      case "count":
        return this.#count(operation, name);
      case "flag":
        return this.#rng.below(4) === 0;
      case "choice":
        return this.#choice(spec.choices!);
      case "fill":
        return this.#pick(["same", "same", "unique", "random", 0, 7]);
      case "duration":
        return this.#rng.below(100) * 1e6;
    }
  }

  #listener({ listenerKinds }: ArgumentSpec): string {
    const fitting = this.#listeners.filter(({ kind }) => listenerKinds?.includes(kind) ?? true);
    const alive = fitting.filter(({ process }) => this.#processes.includes(process));
    return this.#pick(alive.length > 0 && this.#rng.below(20) > 0 ? alive : fitting).name;
  }

  /** A process; where a range is given already, mostly one that has a copy of it. */
  #process(operation: string, args: Arguments): string {
    const { range } = args;
    const forked = this.#processes.filter((name) => this.#ancestry.has(name));
    if (operation === "exit" && forked.length > 0 && this.#rng.below(8) > 0) {
      return this.#pick(forked);
    }
    if (typeof range !== "object" || this.#rng.below(10) === 0) return this.#pick(this.#processes);
    const owner = this.#mappings.find(({ name }) => name === range.mapping)!.process;
    const related = this.#processes.filter((name) =>
      name === owner || this.#ancestry.get(name)?.includes(owner)
    );
    return this.#pick(related.length > 0 ? related : this.#processes);
  }

  #choice(choices: readonly string[]): string {
    const favoured = FAVOURED.filter((word) => choices.includes(word));
    return this.#pick([...choices, ...favoured]);
  }

  /** A part of a mapping, mostly of one that the listener or process named before has. */
  #range(operation: string, args: Arguments): ArgumentValue {
    const { listener } = args;
    const process = this.#listeners.find(({ name }) => name === listener)?.process ?? args.process;
    const gives = GIVING.includes(operation);
    const own = this.#mappings.filter((one) =>
      listener === undefined || gives ? one.process === process : one.listener === listener
    );
    const alive = this.#mappings.filter((one) => this.#processes.includes(one.process));
    const wanted = own.length > 0 && this.#rng.below(10) > 0 ? own : alive;
    const among = wanted.length > 0 ? wanted : this.#mappings;
    const from = this.#pick(this.#rng.below(3) > 0 ? among.slice(-4) : among);
    const { name, pages } = from;
    if (from.listener === undefined && this.#rng.below(pages < 512 ? 3 : 2) === 0) {
      return { mapping: name, firstPage: 0, pages: null };
    }
    const skipped = this.#rng.below(2) === 0 ? 0 : this.#rng.below(pages);
    const firstPage = from.firstPage + skipped;
    return { mapping: name, firstPage, pages: 1 + this.#rng.below(pages - skipped) };
  }

  #size(): number {
    return this.#rng.below(6) === 0 ? 512 + this.#rng.below(1100) : 1 + this.#rng.below(24);
  }

  #address(name: string): number {
    if (name === "gpa") return this.#rng.below(64) * PAGE_SIZE;
    return this.#pick(ARENAS) + (this.#rng.below(64) - 32) * PAGE_SIZE;
  }

  #count(operation: string, name: string): number {
    if (operation === "clear_refs") return this.#pick([1, 2, 3, 4, 4, 4, 5, 6]);
    if (["node", "from", "to"].includes(name)) return this.#rng.below(this.#nodes);
    if (operation === "ksm_set") return this.#rng.below(8);
    return this.#rng.below((HIGHEST[name] ?? 8) + 1);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#rng.below(from.length)];
  }
}

/** One listener of every kind on each process. */
function listenersOf(processes: readonly string[]): ProgramListener[] {
  return processes.flatMap((process) =>
    USED_LISTENERS.map((kind) => ({
      name: `${kind}_${process}`,
      kind,
      process,
      options: {},
    }))
  );
}
