/**
 * The translation of an address, and an entry taken apart, in the shape of crash's vtop and pte.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { escapeControl } from "../kernel/escape.ts";
import { kpageflags, kpageNames } from "../mm/kpageflags.ts";
import type { Host } from "../mm/host.ts";
import type { Mm } from "../mm/mm_struct.ts";
import { PTE_MIGRATION, PTE_PRESENT, PTE_SWAP } from "../mm/flags.ts";
import { decodePte, encodePte, type PteParts, pteWords } from "../mm/pte_value.ts";
import { translate, type Translation, type WalkLevel } from "../mm/translate.ts";
import type { Vma } from "../mm/vma.ts";
import { table } from "./layout.ts";

/**
 * Shows how an address is translated: the levels, the entry, its mapping and its page.
 *
 * @param mm The address space.
 * @param address Any address of user space.
 * @returns Text that ends in a newline.
 */
export function vtopText(mm: Mm, address: Vaddr): string {
  const found = translate(mm, address);
  const physical = found.pfn < 0 ? "(not mapped)" : hexOf(physicalOf(found.pfn, address));
  const lines = [
    ...table([["VIRTUAL", "PHYSICAL"], [hexOf(address), physical]]),
    "",
    ...found.levels.map(levelLine),
    ...(found.pfn < 0 ? [] : [`  PAGE: ${hexOf(found.pfn * PAGE_SIZE)}`]),
    ...(found.entry.flags === 0 ? [] : ["", ...entryLines(found.entry)]),
    "",
    ...vmaLines(found.vma === undefined ? [] : [found.vma]),
    ...pageLines(mm.host, found),
  ];
  return lines.join("\n") + "\n";
}

/**
 * Takes the word of an entry apart.
 *
 * @param word The 64-bit word.
 * @returns Text that ends in a newline.
 * @example
 * ```ts
 * import { pteText } from "./vtop_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const expected = "PTE     PHYSICAL  FLAGS\n" +
 *   "d8e067  d8e000    (PRESENT|RW|USER|ACCESSED|DIRTY)\n";
 * assertEquals(pteText(0xd8e067n), expected);
 * ```
 */
export function pteText(word: bigint): string {
  return entryLines(decodePte(word), word).join("\n") + "\n";
}

/**
 * Shows mappings as crash's vm does.
 *
 * @param vmas The mappings.
 * @returns Lines: a heading, then one for each mapping.
 */
export function vmaLines(vmas: readonly Vma[]): string[] {
  if (vmas.length === 0) return ["      VMA  (no mapping)"];
  const rows = vmas.map((vma) => [
    `${escapeControl(vma.mm.name)}#${vma.mm.vmas.indexOf(vma)}`,
    hexOf(vma.start),
    hexOf(vma.end),
    hexOf(vma.flags),
    vma.file === null ? "" : escapeControl(vma.file.name),
  ]);
  return table([["VMA", "START", "END", "FLAGS", "FILE"], ...rows], 5);
}

function hexOf(value: number | bigint): string {
  return value.toString(16);
}

function physicalOf(pfn: number, address: Vaddr): number {
  return pfn * PAGE_SIZE + address % PAGE_SIZE;
}

function levelLine({ level, index, kind, word }: WalkLevel): string {
  const at = `[${hexOf(index).padStart(3, "0")}]`;
  const value = kind === "table" ? "table" : kind === "none" ? "0" : hexOf(word);
  return `${level.padStart(6)}: ${at} => ${value}`;
}

function entryLines(entry: PteParts, word = encodePte(headOf(entry))): string[] {
  const flags = `(${pteWords(entry).join("|")})`;
  if (entry.flags === 0) return table([["PTE", "FLAGS"], [hexOf(word), "(no entry)"]]);
  if ((entry.flags & PTE_SWAP) !== 0) {
    const offset = String(entry.pfn);
    return table([["PTE", "SWAP", "OFFSET", "FLAGS"], [hexOf(word), "/swap", offset, flags]]);
  }
  const isFrame = (entry.flags & (PTE_PRESENT | PTE_MIGRATION)) !== 0;
  const physical = isFrame ? hexOf(headOf(entry).pfn * PAGE_SIZE) : "-";
  return table([["PTE", "PHYSICAL", "FLAGS"], [hexOf(word), physical, flags]]);
}

/** The frame that a huge entry holds is that of its first page. */
function headOf(entry: PteParts): PteParts {
  return entry.huge ? { ...entry, pfn: entry.pfn - entry.pfn % 512 } : entry;
}

function pageLines(host: Host, { pfn }: Translation): string[] {
  return pfn < 0 ? [] : ["", ...frameLines(host, pfn)];
}

/**
 * Shows a frame as crash shows a struct page.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns A heading and a line.
 */
export function frameLines(host: Host, pfn: number): string[] {
  const { frames } = host;
  const head = frames.head(pfn);
  return table([
    ["PFN", "PHYSICAL", "MAPPING", "INDEX", "CNT", "MAPS", "FLAGS"],
    [
      hexOf(pfn),
      hexOf(pfn * PAGE_SIZE),
      String(frames.mapping[head]),
      hex(frames.indexOf(pfn)).slice(2),
      String(frames.refcount[head]),
      String(frames.mapcount[pfn]),
      kpageNames(kpageflags(frames, pfn)),
    ],
  ], 5);
}
