/**
 * Facts of one page, as expectations and inspectors ask for them.
 *
 * @module
 */

import { PAGE_SIZE, requireAddress, type Vaddr } from "../kernel/address.ts";
import { GUP_PIN_COUNTING_BIAS } from "../mm/frames.ts";
import { type Mm, requireMm } from "../mm/mm_struct.ts";
import { isSoftDirty } from "../mm/task_mmu.ts";
import {
  PG_ANON,
  PG_HEAD,
  PG_KSM,
  PG_SWAPBACKED,
  PG_TAIL,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_YOUNG,
  pteWritable,
} from "../mm/flags.ts";
import { VM_LOCKED } from "../mm/vma.ts";
import type { Machine } from "./machine.ts";
import { requireMachine } from "./machine_options.ts";
import type { PageFacts } from "./observed.ts";

/**
 * Reads the state of a page.
 *
 * @param machine The machine.
 * @param mm The address space.
 * @param addr The page.
 * @returns The facts, or undefined if no mapping is there.
 * @throws {RangeError} If it is no page-aligned address of user space.
 * @throws {TypeError} If it is no machine, or no address space.
 */
export function pageFacts(machine: Machine, mm: Mm, addr: Vaddr): PageFacts | undefined {
  requireMachine(machine);
  requireMm(mm);
  requireAddress(addr, PAGE_SIZE);
  const vma = mm.vmaAt(addr);
  if (vma === undefined) return undefined;
  const { frames } = machine.host;
  const flags = mm.pageTable.flagsAt(addr);
  const present = (flags & PTE_PRESENT) !== 0;
  const pfn = present ? mm.pageTable.pfnAt(addr) : -1;
  const frame = present ? frames.flags[pfn] : 0;
  const anon = (frame & PG_ANON) !== 0;
  return {
    present,
    writable: pteWritable(flags),
    dirty: (flags & PTE_DIRTY) !== 0,
    soft_dirty: isSoftDirty(mm, addr),
    young: (flags & PTE_YOUNG) !== 0,
    swapped: (flags & PTE_SWAP) !== 0,
    migrating: (flags & PTE_MIGRATION) !== 0,
    protnone: (flags & PTE_PROTNONE) !== 0,
    anon,
    ksm: (frame & PG_KSM) !== 0,
    huge: (frame & (PG_HEAD | PG_TAIL)) !== 0,
    zero: present && (flags & PTE_SPECIAL) !== 0,
    locked: (vma.flags & VM_LOCKED) !== 0,
    lazy_free: anon && (frame & PG_SWAPBACKED) === 0,
    content: present ? frames.content[pfn] & 0xff : 0,
    mapcount: present ? frames.mapcount[pfn] : 0,
    refcount: present ? frames.refcount[frames.head(pfn)] : 0,
    pins: present ? pinsOf(machine, pfn) : 0,
    node: present ? frames.nodeOf(pfn) : -1,
    pfn,
  };
}

/** Long-term pins: visible in the count with FOLL_PIN, else as many as drivers hold. */
function pinsOf(machine: Machine, pfn: number): number {
  const { frames, profile } = machine.host;
  if (profile.pinBias) {
    return Math.floor(frames.refcount[frames.head(pfn)] / GUP_PIN_COUNTING_BIAS);
  }
  let pins = 0;
  for (const { listener } of machine.listeners.values()) {
    listener.forEachReference?.((held, pin) => {
      if (pin && held === pfn) pins++;
    });
  }
  return pins;
}
