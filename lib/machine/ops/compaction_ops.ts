/**
 * Operations on physical memory: fragmenting and compacting it.
 *
 * @module
 */

import { ERRNO } from "../../kernel/errno.ts";
import { compactZone } from "../../mm/compaction.ts";
import { fragmentationIndex, freeBlocks } from "../../mm/fragmentation.ts";
import { PG_UNMOVABLE } from "../../mm/page_flags.ts";
import type { OperationSpec } from "../spec.ts";
import { number } from "./arguments.ts";

const NODE = { kind: "count", about: "NUMA node", default: 0 } as const;

const FRAGMENT: OperationSpec = {
  name: "fragment",
  about:
    "Takes single free frames for the kernel, spread over a node, so that no large block stays",
  args: {
    every: { kind: "count", about: "One of so many frames is taken", default: 16 },
    node: NODE,
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

/** The operations, in the order of documentation. */
export const COMPACTION_OPS: readonly OperationSpec[] = [FRAGMENT, COMPACT];
