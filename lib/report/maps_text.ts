/**
 * /proc/PID/maps and /proc/PID/smaps, byte for byte as the kernel prints them.
 *
 * From fs/proc/task_mmu.c: show_vma_header_prefix, show_map_vma, __show_smap, show_smap_vma_flags.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { Mm } from "../mm/mm_struct.ts";
import type { KernelProfile } from "../kernel/profile.ts";
import { type MemSizeStats, smapsOf } from "../mm/task_mmu.ts";
import { hugepageVmaCheck } from "../mm/thp.ts";
import { VM_EXEC, VM_READ, VM_SHARED, VM_WRITE, type Vma } from "../mm/vma.ts";

/** Column in which the name of a mapping begins. */
const NAME_COLUMN = 73;

/** Mnemonics of VmFlags, in the order of their bits. */
const VM_FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [0x1, "rd"],
  [0x2, "wr"],
  [0x4, "ex"],
  [0x8, "sh"],
  [0x10, "mr"],
  [0x20, "mw"],
  [0x40, "me"],
  [0x80, "ms"],
  [0x100, "gd"],
  [0x200, "um"],
  [0x400, "pf"],
  [0x800, "dw"],
  [0x1000, "uw"],
  [0x2000, "lo"],
  [0x4000, "io"],
  [0x8000, "sr"],
  [0x10000, "rr"],
  [0x20000, "dc"],
  [0x40000, "de"],
  [0x100000, "ac"],
  [0x200000, "nr"],
  [0x400000, "ht"],
  [0x800000, "sf"],
  [0x1000000, "ar"],
  [0x2000000, "wf"],
  [0x4000000, "dd"],
  [0x8000000, "sd"],
  [0x10000000, "mm"],
  [0x20000000, "hg"],
  [0x40000000, "nh"],
  [0x80000000, "mg"],
];

/**
 * Writes /proc/PID/maps.
 *
 * @param mm The address space.
 * @returns A line for each mapping; text that ends in a newline unless it is empty.
 */
export function mapsText(mm: Mm): string {
  return mm.vmas.map((vma) => `${mapLine(vma)}\n`).join("");
}

/**
 * Writes /proc/PID/smaps.
 *
 * @param mm The address space.
 * @param only Mappings to show; all unless given.
 * @returns A block for each mapping; text that ends in a newline unless it is empty.
 */
export function smapsText(mm: Mm, only: readonly Vma[] = mm.vmas): string {
  return only.map((vma) => `${smapBlock(vma)}\n`).join("");
}

/**
 * Writes the line of one mapping in maps.
 *
 * @param vma The mapping.
 * @returns The line, without a newline.
 */
function mapLine(vma: Vma): string {
  const { start, end, file } = vma;
  const pgoff = file === null ? 0 : vma.pgoff * 4096;
  const device = file === null ? "00:00" : file.kind === "file" ? "08:01" : "00:05";
  const inode = file === null ? 0 : file.id + 1;
  const line = `${pad(start)}-${pad(end)} ${rights(vma)} ${pad(pgoff)} ${device} ${inode} `;
  return file === null ? line : line.padEnd(NAME_COLUMN) + escapeControl(file.name);
}

function pad(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function rights({ flags }: Vma): string {
  const letter = (bit: number, name: string) => (flags & bit) !== 0 ? name : "-";
  return letter(VM_READ, "r") + letter(VM_WRITE, "w") + letter(VM_EXEC, "x") +
    ((flags & VM_SHARED) !== 0 ? "s" : "p");
}

function smapBlock(vma: Vma): string {
  const mss = smapsOf(vma);
  const page = vma.isHugetlb ? 2 ** 21 : 4096;
  const fields: [string, number][] = [
    ["Size", vma.end - vma.start],
    ["KernelPageSize", page],
    ["MMUPageSize", page],
    ...accountedFields(mss, vma.mm.host.profile),
  ];
  const eligible = hugepageVmaCheck(vma, vma.flags, { inFault: false, enforceSysfs: true });
  return [
    mapLine(vma),
    ...fields.map(([name, bytes]) => sizeLine(name, bytes)),
    `THPeligible:    ${eligible ? 1 : 0}`,
    `VmFlags: ${vmFlagNames(vma.flags).map((name) => `${name} `).join("")}`,
  ].join("\n");
}

function accountedFields(mss: MemSizeStats, profile: KernelProfile): [string, number][] {
  return [
    ["Rss", mss.resident],
    ["Pss", mss.pss],
    ...optional(profile.smapsPssDirty, "Pss_Dirty", mss.pss_dirty),
    ["Shared_Clean", mss.shared_clean],
    ["Shared_Dirty", mss.shared_dirty],
    ["Private_Clean", mss.private_clean],
    ["Private_Dirty", mss.private_dirty],
    ["Referenced", mss.referenced],
    ["Anonymous", mss.anonymous],
    ["LazyFree", mss.lazyfree],
    ["AnonHugePages", mss.anonymous_thp],
    ["ShmemPmdMapped", mss.shmem_thp],
    ...optional(profile.smapsFilePmdMapped, "FilePmdMapped", 0),
    ["Shared_Hugetlb", 0],
    ["Private_Hugetlb", 0],
    ["Swap", mss.swap],
    ["SwapPss", mss.swap_pss],
    ["Locked", mss.pss_locked],
  ];
}

/** A field that only some kernels have. */
function optional(known: boolean, name: string, bytes: number): [string, number][] {
  return known ? [[name, bytes]] : [];
}

/** The two hugetlb fields have a width of 7 where the others have 8. */
function sizeLine(name: string, bytes: number): string {
  const width = name.endsWith("_Hugetlb") ? 7 : 8;
  return `${`${name}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(width)} kB`;
}

/**
 * Names the flags of a mapping as smaps does.
 *
 * @param flags VM_ bits.
 * @returns Mnemonics such as `rd`, in the order of their bits.
 */
function vmFlagNames(flags: number): string[] {
  return VM_FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
}
