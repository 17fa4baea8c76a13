/**
 * A machine with one listener that writes down every callback, for the oracle sequences.
 *
 * @module
 */

import { ADDRESS_MAX, PAGE_SIZE, type Vaddr } from "../../lib/kernel/address.ts";
import { drain, type Operation } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { access, fillByte } from "../../lib/mm/access.ts";
import { Host } from "../../lib/mm/host.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import {
  MMU_NOTIFIER_RANGE_BLOCKABLE,
  MMU_NOTIFIER_USE_CHANGE_PTE,
  WINDOW_EVENT_NAMES,
} from "../../lib/notifier/range.ts";
import type { MmuNotifierOps } from "../../lib/notifier/ops.ts";

/** Address of page 0; 1 GiB aligned. */
export const BASE: Vaddr = 0x100000000000;

/** A process, its machine, and what its listener has heard. */
export interface World {
  /** The machine. */
  readonly host: Host;
  /** The process. */
  readonly mm: Mm;
  /** Callbacks in order; emptied by {@linkcode hear}. */
  readonly log: string[];
}

/** Makes a machine with a process that has a recording listener. */
export function world(kernel = "v5.2"): World {
  const host = new Host({ profile: kernelProfile(kernel), memory: 32 * 2 ** 20, swapPages: 64 });
  const mm = host.createMm("P");
  const log: string[] = [];
  mmuNotifierRegister(recorder(log), mm);
  return { host, mm, log };
}

/** A listener that writes `S EVENT [a,b)`, `E`, `ir [a,b)` and `cp [a] ro|rw`, in pages from BASE. */
export function recorder(log: string[], prefix = ""): MmuNotifierOps {
  return {
    name: "recorder",
    invalidateRangeStart({ event, flags, start, end }) {
      const marks = [
        (flags & MMU_NOTIFIER_USE_CHANGE_PTE) !== 0 ? " change_pte" : "",
        (flags & MMU_NOTIFIER_RANGE_BLOCKABLE) === 0 ? " nonblock" : "",
      ];
      log.push(`${prefix}S ${WINDOW_EVENT_NAMES[event]} ${pages(start, end)}${marks.join("")}`);
      return 0;
    },
    invalidateRangeEnd: () => void log.push(`${prefix}E`),
    invalidateRange: (_mm, start, end) => void log.push(`${prefix}ir ${pages(start, end)}`),
    changePte: (_mm, addr, { writable }) =>
      void log.push(`${prefix}cp [${page(addr)}] ${writable ? "rw" : "ro"}`),
    release: () => void log.push(`${prefix}release`),
  };
}

/** Runs an operation and tells what the listener heard of it. */
export function hear<T>({ log }: World, operation: Operation<T>): string[] {
  log.length = 0;
  drain(operation);
  return log.slice();
}

/** Maps pages for reading and writing. */
export function map({ mm }: World, first: number, count: number): void {
  const prot = VM_READ | VM_WRITE;
  drain(mmap(mm, { addr: at(first), fixed: true, length: count * PAGE_SIZE, prot }));
}

/** Fills pages with a byte. */
export function fill(mm: Mm, first: number, count: number, value = 1): Operation<unknown> {
  return access(mm, at(first), at(first + count), fillByte(value));
}

/** Maps and fills pages. */
export function mapFilled(here: World, first: number, count: number): void {
  map(here, first, count);
  drain(fill(here.mm, first, count));
}

/** Address of a page. */
export function at(number: number): Vaddr {
  return BASE + number * PAGE_SIZE;
}

function pages(start: Vaddr, end: Vaddr): string {
  if (start === end) return "[flush all)";
  return start === 0 && end === ADDRESS_MAX ? "[0,~0)" : `[${page(start)},${page(end)})`;
}

function page(addr: Vaddr): number {
  return (addr - BASE) / PAGE_SIZE;
}
