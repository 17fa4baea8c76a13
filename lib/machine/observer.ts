/**
 * The machine as expectations see it.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { pageFacts } from "./facts.ts";
import { readFigure } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { Observed } from "./observed.ts";
import type { OperationResult } from "./spec.ts";

/** Which run, and which part of it, is looked at. */
export interface ObserveOptions {
  /** Name of the policy of the run. */
  readonly policy: string;
  /** Result of the step, or null at the end. */
  readonly result: OperationResult | null;
  /** First trace record that counts. */
  readonly fromRecord: number;
  /** First violation that counts. */
  readonly fromViolation: number;
}

/**
 * Lets expectations look at a machine.
 *
 * @param machine The machine.
 * @param options The part of its run that counts.
 * @returns The view; it reads the machine as it is when asked.
 */
export function observe(machine: Machine, options: ObserveOptions): Observed {
  const { host, processes, listeners, mappings } = machine;
  return {
    kernel: host.profile.name,
    policy: options.policy,
    result: options.result,
    violations: machine.violations.slice(options.fromViolation),
    allViolations: machine.violations,
    figure: (path) => {
      const captured = machine.captures.get(path);
      return typeof captured === "number" ? captured : readFigure(machine, path);
    },
    captured: (name) => machine.captures.get(name),
    records: () => host.trace.records(options.fromRecord),
    page: (process, address) => {
      const mm = processes.get(process);
      return mm === undefined ? undefined : pageFacts(machine, mm, address);
    },
    vmas: (process, start, end) =>
      processes.get(process)?.vmas.filter((vma) => vma.start < end && vma.end > start),
    access: (name, address) => {
      const placed = listeners.get(name);
      if (placed === undefined) return undefined;
      const entry = placed.listener.entryAt(address);
      return entry === undefined ? "none" : entry.writable ? "rw" : "ro";
    },
    resolve: ({ process, range }) => {
      const mapping = mappings.get(range.mapping);
      const owner = process ?? mapping?.process;
      if (mapping === undefined || owner === undefined || !processes.has(owner)) return undefined;
      const pages = range.pages ?? mapping.pages - range.firstPage;
      if (pages < 1 || range.firstPage + pages > mapping.pages) return undefined;
      return { process: owner, start: mapping.start + range.firstPage * PAGE_SIZE, pages };
    },
    mmOf: (process) => processes.get(process)?.id,
    nameOf: (mm, start, end) => nameOf(machine, mm, start, end),
  };
}

/** Names a range after the mapping that holds it, if one does. */
function nameOf(machine: Machine, mm: number, start: number, end: number): string | undefined {
  for (const mapping of machine.mappings.values()) {
    const last = mapping.start + mapping.pages * PAGE_SIZE;
    if (machine.host.mms[mm] === undefined || start < mapping.start || end > last) continue;
    const first = (start - mapping.start) / PAGE_SIZE;
    const pages = (end - start) / PAGE_SIZE;
    if (pages === mapping.pages) return mapping.name;
    return pages === 1
      ? `${mapping.name}[${first}]`
      : `${mapping.name}[${first}..${first + pages}]`;
  }
  return undefined;
}
