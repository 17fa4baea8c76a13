/**
 * The memory of a machine in the shape of crash's kmem -i, and of files in /proc and /sys.
 *
 * @module
 */

import type { Machine } from "../machine/machine.ts";
import { PG_FILE } from "../mm/flags.ts";
import { type Cell, layout } from "./layout.ts";

/** Names in /sys/kernel/mm/ksm, in the order of `ls`. */
const KSM_FILES = [
  "full_scans",
  "max_page_sharing",
  "merge_across_nodes",
  "pages_shared",
  "pages_sharing",
  "pages_to_scan",
  "pages_unshared",
  "pages_volatile",
  "sleep_millisecs",
  "stable_node_chains",
  "stable_node_dups",
  "use_zero_pages",
] as const;

/**
 * Shows how much memory is used.
 *
 * @param machine The machine.
 * @returns Text that ends in a newline.
 */
export function kmemText(machine: Machine): string {
  const { frames, swap } = machine.host;
  let shared = 0;
  let cached = 0;
  for (let pfn = 0; pfn < frames.count; pfn++) {
    if (frames.mapcount[pfn] > 1) shared++;
    if ((frames.flags[pfn] & PG_FILE) !== 0) cached++;
  }
  const free = frames.freeCount;
  const rows = [
    ["", "PAGES", "TOTAL", "PERCENTAGE"],
    memoryRow("TOTAL MEM", frames.count),
    memoryRow("FREE", free, frames.count),
    memoryRow("USED", frames.count - free, frames.count),
    memoryRow("SHARED", shared, frames.count),
    memoryRow("CACHED", cached, frames.count),
    ["", "", "", ""],
    memoryRow("TOTAL SWAP", swap.size),
    memoryRow("SWAP USED", swap.used, swap.size, "SWAP"),
    memoryRow("SWAP FREE", swap.size - swap.used, swap.size, "SWAP"),
  ];
  const cells = rows.map((row) => row.map((text): Cell => ({ text })));
  return layout(cells, [0, 1, 2]).join("\n") + "\n";
}

/**
 * Shows the files of /sys/kernel/mm/ksm as `grep .` does.
 *
 * @param machine The machine.
 * @returns Text that ends in a newline.
 */
export function ksmText({ host: { ksm } }: Machine): string {
  const values: Readonly<Record<string, number>> = {
    ...ksm.knobs,
    full_scans: ksm.full_scans,
    pages_shared: ksm.pages_shared,
    pages_sharing: ksm.pages_sharing,
    pages_unshared: ksm.pages_unshared,
    pages_volatile: ksm.pages_volatile,
    stable_node_chains: ksm.stable_node_chains,
    stable_node_dups: ksm.stable_node_dups,
  };
  return KSM_FILES.map((name) => `${name}:${values[name]}\n`).join("");
}

/**
 * Shows /proc/vmstat, as far as the simulation keeps it.
 *
 * @param machine The machine.
 * @returns Text that ends in a newline.
 */
export function vmstatText({ host }: Machine): string {
  const lines = Object.entries(host.vmstat).map(([name, value]) => `${name} ${value}\n`);
  return `nr_free_pages ${host.frames.freeCount}\n${lines.join("")}`;
}

/**
 * Shows /proc/swaps.
 *
 * @param machine The machine.
 * @returns Text that ends in a newline.
 */
export function swapText({ host: { swap } }: Machine): string {
  const head = "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n";
  if (swap.size === 0 || !swap.enabled) return head;
  return `${head}${"/swap".padEnd(40)}partition\t${swap.size * 4}\t${swap.used * 4}\t-2\n`;
}

function memoryRow(name: string, pages: number, of?: number, what = "MEM"): string[] {
  const share = of === undefined
    ? "----"
    : `${of === 0 ? 0 : Math.floor(pages * 100 / of)}% of TOTAL ${what}`;
  return [name, String(pages), sizeText(pages), share.padStart(of === undefined ? 9 : 0)];
}

function sizeText(pages: number): string {
  if (pages === 0) return "0";
  const kib = pages * 4;
  if (kib < 1024) return `${kib} KB`;
  return kib < 2 ** 20 ? `${(kib / 1024).toFixed(1)} MB` : `${(kib / 2 ** 20).toFixed(1)} GB`;
}
