/**
 * Accounting: every reference and mapping of a frame is held by somebody that can be named.
 *
 * @module
 */

import { HPAGE_PMD_NR, PAGE_SIZE, type Pfn, PMD_SIZE, TASK_SIZE } from "../kernel/address.ts";
import type { Violation } from "../kernel/violation.ts";
import { type Frames, GUP_PIN_COUNTING_BIAS, ZERO_PFN } from "../mm/frames.ts";
import { PG_RESERVED, PG_TAIL, PTE_PRESENT, PTE_SPECIAL, PTE_SWAP } from "../mm/flags.ts";
import type { Cursor, PteTable } from "../mm/page_table.ts";
import type { Machine } from "./machine.ts";

/** What the page tables, pins and caches of a machine hold; all zero between two checks. */
interface Holdings {
  /** Entries that map each frame. */
  readonly mapcount: Int32Array;
  /** References on each frame; compound pages on their head. */
  readonly refcount: Int32Array;
  /** Entries that name each swap slot. */
  readonly swap: Int32Array;
  /** Sum of `refcount`. */
  references: number;
  /** Sum of `swap`. */
  swapEntries: number;
}

/**
 * Checks reference counts, map counts and swap slots against what holds them.
 *
 * @param machine The machine, between two operations.
 * @param found Receives the breaches.
 */
export function checkAccounting(machine: Machine, found: Violation[]): void {
  const before = found.length;
  const held = holdingsOf(machine);
  collect(machine, held);
  const { frames, swap } = machine.host;
  frames.forEachUsed((pfn) => {
    checkFrame(frames, held, pfn, found);
    held.references -= held.refcount[pfn];
    held.refcount[pfn] = 0;
    held.mapcount[pfn] = 0;
  });
  if (held.references !== 0) checkFreeFrames(frames, held, found);
  if (swap.used > 0 || held.swapEntries > 0) checkSwap(swap.map, held, found);
  if (found.length > before) rooms.delete(machine); // a broken machine may leave it half cleared
}

/** Room for what is held, made once a machine. */
function holdingsOf(machine: Machine): Holdings {
  let held = rooms.get(machine);
  if (held === undefined) {
    const { frames, swap } = machine.host;
    held = {
      mapcount: new Int32Array(frames.count),
      refcount: new Int32Array(frames.count),
      swap: new Int32Array(swap.size),
      references: 0,
      swapEntries: 0,
    };
    rooms.set(machine, held);
  }
  return held;
}

const rooms = new WeakMap<Machine, Holdings>();

function checkFrame(frames: Frames, held: Holdings, pfn: Pfn, found: Violation[]): void {
  if ((frames.flags[pfn] & (PG_RESERVED | PG_TAIL)) !== 0) return;
  if (frames.mapcount[pfn] !== held.mapcount[pfn]) {
    found.push(breach("mapcount", pfn, frames.mapcount[pfn], held.mapcount[pfn]));
  }
  if (frames.refcount[pfn] !== held.refcount[pfn]) {
    found.push(breach("refcount", pfn, frames.refcount[pfn], held.refcount[pfn]));
  }
}

/** Looks at every frame: one that is free is held by somebody, or one of a device by its driver. */
function checkFreeFrames(frames: Frames, held: Holdings, found: Violation[]): void {
  for (let pfn = 0; pfn < frames.count; pfn++) {
    if (held.refcount[pfn] === 0 || !frames.isFree(pfn)) continue;
    found.push(breach("refcount", pfn, 0, held.refcount[pfn]));
  }
  held.refcount.fill(0);
  held.mapcount.fill(0);
  held.references = 0;
}

function checkSwap(counted: Int32Array, held: Holdings, found: Violation[]): void {
  for (let slot = 0; slot < counted.length; slot++) {
    if (counted[slot] === held.swap[slot]) continue;
    found.push({
      invariant: "swap",
      message: `Swap slot ${slot} counts ${counted[slot]} entries, but ${held.swap[slot]} name it`,
    });
  }
  held.swap.fill(0);
  held.swapEntries = 0;
}

function breach(invariant: string, pfn: number, counted: number, held: number): Violation {
  const what = invariant === "mapcount" ? "entries map it" : "references are held";
  return { invariant, message: `Frame ${pfn} has ${invariant} ${counted}, but ${held} ${what}` };
}

function collect(machine: Machine, held: Holdings): void {
  const { frames, swap, files, mms } = machine.host;
  for (const mm of mms) {
    const cursor = mm.pageTable.cursor(0, TASK_SIZE);
    while (cursor.next()) {
      if (cursor.table === null) addHuge(held, cursor);
      else addTable(held, frames, cursor.table);
    }
  }
  for (const pfn of swap.cache.values()) hold(held, frames.head(pfn), 1);
  for (const file of files) {
    for (const pfn of file.cache.values()) hold(held, frames.head(pfn), 1);
    for (const slot of file.swapped.values()) holdSwap(held, slot);
  }
  for (const pfn of machine.host.lruBatches.pages) hold(held, pfn, 1);
  for (const pfn of machine.kernelFrames) hold(held, pfn, 1);
  addReferences(machine, held);
}

function hold(held: Holdings, pfn: Pfn, count: number): void {
  held.refcount[pfn] += count;
  held.references += count;
}

function holdSwap(held: Holdings, slot: number): void {
  held.swap[slot]++;
  held.swapEntries++;
}

function addTable(held: Holdings, frames: { head(pfn: number): number }, table: PteTable): void {
  const { flags, pfn } = table;
  for (let index = 0; index < HPAGE_PMD_NR; index++) {
    const entry = flags[index];
    if (entry === 0) continue;
    if ((entry & PTE_PRESENT) !== 0) {
      if ((entry & PTE_SPECIAL) !== 0 || pfn[index] === ZERO_PFN) continue;
      held.mapcount[pfn[index]]++;
      hold(held, frames.head(pfn[index]), 1);
    } else if ((entry & PTE_SWAP) !== 0) {
      holdSwap(held, pfn[index]);
    }
  }
}

/** A huge entry holds one reference on the head and maps each of its frames. */
function addHuge(held: Holdings, cursor: Cursor): void {
  const flags = cursor.pmd.hugeFlags[cursor.slot];
  if ((flags & PTE_PRESENT) === 0 || (flags & PTE_SPECIAL) !== 0) return;
  const head = cursor.pmd.hugePfn[cursor.slot];
  hold(held, head, 1);
  for (let index = 0; index < PMD_SIZE / PAGE_SIZE; index++) held.mapcount[head + index]++;
}

/** Pins weigh more than plain references where the kernel tells them apart. */
function addReferences(machine: Machine, held: Holdings): void {
  const { frames, profile } = machine.host;
  const weight = profile.pinBias ? GUP_PIN_COUNTING_BIAS : 1;
  for (const { listener } of machine.listeners.values()) {
    listener.forEachReference?.((pfn, pin) => hold(held, frames.head(pfn), pin ? weight : 1));
  }
}
