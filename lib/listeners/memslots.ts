/**
 * The memslots of a virtual machine: which host range is which guest memory.
 *
 * From include/linux/kvm_host.h: struct kvm_memslots.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import { type IndexedRange, NO_LEAF, RangeIndex } from "./range_index.ts";

/** The host range of a memslot. */
export interface Memslot {
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
}

/** A memslot's ranges in the two indexes. */
interface Ranges {
  readonly host: IndexedRange;
  readonly guest: IndexedRange;
}

/** The memslots of one virtual machine. Guest ranges are disjoint; host ranges may overlap. */
export class Memslots {
  readonly #host = new RangeIndex();
  readonly #guest = new RangeIndex();
  readonly #byGpa = new Map<number, Ranges>();

  /**
   * Adds a memslot.
   *
   * @param gpa First guest physical address.
   * @param start First byte of the host range.
   * @param pages Number of pages.
   * @returns 0, or -EEXIST if the guest range overlaps another slot's.
   */
  add(gpa: number, start: Vaddr, pages: number): number {
    const size = pages * PAGE_SIZE;
    if (this.#guest.overlaps(gpa, gpa + size)) return -ERRNO.EEXIST;
    const host = { start, end: start + size, leaf: NO_LEAF };
    const guest = { start: gpa, end: gpa + size, leaf: NO_LEAF };
    this.#host.add(host);
    this.#guest.add(guest);
    this.#byGpa.set(gpa, { host, guest });
    return 0;
  }

  /**
   * Removes a memslot.
   *
   * @param gpa First guest physical address.
   * @returns Its host range, or undefined if there is none.
   */
  remove(gpa: number): Memslot | undefined {
    const slot = this.#byGpa.get(gpa);
    if (slot === undefined) return undefined;
    this.#byGpa.delete(gpa);
    this.#host.remove(slot.host);
    this.#guest.remove(slot.guest);
    return slot.host;
  }

  /**
   * Lists the memslots in the order of their registration.
   *
   * @returns First guest physical address and host range of each.
   */
  list(): (Memslot & { readonly gpa: number })[] {
    return [...this.#byGpa].map(([gpa, { host }]) => ({ gpa, start: host.start, end: host.end }));
  }

  /**
   * Tells whether a host page is guest memory.
   *
   * @param address The page.
   * @returns True if a memslot maps it.
   */
  has(address: Vaddr): boolean {
    return this.overlaps(address, address + PAGE_SIZE);
  }

  /**
   * Tells whether some of a host range is guest memory.
   *
   * @param start First byte.
   * @param end First byte after.
   * @returns True if a memslot maps a part of it.
   */
  overlaps(start: Vaddr, end: Vaddr): boolean {
    return this.#host.overlaps(start, end);
  }
}
