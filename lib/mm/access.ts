/**
 * CPU accesses: a process reads or writes its memory page by page, faulting where it must.
 *
 * From mm/memory.c: handle_pte_fault and the functions it calls.
 *
 * @module
 */

import {
  HPAGE_PMD_NR,
  indexInTable,
  PAGE_SIZE,
  type Pfn,
  PMD_SIZE,
  tableOf,
  type Vaddr,
} from "../kernel/address.ts";
import type { CostName } from "../kernel/costs.ts";
import type { Operation } from "../kernel/operation.ts";
import { doFault, wpPageShared } from "./file_fault.ts";
import {
  PTE_DEVICE_PRIVATE,
  PTE_DIRTY,
  PTE_HWPOISON,
  PTE_MARKER,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SWAP,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
  pteAllows,
} from "./flags.ts";
import type { Host } from "./host.ts";
import { doHugeFileFault } from "./huge_file.ts";
import { accessHugePmd, doHugePmdAnonymousPage, handleHugeFault } from "./huge_memory.ts";
import { hugetlbFault } from "./hugetlb.ts";
import {
  accessError,
  copySharedPages,
  doAnonymousPages,
  FAULT,
  type FaultOutcome,
  handlePteFault,
  wpPageCopy,
} from "./memory.ts";
import { migrateToRam } from "./migrate_vma.ts";
import type { Mm } from "./mm_struct.ts";
import { mmapReadLock } from "./mmap_lock.ts";
import { doHugePmdNumaPage, doNumaPage } from "./numa_fault.ts";
import type { PmdTable, PteTable } from "./page_table.ts";
import { directReclaim, MAX_RECLAIM_RETRIES } from "./shrink_lruvec.ts";
import { doSwapPage } from "./swap_fault.ts";
import { VM_SHARED, VM_UFFD_MISSING, type Vma } from "./vma.ts";

/**
 * What a write leaves in a page.
 *
 * @param old Content before.
 * @param page Number of the page within the access, from 0.
 * @returns Content after: first byte in the low 8 bits.
 */
export type Store = (old: number, page: number) => number;

/** How an access ended. */
export interface AccessResult {
  /** Pages accessed before the end or the failure. */
  readonly pages: number;
  /** What stopped it: 0, FAULT.SIGSEGV, FAULT.SIGBUS or FAULT.OOM. */
  readonly failure: 0 | typeof FAULT.SIGSEGV | typeof FAULT.SIGBUS | typeof FAULT.OOM;
}

/**
 * Stores one value into the first byte of each page.
 *
 * @param value The byte, from 0 to 255.
 * @returns The store.
 */
export function storeByte(value: number): Store {
  return (old) => ((old & ~0xff) | value) >>> 0;
}

/**
 * Fills whole pages with one byte value.
 *
 * @param value The byte, from 0 to 255.
 * @returns The store.
 */
export function fillByte(value: number): Store {
  return () => ((value << 8) | value) >>> 0;
}

/**
 * Reads or writes each page of a range in order, as a process does.
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param end First byte after, page aligned.
 * @param store What is written; null for reads.
 * @returns How far it came.
 */
export function* access(
  mm: Mm,
  start: Vaddr,
  end: Vaddr,
  store: Store | null,
): Operation<AccessResult> {
  const write = store !== null;
  const walk = new AccessWalk(mm, start, store);
  const room = new Room(mm.host);
  let addr = start;
  while (addr < end) {
    const vma = mm.vmaAt(addr);
    if (accessError(vma, write)) return walk.result(addr, FAULT.SIGSEGV);
    const to = Math.min(end, vma!.end, (tableOf(addr) + 1) * PMD_SIZE);
    const outcome = walk.table(vma!, addr, to);
    addr = walk.addr;
    if (addr === to) continue;
    if (outcome === FAULT.OOM && (yield* room.make(addr))) continue;
    if (outcome < 0) return walk.result(addr, outcome as AccessResult["failure"]);
    const slow = outcome === FAULT.NEEDS_WINDOW
      ? yield* wpPageCopy(vma!, addr)
      : yield* handleSlowFault(vma!, addr, write);
    walk.count(slow);
    if (slow === FAULT.OOM && (yield* room.make(addr))) continue;
    if (slow < 0) return walk.result(addr, slow as AccessResult["failure"]);
  }
  return walk.result(end, 0);
}

/**
 * Reads or writes as {@linkcode access} does, by an instruction of the process: where it faults while
 * somebody holds mmap_lock for writing, it waits.
 *
 * @param mm The address space.
 * @param start First byte, page aligned.
 * @param end First byte after, page aligned.
 * @param store What is written; null for reads.
 * @returns How far it came.
 */
export function* userAccess(
  mm: Mm,
  start: Vaddr,
  end: Vaddr,
  store: Store | null,
): Operation<AccessResult> {
  if (mm.mmapLocked && !isMapped(mm, start, end, store !== null)) yield* mmapReadLock(mm);
  return yield* access(mm, start, end, store);
}

