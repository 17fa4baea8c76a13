/**
 * What the tests of files and shared memory have in common.
 *
 * @module
 */

import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { access, storeByte } from "../../lib/mm/access.ts";
import type { AddressSpace } from "../../lib/mm/filemap.ts";
import { Host } from "../../lib/mm/host.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { EVENT_NAMES } from "../../lib/notifier/range.ts";

/** Where the mappings of the tests start. */
export const BASE = 0x100000000000;

/** A machine with one process that has a listener. */
export function machine(profile = "v6.1"): { host: Host; mm: Mm } {
  const host = new Host({ profile: kernelProfile(profile), swapPages: 64 });
  const mm = host.createMm("P");
  listen(mm);
  return { host, mm };
}

/** Registers a listener that only makes the callbacks happen. */
export function listen(mm: Mm): void {
  mmuNotifierRegister({ name: "test" }, mm);
}

/** Maps pages of a file (or shared anonymous memory) at a page offset from {@linkcode BASE}. */
export function map(
  mm: Mm,
  page: number,
  pages: number,
  options: { file?: AddressSpace; shared?: boolean; prot?: number } = {},
): void {
  const { prot = VM_READ | VM_WRITE, ...rest } = options;
  const place = { addr: at(page), length: pages * PAGE_SIZE, fixed: true };
  drain(mmap(mm, { ...place, prot, ...rest }));
}

/** Writes a byte into each of some pages. */
export function write(mm: Mm, page: number, pages: number, value = 1): number {
  return drain(access(mm, at(page), at(page + pages), storeByte(value))).failure;
}

/** Reads some pages. */
export function read(mm: Mm, page: number, pages: number): number {
  return drain(access(mm, at(page), at(page + pages), null)).failure;
}

/** The address of a page. */
export function at(page: number): number {
  return BASE + page * PAGE_SIZE;
}

/** The entry's flags of a page. */
export function flagsOf(mm: Mm, page: number): number {
  return mm.pageTable.flagsAt(at(page));
}

/** The frame of a page. */
export function frameOf(mm: Mm, page: number): number {
  return mm.pageTable.pfnAt(at(page));
}

/** The windows opened so far, such as `P CLEAR [0,1)`, and forgets them. */
export function windows(host: Host): string[] {
  const found = [...host.trace.records(0)]
    .filter(({ kind }) => kind === "invalidate_range_start")
    .map(({ mm, event, start, end }) =>
      `${host.mms[mm].name} ${EVENT_NAMES[event]} [${(start - BASE) / PAGE_SIZE},${
        (end - BASE) / PAGE_SIZE
      })`
    );
  const fresh = found.slice(seen.get(host) ?? 0);
  seen.set(host, found.length);
  return fresh;
}

const seen = new WeakMap<Host, number>();
