/**
 * The journal of a session: for every tick, what came of it and what it changed.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import type { Violation } from "../kernel/violation.ts";
import type { Machine } from "../machine/machine.ts";
import type { Step } from "../machine/program.ts";
import type { StepResult } from "../machine/run.ts";
import { type PageChange, TableCopy } from "../machine/page_changes.ts";

/** What one tick was. */
export interface TickRecord {
  /** What came of the step. */
  readonly result: StepResult;
  /** Breaches found after it. */
  readonly violations: readonly Violation[];
  /** Length of the trace before it. */
  readonly firstRecord: number;
  /** Changed pages by owner: `cpu:NAME` of a process, `dev:NAME` of a listener. */
  readonly changes: ReadonlyMap<string, readonly PageChange[]>;
  /** By how much figures changed, by dotted name; those that did not are missing. */
  readonly figures: ReadonlyMap<string, number>;
}

/** Figures of ksmd that are followed. */
const KSM_FIGURES = ["pages_shared", "pages_sharing", "pages_unshared", "full_scans"] as const;

/** Counters that move although no translation does. */
const QUIET_COUNTERS: readonly string[] = ["windows", "skipped", "kept", "time_ns"];

/**
 * Names the CPU's table of a process in a journal.
 *
 * @param process Name of the process.
 * @returns The owner.
 */
export function cpuOwner(process: string): string {
  return `cpu:${process}`;
}

/**
 * Names the translations of a listener in a journal.
 *
 * @param listener Name of the listener.
 * @returns The owner.
 */
export function deviceOwner(listener: string): string {
  return `dev:${listener}`;
}

/** Everything that happened in a session, tick by tick. */
export class Journal {
  /** The ticks in order. */
  readonly ticks: TickRecord[] = [];
  #copies = new Map<string, TableCopy>();
  #counters = new Map<string, string>();
  #figures: ReadonlyMap<string, number> = new Map();
  #isCurrent = false;

  /**
   * Adds a tick.
   *
   * @param machine The machine after it.
   * @param step The step carried out.
   * @param record What came of it.
   */
  add(machine: Machine, step: Step, record: Omit<TickRecord, "changes" | "figures">): void {
    const before = this.#figures;
    const changes = this.#take(machine, step);
    const figures = new Map<string, number>();
    for (const [name, value] of this.#figures) {
      const difference = value - (before.get(name) ?? 0);
      if (difference !== 0) figures.set(name, difference);
    }
    this.ticks.push({ ...record, changes, figures });
  }

  /**
   * Forgets ticks.
   *
   * @param length Number of ticks that stay.
   */
  rewind(length: number): void {
    this.ticks.length = length;
    this.#isCurrent = false;
  }

  /**
   * Makes a machine the state from which changes count, unless it is already.
   *
   * @param machine The machine before the next tick.
   */
  observe(machine: Machine): void {
    if (this.#isCurrent) return;
    this.#copies = new Map();
    this.#counters = new Map();
    this.#take(machine, null);
    this.#isCurrent = true;
  }

  /**
   * Finds the change of a page in a tick.
   *
   * @param tick Number of the tick, from 0.
   * @param owner Whose table.
   * @param address The page.
   * @returns The run that holds it, or undefined.
   */
  changeAt(tick: number, owner: string, address: Vaddr): PageChange | undefined {
    const changes = this.ticks[tick].changes.get(owner);
    if (changes === undefined) return undefined;
    let low = 0;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (changes[middle].start <= address) low = middle + 1;
      else high = middle;
    }
    const run = changes[low - 1];
    return run !== undefined && address < run.start + run.pages * PAGE_SIZE ? run : undefined;
  }

  #take(machine: Machine, step: Step | null): Map<string, PageChange[]> {
    this.#figures = figuresOf(machine);
    const changes = new Map<string, PageChange[]>();
    const note = (owner: string, found: PageChange[]) => {
      if (found.length > 0) changes.set(owner, found);
    };
    for (const [name, mm] of machine.processes) {
      const owner = cpuOwner(name);
      note(owner, this.#copyOf(owner).takeProcess(mm));
    }
    for (const [name, { listener }] of machine.listeners) {
      const owner = deviceOwner(name);
      if (this.#hasMoved(name, machine, step)) {
        note(owner, this.#copyOf(owner).takeListener(listener));
      }
    }
    return changes;
  }

  /** A listener whose counters stand still has the translations it had, unless it was spoken to. */
  #hasMoved(name: string, machine: Machine, step: Step | null): boolean {
    const { counters } = machine.listener(name).listener;
    const moving = Object.entries(counters).filter(([key]) => !QUIET_COUNTERS.includes(key));
    const state = moving.map(([, value]) => value).join();
    const isSame = this.#counters.get(name) === state;
    this.#counters.set(name, state);
    return !isSame || step === null || step.during !== undefined ||
      step.args.listener === name || step.operation.name === "exit";
  }

  #copyOf(owner: string): TableCopy {
    let copy = this.#copies.get(owner);
    if (copy === undefined) this.#copies.set(owner, copy = new TableCopy());
    return copy;
  }
}

/** The figures that are followed: they are cheap to read. */
function figuresOf({ host, listeners, processes }: Machine): Map<string, number> {
  const figures = new Map<string, number>();
  for (const [name, { listener }] of listeners) {
    for (const [key, value] of Object.entries(listener.counters)) {
      figures.set(`${name}.${key}`, value);
    }
  }
  for (const [name, { vmas }] of processes) figures.set(`${name}.vmas`, vmas.length);
  for (const name of KSM_FIGURES) figures.set(`ksm.${name}`, host.ksm[name]);
  for (const [name, value] of Object.entries(host.vmstat)) figures.set(`vmstat.${name}`, value);
  return figures;
}
