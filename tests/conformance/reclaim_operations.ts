/**
 * Recorded operations of migration, reclaim and the end of processes.
 *
 * @module
 */

import { PAGE_SIZE, PUD_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { access, storeByte } from "../../lib/mm/access.ts";
import { compactZone } from "../../lib/mm/compaction.ts";
import { exitMm, mmap } from "../../lib/mm/mmap.ts";
import { doMigratePages, mbind } from "../../lib/mm/mempolicy.ts";
import { movePages } from "../../lib/mm/move_pages.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { taskNumaWork } from "../../lib/mm/numa.ts";
import { processMrelease } from "../../lib/mm/oom_kill.ts";
import { PG_UNMOVABLE } from "../../lib/mm/flags.ts";
import { memoryReclaim } from "../../lib/mm/shrink_lruvec.ts";
import { swapoff } from "../../lib/mm/swapoff.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import type { RecordedStep } from "./recording.ts";
import {
  addressArgument,
  BASE,
  lengthArgument,
  type Outcome,
  outcomeOf,
  type World,
} from "./world.ts";

/** What the recorder left in the status array before the call. */
const UNWRITTEN = -9999;
/** First and shortest period of NUMA scans. */
const NUMA_SCAN_PERIOD_MS = 1000;
/** What the recorder writes into the pages that hold low frames. */
const LOW_FRAME_VALUE = 5;

/** Recorded operations by name. */
export const RECLAIM_OPERATIONS: Readonly<
  Record<string, (world: World, step: RecordedStep) => Outcome>
> = {
  move_pages: (world, step) => move(world, step, false),
  move_pages_all: (world, step) => move(world, step, true),
  mbind: bind,
  migrate_pages: (world, step) =>
    world.run(doMigratePages(world.subject(step), Number(step.args.from), Number(step.args.to))),
  swapoff: (world) => world.run(swapoff(world.host)),
  memcg_reclaim: (world, step) => world.run(memoryReclaim(world.host, Number(step.args.amount))),
  compact_memory: compactMemory,
  kill_process_mrelease: killAndReap,
  wait_exit: () => ({ ret: 0 }),
  setup_low_frames: setupLowFrames,
  spin_read: spinRead,
};

function move(world: World, step: RecordedStep, all: boolean): Outcome {
  const { count, stride, node } = step.args;
  const moves = Array.from({ length: Number(count) }, (_, at) => ({
    addr: addressArgument(step) + at * Number(stride) * PAGE_SIZE,
    node: Number(node),
  }));
  const { result, status } = drain(movePages(world.subject(step), moves, all));
  return { ...outcomeOf(result), extra: { status: status.map((code) => code ?? UNWRITTEN) } };
}

function bind(world: World, step: RecordedStep): Outcome {
  const flags = String(step.args.flags).split("|");
  return world.run(
    mbind(world.subject(step), addressArgument(step), lengthArgument(step), {
      node: Number(step.args.node),
    }, { move: flags.includes("MPOL_MF_MOVE"), moveAll: flags.includes("MPOL_MF_MOVE_ALL") }),
  );
}

function compactMemory(world: World): Outcome {
  world.host.lruBatches.drain();
  for (let node = 0; node < world.host.frames.nodes.length; node++) {
    drain(compactZone(world.host, node, null));
  }
  return { ret: 0 };
}

/** The killed process exits once the reaper has finished, before the next step. */
function killAndReap(world: World, step: RecordedStep): Outcome {
  const mm = world.subject(step);
  const outcome = world.run(processMrelease(mm));
  world.between.push(() => {
    drain(exitMm(mm));
    world.processes.delete(mm.name);
  });
  return outcome;
}

/**
 * Mappings of one page each, made far apart so that they cannot merge, and moved side by side.
 *
 * The rest of the system has a frame in the highest page block, as on any machine that has booted:
 * compaction fills only blocks that are in use.
 */
function setupLowFrames(world: World, step: RecordedStep): Outcome {
  const { frames } = world.host;
  frames.localNode = 0;
  const last = frames.nodes[0].end - 1;
  frames.nodes[0].allocator.take(last);
  frames.refcount[last] = 1;
  frames.flags[last] = PG_UNMOVABLE;
  frames.localNode = 0;
  const mm = world.processes.get("P")!;
  const prot = VM_READ | VM_WRITE;
  for (let page = 0; page < Number(step.args.pages); page++) {
    const addr = BASE + (page + 1) * PUD_SIZE;
    drain(mmap(mm, { addr, length: PAGE_SIZE, prot }));
    drain(access(mm, addr, addr + PAGE_SIZE, storeByte(LOW_FRAME_VALUE)));
    const fixed = addressArgument(step) + page * PAGE_SIZE;
    drain(mremap(mm, addr, PAGE_SIZE, PAGE_SIZE, { mayMove: true, fixed }));
  }
  return { ret: 0 };
}

/** Reads for as long as some scans of NUMA balancing take; one scan in the first second. */
function spinRead(world: World, step: RecordedStep): Outcome {
  const mm = world.subject(step);
  const start = addressArgument(step);
  for (let ms = NUMA_SCAN_PERIOD_MS; ms < Number(step.args.ms); ms += NUMA_SCAN_PERIOD_MS) {
    drain(taskNumaWork(mm));
    drain(access(mm, start, start + lengthArgument(step), null));
  }
  return { ret: 0 };
}
