/**
 * A machine: one simulated computer with its processes and listeners by name.
 *
 * It executes operations one after the other, each drained without interruption, and checks its
 * invariants after every one of them.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { type CostName, COSTS } from "../kernel/costs.ts";
import { type FaultSet, NO_FAULTS } from "../kernel/faults.ts";
import { drain, type Operation } from "../kernel/operation.ts";
import type { KernelProfile } from "../kernel/profile.ts";
import { KernelBugError, type Violation } from "../kernel/violation.ts";
import type { ListenerCostName } from "../listeners/costs.ts";
import type { CustomListenerFactory } from "../listeners/custom.ts";
import type { Listener } from "../listeners/listener.ts";
import { type Policy, type PolicySpec, resolvePolicy } from "../listeners/policy.ts";
import { findKind, type ListenerOptions, makeListener } from "../listeners/kind.ts";
import { userPages } from "../mm/gup.ts";
import type { AddressSpace } from "../mm/filemap.ts";
import { Host } from "../mm/host.ts";
import type { Mm } from "../mm/mm_struct.ts";
import { mmuNotifierRegister } from "../notifier/chain.ts";
import { checkMachine } from "./check.ts";
import type { Value } from "./expression.ts";
import { checkClosingWindow, checkPairing } from "./check_windows.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { MmuNotifierRange } from "../notifier/range.ts";
import type { Gate } from "./program.ts";
import { rangeOf } from "./arguments.ts";
import { checkOptions, elsewhere, NO_DRIVERS, profileOf, requireName } from "./machine_options.ts";
import type { Arguments, Drivers, OperationResult, OperationSpec, RangeRef } from "./spec.ts";

/** Most breaches reported of the windows of one operation. */
const REPORTED_WINDOWS = 8;

/** How to make a machine. */
export interface MachineOptions {
  /** The simulated kernel: its switches, or the name of a profile; v5.2 unless given. */
  readonly profile?: KernelProfile | string;
  /** Kinds of listener beside `custom`, with their operations; none unless given. */
  readonly drivers?: Drivers;
  /** Memory in bytes, page aligned; 64 MiB unless given. */
  readonly memory?: number;
  /** NUMA nodes; 1 unless given. */
  readonly nodes?: number;
  /** Swap in pages; as much as memory unless given. */
  readonly swapPages?: number;
  /** Device memory in pages; a quarter of the memory unless given. */
  readonly devicePages?: number;
  /** Seed of all chance; 1 unless given. */
  readonly seed?: number;
  /** Costs in ns that replace those of the model, by name. */
  readonly costs?: Readonly<Record<string, number>>;
  /** Mistakes to inject. */
  readonly faults?: FaultSet;
  /** Whether invariants are checked after every operation; true unless given. */
  readonly check?: boolean;
  /** Most trace records kept; 0 records none. */
  readonly traceLimit?: number;
  /** Gives the callbacks to register for a listener, in place of its own; they may call those. */
  readonly watch?: ListenerWatch;
}

/** Gives the callbacks to register for a listener, or null for none. */
export type ListenerWatch = (listener: Listener) => MmuNotifierOps | null;

/** A mapping that an operation has named. */
export interface NamedMapping {
  /** Its name. */
  readonly name: string;
  /** The process that made it. */
  readonly process: string;
  /** First byte. */
  readonly start: Vaddr;
  /** Number of pages. */
  readonly pages: number;
}

/** A listener and where it works. */
export interface PlacedListener {
  /** The listener. */
  readonly listener: Listener;
  /** Name of the process. */
  readonly process: string;
  /** What it does with invalidations. */
  readonly policy: Policy;
}

/** An operation and its arguments. */
export interface Doing {
  /** The operation. */
  readonly operation: OperationSpec;
  /** Its checked arguments. */
  readonly args: Arguments;
}

/** Others that act while an operation is interrupted. */
export interface Company {
  /**
   * Runs an operation to its end, with interruptions, and then whoever had to wait for it.
   *
   * @param operation The operation; it is used up.
   * @returns The same with company, which yields where the operation does.
   */
  accompany(operation: Operation<OperationResult>): Operation<OperationResult>;
}

