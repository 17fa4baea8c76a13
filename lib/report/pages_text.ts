/**
 * Pages as the tools of the kernel show them: page-types, pagemap, and who maps a frame.
 *
 * From tools/vm/page-types.c (v5.2).
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { escapeControl } from "../kernel/escape.ts";
import type { Machine } from "../machine/machine.ts";
import { kpageflags, kpageLetters, kpageNames } from "../mm/kpageflags.ts";
import type { Mm } from "../mm/mm_struct.ts";
import {
  pagemapEntry,
  PM_FILE,
  PM_MMAP_EXCLUSIVE,
  PM_PRESENT,
  PM_SOFT_DIRTY,
  PM_SWAP,
} from "../mm/task_mmu.ts";
import { PTE_PRESENT } from "../mm/flags.ts";
import { rmapWalk } from "../mm/rmap.ts";
import { table } from "./layout.ts";
import { frameLines } from "./vtop_text.ts";

/** Bits that page-types takes from pagemap. */
const FROM_PAGEMAP: readonly (readonly [bit: bigint, kpf: bigint])[] = [
  [PM_SOFT_DIRTY, 1n << 40n],
  [PM_FILE, 1n << 61n],
  [PM_SWAP, 1n << 62n],
  [PM_MMAP_EXCLUSIVE, 1n << 63n],
];

/**
 * Sums the pages of a machine, or of one process, by their flags, as page-types does.
 *
 * @param machine The machine.
 * @param mm The process; all frames unless given.
 * @returns Text that ends in a newline.
 */
export function pageTypesText(machine: Machine, mm?: Mm): string {
  const counts = new Map<bigint, number>();
  for (const { word } of mm === undefined ? allFrames(machine) : mappedPages(mm)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([one], [other]) => one < other ? -1 : 1);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const head = "             flags\tpage-count       MB  symbolic-flags\t\t\tlong-symbolic-flags\n";
  const lines = sorted.map(([word, count]) =>
    `0x${word.toString(16).padStart(16, "0")}\t${countCells(count)}  ` +
    `${kpageLetters(word)}\t${kpageNames(word)}\n`
  );
  return `${head}${lines.join("")}             total\t${countCells(total)}\n`;
}

/**
 * Lists the pages of a machine, or of one process, in runs of equal flags, as page-types -l does.
 *
 * @param machine The machine.
 * @param mm The process; all frames unless given.
 * @returns Text that ends in a newline.
 */
export function pageListText(machine: Machine, mm?: Mm): string {
  const lines = [mm === undefined ? "offset\tlen\tflags" : "voffset\toffset\tlen\tflags"];
  let run: Page & { length: number } | undefined;
  const flush = () => {
    if (run === undefined) return;
    const first = mm === undefined ? "" : `${run.voffset.toString(16)}\t`;
    const length = run.length.toString(16);
    lines.push(`${first}${run.offset.toString(16)}\t${length}\t${kpageLetters(run.word)}`);
  };
  for (const page of mm === undefined ? allFrames(machine) : mappedPages(mm)) {
    if (run !== undefined && continues(run, page)) {
      run.length++;
      continue;
    }
    flush();
    run = { ...page, length: 1 };
  }
  flush();
  return lines.join("\n") + "\n";
}

/**
 * Shows words of /proc/PID/pagemap.
 *
 * @param mm The address space.
 * @param start First page.
 * @param end First byte after.
 * @returns Text that ends in a newline.
 */
export function pagemapText(mm: Mm, start: Vaddr, end: Vaddr): string {
  const rows: string[][] = [["ADDRESS", "PAGEMAP", "MEANING"]];
  for (let address = start; address < end; address += PAGE_SIZE) {
    const word = pagemapEntry(mm, address);
    rows.push([
      address.toString(16),
      word.toString(16).padStart(16, "0"),
      pagemapWords(word).join(" "),
    ]);
  }
  return table(rows).join("\n") + "\n";
}

/**
 * Shows a frame and the entries that map it.
 *
 * @param machine The machine.
 * @param pfn The frame.
 * @returns Text that ends in a newline.
 */
export function rmapText(machine: Machine, pfn: Pfn): string {
  const { host } = machine;
  const rows: string[][] = [["PROCESS", "ADDRESS", "ENTRY"]];
  for (const { vma, addr } of rmapWalk(host, pfn)) {
    const { pageTable, name } = vma.mm;
    const isMapped = (pageTable.flagsAt(addr) & PTE_PRESENT) !== 0 && pageTable.pfnAt(addr) === pfn;
    rows.push([escapeControl(name), addr.toString(16), isMapped ? "maps it" : "candidate only"]);
  }
  for (const { listener } of machine.listeners.values()) {
    listener.forEachEntry((address, mapped, writable) => {
      if (mapped !== pfn) return;
      const access = writable ? "rw" : "ro";
      rows.push([escapeControl(listener.name), address.toString(16), `secondary entry, ${access}`]);
    });
  }
  return [...frameLines(host, pfn), "", ...table(rows)].join("\n") + "\n";
}

interface Page {
  readonly voffset: number;
  readonly offset: number;
  readonly word: bigint;
}

function continues(run: Page & { length: number }, page: Page): boolean {
  return page.word === run.word && page.offset === run.offset + run.length &&
    page.voffset === run.voffset + run.length;
}

function* allFrames({ host: { frames } }: Machine): Generator<Page> {
  for (let pfn = 0; pfn < frames.count; pfn++) {
    yield { voffset: pfn, offset: pfn, word: kpageflags(frames, pfn) };
  }
}

function* mappedPages(mm: Mm): Generator<Page> {
  for (const { start, end } of mm.vmas) {
    const cursor = mm.pageTable.cursor(start, end);
    while (cursor.next()) {
      for (let address = cursor.from; address < cursor.to; address += PAGE_SIZE) {
        const flags = mm.pageTable.flagsAt(address);
        if (flags !== 0) yield mappedPage(mm, address, flags);
      }
    }
  }
}

function mappedPage(mm: Mm, address: Vaddr, flags: number): Page {
  const offset = mm.pageTable.pfnAt(address);
  const map = pagemapEntry(mm, address);
  let word = (flags & PTE_PRESENT) === 0 ? 0n : kpageflags(mm.host.frames, offset);
  for (const [bit, kpf] of FROM_PAGEMAP) if ((map & bit) !== 0n) word |= kpf;
  return { voffset: address / PAGE_SIZE, offset, word };
}

function countCells(count: number): string {
  const megabytes = Math.floor(count * PAGE_SIZE / 2 ** 20);
  return `${String(count).padStart(10)} ${String(megabytes).padStart(8)}`;
}

function pagemapWords(word: bigint): string[] {
  const has = (bit: bigint) => (word & bit) !== 0n;
  const low = word & ((1n << 55n) - 1n);
  return [
    ...(has(PM_PRESENT) ? [`present pfn=0x${low.toString(16)}`] : []),
    ...(has(PM_SWAP) ? [`swapped type=${low & 31n} offset=${low >> 5n}`] : []),
    ...(has(PM_SOFT_DIRTY) ? ["soft-dirty"] : []),
    ...(has(PM_MMAP_EXCLUSIVE) ? ["exclusive"] : []),
    ...(has(PM_FILE) ? ["file"] : []),
  ];
}
