/**
 * Checks of windows: when one closes, and whether listeners were told of every end.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import type { Violation } from "../kernel/violation.ts";
import type { Listener } from "../listeners/listener.ts";
import type { Mm } from "../mm/mm_struct.ts";
import { pteWritable } from "../mm/flags.ts";
import { type MmuNotifierRange, siteName } from "../notifier/range.ts";
import { carriesTranslation } from "./cpu_entry.ts";
import type { Machine, PlacedListener } from "./machine.ts";

/** Windows up to so many pages are looked at page by page, larger ones entry by entry. */
const SMALL_WINDOW = 64;

/**
 * Checks a window as it closes, before its end is delivered.
 *
 * A translation that the change makes wrong is gone by then: start removed it, and nothing may be
 * installed until end. Left out are listeners without a start, those that hold references, and those
 * with invalidate_range, which comes after this.
 *
 * @param machine The machine.
 * @param range The window.
 * @returns The breaches, at most one for each listener.
 */
export function checkClosingWindow(machine: Machine, range: MmuNotifierRange): Violation[] {
  const found: Violation[] = [];
  for (const { listener, process } of machine.listeners.values()) {
    const mm = machine.processes.get(process);
    if (mm === undefined || mm.id !== range.mm.id) continue;
    const holds = listener.pins || listener.forEachReference !== undefined;
    if (holds || !listener.ops?.invalidateRangeStart || listener.ops.invalidateRange) continue;
    const wrong = findEntry(listener, range, (address, pfn, writable) => {
      const flags = mm.pageTable.flagsAt(address);
      const same = mm.pageTable.pfnAt(address) === pfn && carriesTranslation(mm, address, flags);
      return !(same && (!writable || pteWritable(flags))) && !inOpenWindow(mm, address);
    });
    if (wrong === undefined) continue;
    const site = siteName(range.site ?? 0);
    found.push({
      invariant: "window_coherence",
      message: `Listener "${listener.name}" still maps ${hex(wrong)} as the CPU does not, ` +
        `while its window from ${site} closes`,
      listener: listener.name,
      process,
      address: wrong,
    });
  }
  return found;
}

/**
 * Checks, between two operations, that no window is open.
 *
 * @param mm The address space.
 * @returns The breaches, one for each window.
 */
export function checkOpenWindows(mm: Mm): Violation[] {
  return (mm.notifiers?.open ?? []).map(({ start, end }) => ({
    invariant: "open_window",
    message: `Window ${hex(start)} to ${hex(end)} of "${mm.name}" was never closed`,
    process: mm.name,
    address: start,
  }));
}

/**
 * Checks, between two operations, that a listener was told the end of every window whose start it
 * was told.
 *
 * @param placed The listener and its process.
 * @returns The breach, if there is one.
 */
export function checkPairing({ listener, process }: PlacedListener): Violation[] {
  const { name, openWindows = 0 } = listener;
  if (openWindows === 0) return [];
  const windows = openWindows === 1 ? "a window that is" : `${openWindows} windows that are`;
  const message = `Listener "${name}" still waits for the end of ${windows} closed`;
  return [{ invariant: "unpaired_window", message, listener: name, process }];
}

/** Finds the first entry of a window for which a test says so. */
function findEntry(
  listener: Listener,
  { start, end }: MmuNotifierRange,
  test: (address: Vaddr, pfn: Pfn, writable: boolean) => boolean,
): Vaddr | undefined {
  let found: Vaddr | undefined;
  if (end - start > SMALL_WINDOW * PAGE_SIZE) {
    listener.forEachEntry((address, pfn, writable) => {
      if (found !== undefined || address < start || address >= end) return;
      if (test(address, pfn, writable)) found = address;
    });
    return found;
  }
  for (let address = start; address < end; address += PAGE_SIZE) {
    const entry = listener.entryAt(address);
    if (entry !== undefined && test(address, entry.pfn, entry.writable)) return address;
  }
  return undefined;
}

/**
 * Tells whether an address lies in a window that is open.
 *
 * @param mm The address space.
 * @param address The address.
 * @returns True if it does.
 */
export function inOpenWindow(mm: Mm, address: Vaddr): boolean {
  const open = mm.notifiers?.open ?? [];
  return open.some((range) => address >= range.start && address < range.end);
}
