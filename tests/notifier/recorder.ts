/**
 * A listener that writes down every callback it gets, for tests of the chain.
 *
 * @module
 */

import type { MmuNotifierOps } from "../../lib/notifier/ops.ts";

/** What a recorder answers. */
export interface Answers {
  /** Result of start. */
  readonly start?: number;
  /** Result of every young query. */
  readonly young?: boolean;
  /** Callbacks to leave out. */
  readonly without?: readonly (keyof MmuNotifierOps)[];
}

/** Makes a listener that appends `name.callback` to a log. */
export function recorder(name: string, log: string[], answers: Answers = {}): MmuNotifierOps {
  const { start = 0, young = false, without = [] } = answers;
  const note = <T>(callback: string, result: T) => (): T => {
    log.push(`${name}.${callback}`);
    return result;
  };
  const ops: MmuNotifierOps = {
    name,
    release: note("release", undefined),
    clearFlushYoung: note("clear_flush_young", young),
    clearYoung: note("clear_young", young),
    testYoung: note("test_young", young),
    changePte: note("change_pte", undefined),
    invalidateRangeStart: note("start", start),
    invalidateRangeEnd: note("end", undefined),
    invalidateRange: note("invalidate_range", undefined),
  };
  return Object.fromEntries(
    Object.entries(ops).filter(([key]) => !without.includes(key as keyof MmuNotifierOps)),
  ) as unknown as MmuNotifierOps;
}