/** A part of an address space. */
export interface PlacedPages {
  /** The address space. */
  readonly mm: Mm;
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** Number of pages. */
  readonly pages: number;
}

/** What to add as a listener. */
export interface AddListenerOptions {
  /** Name for scenarios and counters. */
  readonly name: string;
  /** Kind of driver, such as `"kvm"`. */
  readonly kind: string;
  /** Name of the process. */
  readonly process: string;
  /** Name of a built-in policy, or a policy written out. */
  readonly policy: string | PolicySpec;
  /** Options of the kind. */
  readonly options?: ListenerOptions;
  /** Makes the user's part of a listener of kind custom. */
  readonly factory?: CustomListenerFactory;
}

/**
 * A simulated computer.
 *
 * @example
 * ```ts
 * import { Machine } from "./machine.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const machine = new Machine();
 * machine.addProcess("qemu");
 * assertEquals(machine.mm("qemu").rss, 0);
 * ```
 */
export class Machine {
  /** The mm side: memory, daemons, clock and trace. */
  readonly host: Host;
  /** Kinds of listener that it has, with their operations. */
  readonly drivers: Drivers;
  /** Whether invariants are checked after every operation; a replay may do without. */
  checked: boolean;
  /** Processes by name. */
  readonly processes: Map<string, Mm> = new Map();
  /** Listeners by name, in order of registration. */
  readonly listeners: Map<string, PlacedListener> = new Map();
  /** Named mappings; a name that an operation uses again stands for the new one from then on. */
  readonly mappings: Map<string, NamedMapping> = new Map();
  /** Files by name. */
  readonly files: Map<string, AddressSpace> = new Map();
  /** Copies of processes that pre-copy rounds have sent: content by address. */
  readonly images: Map<string, Map<Vaddr, number>> = new Map();
  /** Frames that operations hold for the kernel, which no page table maps. */
  readonly kernelFrames: Set<number> = new Set();
  /** What steps have captured, by name. */
  readonly captures: Map<string, Value> = new Map();
  /** Conditions of steps that were asked, and whether they hold. */
  readonly gates: Map<Gate, boolean> = new Map();
  /** Every breach found so far. */
  readonly violations: Violation[] = [];
  /** The operation that was begun last, with its arguments. */
  doing: Doing | undefined;
  /** Next content for pages that must all differ. */
  nextUnique = 1;
  /** Breaches found while windows closed, of the operation that is being carried out. */
  readonly #closing: Violation[] = [];
  readonly #watch: ListenerWatch;
  readonly #listenerCosts: Readonly<Partial<Record<ListenerCostName, number>>>;

  /**
   * Makes a machine without processes.
   *
   * @param options Profile, sizes, seed, costs and checks.
   * @throws {RangeError} If the memory is too small for its nodes, a number is out of its range, or
   * there is no profile or cost of a name.
   * @throws {TypeError} If an option is of another type.
   */
  constructor(options: MachineOptions = {}) {
    checkOptions(options);
    const { check = true, faults = NO_FAULTS, costs = {}, watch, profile, drivers, ...sizes } =
      options;
    this.drivers = drivers ?? NO_DRIVERS;
    this.#watch = watch ?? (({ ops }) => ops);
    const own = Object.entries(costs).filter(([name]) => Object.hasOwn(COSTS, name));
    const others = Object.entries(costs).filter(([name]) => !Object.hasOwn(COSTS, name));
    const memoryPages = Math.floor((sizes.memory ?? 64 * 2 ** 20) / PAGE_SIZE);
    this.host = new Host({
      swapPages: memoryPages,
      devicePages: Math.floor(memoryPages / 4),
      ...sizes,
      ...(profile === undefined ? {} : { profile: profileOf(profile) }),
      faults,
      costs: Object.fromEntries(own) as Partial<Record<CostName, number>>,
    });
    this.#listenerCosts = Object.fromEntries(others) as Partial<Record<ListenerCostName, number>>;
    this.checked = check;
    if (check) this.host.windowCheck = (range) => this.#checkWindow(range);
  }

