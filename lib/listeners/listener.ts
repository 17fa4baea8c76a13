/**
 * What every simulated driver offers to the machine, beside its notifier callbacks.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Violation } from "../kernel/violation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { ListenerCounters } from "./counters.ts";

/** One translation that a device holds. */
export interface SecondaryEntry {
  /** The page in the process. */
  readonly address: Vaddr;
  /** The frame the device will reach. */
  readonly pfn: Pfn;
  /** Whether the device may write. */
  readonly writable: boolean;
}

/** A part of the process that a driver knows: a memslot or a memory region. */
export interface ListenerRange {
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** What it is to the driver, such as `gpa 0x0` or `key 1, rw`. */
  readonly label: string;
}

/** State of a driver: values by the driver's names for them. */
export type ListenerState = Readonly<Record<string, number | boolean | string>>;

/** A simulated driver that listens on (or pins pages of) one process. */
export interface Listener {
  /** Its name in the scenario. */
  readonly name: string;
  /** Kind of driver, such as `"kvm"`. */
  readonly kind: string;
  /** The callbacks to register, or null for a driver that only pins. */
  readonly ops: MmuNotifierOps | null;
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** Whether its entries may differ from the CPU's because it holds pins or references. */
  readonly pins: boolean;
  /** Whether only frames must agree with the CPU's, not access, which the CPU entry decides. */
  readonly anyAccess?: boolean;
  /**
   * Visits every translation the device holds now.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void;
  /**
   * Visits every reference on a frame that the driver holds beyond a fault: long-term pins, and
   * the plain references of get_user_pages. A driver without this method holds none.
   *
   * @param visit Called with the frame and whether the reference is a pin (FOLL_PIN where the
   * kernel has it); once per reference.
   */
  forEachReference?(visit: (pfn: Pfn, pin: boolean) => void): void;
  /**
   * Looks up one translation.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined;
  /** Windows that it was told the start of and not the end, where it counts them. */
  readonly openWindows?: number;
  /**
   * Tells the state that its driver keeps beside ranges and translations, for inspectors.
   *
   * @returns Values by the driver's names for them; where missing, it has no such state.
   */
  state?(): ListenerState;
  /**
   * Lists what it knows of the process, for inspectors.
   *
   * @returns The ranges in the order of their registration; where missing, it follows all of the
   * address space.
   */
  ranges?(): ListenerRange[];
  /**
   * Hands over mistakes of the listener's own code that were noted since the last time.
   *
   * @returns One violation for each.
   */
  takeFaults?(): Violation[];
  /** Gives back whatever the driver still holds, before the machine's final accounting. */
  close(): void;
}

/** A listener whose device reaches user memory through its own faults. */
export interface FaultingListener extends Listener {
  /**
   * Lets the device read pages, faulting where it must.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @returns 0, or the negative errno of the first page that cannot be reached.
   */
  deviceRead(start: Vaddr, pages: number): Operation<number>;
  /**
   * Lets the device write pages, faulting where it must.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0: an unsigned 32-bit number.
   * @returns 0, or the negative errno of the first page that cannot be reached.
   */
  deviceWrite(start: Vaddr, pages: number, content: (page: number) => number): Operation<number>;
}
