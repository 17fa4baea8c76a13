/**
 * A small stand-in for an address space, for tests of listeners: a list of mappings, one page
 * table as a Map, and reference counts that must balance.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../../lib/kernel/address.ts";
import { Clock } from "../../lib/kernel/costs.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import type { FaultName } from "../../lib/kernel/faults.ts";
import type { Operation } from "../../lib/kernel/operation.ts";
import { type KernelProfile, kernelProfile } from "../../lib/kernel/profile.ts";
import { Trace } from "../../lib/kernel/trace.ts";
import type { UserPages } from "../../lib/mm/user_pages.ts";
import type { NotifierMm } from "../../lib/notifier/chain.ts";

/** A notifier mm that records its log lines. */
export interface FakeMm extends NotifierMm {
  /** Lines of the kernel log. */
  readonly lines: string[];
}

/** Makes an mm without listeners. */
export function fakeMm(
  profile: string | KernelProfile = "v5-series",
  faults: readonly FaultName[] = [],
  traceLimit = 1 << 20,
): FakeMm {
  const lines: string[] = [];
  return {
    id: 1,
    name: "fake",
    lines,
    notifiers: null,
    notifierContext: {
      profile: typeof profile === "string" ? kernelProfile(profile) : profile,
      trace: new Trace(traceLimit),
      clock: new Clock(),
      notifierCallCost: 0,
      faults: new Set(faults),
      log: (line) => lines.push(line),
    },
  };
}

/** One present entry of the fake page table. */
export interface FakePte {
  /** The frame. */
  pfn: Pfn;
  /** Whether the CPU may write. */
  writable: boolean;
}

/** A fake address space as drivers see it. */
export class FakeUserPages implements UserPages {
  readonly mm: FakeMm;
  readonly ptes = new Map<Vaddr, FakePte>();
  readonly content = new Map<Pfn, number>();
  readonly dirty = new Set<Pfn>();
  readonly softDirty = new Set<Vaddr>();
  /** Pins by frame. */
  readonly pins = new Map<Pfn, number>();
  /** References of GUP that were not put back. */
  held = 0;
  /** Every call of the slow GUP. */
  readonly gups: { address: Vaddr; write: boolean }[] = [];
  /** Called inside the slow GUP, after the page was taken. */
  onGup: ((address: Vaddr) => void) | null = null;
  #vmas: { start: Vaddr; end: Vaddr; writable: boolean }[] = [];
  #nextPfn = 100;

  constructor(mm: FakeMm = fakeMm()) {
    this.mm = mm;
  }

  /** Maps pages; entries appear by fault, or at once where `populate` says so. */
  mmap(start: Vaddr, pages: number, writable: boolean, populate: "" | "r" | "rw" = ""): void {
    this.#vmas.push({ start, end: start + pages * PAGE_SIZE, writable });
    if (populate === "") return;
    for (let page = 0; page < pages; page++) {
      this.ptes.set(start + page * PAGE_SIZE, {
        pfn: this.#nextPfn++,
        writable: populate === "rw",
      });
    }
  }

  /** Unmaps everything. */
  unmapAll(): void {
    this.#vmas = [];
    this.ptes.clear();
  }

  getUserPageFast(addr: Vaddr, write: boolean): Pfn {
    const pte = this.ptes.get(addr);
    if (pte === undefined || (write && !pte.writable)) return -ERRNO.EFAULT;
    this.held++;
    return pte.pfn;
  }

  // deno-lint-ignore require-yield
  *getUserPage(addr: Vaddr, write: boolean): Operation<Pfn> {
    this.gups.push({ address: addr, write });
    const vma = this.#vmas.find(({ start, end }) => start <= addr && addr < end);
    if (vma === undefined || (write && !vma.writable)) return -ERRNO.EFAULT;
    let pte = this.ptes.get(addr);
    if (pte === undefined) {
      pte = { pfn: this.#nextPfn++, writable: write };
      this.ptes.set(addr, pte);
    }
    if (write) {
      pte.writable = true;
      this.softDirty.add(addr);
    }
    this.held++;
    const { pfn } = pte;
    this.onGup?.(addr);
    return pfn;
  }

  /** Every miss takes more, so that listeners show each of their points. */
  getUserPageAtOnce(): Pfn {
    return -ERRNO.EFAULT;
  }

  putPage(_pfn: Pfn): void {
    this.held--;
  }

  *pinUserPage(addr: Vaddr): Operation<Pfn> {
    const pfn = yield* this.getUserPage(addr, true);
    if (pfn < 0) return pfn;
    this.held--;
    this.pins.set(pfn, (this.pins.get(pfn) ?? 0) + 1);
    return pfn;
  }

  unpinUserPage(pfn: Pfn, dirty: boolean): void {
    const left = (this.pins.get(pfn) ?? 0) - 1;
    if (left === 0) this.pins.delete(pfn);
    else this.pins.set(pfn, left);
    if (dirty) this.dirty.add(pfn);
  }

  setPageDirty(pfn: Pfn): void {
    this.dirty.add(pfn);
  }

  readFrame(pfn: Pfn): number {
    return this.content.get(pfn) ?? 0;
  }

  writeFrame(pfn: Pfn, content: number): void {
    this.content.set(pfn, content);
  }

  markSoftDirty(addr: Vaddr): void {
    this.softDirty.add(addr);
  }
}
