/**
 * Operations that move pages between NUMA nodes.
 *
 * @module
 */

import { PAGE_SIZE } from "../../kernel/address.ts";
import { doMigratePages, mbind } from "../../mm/mempolicy.ts";
import { movePages } from "../../mm/move_pages.ts";
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

/** The operations, in the order of documentation. */
export const MIGRATION_OPS: readonly OperationSpec[] = [MOVE_PAGES, MBIND, MIGRATE_PAGES];