function isMapped({ pageTable }: Mm, start: Vaddr, end: Vaddr, write: boolean): boolean {
  for (let addr = start; addr < end; addr += PAGE_SIZE) {
    const flags = pageTable.flagsAt(addr);
    if (!pteAllows(flags, write)) return false;
  }
  return true;
}

/**
 * Makes room for faults, until one page has asked in vain too often.
 *
 * A page that is read back from swap and then copied needs two frames. Where reclaim takes the first
 * to make room for the second, that would never end; the kernel's fault holds the first meanwhile.
 */
class Room {
  readonly #host: Host;
  #addr: Vaddr = -1;
  #tries = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reclaims for the fault on a page; false if that is not worth another try. */
  *make(addr: Vaddr): Operation<boolean> {
    if (addr !== this.#addr) this.#tries = 0;
    this.#addr = addr;
    return ++this.#tries <= MAX_RECLAIM_RETRIES && (yield* directReclaim(this.#host));
  }
}

/** What the outcomes of faults cost. */
const FAULT_COSTS: ReadonlyMap<FaultOutcome, "cpu_fault" | "wp_reuse" | "cow_copy"> = new Map([
  [FAULT.INSTALLED, "cpu_fault"],
  [FAULT.REUSED, "wp_reuse"],
  [FAULT.COPIED, "cow_copy"],
]);

/**
 * Handles a fault on one page where that takes neither a window nor a path of its own, as most first
 * touches do: what {@linkcode access} does for a page, in one plain call.
 *
 * @param mm The address space.
 * @param addr The page.
 * @param write Whether the access writes.
 * @returns False if nothing was done.
 */
export function faultPlainly(mm: Mm, addr: Vaddr, write: boolean): boolean {
  const table = mm.pageTable.lookup(addr);
  const vma = mm.vmaAt(addr);
  if (table === null || vma === undefined || accessError(vma, write)) return false;
  const outcome = handlePteFault(vma, table, indexInTable(addr), addr, write);
  if (outcome < 0 || outcome === FAULT.NEEDS_WINDOW || outcome === FAULT.NEEDS_SLOW) return false;
  const cost = FAULT_COSTS.get(outcome);
  if (cost !== undefined) {
    mm.host.charge(cost);
    mm.host.vmstat.pgfault++;
  }
  return true;
}

/** The plain part of an access: all entries of one table until one needs more. */
class AccessWalk {
  /** Where the walk stands. */
  addr: Vaddr;
  readonly #mm: Mm;
  readonly #start: Vaddr;
  readonly #store: Store | null;
  readonly #counts: Record<"cpu_fault" | "wp_reuse" | "cow_copy", number> = {
    cpu_fault: 0,
    wp_reuse: 0,
    cow_copy: 0,
  };

  constructor(mm: Mm, start: Vaddr, store: Store | null) {
    this.#mm = mm;
    this.#start = start;
    this.#store = store;
    this.addr = start;
  }

  /** Accesses `[from, to)`, which one last-level table maps. */
  table(vma: Vma, from: Vaddr, to: Vaddr): FaultOutcome {
    this.addr = from;
    const pmd = this.#mm.pageTable.ensurePmd(from);
    const slot = tableOf(from) & (HPAGE_PMD_NR - 1);
    if (pmd.tables[slot] === null) {
      const outcome = this.#huge(vma, pmd, slot, to);
      if (outcome !== 0) return outcome;
    }
    const table = pmd.tables[slot] ?? this.#mm.pageTable.ensure(from);
    const first = indexInTable(from);
    const last = first + (to - from) / PAGE_SIZE;
    const outcome = this.#entries(vma, table, first, last, from);
    this.#charge();
    return outcome;
  }

