/**
 * Carrying out a policy: one window, one table of translations.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import {
  MMU_NOTIFY_SOFT_DIRTY,
  type MmuNotifierRange,
  mmuNotifierRangeUpdateToReadOnly,
} from "../notifier/range.ts";
import type { Device } from "./device.ts";
import type { PolicyAction } from "./policy.ts";
import { ENTRY_DIRTY, ENTRY_PRESENT, ENTRY_WRITE } from "./secondary_leaf.ts";
import type { SecondaryTable } from "./secondary_table.ts";

/** An action without conditions. */
export type PlainAction = Exclude<
  PolicyAction,
  "downgrade_if_read_only_update" | "skip_if_read_only"
>;

/** Actions that remove every translation of the window in start, unless a driver knows better. */
const DROPS: ReadonlySet<PolicyAction> = new Set([
  "drop",
  "drop_and_free",
  "invalidate",
  "drop_if_zapped",
]);

/**
 * Decides what a window does to an object, once its conditions are looked at.
 *
 * Injected mistakes are honoured here: `ignore_start` keeps everything, `ignore_soft_dirty` keeps
 * everything over SOFT_DIRTY and reports no write.
 *
 * @param device The driver.
 * @param range The window.
 * @param readOnly Whether the object was never mapped for write.
 * @returns The action without conditions.
 */
export function decide(device: Device, range: MmuNotifierRange, readOnly: boolean): PlainAction {
  const { faults } = device.user.mm.notifierContext;
  if (faults.size > 0) {
    if (faults.has("ignore_start", range.site)) return "keep";
    const { event, site } = range;
    if (event === MMU_NOTIFY_SOFT_DIRTY && faults.has("ignore_soft_dirty", site)) return "keep";
  }
  const action = device.actions[range.event];
  switch (action) {
    case "downgrade_if_read_only_update":
      return mmuNotifierRangeUpdateToReadOnly(range) ? "downgrade" : "drop";
    case "skip_if_read_only":
      return readOnly && mmuNotifierRangeUpdateToReadOnly(range) ? "keep" : "drop";
    default:
      return action;
  }
}

/**
 * Carries an action out on the translations of a window and counts what it did.
 *
 * Dirty state of translations that go or lose write access is handed to their frames, which are
 * still mapped: start runs before the page tables change.
 *
 * @param device The driver.
 * @param table Its translations.
 * @param range The window.
 * @param action What to do.
 * @returns Number of translations removed or downgraded.
 */
export function applyAction(
  device: Device,
  table: SecondaryTable,
  range: MmuNotifierRange,
  action: PlainAction,
): number {
  if (table.tables === 0) return 0;
  const { start, end } = range;
  const { counters, reportDirty } = device;
  if (DROPS.has(action)) {
    const dropped = table.dropRange(
      start,
      end,
      ENTRY_PRESENT,
      action === "drop_and_free",
      reportDirty,
    );
    counters.dropped += dropped;
    return dropped;
  }
  const mapped = table.countRange(start, end);
  if (mapped === 0) return 0;
  counters.kept += mapped;
  if (action === "downgrade" || action === "resnapshot") {
    const downgraded = table.writeProtectRange(start, end, reportDirty);
    counters.downgraded += downgraded;
    return downgraded;
  }
  if (action === "drop_writable") {
    const dropped = table.dropRange(start, end, ENTRY_WRITE, false, reportDirty);
    counters.dropped += dropped;
    counters.kept -= dropped;
    return dropped;
  }
  if (action === "record_writes") restartRecording(device, table, range);
  return 0;
}

/**
 * Starts to record which pages the device writes: what action record_writes does in start.
 *
 * Writes inside the window are reported at once, but the mm may clear the page's soft-dirty bit
 * only after that; {@linkcode reportRecorded} in end therefore reports them again.
 *
 * @param device The driver.
 * @param table Its translations.
 * @param range The window.
 */
export function restartRecording(
  device: Device,
  table: SecondaryTable,
  range: MmuNotifierRange,
): void {
  const { reportDirty } = device;
  table.forEach((_address, pfn, flags) => reportDirty(pfn, flags), range.start, range.end);
  table.clearFlagRange(range.start, range.end, ENTRY_DIRTY);
  device.recording = true;
}

/**
 * Reports the pages written since {@linkcode restartRecording} as soft-dirty: what action
 * record_writes does in end.
 *
 * @param device The driver.
 * @param table Its translations.
 * @param range The window.
 */
export function reportRecorded(
  device: Device,
  table: SecondaryTable,
  range: MmuNotifierRange,
): void {
  table.forEach(
    (address, _pfn, flags) => {
      if ((flags & ENTRY_DIRTY) !== 0) reportWrite(device, address);
    },
    range.start,
    range.end,
  );
}

/**
 * Reports one page as soft-dirty.
 *
 * @param device The driver.
 * @param address The page.
 */
export function reportWrite(device: Device, address: Vaddr): void {
  device.counters.soft_dirty_marked++;
  device.user.markSoftDirty(address);
}
