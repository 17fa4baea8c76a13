/**
 * The memslots of a virtual machine: which host range is which guest memory.
 *
 * From include/linux/kvm_host.h: struct kvm_memslots.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import { RangeIndex, type RegisteredRange } from "./range_index.ts";

/** The host range of a memslot. */
export interface Memslot {
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
}

/** A memslot's places in the two indexes. */
interface Places {
  readonly host: RegisteredRange<number>;
  readonly guest: RegisteredRange<number>;
}

/** The memslots of one virtual machine. Guest ranges are disjoint; host ranges may overlap. */
export class Memslots {
  readonly #host = new RangeIndex<number>();
  readonly #guest = new RangeIndex<number>();
  readonly #byGpa = new Map<number, Places>();

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
    this.#byGpa.set(gpa, {
      host: this.#host.add(start, start + size, gpa),
      guest: this.#guest.add(gpa, gpa + size, gpa),
    });
    return 0;
  }

  /**
   * Removes a memslot.
   *
   * @param gpa First guest physical address.
   * @returns Its host range, or undefined if there is none.
   */
  remove(gpa: number): Memslot | undefined {
    const places = this.#byGpa.get(gpa);
    if (places === undefined) return undefined;
    this.#byGpa.delete(gpa);
    this.#host.remove(places.host);
    this.#guest.remove(places.guest);
    return places.host;
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
