/**
 * Operations of huge pages: transparent ones, and the pool of hugetlb.
 *
 * @module
 */

import { khugepagedFullScan } from "../../mm/khugepaged.ts";
import type { ShmemEnabled, ThpEnabled } from "../../mm/thp.ts";
import type { OperationSpec } from "../spec.ts";
import { number } from "./arguments.ts";

const THP_SET: OperationSpec = {
  name: "thp_set",
  about: "Writes files of /sys/kernel/mm/transparent_hugepage",
  kernel: "mm/huge_memory.c: enabled_store; mm/khugepaged.c",
  args: {
    enabled: {
      kind: "choice",
      about: "Which anonymous mappings get huge pages",
      choices: ["always", "madvise", "never"],
    },
    shmem_enabled: {
      kind: "choice",
      about: "Which shared memory gets huge pages",
      choices: ["always", "advise", "never"],
    },
    max_ptes_none: { kind: "count", about: "Empty entries a collapse may fill" },
    max_ptes_swap: { kind: "count", about: "Swapped entries a collapse may read back" },
    max_ptes_shared: { kind: "count", about: "Entries of shared pages a collapse may copy" },
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { thp } = machine.host;
    if (typeof args.enabled === "string") thp.enabled = args.enabled as ThpEnabled;
    if (typeof args.shmem_enabled === "string") {
      thp.shmemEnabled = args.shmem_enabled as ShmemEnabled;
    }
    if (args.max_ptes_none !== undefined) thp.maxPtesNone = number(args, "max_ptes_none");
    if (args.max_ptes_swap !== undefined) thp.maxPtesSwap = number(args, "max_ptes_swap");
    if (args.max_ptes_shared !== undefined) thp.maxPtesShared = number(args, "max_ptes_shared");
    return { ret: 0 };
  },
};

const KHUGEPAGED: OperationSpec = {
  name: "khugepaged",
  about: "Lets khugepaged scan whole rounds",
  kernel: "mm/khugepaged.c: khugepaged_do_scan",
  args: { full_scans: { kind: "count", about: "Whole rounds", default: 1 } },
  *run(machine, args) {
    const before = machine.host.thp.pages_collapsed;
    for (let round = 0; round < number(args, "full_scans"); round++) {
      yield* khugepagedFullScan(machine.host);
    }
    return { ret: 0, values: { collapsed: machine.host.thp.pages_collapsed - before } };
  },
};

const HUGETLB_POOL: OperationSpec = {
  name: "hugetlb_pool",
  about: "Takes huge pages of 2 MiB for hugetlb mappings (/proc/sys/vm/nr_hugepages)",
  kernel: "mm/hugetlb.c: set_max_huge_pages",
  args: { pages: { kind: "count", about: "Huge pages to add", required: true } },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    return { ret: 0, values: { added: machine.host.hugetlb.grow(number(args, "pages")) } };
  },
};

/** The operations, in the order of documentation. */
export const THP_OPS: readonly OperationSpec[] = [THP_SET, KHUGEPAGED, HUGETLB_POOL];
