/**
 * Address spaces and processes in the shape of crash's vm and ps.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { escapeControl } from "../kernel/escape.ts";
import type { Machine } from "../machine/machine.ts";
import { kpageflags, kpageNames } from "../mm/kpageflags.ts";
import type { Mm } from "../mm/mm_struct.ts";
import { PTE_MIGRATION, PTE_PRESENT, PTE_SPECIAL, PTE_SWAP } from "../mm/flags.ts";
import type { Vma } from "../mm/vma.ts";
import { type Cell, layout, table } from "./layout.ts";
import { vmaLines } from "./vtop_text.ts";

/**
 * Shows the mappings of a process.
 *
 * @param mm The address space.
 * @returns Text that ends in a newline.
 */
export function vmText(mm: Mm): string {
  return [...headLines(mm), ...vmaLines(mm.vmas)].join("\n") + "\n";
}

/**
 * Shows the mappings of a process, and where each page is: its frame, its swap slot, or nowhere.
 *
 * Behind a frame stand the long names of its flags.
 *
 * @param mm The address space.
 * @returns Text that ends in a newline.
 */
export function vmPagesText(mm: Mm): string {
  const blocks = mm.vmas.flatMap((vma) => [
    ...vmaLines([vma]),
    ...table([["VIRTUAL", "PHYSICAL", "FLAGS"], ...pageRows(vma)]),
  ]);
  return [...headLines(mm), ...blocks].join("\n") + "\n";
}

/**
 * Lists the processes.
 *
 * @param machine The machine.
 * @param current The process of the session, which is marked.
 * @returns Text that ends in a newline.
 */
export function psText(machine: Machine, current?: string): string {
  const total = machine.host.frames.count;
  const rows = [...machine.processes].map(([name, mm]) => [
    name === current ? ">" : "",
    String(pidOf(mm)),
    mm.alive ? "RU" : "DE",
    (mm.rss * 100 / total).toFixed(1),
    String(totalPages(mm) * 4),
    String(mm.rss * 4),
    escapeControl(name),
  ]);
  const head = ["", "PID", "ST", "%MEM", "VSZ", "RSS", "COMM"];
  const cells = [head, ...rows].map((row) => row.map((text): Cell => ({ text })));
  return layout(cells, [1, 3, 4, 5]).join("\n") + "\n";
}

/**
 * Numbers a process: the simulation has no tasks, so the number is that of its address space.
 *
 * @param mm The address space.
 * @returns The number, from 1.
 */
function pidOf(mm: Mm): number {
  return mm.id + 1;
}

function headLines(mm: Mm): string[] {
  return [
    `PID: ${pidOf(mm)}  COMMAND: "${escapeControl(mm.name)}"`,
    ...table([["RSS", "TOTAL_VM"], [`${mm.rss * 4}k`, `${totalPages(mm) * 4}k`]], 7),
  ];
}

function totalPages(mm: Mm): number {
  return mm.vmas.reduce((sum, vma) => sum + vma.pages, 0);
}

function pageRows(vma: Vma): string[][] {
  const rows: string[][] = [];
  for (let address = vma.start; address < vma.end; address += PAGE_SIZE) {
    rows.push([address.toString(16), ...placeOf(vma.mm, address)]);
  }
  return rows;
}

function placeOf({ pageTable, host }: Mm, address: number): string[] {
  const flags = pageTable.flagsAt(address);
  const pfn = pageTable.pfnAt(address);
  if ((flags & PTE_PRESENT) !== 0) {
    const names = (flags & PTE_SPECIAL) !== 0
      ? "zero_page"
      : kpageNames(kpageflags(host.frames, pfn));
    return [(pfn * PAGE_SIZE).toString(16), names];
  }
  if ((flags & PTE_SWAP) !== 0) return [`SWAP: /swap  OFFSET: ${pfn}`, ""];
  if ((flags & PTE_MIGRATION) !== 0) return [`MIGRATING: ${(pfn * PAGE_SIZE).toString(16)}`, ""];
  return ["(not mapped)", ""];
}
