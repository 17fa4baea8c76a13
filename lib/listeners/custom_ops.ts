/**
 * The notifier callbacks of a listener of the user's own, with its mistakes caught.
 *
 * @module
 */

import { hex, type Vaddr } from "../kernel/address.ts";
import {
  type MmuNotifierRange,
  mmuNotifierRangeBlockable,
  WINDOW_EVENT_NAMES,
} from "../notifier/range.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { ListenerCounters } from "./counters.ts";

/** Calls the user's code: gives its result, or something else if it throws. */
export type Guard = <T>(what: string, otherwise: T, call: () => T) => T;

/**
 * Wraps the callbacks that a listener has; those that it lacks stay missing, so that the chain
 * treats it like any other.
 *
 * @param name Name of the listener.
 * @param mine The callbacks.
 * @param counters Receives windows and calls of change_pte.
 * @param guard Calls the user's code.
 * @returns The callbacks to register.
 */
export function guardedOps(
  name: string,
  mine: MmuNotifierOps,
  counters: ListenerCounters,
  guard: Guard,
): MmuNotifierOps {
  const young = (what: string, call: () => boolean) => guard(what, false, call) === true;
  return {
    name,
    ...(mine.release && { release: (mm) => guard("release", undefined, () => mine.release?.(mm)) }),
    ...(mine.invalidateRangeStart && {
      invalidateRangeStart: (range) => {
        counters.windows++;
        return guard(windowText("invalidateRangeStart", range), 0, () => startOf(mine, range));
      },
    }),
    ...(mine.invalidateRangeEnd && {
      invalidateRangeEnd: (range) => {
        const what = windowText("invalidateRangeEnd", range);
        guard(what, undefined, () => mine.invalidateRangeEnd?.(range));
      },
    }),
    ...(mine.invalidateRange && {
      invalidateRange: (mm, start, end) => {
        const what = `invalidateRange of ${rangeText(start, end)}`;
        guard(what, undefined, () => mine.invalidateRange?.(mm, start, end));
      },
    }),
    ...(mine.changePte && {
      changePte: (mm, addr, pte) => {
        counters.change_pte++;
        guard(`changePte of ${hex(addr)}`, undefined, () => mine.changePte?.(mm, addr, pte));
      },
    }),
    ...(mine.clearFlushYoung && {
      clearFlushYoung: (mm, start, end) =>
        young("clearFlushYoung", () => mine.clearFlushYoung!(mm, start, end)),
    }),
    ...(mine.clearYoung && {
      clearYoung: (mm, start, end) => young("clearYoung", () => mine.clearYoung!(mm, start, end)),
    }),
    ...(mine.testYoung && {
      testYoung: (mm, addr) => young("testYoung", () => mine.testYoung!(mm, addr)),
    }),
  };
}

/** The answer of start, which must be 0 or an error number. */
function startOf(mine: MmuNotifierOps, range: MmuNotifierRange): number {
  const answer: unknown = mine.invalidateRangeStart?.(range);
  if (typeof answer === "number" && Number.isInteger(answer) && answer <= 0) return answer;
  throw new TypeError(`expected 0 or a negative error number, got ${typeof answer}`);
}

function windowText(what: string, range: MmuNotifierRange): string {
  const mode = mmuNotifierRangeBlockable(range) ? "" : " (must not block)";
  return `${what} of ${WINDOW_EVENT_NAMES[range.event]} ${
    rangeText(range.start, range.end)
  }${mode}`;
}

function rangeText(start: Vaddr, end: Vaddr): string {
  return `[${hex(start)}, ${hex(end)})`;
}
