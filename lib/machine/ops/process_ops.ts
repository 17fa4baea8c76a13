/**
 * Operations on whole processes.
 *
 * @module
 */

import { clearRefs } from "../../mm/clear_refs.ts";
import { exitMm } from "../../mm/mmap.ts";
import { fork } from "../../mm/fork.ts";
import type { OperationSpec } from "../spec.ts";
import { number, PROCESS, text } from "./arguments.ts";

const FORK: OperationSpec = {
  name: "fork",
  about: "Makes a child with a copy of the address space; listeners are not inherited",
  kernel: "kernel/fork.c: dup_mmap; mm/memory.c: copy_page_range",
  args: {
    process: PROCESS,
    child: { kind: "name", about: "Name of the child", required: true, introduces: "process" },
  },
  *run(machine, args) {
    const child = yield* fork(machine.livingMm(text(args, "process")), text(args, "child"));
    machine.adoptProcess(child);
    return { ret: 0 };
  },
};

const EXIT: OperationSpec = {
  name: "exit",
  about: "Ends a process: its listeners are released, then its memory is unmapped",
  kernel: "mm/mmap.c: exit_mmap",
  args: { process: PROCESS },
  *run(machine, args) {
    const process = text(args, "process");
    for (const placed of machine.listeners.values()) {
      if (placed.process === process && placed.listener.pins) placed.listener.close();
    }
    yield* exitMm(machine.livingMm(process));
    return { ret: 0 };
  },
};

const CLEAR_REFS: OperationSpec = {
  name: "clear_refs",
  about: "Writes to /proc/PID/clear_refs; 4 clears the soft-dirty bits",
  kernel: "fs/proc/task_mmu.c: clear_refs_write",
  args: {
    process: PROCESS,
    value: { kind: "count", about: "1 to 5", default: 4 },
  },
  *run(machine, args) {
    return { ret: yield* clearRefs(machine.mm(text(args, "process")), number(args, "value")) };
  },
};

const WAIT: OperationSpec = {
  name: "wait",
  about: "Lets virtual time pass",
  args: { time: { kind: "duration", about: "How long", required: true } },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    machine.host.clock.advance(number(args, "time"));
    return { ret: 0 };
  },
};

/** The operations, in the order of documentation. */
export const PROCESS_OPS: readonly OperationSpec[] = [FORK, EXIT, CLEAR_REFS, WAIT];
