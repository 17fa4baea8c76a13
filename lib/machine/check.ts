/**
 * The always-on checks: coherence of secondary entries, and accounting of frames.
 *
 * Both look at the whole machine, in time proportional to what is mapped, after every operation.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Pfn } from "../kernel/address.ts";
import type { Violation } from "../kernel/violation.ts";
import { PTE_PRESENT, pteAccessible, pteWritable } from "../mm/flags.ts";
import { carriesTranslation } from "./cpu_entry.ts";
import { checkAccounting } from "./check_accounting.ts";
import { checkOpenWindows, inOpenWindow } from "./check_windows.ts";
import type { Machine, PlacedListener } from "./machine.ts";

/** Breaches of one invariant that are reported one by one; the rest is only counted. */
const REPORTED = 8;

/**
 * Checks every invariant of a machine.
 *
 * @param machine The machine, between two operations.
 * @param operation The operation that was just carried out.
 * @returns The breaches.
 */
export function checkMachine(machine: Machine, operation: string): Violation[] {
  const found: Violation[] = [];
  for (const placed of machine.listeners.values()) checkCoherence(machine, placed, found);
  for (const mm of machine.processes.values()) found.push(...checkOpenWindows(mm));
  checkAccounting(machine, found);
  return limit(found).map((violation) => ({ ...violation, operation }));
}

/**
 * Outside every open window a secondary entry needs a present CPU entry with the same frame, and a
 * writable one if it is writable. A driver that holds pins may diverge, which is counted. An entry
 * without access (PROT_NONE) still names its frame.
 */
function checkCoherence(machine: Machine, placed: PlacedListener, found: Violation[]): void {
  const { listener, process } = placed;
  const mm = machine.mm(process);
  let diverged = 0;
  let table = mm.pageTable.lookup(0);
  let base = -1;
  listener.forEachEntry((address, pfn, writable) => {
    const from = address - (address % (512 * PAGE_SIZE));
    if (from !== base) {
      base = from;
      table = mm.pageTable.lookup(address);
    }
    const index = (address - from) / PAGE_SIZE;
    const flags = table === null ? mm.pageTable.flagsAt(address) : table.flags[index];
    const mapped = table === null ? mm.pageTable.pfnAt(address) : table.pfn[index];
    const same = (flags & PTE_PRESENT) !== 0 && mapped === pfn;
    if (listener.pins) {
      if (!same) diverged++;
      return;
    }
    const granted = listener.anyAccess ||
      (carriesTranslation(mm, address, flags) && (!writable || pteWritable(flags)));
    if (same && granted) return;
    if (inOpenWindow(mm, address)) return;
    const cpu = pteAccessible(flags) ? entryText(mapped, pteWritable(flags)) : "no present entry";
    found.push({
      invariant: "coherence",
      message: `Listener "${listener.name}" maps ${hex(address)} to ${entryText(pfn, writable)}, ` +
        `but the CPU has ${cpu}`,
      listener: listener.name,
      process,
      address,
    });
  });
  if (listener.pins) listener.counters.diverged = diverged;
}

function entryText(pfn: Pfn, writable: boolean): string {
  return `frame ${pfn}, ${writable ? "writable" : "read-only"}`;
}

/** Keeps the first breaches of each invariant and says how many more there were. */
function limit(found: readonly Violation[]): Violation[] {
  const counts = new Map<string, number>();
  const kept: Violation[] = [];
  for (const violation of found) {
    const count = (counts.get(violation.invariant) ?? 0) + 1;
    counts.set(violation.invariant, count);
    if (count <= REPORTED) kept.push(violation);
  }
  for (const [invariant, count] of counts) {
    if (count <= REPORTED) continue;
    kept.push({ invariant, message: `${count - REPORTED} more breaches of ${invariant}` });
  }
  return kept;
}
