/**
 * Operations of the kernel's own threads, with their settings: compaction, ksmd, khugepaged, reclaim.
 *
 * @module
 */

import { ERRNO } from "../../kernel/errno.ts";
import { compactZone } from "../../mm/compaction.ts";
import { PG_UNMOVABLE } from "../../mm/flags.ts";
import { fragmentationIndex, freeBlocks } from "../../mm/fragmentation.ts";
import { khugepagedFullScan } from "../../mm/khugepaged.ts";
import { ksmDoScan, ksmFullScans, ksmUnmergeAll } from "../../mm/ksm.ts";
import type { KsmKnobs } from "../../mm/ksm_state.ts";
import { oomReapTask } from "../../mm/oom_kill.ts";
import { memoryReclaim } from "../../mm/shrink_lruvec.ts";
import { swapoff } from "../../mm/swapoff.ts";
import type { ShmemEnabled, ThpEnabled } from "../../mm/thp.ts";
import type { OperationSpec } from "../spec.ts";
import { number, PROCESS, text } from "./arguments.ts";

const NODE = { kind: "count", about: "NUMA node", default: 0 } as const;

const FRAGMENT: OperationSpec = {
  name: "fragment",
  about:
    "Takes single free frames for the kernel, spread over a node, so that no large block stays",
  args: {
    every: { kind: "count", about: "One of so many frames is taken", default: 16 },
    node: NODE,
  },
  values: {
    taken: "Frames taken",
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { frames } = machine.host;
    const node = frames.nodes[number(args, "node")];
    const every = number(args, "every");
    if (node === undefined || every < 1) return { ret: -ERRNO.EINVAL };
    let taken = 0;
    for (let pfn = node.start; pfn < node.end; pfn += every) {
      if (!node.allocator.isFree(pfn)) continue;
      node.allocator.take(pfn);
      frames.refcount[pfn] = 1;
      frames.flags[pfn] = PG_UNMOVABLE;
      machine.kernelFrames.add(pfn);
      taken++;
    }
    return { ret: 0, values: { taken } };
  },
};

const COMPACT: OperationSpec = {
  name: "compact",
  about: "Compacts a node: the whole zone, or until a block of an order is free",
  kernel: "mm/compaction.c: compact_zone",
  args: {
    node: NODE,
    order: {
      kind: "count",
      about: "Order of the block wanted, log2 of its frames; the whole zone unless given",
    },
  },
  values: {
    moved: "Pages moved",
    failed: "Pages that could not be moved",
    skipped_pinned: "Pages left where they are for their pins",
    success: "1 if a block of the order is free now",
    fragmentation_index:
      "Why there was no free block before: 0 lack of memory, 1000 fragmentation; -1000 there was",
    free_blocks: "Free blocks of the order after, or of the largest one",
  },
  *run(machine, args) {
    const node = number(args, "node");
    if (machine.host.frames.nodes[node] === undefined) return { ret: -ERRNO.EINVAL };
    const order = typeof args.order === "number" ? args.order : null;
    const index = order === null ? 0 : fragmentationIndex(machine.host, node, order);
    const outcome = yield* compactZone(machine.host, node, order);
    const blocks = freeBlocks(machine.host, node);
    return {
      ret: 0,
      values: {
        moved: outcome.moved,
        failed: outcome.failed.length,
        skipped_pinned: outcome.skippedPinned,
        success: outcome.result === "success" ? 1 : 0,
        fragmentation_index: index,
        free_blocks: order === null ? blocks[blocks.length - 1] : blocks[order],
      },
    };
  },
};

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
  values: {
    merged: "Pages by which the sharing grew",
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
  values: {
    collapsed: "Huge pages made",
  },
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
  values: {
    added: "Huge pages added",
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    return { ret: 0, values: { added: machine.host.hugetlb.grow(number(args, "pages")) } };
  },
};

const RECLAIM: OperationSpec = {
  name: "reclaim",
  about: "Reclaims an amount of memory; EAGAIN if less could be freed",
  kernel: "mm/vmscan.c: shrink_lruvec",
  args: { size: { kind: "size", about: "How much", required: true } },
  values: {
    reclaimed: "Pages freed",
  },
  *run(machine, args) {
    const before = machine.host.vmstat.pgsteal;
    const ret = yield* memoryReclaim(machine.host, number(args, "size"));
    return { ret, values: { reclaimed: machine.host.vmstat.pgsteal - before } };
  },
};

const SWAPOFF: OperationSpec = {
  name: "swapoff",
  about: "Brings everything back from swap",
  kernel: "mm/swapfile.c: try_to_unuse",
  args: {},
  *run(machine) {
    return { ret: yield* swapoff(machine.host) };
  },
};

const OOM_REAP: OperationSpec = {
  name: "oom_reap",
  about: "The oom reaper unmaps the private memory of a victim, in windows that must not block",
  kernel: "mm/oom_kill.c: oom_reap_task",
  args: { process: PROCESS },
  values: {
    attempts: "Attempts made",
  },
  *run(machine, args) {
    const attempts = yield* oomReapTask(machine.mm(text(args, "process")));
    return { ret: 0, values: { attempts } };
  },
};

/** The operations, in the order of documentation. */
export const DAEMON_OPS: readonly OperationSpec[] = [
  KSMD,
  KSM_SET,
  KSM_UNMERGE,
  THP_SET,
  KHUGEPAGED,
  HUGETLB_POOL,
  FRAGMENT,
  COMPACT,
  RECLAIM,
  SWAPOFF,
  OOM_REAP,
];
