/**
 * What a process looks like, in the form of the recordings but page by page.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../../lib/kernel/address.ts";
import type { Host } from "../../lib/mm/host.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import {
  PG_ANON,
  PG_DIRTY,
  PG_HEAD,
  PG_HUGETLB,
  PG_HWPOISON,
  PG_KSM,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PTE_DIRTY,
  PTE_EXEC,
  PTE_HWPOISON,
  PTE_MARKER,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SOFT_DIRTY,
  PTE_SPECIAL,
  PTE_SWP_EXCLUSIVE,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "../../lib/mm/flags.ts";
import {
  pagemapEntry,
  PM_FILE,
  PM_MMAP_EXCLUSIVE,
  PM_PRESENT,
  PM_SOFT_DIRTY,
  PM_SWAP,
  PM_UFFD_WP,
} from "../../lib/mm/task_mmu.ts";
import type { Vma } from "../../lib/mm/vma.ts";
import type { RecordedVma } from "./recording.ts";
import { BASE } from "./world.ts";

/** One page of a process. */
export interface PageDump {
  /** Page offset from the base. */
  readonly page: number;
  /** The frame; undefined where none is mapped. */
  readonly pfn: Pfn | undefined;
  /** 0 or -1 for the zero pages, else undefined. */
  readonly zero: 0 | -1 | undefined;
  /** State, pagemap bits and raw flags on one line. */
  readonly text: string;
  /** Facts of the frame on one line; undefined where none is mapped. */
  readonly phys: string | undefined;
}

/** One process. */
export interface ProcessDump {
  readonly pages: readonly PageDump[];
  readonly vmas: readonly string[];
}

/**
 * Dumps a process.
 *
 * @param mm The address space.
 * @param window Pages of the case's window.
 * @returns Its pages and mappings within the window.
 */
export function dumpProcess(mm: Mm, window: number): ProcessDump {
  const end = BASE + window * PAGE_SIZE;
  const pages: PageDump[] = [];
  const cursor = mm.pageTable.cursor(BASE, end);
  while (cursor.next()) {
    for (let addr = cursor.from; addr < cursor.to; addr += PAGE_SIZE) {
      const flags = mm.pageTable.flagsAt(addr);
      if (flags !== 0) pages.push(dumpPage(mm, addr, flags, cursor.table === null));
    }
  }
  const vmas = mm.vmasIn(BASE, end).map((vma) => vmaText(recordedVma(vma)));
  return { pages, vmas };
}

/** Formats a mapping on one line, with everything that is compared. */
export function vmaText(vma: RecordedVma): string {
  const flags = vma.vmflags.split(" ").sort().join(" ");
  return `[${vma.start},${vma.end}) ${vma.perms} pgoff ${vma.pgoff} ${flags}`;
}

/** Formats an entry on one line, in the way both sides are compared. */
export function pageText(
  page: { st: string; sd: number; ex: number; fs: number; uw: number; pte: string },
): string {
  return `${page.st} sd${page.sd} ex${page.ex} fs${page.fs} uw${page.uw} ${page.pte}`;
}

function dumpPage(mm: Mm, addr: Vaddr, flags: number, huge: boolean): PageDump {
  const word = pagemapEntry(mm, addr);
  const bit = (mask: bigint) => (word & mask) !== 0n ? 1 : 0;
  const present = bit(PM_PRESENT) === 1;
  const text = pageText({
    st: present ? "present" : bit(PM_SWAP) === 1 ? "swap" : "none",
    sd: bit(PM_SOFT_DIRTY),
    ex: bit(PM_MMAP_EXCLUSIVE),
    fs: bit(PM_FILE),
    uw: bit(PM_UFFD_WP),
    pte: pteText(flags, huge),
  });
  const pfn = present ? mm.pageTable.pfnAt(addr) : undefined;
  const isZero = present && (flags & PTE_SPECIAL) !== 0;
  return {
    page: (addr - BASE) / PAGE_SIZE,
    pfn,
    zero: isZero ? huge ? -1 : 0 : undefined,
    text,
    phys: pfn === undefined ? undefined : physText(mm.host, pfn, isZero, huge),
  };
}