  /** Accesses up to `to` through a huge entry, made where it may be; 0 if small ones must do. */
  #huge(vma: Vma, pmd: PmdTable, slot: number, to: Vaddr): FaultOutcome | 0 {
    const { addr } = this;
    const write = this.#store !== null;
    if (pmd.hugeFlags[slot] === 0) {
      if (vma.isHugetlb) return FAULT.NEEDS_SLOW;
      const made = vma.file === null
        ? doHugePmdAnonymousPage(vma, addr, write)
        : doHugeFileFault(vma, addr, write);
      if (made === FAULT.TOUCHED) return 0;
      this.count(made);
      if (made < 0) return made;
    }
    const outcome = accessHugePmd(vma, pmd, slot, write);
    if (outcome === FAULT.NEEDS_SLOW) return outcome;
    this.count(outcome);
    if (write) this.#storeIntoHuge(pmd.hugePfn[slot], to);
    this.addr = to;
    return FAULT.TOUCHED;
  }

  #storeIntoHuge(head: Pfn, to: Vaddr): void {
    const { content } = this.#mm.host.frames;
    const first = indexInTable(this.addr);
    const page = (this.addr - this.#start) / PAGE_SIZE;
    for (let at = 0; at < (to - this.addr) / PAGE_SIZE; at++) {
      const pfn = head + first + at;
      content[pfn] = this.#store!(content[pfn], page + at);
    }
  }

  /** Counts the outcome of one fault for the clock and vmstat. */
  count(outcome: FaultOutcome): void {
    this.#tally(outcome);
    this.#charge();
  }

  result(addr: Vaddr, failure: AccessResult["failure"]): AccessResult {
    return { pages: (addr - this.#start) / PAGE_SIZE, failure };
  }

  #entries(vma: Vma, table: PteTable, first: number, last: number, from: Vaddr): FaultOutcome {
    const write = this.#store !== null;
    const wanted = write ? PTE_PRESENT | PTE_WRITE : PTE_PRESENT;
    const touched = write ? PTE_YOUNG | PTE_DIRTY : PTE_YOUNG;
    const zeroFills = write && vma.file === null && (vma.flags & VM_UFFD_MISSING) === 0;
    const copies = write && vma.isCow && vma.mm.notifiers === null;
    for (let index = first; index < last;) {
      const flags = table.flags[index];
      const addr = from + (index - first) * PAGE_SIZE;
      let run = 1;
      if ((flags & (wanted | PTE_PROTNONE)) === wanted) {
        table.flags[index] = flags | touched;
      } else if (flags === 0 && zeroFills) {
        run = doAnonymousPages(vma, table, index, last, addr);
        this.#counts.cpu_fault += run;
      } else if (copies && (flags & PTE_WRITE) === 0) {
        run = copySharedPages(vma, table, index, last, addr);
        this.#counts.cow_copy += run;
      } else {
        run = 0;
      }
      if (run === 0) {
        const outcome = handlePteFault(vma, table, index, addr, write);
        if (outcome < 0 || outcome === FAULT.NEEDS_WINDOW || outcome === FAULT.NEEDS_SLOW) {
          this.addr = addr;
          return outcome;
        }
        this.#tally(outcome);
        run = 1;
      }
      if (write) this.#storeInto(table, index, index + run, addr);
      index += run;
    }
    this.addr = from + (last - first) * PAGE_SIZE;
    return FAULT.TOUCHED;
  }

  #storeInto(table: PteTable, first: number, last: number, addr: Vaddr): void {
    const { content } = this.#mm.host.frames;
    const store = this.#store!;
    const page = (addr - this.#start) / PAGE_SIZE - first;
    for (let index = first; index < last; index++) {
      const pfn = table.pfn[index];
      content[pfn] = store(content[pfn], page + index);
    }
  }

  #tally(outcome: FaultOutcome): void {
    const cost = FAULT_COSTS.get(outcome);
    if (cost !== undefined) this.#counts[cost]++;
  }

  #charge(): void {
    const { host } = this.#mm;
    for (const name of ["cpu_fault", "wp_reuse", "cow_copy"] as const satisfies CostName[]) {
      const count = this.#counts[name];
      if (count === 0) continue;
      host.charge(name, count);
      host.vmstat.pgfault += count;
      this.#counts[name] = 0;
    }
  }
}

/**
 * Handles a fault on an entry that the plain path left alone.
 *
 * @param vma The mapping; the access is allowed.
 * @param addr The page.
 * @param write Whether the access writes.
 * @returns What was done; after FAULT.TOUCHED the access is tried again.
 */
export function* handleSlowFault(
  vma: Vma,
  addr: Vaddr,
  write: boolean,
): Operation<FaultOutcome> {
  if (vma.isHugetlb) return yield* hugetlbFault(vma, addr, write);
  const pmd = vma.mm.pageTable.pmd(addr);
  const huge = pmd?.hugeFlags[tableOf(addr) & (HPAGE_PMD_NR - 1)] ?? 0;
  if (huge !== 0) {
    const hinted = (huge & (PTE_PRESENT | PTE_PROTNONE)) === (PTE_PRESENT | PTE_PROTNONE);
    return yield* hinted ? doHugePmdNumaPage(vma, addr) : handleHugeFault(vma, addr);
  }
  const flags = vma.mm.pageTable.lookup(addr)?.flags[indexInTable(addr)] ?? 0;
  if (flags === 0 || (flags & PTE_MARKER) !== 0) {
    return vma.file === null ? FAULT.SIGBUS : doFault(vma, addr, write);
  }
  if ((flags & PTE_HWPOISON) !== 0) return FAULT.SIGBUS;
  if ((flags & PTE_MIGRATION) !== 0) {
    yield "migration_wait";
    return FAULT.TOUCHED;
  }
  if ((flags & PTE_DEVICE_PRIVATE) !== 0) return yield* migrateToRam(vma, addr);
  if ((flags & PTE_SWAP) !== 0) return yield* doSwapPage(vma, addr, write);
  if ((flags & PTE_PROTNONE) !== 0) return yield* doNumaPage(vma, addr);
  if (write && (vma.flags & VM_SHARED) !== 0 && (flags & PTE_UFFD_WP) === 0) {
    return wpPageShared(vma, addr);
  }
  return FAULT.SIGBUS;
}