  /**
   * Starts a process with an empty address space.
   *
   * @param name Its name.
   * @returns The address space.
   * @throws {RangeError} If a process of that name exists.
   * @throws {TypeError} If the name is empty.
   */
  addProcess(name: string): Mm {
    requireName("process", name);
    this.#requireNewProcess(name);
    const mm = this.host.createMm(name);
    this.processes.set(name, mm);
    return mm;
  }

  /**
   * Enters an address space that an operation made (fork) under its name.
   *
   * @param mm The address space.
   * @throws {RangeError} If a process of that name exists.
   */
  adoptProcess(mm: Mm): void {
    this.#requireNewProcess(mm.name);
    this.processes.set(mm.name, mm);
  }

  /**
   * Adds a listener to a process and registers it on the chain, if it has callbacks.
   *
   * @param options Name, kind, process and policy.
   * @returns The listener.
   * @throws {RangeError} If the process, kind, policy or an option is unknown, the process has
   * exited, or there is a listener of that name.
   * @throws {TypeError} If the name is empty.
   */
  addListener(options: AddListenerOptions): Listener {
    const { name, process } = options;
    requireName("listener", name);
    if (this.listeners.has(name)) {
      throw new RangeError(`Cannot add listener "${name}": there is one of that name`);
    }
    const mm = this.livingMm(process);
    const { drivers } = this;
    const listener = makeListener(findKind(drivers.kinds, options.kind, elsewhere(drivers)), {
      name,
      user: userPages(mm),
      policy: options.policy,
      options: options.options ?? {},
      subject: this.listeners.size,
      costs: this.#listenerCosts,
      ...(options.factory === undefined ? {} : { factory: options.factory }),
    });
    const ops = this.#watch(listener);
    if (ops !== null) mmuNotifierRegister(ops, mm);
    const policy = resolvePolicy(options.kind, options.policy);
    this.listeners.set(name, { listener, process, policy });
    return listener;
  }

  /**
   * Finds the address space of a process.
   *
   * @param process Its name.
   * @returns The address space.
   * @throws {RangeError} If there is no such process.
   */
  mm(process: string): Mm {
    const mm = this.processes.get(process);
    if (mm !== undefined) return mm;
    const known = [...this.processes.keys()].join(", ") || "none";
    throw new RangeError(`Cannot find process "${process}": the machine has ${known}`);
  }

  /**
   * Finds the address space of a process that can still do something.
   *
   * @param process Its name.
   * @returns The address space.
   * @throws {RangeError} If there is no such process, or it has exited.
   */
  livingMm(process: string): Mm {
    const mm = this.mm(process);
    if (mm.alive) return mm;
    throw new RangeError(`Cannot use process "${process}": it has exited`);
  }

  /**
   * Finds a listener.
   *
   * @param name Its name.
   * @returns The listener and its process.
   * @throws {RangeError} If there is no such listener.
   */
  listener(name: string): PlacedListener {
    const placed = this.listeners.get(name);
    if (placed !== undefined) return placed;
    const known = [...this.listeners.keys()].join(", ") || "none";
    throw new RangeError(`Cannot find listener "${name}": the machine has ${known}`);
  }

  /**
   * Finds a file.
   *
   * @param name Its name.
   * @returns The file.
   * @throws {RangeError} If there is no such file.
   */
  file(name: string): AddressSpace {
    const file = this.files.get(name);
    if (file !== undefined) return file;
    const known = [...this.files.keys()].join(", ") || "none";
    throw new RangeError(`Cannot find file "${name}": the machine has ${known}`);
  }

