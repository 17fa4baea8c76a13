/**
 * User memory for benchmarks of listeners: every page is there, so that only listeners take time.
 *
 * @module
 */

import { PAGE_SIZE } from "../lib/kernel/address.ts";
import { Clock } from "../lib/kernel/costs.ts";
import { NO_FAULTS } from "../lib/kernel/faults.ts";
import { kernelProfile } from "../lib/kernel/profile.ts";
import { Trace } from "../lib/kernel/trace.ts";
import type { UserPages } from "../lib/mm/user_pages.ts";
import type { NotifierMm } from "../lib/notifier/chain.ts";

/** Where registered ranges begin. */
export const BASE = 0x7f00_0000_0000;
/** From the first page of one to that of the next. */
export const STRIDE: number = 16 * PAGE_SIZE;

/** User memory in which every page is mapped writable, to a frame of its own number. */
export function mappedPages(): UserPages {
  const mm: NotifierMm = {
    id: 1,
    name: "bench",
    notifiers: null,
    notifierContext: {
      profile: kernelProfile("v5-series"),
      trace: new Trace(0),
      clock: new Clock(),
      notifierCallCost: 50,
      faults: NO_FAULTS,
      log: () => {},
    },
  };
  const content = new Uint32Array(1 << 21);
  const frameOf = (addr: number): number => ((addr - BASE) / PAGE_SIZE) % content.length;
  return {
    mm,
    getUserPageFast: frameOf,
    // deno-lint-ignore require-yield
    *getUserPage(addr) {
      return frameOf(addr);
    },
    getUserPageAtOnce: frameOf,
    putPage: () => {},
    // deno-lint-ignore require-yield
    *pinUserPage(addr) {
      return frameOf(addr);
    },
    unpinUserPage: () => {},
    setPageDirty: () => {},
    readFrame: (pfn) => content[pfn],
    writeFrame: (pfn, value) => {
      content[pfn] = value;
    },
    markSoftDirty: () => {},
  };
}
