/**
 * Operations of ksmd.
 *
 * @module
 */

import { ERRNO } from "../../kernel/errno.ts";
import { ksmDoScan, ksmFullScans, ksmUnmergeAll } from "../../mm/ksm.ts";
import type { KsmKnobs } from "../../mm/ksm_state.ts";
import type { OperationSpec } from "../spec.ts";
import { number, text } from "./arguments.ts";

const KNOBS: readonly (keyof KsmKnobs)[] = [
  "pages_to_scan",
  "sleep_millisecs",
  "merge_across_nodes",
  "use_zero_pages",
  "max_page_sharing",
];

/** Knobs that cannot change while pages are shared. */
const NEEDS_UNSHARED: readonly string[] = ["merge_across_nodes", "max_page_sharing"];

const KSMD: OperationSpec = {
  name: "ksmd",
  about: "Lets ksmd scan: whole rounds, or a number of pages",
  kernel: "mm/ksm.c: ksm_do_scan",
  args: {
    full_scans: { kind: "count", about: "Whole rounds; two merge new equal pages" },
    pages: { kind: "count", about: "Candidate pages instead of rounds" },
  },
  *run(machine, args) {
    const { ksm } = machine.host;
    const merged = ksm.pages_sharing;
    if (args.pages !== undefined) yield* ksmDoScan(machine.host, number(args, "pages"));
    else {yield* ksmFullScans(
        machine.host,
        typeof args.full_scans === "number" ? args.full_scans : 1,
      );}
    return { ret: 0, values: { merged: ksm.pages_sharing - merged } };
  },
};

const KSM_SET: OperationSpec = {
  name: "ksm_set",
  about: "Writes a file of /sys/kernel/mm/ksm",
  kernel: "mm/ksm.c: ksm_attrs",
  args: {
    file: { kind: "choice", about: "Name of the file", choices: KNOBS, required: true },
    value: { kind: "count", about: "The value", required: true },
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { ksm } = machine.host;
    const file = text(args, "file") as keyof KsmKnobs;
    const value = number(args, "value");
    if (NEEDS_UNSHARED.includes(file) && ksm.pages_shared > 0) return { ret: -ERRNO.EBUSY };
    const lowest = file === "max_page_sharing" ? 2 : 0;
    if (value < lowest) return { ret: -ERRNO.EINVAL };
    ksm.knobs[file] = value;
    return { ret: 0 };
  },
};

const KSM_UNMERGE: OperationSpec = {
  name: "ksm_unmerge",
  about: "Writes 2 to /sys/kernel/mm/ksm/run: breaks every KSM page out again",
  kernel: "mm/ksm.c: unmerge_and_remove_all_rmap_items",
  args: {},
  *run(machine) {
    yield* ksmUnmergeAll(machine.host);
    return { ret: 0 };
  },
};

/** The operations, in the order of documentation. */
export const KSM_OPS: readonly OperationSpec[] = [KSMD, KSM_SET, KSM_UNMERGE];
