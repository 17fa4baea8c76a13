/**
 * Operations of reclaim, swap and the oom reaper.
 *
 * @module
 */

import { oomReapTask } from "../../mm/oom_kill.ts";
import { memoryReclaim } from "../../mm/shrink_lruvec.ts";
import { swapoff } from "../../mm/swapoff.ts";
import type { OperationSpec } from "../spec.ts";
import { number, PROCESS, text } from "./arguments.ts";

const RECLAIM: OperationSpec = {
  name: "reclaim",
  about: "Reclaims an amount of memory",
  kernel: "mm/vmscan.c: shrink_lruvec",
  args: { size: { kind: "size", about: "How much", required: true } },
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
  *run(machine, args) {
    const attempts = yield* oomReapTask(machine.mm(text(args, "process")));
    return { ret: 0, values: { attempts } };
  },
};

/** The operations, in the order of documentation. */
export const RECLAIM_OPS: readonly OperationSpec[] = [RECLAIM, SWAPOFF, OOM_REAP];
