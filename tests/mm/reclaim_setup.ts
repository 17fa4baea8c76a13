/**
 * A small machine with one process and one listener, for the tests of reclaim and migration.
 *
 * @module
 */

import { indexInTable, PAGE_SIZE, type Vaddr } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { TRACE_ONLY_END } from "../../lib/kernel/trace.ts";
import { access, storeByte } from "../../lib/mm/access.ts";
import { Host } from "../../lib/mm/host.ts";
import { type Advice, madvise } from "../../lib/mm/madvise.ts";
import { isolateLruPage } from "../../lib/mm/migrate.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { movePages } from "../../lib/mm/move_pages.ts";
import { PTE_YOUNG } from "../../lib/mm/flags.ts";
import { VM_READ, VM_WRITE, Vma } from "../../lib/mm/vma.ts";
import { MAX_MAP_COUNT } from "../../lib/mm/vma_merge.ts";
import { shrinkFolioList } from "../../lib/mm/vmscan.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { EVENT_NAMES } from "../../lib/notifier/range.ts";

/** Address of page 0 of the test mapping. */
export const BASE: Vaddr = 0x100000000000;

/**
 * Makes a machine with process P, which has a listener and a mapping of written pages.
 *
 * @param kernel Name of the kernel profile.
 * @param pages Pages mapped and written with the value 1.
 * @returns The machine and the process.
 */
export function machineWithPages(kernel: string, pages: number): { host: Host; mm: Mm } {
  const host = new Host({
    profile: kernelProfile(kernel),
    memory: 16 * 2 ** 20,
    nodes: 2,
    swapPages: 64,
  });
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  drain(mmap(mm, { addr: BASE, length: pages * PAGE_SIZE, prot: VM_READ | VM_WRITE }));
  write(mm, 0, pages, 1);
  return { host, mm };
}

/** Moves pages to the second node, away from the processor. */
export function moveAway(mm: Mm, pages: number): void {
  const moves = Array.from({ length: pages }, (_, page) => ({ addr: at(page), node: 1 }));
  drain(movePages(mm, moves, true));
}

/** Writes a value into pages; throws where the process would be killed. */
export function write(mm: Mm, page: number, pages: number, value: number): void {
  touch(mm, page, pages, value);
}

/** Reads pages and returns the first byte of the first. */
export function read(mm: Mm, page: number, pages: number): number {
  touch(mm, page, pages, null);
  return mm.host.frames.content[mm.pageTable.pfnAt(at(page))] & 0xff;
}

/** Gives advice on pages. */
export function advise(mm: Mm, page: number, pages: number, advice: Advice): number {
  return drain(madvise(mm, at(page), pages * PAGE_SIZE, advice));
}

/** Swaps one page out that is not young, as reclaim does on every kernel. */
export function swapOut(mm: Mm, page: number): void {
  const { host } = mm;
  const table = mm.pageTable.lookup(at(page))!;
  table.flags[indexInTable(at(page))] &= ~PTE_YOUNG;
  const pfn = mm.pageTable.pfnAt(at(page));
  isolateLruPage(host, pfn);
  drain(shrinkFolioList(host, [pfn]));
}

/** Gives a process as many mappings as it may have: small ones, far above its own. */
export function fillMapCount(mm: Mm): void {
  for (let page = 2 ** 20; mm.vmas.length < MAX_MAP_COUNT; page += 2) {
    mm.vmas.push(new Vma(mm, at(page), at(page + 1), VM_READ, page, null));
  }
}

/** Address of a page. */
export function at(page: number): Vaddr {
  return BASE + page * PAGE_SIZE;
}

/**
 * What listeners were told during some work, such as `"P CLEAR [1,2)"`, `"P young [0,1)"`.
 *
 * @param host The machine.
 * @param work What is done.
 * @returns One text per start, invalidate_range, change_pte and young callback.
 */
export function heard(host: Host, work: () => void): string[] {
  const from = host.trace.length;
  work();
  const texts: string[] = [];
  for (const { kind, event, mm, start, end, flags } of host.trace.records(from)) {
    if (kind === "invalidate_range_end" && (flags & TRACE_ONLY_END) === 0) continue;
    const name = {
      invalidate_range_start: EVENT_NAMES[event] as string,
      invalidate_range: "ir",
      invalidate_range_end: "only_end",
      clear_flush_young: "young",
    }[kind as string] ?? kind;
    const pages = [start, end].map((addr) => (addr - BASE) / PAGE_SIZE);
    texts.push(`${host.mms[mm].name} ${name} [${pages})`);
  }
  return texts;
}

function touch(mm: Mm, page: number, pages: number, value: number | null): void {
  const store = value === null ? null : storeByte(value);
  const result = drain(access(mm, at(page), at(page + pages), store));
  if (result.failure !== 0) throw new Error(`Cannot touch page ${page + result.pages}`);
}
