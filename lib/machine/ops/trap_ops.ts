/**
 * Operations of those who watch a process: userfaultfd and uprobes.
 *
 * @module
 */

import {
  uffdCopy,
  type UffdMode,
  uffdRegister,
  uffdUnregister,
  uffdWriteprotect,
} from "../../mm/userfaultfd.ts";
import { uprobeRegister, uprobeUnregister } from "../../mm/uprobes.ts";
import type { OperationSpec } from "../spec.ts";
import { FILL, fillOf, IN_PROCESS, number, pagesOf, RANGE, text } from "./arguments.ts";

const UFFD_REGISTER: OperationSpec = {
  name: "uffd_register",
  about: "Lets user space look after missing pages or writes of a range",
  kernel: "fs/userfaultfd.c: userfaultfd_register",
  args: {
    range: RANGE,
    mode: { kind: "choice", about: "After what", choices: ["missing", "wp"], default: "wp" },
    process: IN_PROCESS,
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* uffdRegister(mm, start, end - start, text(args, "mode") as UffdMode) };
  },
};

const UFFD_UNREGISTER: OperationSpec = {
  name: "uffd_unregister",
  about: "Ends what uffd_register began",
  kernel: "fs/userfaultfd.c: userfaultfd_unregister",
  args: { range: RANGE, process: IN_PROCESS },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* uffdUnregister(mm, start, end - start) };
  },
};

const UFFD_WRITEPROTECT: OperationSpec = {
  name: "uffd_writeprotect",
  about: "Write-protects pages of a registered range, or ends that",
  kernel: "mm/userfaultfd.c: mwriteprotect_range",
  args: {
    range: RANGE,
    protect: { kind: "flag", about: "Whether writes are noticed", default: true },
    process: IN_PROCESS,
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* uffdWriteprotect(mm, start, end - start, args.protect === true) };
  },
};

const UFFD_COPY: OperationSpec = {
  name: "uffd_copy",
  about: "Fills missing pages of a registered range (UFFDIO_COPY)",
  kernel: "mm/userfaultfd.c: mcopy_atomic",
  args: { range: RANGE, fill: FILL, process: IN_PROCESS },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* uffdCopy(mm, start, end - start, fillOf(machine, args)(0, 0)) };
  },
};

const UPROBE: OperationSpec = {
  name: "uprobe",
  about: "Inserts a breakpoint into every private executable mapping of a file, or removes it",
  kernel: "kernel/events/uprobes.c: uprobe_register",
  args: {
    file: { kind: "file", about: "The file", required: true },
    offset: { kind: "count", about: "Byte offset of the instruction", required: true },
    remove: { kind: "flag", about: "Remove it instead", default: false },
  },
  *run(machine, args) {
    const file = machine.file(text(args, "file"));
    const change = args.remove === true ? uprobeUnregister : uprobeRegister;
    return { ret: yield* change(machine.host, file, number(args, "offset")) };
  },
};

/** The operations, in the order of documentation. */
export const TRAP_OPS: readonly OperationSpec[] = [
  UFFD_REGISTER,
  UFFD_UNREGISTER,
  UFFD_WRITEPROTECT,
  UFFD_COPY,
  UPROBE,
];
