/**
 * Figures: the numbers of a machine by dotted name, such as `guest.faults` or `ksm.pages_shared`.
 *
 * @module
 */

import { TASK_SIZE } from "../kernel/address.ts";
import { newCounters } from "../listeners/counters.ts";
import type { Mm } from "../mm/mm_struct.ts";
import { countSoftDirty } from "../mm/task_mmu.ts";
import { newVmstat } from "../mm/vmstat.ts";
import type { Machine } from "./machine.ts";
import { requireMachine } from "./machine_options.ts";

const KSM_FIGURES = [
  "pages_shared",
  "pages_sharing",
  "pages_unshared",
  "pages_volatile",
  "full_scans",
  "rmap_items",
  "stable_node_chains",
  "stable_node_dups",
] as const;

const MEMORY_FIGURES: Readonly<Record<string, (machine: Machine) => number>> = {
  total: ({ host }) => host.frames.count,
  free: ({ host }) => host.frames.freeCount,
  used: ({ host }) => host.frames.count - host.frames.freeCount,
  swap_used: ({ host }) => host.swap.used,
};

const MACHINE_FIGURES: Readonly<Record<string, (machine: Machine) => number>> = {
  time_ns: ({ host }) => host.clock.now,
  violations: ({ violations }) => violations.length,
  trace_records: ({ host }) => host.trace.length,
};

const PROCESS_FIGURES: Readonly<Record<string, (mm: Mm) => number>> = {
  rss: (mm) => mm.rss,
  anon_pages: (mm) => mm.anonPages,
  file_pages: (mm) => mm.filePages,
  swap_entries: (mm) => mm.swapEntries,
  pinned_pages: (mm) => mm.pinnedPages,
  vmas: (mm) => mm.vmas.length,
  soft_dirty: (mm) => countSoftDirty(mm, 0, TASK_SIZE),
};

/** Every figure that can be named: of the machine by group, of each listener, of each process. */
export const FIGURES: {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly listener: readonly string[];
  readonly process: readonly string[];
} = {
  groups: {
    ksm: KSM_FIGURES,
    vmstat: Object.keys(newVmstat()),
    memory: Object.keys(MEMORY_FIGURES),
    machine: Object.keys(MACHINE_FIGURES),
  },
  listener: Object.keys(newCounters()),
  process: Object.keys(PROCESS_FIGURES),
};

/**
 * Reads a figure.
 *
 * @param machine The machine.
 * @param path Dotted name: a group, listener or process, then the figure.
 * @returns Its value, or undefined if there is no such figure.
 * @throws {TypeError} If it is no machine, or the name no text.
 */
export function readFigure(machine: Machine, path: string): number | undefined {
  requireMachine(machine);
  if (typeof path !== "string") {
    throw new TypeError(`Expected the name of a figure such as "guest.faults", got ${typeof path}`);
  }
  const at = path.indexOf(".");
  const owner = path.slice(0, at);
  const name = path.slice(at + 1);
  const placed = machine.listeners.get(owner);
  if (placed !== undefined) return pick(placed.listener.counters, name);
  const mm = machine.processes.get(owner);
  if (mm !== undefined) {
    return Object.hasOwn(PROCESS_FIGURES, name) ? PROCESS_FIGURES[name](mm) : undefined;
  }
  if (owner === "vmstat") return pick(machine.host.vmstat, name);
  if (owner === "ksm") {
    const known = KSM_FIGURES.find((figure) => figure === name);
    return known === undefined ? undefined : machine.host.ksm[known];
  }
  const group = owner === "memory" ? MEMORY_FIGURES : owner === "machine" ? MACHINE_FIGURES : {};
  return Object.hasOwn(group, name) ? group[name](machine) : undefined;
}

/**
 * Lists the figures of a machine by name, for reports.
 *
 * @param machine The machine.
 * @returns Names and values: the groups first, then processes, then listeners.
 * @throws {TypeError} If it is no machine.
 */
export function allFigures(machine: Machine): Record<string, number> {
  requireMachine(machine);
  const names: string[] = [];
  for (const [group, members] of Object.entries(FIGURES.groups)) {
    for (const member of members) names.push(`${group}.${member}`);
  }
  for (const process of machine.processes.keys()) {
    for (const member of FIGURES.process) names.push(`${process}.${member}`);
  }
  for (const listener of machine.listeners.keys()) {
    for (const member of FIGURES.listener) names.push(`${listener}.${member}`);
  }
  return Object.fromEntries(names.map((name) => [name, readFigure(machine, name) ?? 0]));
}

function pick(record: object, name: string): number | undefined {
  if (!Object.hasOwn(record, name)) return undefined;
  const value: unknown = Reflect.get(record, name);
  return typeof value === "number" ? value : undefined;
}