  /**
   * Finds a range of pages.
   *
   * @param named A named mapping or a part of it, such as `"ram"` or `"ram[0..8]"`, or written out.
   * @param process Process to look in; the one that made the mapping unless given.
   * @returns Where it is.
   * @throws {RangeError} If there is no such mapping, or it has fewer pages.
   */
  pages(named: RangeRef | string, process?: string): PlacedPages {
    const range = typeof named === "string" ? rangeOf(named) : named;
    const mapping = this.mappings.get(range.mapping);
    if (mapping === undefined) {
      const known = [...this.mappings.keys()].join(", ") || "none";
      throw new RangeError(`Cannot find mapping "${range.mapping}": the machine has ${known}`);
    }
    const pages = range.pages ?? mapping.pages - range.firstPage;
    const fits = pages >= 1 && range.firstPage >= 0 && range.firstPage + pages <= mapping.pages;
    if (!fits || !Number.isInteger(range.firstPage + pages)) {
      throw new RangeError(
        `Cannot use pages ${range.firstPage} to ${range.firstPage + pages} of mapping ` +
          `"${mapping.name}": it has ${mapping.pages} pages`,
      );
    }
    const start = mapping.start + range.firstPage * PAGE_SIZE;
    const mm = this.mm(process ?? mapping.process);
    return { mm, start, end: start + pages * PAGE_SIZE, pages };
  }

  /**
   * Carries out one operation without interruption, then checks the invariants.
   *
   * A broken invariant does not throw: it is added to {@linkcode Machine.violations}.
   *
   * @param operation The operation.
   * @param args Its checked arguments.
   * @returns Its result.
   * @throws {RangeError} If an argument names something that does not exist.
   */
  execute(operation: OperationSpec, args: Arguments): OperationResult {
    return drain(this.running(operation, args));
  }

  /**
   * As {@linkcode Machine.execute}, with interruptions.
   *
   * @param operation The operation.
   * @param args Its checked arguments.
   * @param company Others that act while it is interrupted.
   * @returns Its result, once it has been run to its end.
   * @throws {RangeError} If an argument names something that does not exist.
   */
  *running(
    operation: OperationSpec,
    args: Arguments,
    company?: Company,
  ): Operation<OperationResult> {
    const { trace, clock } = this.host;
    this.doing = { operation, args };
    trace.record(clock.now, "operation_begin", -1, -1, 0, 0, 0, 0);
    const result = yield* this.attempt(operation.name, () => {
      const running = operation.run(this, args);
      return company === undefined ? running : company.accompany(running);
    });
    trace.record(clock.now, "operation_end", -1, -1, 0, 0, 0, 0);
    if (this.checked) this.#check(operation.name);
    for (const { listener } of this.listeners.values()) {
      const faults = listener.takeFaults?.() ?? [];
      this.violations.push(...faults.map((fault) => ({ ...fault, operation: operation.name })));
    }
    return result;
  }

  /** Breaches at the closing of windows are added where none of that listener was left behind. */
  #check(operation: string): void {
    const found = checkMachine(this, operation);
    const pairing = [...this.listeners.values()].flatMap(checkPairing);
    const closing = this.#closing.splice(0).filter(({ listener }) =>
      !found.some((other) => other.invariant === "coherence" && other.listener === listener)
    );
    for (const breach of [...closing, ...pairing]) found.push({ ...breach, operation });
    this.violations.push(...found);
  }

  #checkWindow(range: MmuNotifierRange): void {
    if (this.#closing.length >= REPORTED_WINDOWS) return;
    this.#closing.push(...checkClosingWindow(this, range));
  }

  /**
   * Carries out a part of an operation; a kernel bug that it finds becomes a violation.
   *
   * @param operation Name of the operation.
   * @param begin Begins it.
   * @returns Its result; success after a kernel bug.
   */
  *attempt(
    operation: string,
    begin: () => Operation<OperationResult>,
  ): Operation<OperationResult> {
    try {
      return yield* begin();
    } catch (error) {
      if (!(error instanceof KernelBugError)) throw error;
      this.violations.push({ invariant: "kernel_bug", message: error.message, operation });
      return { ret: 0 };
    }
  }

  #requireNewProcess(name: string): void {
    if (this.processes.has(name)) {
      throw new RangeError(`Cannot start process "${name}": there is one of that name`);
    }
  }
}
