/**
 * Operations that move pages between NUMA nodes.
 *
 * @module
 */

import { PAGE_SIZE } from "../../kernel/address.ts";
import { doMigratePages, mbind } from "../../mm/mempolicy.ts";
import { migrateToDevice } from "../../mm/migrate_vma.ts";
import { movePages } from "../../mm/move_pages.ts";
import { taskNumaWork } from "../../mm/numa.ts";
import type { ArgumentSpec, OperationSpec } from "../spec.ts";
import { IN_PROCESS, number, pagesOf, PROCESS, RANGE, text } from "./arguments.ts";

const NODE: ArgumentSpec = { kind: "count", about: "Node to go to", required: true };
const ALL: ArgumentSpec = {
  kind: "flag",
  about: "Pages that other processes map as well (MPOL_MF_MOVE_ALL)",
  default: false,
};

const MOVE_PAGES: OperationSpec = {
  name: "move_pages",
  about: "Moves each page of a range to a node",
  kernel: "mm/migrate.c: kernel_move_pages",
  args: { range: RANGE, node: NODE, all: ALL, process: IN_PROCESS },
  values: {
    moved: "Pages that are on the node now",
    refused: "Pages that could not be moved",
  },
  *run(machine, args) {
    const { mm, start, pages } = pagesOf(machine, args);
    const node = number(args, "node");
    const moves = Array.from({ length: pages }, (_, page) => ({
      addr: start + page * PAGE_SIZE,
      node,
    }));
    const { result, status } = yield* movePages(mm, moves, args.all === true);
    const moved = status.filter((code) => code === node).length;
    const refused = status.filter((code) => code !== null && code < 0).length;
    return { ret: result, values: { moved, refused } };
  },
};

const MBIND: OperationSpec = {
  name: "mbind",
  about: "Sets the node on which a range is allocated",
  kernel: "mm/mempolicy.c: do_mbind",
  args: {
    range: RANGE,
    node: NODE,
    move: { kind: "flag", about: "Pages there move, too (MPOL_MF_MOVE)", default: false },
    all: ALL,
    process: IN_PROCESS,
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    const flags = { move: args.move === true, moveAll: args.all === true };
    return { ret: yield* mbind(mm, start, end - start, { node: number(args, "node") }, flags) };
  },
};

const MIGRATE_PAGES: OperationSpec = {
  name: "migrate_pages",
  about: "Moves all pages of a process from one node to another",
  kernel: "mm/mempolicy.c: do_migrate_pages",
  args: {
    process: PROCESS,
    from: { kind: "count", about: "Node to leave", required: true },
    to: NODE,
  },
  *run(machine, args) {
    const mm = machine.mm(text(args, "process"));
    return { ret: yield* doMigratePages(mm, number(args, "from"), number(args, "to")) };
  },
};

const NUMA_SCAN: OperationSpec = {
  name: "numa_scan",
  about: "NUMA balancing takes access away from pages, so that the next access shows who uses them",
  kernel: "kernel/sched/fair.c: task_numa_work; mm/mempolicy.c: change_prot_numa",
  args: {
    process: PROCESS,
    size: { kind: "size", about: "How much address space is scanned; 256 MiB unless given" },
  },
  *run(machine, args) {
    const mm = machine.mm(text(args, "process"));
    yield* typeof args.size === "number"
      ? taskNumaWork(mm, args.size / PAGE_SIZE)
      : taskNumaWork(mm);
    return { ret: 0 };
  },
};

const MIGRATE_TO_DEVICE: OperationSpec = {
  name: "migrate_to_device",
  about: "Moves the pages of a range into device memory; a CPU access brings one back",
  kernel: "mm/migrate.c: migrate_vma",
  args: {
    range: RANGE,
    holes: { kind: "flag", about: "Pages never written get device pages, too", default: false },
    process: IN_PROCESS,
  },
  values: {
    moved: "Pages moved",
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    let moved = 0;
    for (const vma of mm.vmasIn(start, end)) {
      const from = Math.max(vma.start, start);
      const to = Math.min(vma.end, end);
      const result = yield* migrateToDevice(vma, from, to, args.holes === true);
      if (result < 0) return { ret: result, values: { moved } };
      moved += result;
    }
    return { ret: 0, values: { moved } };
  },
};

/** The operations, in the order of documentation. */
export const MIGRATION_OPS: readonly OperationSpec[] = [
  MOVE_PAGES,
  MBIND,
  MIGRATE_PAGES,
  NUMA_SCAN,
  MIGRATE_TO_DEVICE,
];
