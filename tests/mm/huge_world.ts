/**
 * A small machine with huge pages for the tests of this folder.
 *
 * @module
 */

import { PAGE_SIZE, PMD_SIZE, type Vaddr } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { type KernelProfile, kernelProfile } from "../../lib/kernel/profile.ts";
import { access, storeByte } from "../../lib/mm/access.ts";
import { Host } from "../../lib/mm/host.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { EVENT_NAMES } from "../../lib/notifier/range.ts";

/** Where the tests map, 1 GiB aligned. */
export const BASE: Vaddr = 0x100000000000;

/** Two blocks. */
export const TWO_BLOCKS: number = 2 * PMD_SIZE;

/** A process with a listener and two blocks of memory with MADV_HUGEPAGE. */
export function hugeProcess(
  profile: string | KernelProfile = "v6.1",
  swapPages = 0,
): { host: Host; mm: Mm } {
  const chosen = typeof profile === "string" ? kernelProfile(profile) : profile;
  const host = new Host({ profile: chosen, memory: 64 * 2 ** 20, swapPages });
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  const prot = VM_READ | VM_WRITE;
  drain(mmap(mm, { addr: BASE, fixed: true, length: TWO_BLOCKS, prot }));
  drain(madvise(mm, BASE, TWO_BLOCKS, "HUGEPAGE"));
  return { host, mm };
}

/** Writes a byte to a page. */
export function write(mm: Mm, page: number, value = 1): void {
  const addr = BASE + page * PAGE_SIZE;
  drain(access(mm, addr, addr + PAGE_SIZE, storeByte(value)));
}

/** Reads a page and gives its first byte. */
export function read(mm: Mm, page: number): number {
  const addr = BASE + page * PAGE_SIZE;
  drain(access(mm, addr, addr + PAGE_SIZE, null));
  return mm.host.frames.content[mm.pageTable.pfnAt(addr)] & 0xff;
}

/** Runs something and tells the windows it opened, in pages from the base. */
export function windows(mm: Mm, run: () => void): string[] {
  const { trace } = mm.host;
  const from = trace.length;
  run();
  return [...trace.records(from)]
    .filter(({ kind }) => kind === "invalidate_range_start")
    .map(({ event, start, end }) => {
      const name = EVENT_NAMES[event];
      return `${name} ${(start - BASE) / PAGE_SIZE} ${(end - BASE) / PAGE_SIZE}`;
    });
}

/** Whether a page is mapped by a huge entry. */
export function isHuge(mm: Mm, page: number): boolean {
  const addr = BASE + page * PAGE_SIZE;
  return mm.pageTable.lookup(addr) === null && mm.pageTable.flagsAt(addr) !== 0;
}
