/**
 * The TLB of the machine on which the recordings were made.
 *
 * clear_refs 1 to 3 clear accessed bits without a flush. While a translation is still cached, an
 * access goes through it and leaves the accessed bit clear. That is no policy of the kernel and the
 * simulator does not model it; the replay does, so that accessed bits can be compared.
 *
 * @module
 */

import { indexInTable, PAGE_SIZE, type Vaddr } from "../../lib/kernel/address.ts";
import type { AccessResult } from "../../lib/mm/access.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { PTE_DIRTY, PTE_YOUNG, pteAccessible, pteWritable } from "../../lib/mm/flags.ts";
import type { RecordedEvent } from "./recording.ts";

/** Pages above which the kernel flushes everything (tlb_single_page_flush_ceiling). */
const FLUSH_CEILING = 33;

/** Translations that the CPU of the recorded processes holds. */
export class Tlb {
  #running: string | null = null;
  readonly #pages: Set<Vaddr> = new Set();
  readonly #loaded: Vaddr[] = [];

  /**
   * Lets a process run; another one starts with an empty TLB.
   *
   * @param name Name of the process.
   */
  switchTo(name: string): void {
    if (name !== this.#running) this.#pages.clear();
    this.#running = name;
  }

  /**
   * Runs an access and takes back the accessed bits that the hardware would not have set.
   *
   * @param mm Address space of the running process.
   * @param start First byte, page aligned.
   * @param end First byte after.
   * @param write Whether the access writes.
   * @param access The access.
   * @returns What the access returns.
   */
  during(
    mm: Mm,
    start: Vaddr,
    end: Vaddr,
    write: boolean,
    access: () => AccessResult,
  ): AccessResult {
    const hits: Vaddr[] = [];
    for (let addr = start; addr < end; addr += PAGE_SIZE) {
      if (this.#pages.has(addr) && isHit(mm.pageTable.flagsAt(addr), write)) hits.push(addr);
    }
    const result = access();
    for (const addr of hits) clearYoung(mm, addr);
    for (let page = 0; page < result.pages; page++) this.#loaded.push(start + page * PAGE_SIZE);
    return result;
  }

  /**
   * Ends a step: drops what the kernel flushed, then keeps what was accessed.
   *
   * @param events Callbacks of the step.
   * @param base Address of page 0 of the window.
   */
  endStep(events: readonly RecordedEvent[], base: Vaddr): void {
    for (const { mm, cb, start, end } of events) {
      if (mm === this.#running && !cb.endsWith("young")) this.#flushRange(start, end, base);
    }
    for (const addr of this.#loaded.splice(0)) this.#pages.add(addr);
  }

  #flushRange(start: number | string, end: number | string, base: Vaddr): void {
    if (typeof start === "string" || typeof end === "string" || end - start > FLUSH_CEILING) {
      this.#pages.clear();
      return;
    }
    for (let page = start; page < end; page++) this.#pages.delete(base + page * PAGE_SIZE);
  }
}

/** A cached translation serves writes only if the entry was dirty already. */
function isHit(flags: number, write: boolean): boolean {
  if ((flags & PTE_YOUNG) !== 0) return false;
  return write ? pteWritable(flags) && (flags & PTE_DIRTY) !== 0 : pteAccessible(flags);
}

function clearYoung(mm: Mm, addr: Vaddr): void {
  const table = mm.pageTable.lookup(addr);
  if (table !== null) table.flags[indexInTable(addr)] &= ~PTE_YOUNG;
}
