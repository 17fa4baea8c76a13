/**
 * The shape of every window in which page tables change: open, change, close.
 *
 * @module
 */

import type { Operation } from "../kernel/operation.ts";
import { mmuNotifierInvalidateRangeEnd, mmuNotifierInvalidateRangeStart } from "./dispatch.ts";
import type { MmuNotifierRange } from "./range.ts";

/**
 * Carries out an operation inside a window. Another CPU may run right after the window has opened
 * and right after it has closed.
 *
 * @typeParam T Type of the result.
 * @param range The window.
 * @param changes Changes the page tables; begins once the window is open.
 * @returns What the changes returned.
 */
export function* insideWindow<T>(range: MmuNotifierRange, changes: Operation<T>): Operation<T> {
  mmuNotifierInvalidateRangeStart(range);
  yield "window_open";
  const result = yield* changes;
  mmuNotifierInvalidateRangeEnd(range);
  yield "window_closed";
  return result;
}

/**
 * Carries out a change inside a window that cannot be interrupted itself.
 *
 * @typeParam T Type of the result.
 * @param range The window.
 * @param change Changes the page tables.
 * @param close Closes the window: mmuNotifierInvalidateRangeOnlyEnd where the change sends
 * invalidate_range itself.
 * @returns What the change returned.
 */
export function* changeInWindow<T>(
  range: MmuNotifierRange,
  change: () => T,
  close: (range: MmuNotifierRange) => void = mmuNotifierInvalidateRangeEnd,
): Operation<T> {
  mmuNotifierInvalidateRangeStart(range);
  yield "window_open";
  const result = change();
  close(range);
  yield "window_closed";
  return result;
}