function pteText(flags: number, huge: boolean): string {
  const letters = (pairs: readonly (readonly [number, string])[]) =>
    pairs.map(([mask, letter]) => (flags & mask) !== 0 ? letter : "").join("");
  if ((flags & PTE_PRESENT) !== 0) {
    const bits = letters([
      [PTE_WRITE, "w"],
      [PTE_YOUNG, "a"],
      [PTE_DIRTY, "d"],
      [PTE_SOFT_DIRTY, "s"],
      [PTE_UFFD_WP, "u"],
      [PTE_EXEC | PTE_PROTNONE, "x"],
    ]);
    return ((flags & PTE_PROTNONE) !== 0 ? "N" : "p") + bits + (huge ? "H" : "");
  }
  if ((flags & PTE_MARKER) !== 0) return "marker";
  if ((flags & PTE_HWPOISON) !== 0) return "hwpoison:";
  const swap = [[PTE_SWP_EXCLUSIVE, "e"], [PTE_SOFT_DIRTY, "s"], [PTE_UFFD_WP, "u"]] as const;
  return `swap:${letters(swap)}`;
}

/** /proc/kpageflags and /proc/kpagecount; a tail page shows its own flags in part. */
function physText(host: Host, pfn: Pfn, zero: boolean, huge: boolean): string {
  const { frames } = host;
  const node = frames.nodeOf(pfn);
  if (zero) return `${huge ? "thp," : ""}zero mc0 node${node}`;
  const own = frames.flags[pfn];
  const head = frames.flags[frames.head(pfn)];
  const anon = (head & PG_ANON) !== 0;
  const hugetlb = (head & PG_HUGETLB) !== 0;
  const words: string[] = [];
  if (anon) words.push("anon");
  if ((own & PG_KSM) !== 0) words.push("ksm");
  if ((own & (PG_HEAD | PG_TAIL)) !== 0 && !hugetlb) words.push("thp");
  if (hugetlb) words.push("huge");
  if ((head & PG_SWAPCACHE) !== 0) words.push("swapcache");
  if (!anon && (own & PG_DIRTY) !== 0) words.push("dirty");
  if (anon && (own & PG_SWAPBACKED) === 0) words.push("lazyfree");
  if ((own & PG_HWPOISON) !== 0) words.push("hwpoison");
  return `${words.join(",")} mc${frames.mapcount[pfn]} node${node}`;
}

/** smaps: bounds, rights and VmFlags; anonymous memory shows page offset 0. */
function recordedVma(vma: Vma): RecordedVma {
  const words = vmFlagWords(vma.flags);
  const has = (word: string, letter: string) => words.includes(word) ? letter : "-";
  return {
    start: (vma.start - BASE) / PAGE_SIZE,
    end: (vma.end - BASE) / PAGE_SIZE,
    perms: has("rd", "r") + has("wr", "w") + has("ex", "x") + (words.includes("ms") ? "s" : "p"),
    pgoff: vma.file === null ? 0 : vma.pgoff,
    vmflags: words.join(" "),
  };
}

/** Mnemonics of vm_flags by bit (fs/proc/task_mmu.c: show_smap_vma_flags). */
const MNEMONICS: readonly (readonly [number, string])[] = [
  [0x1, "rd"],
  [0x2, "wr"],
  [0x4, "ex"],
  [0x8, "sh"],
  [0x10, "mr"],
  [0x20, "mw"],
  [0x40, "me"],
  [0x80, "ms"],
  [0x200, "um"],
  [0x400, "pf"],
  [0x1000, "uw"],
  [0x2000, "lo"],
  [0x8000, "sr"],
  [0x10000, "rr"],
  [0x20000, "dc"],
  [0x40000, "de"],
  [0x80000, "??"],
  [0x100000, "ac"],
  [0x200000, "nr"],
  [0x400000, "ht"],
  [0x2000000, "wf"],
  [0x8000000, "sd"],
  [0x10000000, "mm"],
  [0x20000000, "hg"],
  [0x40000000, "nh"],
  [0x80000000, "mg"],
];

function vmFlagWords(flags: number): string[] {
  return MNEMONICS.filter(([mask]) => (flags & mask) !== 0).map(([, word]) => word);
}
