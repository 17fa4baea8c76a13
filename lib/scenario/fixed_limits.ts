/**
 * Limits that no scenario can raise, and what to do where one is met.
 *
 * @module
 */

import { PAGE_SIZE, TASK_SIZE } from "../kernel/address.ts";
import { DEFAULT_TRACE_LIMIT } from "../kernel/trace.ts";
import { MAX_DEPTH, MAX_NUMA_NODES, UNTIL_PASSES } from "./limits.ts";
import { RAISABLE } from "./raised_limits.ts";

/** A limit that no scenario can raise. */
export interface FixedLimit {
  /** What is limited. */
  readonly about: string;
  /** The limit. */
  readonly value: number;
  /** What to do where it is met; it is the hint of the error. */
  readonly advice: string;
}

/** The limits without a key. */
export const FIXED = {
  file_bytes: {
    about: "Bytes of a file that is read at all",
    value: 3 * RAISABLE.file_size.most,
    advice: "This limit is fixed: split the file and include its parts",
  },
  expression_depth: {
    about: "Levels of an expression, a schedule or --tags within each other",
    value: MAX_DEPTH,
    advice: "This limit is fixed: take a part out, into a variable or an actor of its own",
  },
  until: {
    about: "Passes through a loop with `until` that gives no number",
    value: UNTIL_PASSES,
    advice: "Write repeat or for beside until, with the number of passes",
  },
  numa_nodes: {
    about: "NUMA nodes",
    value: MAX_NUMA_NODES,
    advice: "This limit is fixed",
  },
  page_number: {
    about: "Number of a page in a range",
    value: TASK_SIZE / PAGE_SIZE,
    advice: "This limit is fixed: no address space has as many pages",
  },
  trace_records: {
    about: "Trace records of a run",
    value: DEFAULT_TRACE_LIMIT,
    advice: "Give --trace-limit N to run",
  },
} as const satisfies Readonly<Record<string, FixedLimit>>;
