/**
 * Userptr objects: ranges of user memory that a device works on as a whole.
 *
 * amdgpu, radeon and i915 look the pages of an object up with get_user_pages, keep the references
 * while the object is bound, and bind it again when a window took it. Here an object's table holds
 * exactly the pages that it has references on; whether the device may use them is its state.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import type { Device } from "./device.ts";
import type { MemoryRegion } from "./mr_set.ts";
import { NO_LEAF } from "./range_index.ts";
import { ENTRY_PRESENT, ENTRY_WRITE } from "./secondary_leaf.ts";
import { SecondaryTable } from "./secondary_table.ts";

/**
 * Where an object stands: without pages, usable, or with pages that the device must not use until
 * they have been looked up again.
 */
export type UserptrState = "unbound" | "bound" | "invalid";

/** A buffer object over user memory. */
export interface UserptrObject extends MemoryRegion {
  /** The pages it holds. */
  readonly table: SecondaryTable;
  /** Where it stands. */
  state: UserptrState;
  /** Windows that took its pages, to notice one that comes while they are being looked up. */
  seq: number;
  /** Whether its own get_user_pages is running. */
  getting: boolean;
  /** Whether the driver tracks it; false after its memory was unmapped, until it is bound again. */
  tracked: boolean;
  /** Whether it was bound before, so that binding it is a price of some window. */
  wasBound: boolean;
  /** Virtual time at which the last job on it is done: its fences. */
  busyUntil: number;
}

/** What a new object is made from. */
export interface UserptrRange {
  /** Key of the object. */
  readonly key: number;
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** Whether the device may write. */
  readonly writable: boolean;
}

/**
 * Makes an object without pages.
 *
 * @param range Its key, range and access.
 * @returns The object.
 */
export function newUserptr(range: UserptrRange): UserptrObject {
  return {
    ...range,
    table: new SecondaryTable(range.start, range.end),
    state: "unbound",
    seq: 0,
    getting: false,
    tracked: true,
    wasBound: false,
    busyUntil: 0,
    leaf: NO_LEAF,
  };
}

/**
 * Gives an object a page on which a reference was taken.
 *
 * @param device The driver.
 * @param object The object.
 * @param address The page.
 * @param pfn Its frame.
 */
export function holdPage(device: Device, object: UserptrObject, address: Vaddr, pfn: Pfn): void {
  object.table.set(address, pfn, object.writable ? ENTRY_WRITE : 0);
  device.counters.pinned++;
}

/**
 * Gives the pages of an object back; those of a writable one count as written.
 *
 * @param device The driver.
 * @param object The object.
 * @returns Number of pages.
 */
export function putPages(device: Device, object: UserptrObject): number {
  const { user, counters } = device;
  const { start, end, table } = object;
  const held = table.dropRange(start, end, ENTRY_PRESENT, false, (pfn, flags) => {
    if ((flags & ENTRY_WRITE) !== 0) user.setPageDirty(pfn);
    user.putPage(pfn);
  });
  counters.pinned -= held;
  object.state = "unbound";
  return held;
}

/**
 * Marks the pages of a writable object dirty without giving them back.
 *
 * From drivers/gpu/drm/amd/amdgpu/amdgpu_ttm.c: amdgpu_ttm_tt_mark_user_pages.
 *
 * @param device The driver.
 * @param object The object.
 */
export function markPages(device: Device, object: UserptrObject): void {
  if (!object.writable) return;
  object.table.forEach((_address, pfn) => device.user.setPageDirty(pfn));
}
