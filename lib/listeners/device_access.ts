/**
 * Device access to user pages: hits through the device's table, misses through its fault handler.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { reportWrite } from "./actions.ts";
import { type Device, requirePages } from "./device.ts";
import {
  ENTRY_ACCESSED,
  ENTRY_DIRTY,
  ENTRY_PRESENT,
  ENTRY_WRITE,
  type SecondaryLeaf,
} from "./secondary_leaf.ts";
import type { SecondaryTable } from "./secondary_table.ts";

/** Gives what to store into the pages of an access: an unsigned 32-bit number for each page. */
export type PageContent = (page: number) => number;

/** Receives what was read from the pages of an access. */
export type PageVisitor = (page: number, content: number) => void;

/** What an access learns at its points of interruption. */
export interface Turn {
  /** Whether nobody comes between. */
  undisturbed: boolean;
}

/** The part of a device that one access goes through. */
export interface AccessUnit {
  /** Its translations. */
  readonly table: SecondaryTable;
  /**
   * Handles a miss: on success the page has a translation with the access wanted.
   *
   * @param address The page.
   * @param write Whether the device wants to write.
   * @param turn Takes what the fault learns where it is interrupted.
   * @returns 0, or a negative errno.
   */
  fault(address: Vaddr, write: boolean, turn: Turn): Operation<number>;
  /**
   * Handles a miss as `fault` does, in one go: nobody comes between, and it needs no more than that.
   *
   * @param address The page.
   * @param write Whether the device wants to write.
   * @returns False if it needs more; then nothing was done.
   */
  faultAtOnce?(address: Vaddr, write: boolean): boolean;
}

/** One access of a device to consecutive pages. */
export interface DeviceAccess {
  /** First page. */
  readonly start: Vaddr;
  /** Number of pages. */
  readonly pages: number;
  /** What to store, or null to read. */
  readonly content: PageContent | null;
  /** Receives what is read, or null. */
  readonly visit: PageVisitor | null;
}

/**
 * Reads or writes pages as the device does, page by page in ascending order.
 *
 * A hit sets the accessed flag, a write the dirty flag; neither touches the CPU's page tables.
 * Nothing yields on hits.
 *
 * @param device The driver.
 * @param unit What the access goes through.
 * @param access The access.
 * @returns 0, or the negative errno of the first page that cannot be reached.
 * @throws {RangeError} If the access is empty or not page aligned.
 */
export function* deviceAccess(
  device: Device,
  unit: AccessUnit,
  access: DeviceAccess,
): Operation<number> {
  const { start, pages, content } = access;
  requirePages("access user memory", start, pages);
  const write = content !== null;
  const turn: Turn = { undisturbed: false };
  let page = 0;
  while (page < pages) {
    const address = start + page * PAGE_SIZE;
    const leaf = unit.table.leafAt(address);
    const next = leaf === undefined ? page : serveHits(device, leaf, access, page);
    if (next === page && !(turn.undisturbed && unit.faultAtOnce?.(address, write) === true)) {
      const result = yield* unit.fault(address, write, turn);
      if (result < 0) return result;
    }
    page = next;
  }
  return 0;
}

/**
 * The fault handler of a device that cannot fault: what it has no translation for is lost.
 *
 * @returns -EFAULT.
 */
// deno-lint-ignore require-yield
export function* noFault(): Operation<number> {
  return -ERRNO.EFAULT;
}

/** Serves consecutive hits of one leaf; returns the first page not served. */
function serveHits(
  device: Device,
  leaf: SecondaryLeaf,
  access: DeviceAccess,
  from: number,
): number {
  const { start, pages, content, visit } = access;
  const { pfns, flags, base } = leaf;
  const { user, recording } = device;
  const needed = content === null ? ENTRY_PRESENT : ENTRY_PRESENT | ENTRY_WRITE;
  const first = (start - base) / PAGE_SIZE;
  const last = Math.min(pages, flags.length - first);
  let page = from;
  for (; page < last; page++) {
    const slot = first + page;
    const old = flags[slot];
    if ((old & needed) !== needed) break;
    if (content === null) {
      flags[slot] = old | ENTRY_ACCESSED;
      if (visit !== null) visit(page, user.readFrame(pfns[slot]));
    } else {
      flags[slot] = old | ENTRY_ACCESSED | ENTRY_DIRTY;
      user.writeFrame(pfns[slot], content(page) >>> 0);
      if (recording && (old & ENTRY_DIRTY) === 0) reportWrite(device, start + page * PAGE_SIZE);
    }
  }
  return page;
}
