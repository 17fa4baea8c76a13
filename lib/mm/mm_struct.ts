/**
 * An address space: what struct mm_struct is in the kernel.
 *
 * @module
 */

import { TASK_SIZE, type Vaddr } from "../kernel/address.ts";
import type { MmuNotifierChain, NotifierContext, NotifierMm } from "../notifier/chain.ts";
import type { Host } from "./host.ts";
import { PageTable } from "./page_table.ts";
import type { Vma } from "./vma.ts";

/** The process may have pages pinned by FOLL_PIN (MMF_HAS_PINNED). */
export const MMF_HAS_PINNED = 1 << 0;
/** Registered with ksmd (MMF_VM_MERGEABLE). */
export const MMF_VM_MERGEABLE = 1 << 1;
/** The oom reaper was here: faults are refused (MMF_UNSTABLE). */
export const MMF_UNSTABLE = 1 << 2;
/** Registered with khugepaged (MMF_VM_HUGEPAGE). */
export const MMF_VM_HUGEPAGE = 1 << 3;
/** The oom reaper gave up or is done (MMF_OOM_SKIP). */
export const MMF_OOM_SKIP = 1 << 4;

/** The address space of one process. */
export class Mm implements NotifierMm {
  /** Number on the machine. */
  readonly id: number;
  /** Name of the process. */
  readonly name: string;
  /** The machine. */
  readonly host: Host;
  /** The page table. */
  readonly pageTable: PageTable = new PageTable();
  /** Mappings in order of address. */
  readonly vmas: Vma[] = [];
  /** The notifier chain; null until the first registration. */
  notifiers: MmuNotifierChain | null = null;
  /** MMF_ bits. */
  flags = 0;
  /** Anonymous pages mapped (MM_ANONPAGES). */
  anonPages = 0;
  /** File pages mapped, shmem included (MM_FILEPAGES and MM_SHMEMPAGES). */
  filePages = 0;
  /** Swap entries (MM_SWAPENTS). */
  swapEntries = 0;
  /** Pages pinned for long (pinned_vm). */
  pinnedPages = 0;
  /** Where the next NUMA-hinting scan starts (numa_scan_offset). */
  numaScanOffset: Vaddr = 0;
  /** Whether somebody holds mmap_lock for writing. */
  mmapLocked = false;
  /** False once the process has exited. */
  alive = true;
  /** Where the next mapping without an address goes. */
  nextMapping: Vaddr = 0x7f0000000000;

  /**
   * Makes an empty address space; use {@linkcode Host.createMm}.
   *
   * @param host The machine.
   * @param id Number on the machine.
   * @param name Name of the process.
   */
  constructor(host: Host, id: number, name: string) {
    this.host = host;
    this.id = id;
    this.name = name;
  }

  /** What the notifier chain needs from the machine. */
  get notifierContext(): NotifierContext {
    return this.host;
  }

  /** Resident pages. */
  get rss(): number {
    return this.anonPages + this.filePages;
  }

  /**
   * Finds the first mapping that ends above an address (mm/mmap.c: find_vma).
   *
   * @param addr Address in bytes.
   * @returns Its position in {@linkcode Mm.vmas}; the number of mappings if there is none.
   */
  findVmaIndex(addr: Vaddr): number {
    let low = 0;
    let high = this.vmas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.vmas[middle].end > addr) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * Finds the mapping that holds an address (mm: vma_lookup).
   *
   * @param addr Address in bytes.
   * @returns The mapping, or undefined.
   */
  vmaAt(addr: Vaddr): Vma | undefined {
    const vma = this.vmas[this.findVmaIndex(addr)];
    return vma !== undefined && vma.start <= addr ? vma : undefined;
  }

  /**
   * Lists the mappings that intersect a range.
   *
   * @param start First byte.
   * @param end First byte after.
   * @returns The mappings in order of address.
   */
  vmasIn(start: Vaddr, end: Vaddr): Vma[] {
    const found: Vma[] = [];
    for (let at = this.findVmaIndex(start); at < this.vmas.length; at++) {
      if (this.vmas[at].start >= Math.min(end, TASK_SIZE)) break;
      found.push(this.vmas[at]);
    }
    return found;
  }

  /**
   * Finds the neighbours of a mapping.
   *
   * @param vma A mapping of this mm.
   * @returns The mappings before and after it, where there are any.
   */
  neighbours(vma: Vma): { prev: Vma | undefined; next: Vma | undefined } {
    const at = this.findVmaIndex(vma.start);
    return { prev: this.vmas[at - 1], next: this.vmas[at + 1] };
  }
}

/**
 * Checks that something is an address space, where code without types may give anything.
 *
 * @param mm What it is.
 * @throws {TypeError} If it is none.
 */
export function requireMm(mm: Mm): void {
  if (mm?.pageTable !== undefined) return;
  throw new TypeError(`Expected an address space, as Machine.mm() gives it, got ${typeof mm}`);
}
