/**
 * Operations of a process on its memory.
 *
 * @module
 */

import { ERRNO } from "../../kernel/errno.ts";
import { type AccessResult, userAccess } from "../../mm/access.ts";
import { ADVICE, type Advice, madvise } from "../../mm/madvise.ts";
import { FAULT } from "../../mm/memory.ts";
import { mlock, munlock } from "../../mm/mlock.ts";
import { mmap, munmap } from "../../mm/mmap.ts";
import { mprotect } from "../../mm/mprotect.ts";
import { mremap } from "../../mm/mremap.ts";
import { VM_EXEC, VM_READ, VM_WRITE } from "../../mm/vma.ts";
import { PAGE_SIZE } from "../../kernel/address.ts";
import type { OperationResult, OperationSpec, RangeRef } from "../spec.ts";
import {
  byteOf,
  FILL,
  fillOf,
  IN_PROCESS,
  number,
  pagesOf,
  PROCESS,
  RANGE,
  text,
} from "./arguments.ts";

/** Rights as a scenario writes them. */
const PROT: Readonly<Record<string, number>> = {
  none: 0,
  r: VM_READ,
  rw: VM_READ | VM_WRITE,
  rx: VM_READ | VM_EXEC,
  rwx: VM_READ | VM_WRITE | VM_EXEC,
};

const PROT_CHOICES = Object.keys(PROT);

const MMAP: OperationSpec = {
  name: "mmap",
  about: "Maps anonymous memory or a file",
  kernel: "mm/mmap.c: mmap_region",
  args: {
    process: PROCESS,
    name: { kind: "name", about: "Name of the mapping for later steps", required: true },
    size: { kind: "size", about: "Size", required: true },
    prot: { kind: "choice", about: "Rights", choices: PROT_CHOICES, default: "rw" },
    shared: { kind: "flag", about: "Shared with other mappers and with children", default: false },
    file: { kind: "file", about: "The file; anonymous memory unless given" },
    pgoff: { kind: "count", about: "First page of the file", default: 0 },
    address: { kind: "address", about: "Where; a free place unless given" },
    populate: { kind: "flag", about: "Fault all pages in at once", default: false },
    hugetlb: { kind: "flag", about: "Of huge pages from the pool (MAP_HUGETLB)", default: false },
  },
  *run(machine, args) {
    const process = text(args, "process");
    const name = text(args, "name");
    const length = number(args, "size");
    const ret = yield* mmap(machine.livingMm(process), {
      length,
      prot: PROT[text(args, "prot")],
      shared: args.shared === true,
      populate: args.populate === true,
      hugetlb: args.hugetlb === true,
      ...(typeof args.file === "string"
        ? { file: machine.file(args.file), pgoff: number(args, "pgoff") }
        : {}),
      ...(typeof args.address === "number" ? { addr: args.address, fixed: true } : {}),
    });
    if (ret < 0) return { ret };
    machine.mappings.set(name, { name, process, start: ret, pages: length / PAGE_SIZE });
    return { ret };
  },
};

const MUNMAP: OperationSpec = {
  name: "munmap",
  about: "Removes a range from the address space",
  kernel: "mm/mmap.c: do_munmap",
  args: { range: RANGE, process: IN_PROCESS },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* munmap(mm, start, end - start) };
  },
};

const MREMAP: OperationSpec = {
  name: "mremap",
  about: "Changes size or place of a range",
  kernel: "mm/mremap.c: sys_mremap",
  args: {
    range: RANGE,
    size: { kind: "size", about: "New size; as before unless given" },
    to: { kind: "address", about: "Where it goes (MREMAP_FIXED)" },
    may_move: { kind: "flag", about: "Whether it may move (MREMAP_MAYMOVE)", default: true },
    dont_unmap: { kind: "flag", about: "The old mapping stays, empty", default: false },
    name: { kind: "name", about: "Name of the moved range; the mapping's unless given" },
    process: IN_PROCESS,
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    const length = typeof args.size === "number" ? args.size : end - start;
    const ret = yield* mremap(mm, start, end - start, length, {
      mayMove: args.may_move === true,
      dontUnmap: args.dont_unmap === true,
      ...(typeof args.to === "number" ? { fixed: args.to } : {}),
    });
    if (ret < 0) return { ret };
    const range = args.range as RangeRef;
    const name = typeof args.name === "string" ? args.name : range.mapping;
    const process = typeof args.process === "string"
      ? args.process
      : machine.mappings.get(range.mapping)!.process;
    machine.mappings.set(name, { name, process, start: ret, pages: length / PAGE_SIZE });
    return { ret };
  },
};

const MLOCK: OperationSpec = {
  name: "mlock",
  about: "Locks a range into memory",
  kernel: "mm/mlock.c: do_mlock",
  args: {
    range: RANGE,
    on_fault: {
      kind: "flag",
      about: "Only pages that are touched (MLOCK_ONFAULT)",
      default: false,
    },
    process: IN_PROCESS,
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* mlock(mm, start, end - start, args.on_fault === true) };
  },
};

const MUNLOCK: OperationSpec = {
  name: "munlock",
  about: "Unlocks a range",
  kernel: "mm/mlock.c: apply_vma_lock_flags",
  args: { range: RANGE, process: IN_PROCESS },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* munlock(mm, start, end - start) };
  },
};

const MPROTECT: OperationSpec = {
  name: "mprotect",
  about: "Changes the rights of a range",
  kernel: "mm/mprotect.c: do_mprotect_pkey",
  args: {
    range: RANGE,
    prot: { kind: "choice", about: "New rights", choices: PROT_CHOICES, required: true },
    process: IN_PROCESS,
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* mprotect(mm, start, end - start, PROT[text(args, "prot")]) };
  },
};

const MADVISE: OperationSpec = {
  name: "madvise",
  about: "Gives advice about a range",
  kernel: "mm/madvise.c: do_madvise",
  args: {
    range: RANGE,
    advice: { kind: "choice", about: "Advice, without MADV_", choices: ADVICE, required: true },
    process: IN_PROCESS,
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* madvise(mm, start, end - start, text(args, "advice") as Advice) };
  },
};

const READ: OperationSpec = {
  name: "read",
  about: "The CPU reads each page of a range",
  kernel: "mm/memory.c: handle_mm_fault",
  args: { range: RANGE, process: IN_PROCESS },
  values: {
    pages: "Pages accessed",
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return accessed(yield* userAccess(mm, start, end, null));
  },
};

const WRITE: OperationSpec = {
  name: "write",
  about: "The CPU writes the first byte of each page of a range",
  kernel: "mm/memory.c: handle_mm_fault",
  args: {
    range: RANGE,
    value: { kind: "count", about: "The byte, from 0 to 255", default: 1 },
    process: IN_PROCESS,
  },
  values: {
    pages: "Pages accessed",
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return accessed(yield* userAccess(mm, start, end, byteOf(args)));
  },
};

const FILL_PAGES: OperationSpec = {
  name: "fill",
  about: "The CPU fills each page of a range",
  kernel: "mm/memory.c: handle_mm_fault",
  args: { range: RANGE, fill: FILL, process: IN_PROCESS },
  values: {
    pages: "Pages accessed",
  },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return accessed(yield* userAccess(mm, start, end, fillOf(machine, args)));
  },
};

/** A signal or lack of memory becomes the errno that a system call would give for the access. */
function accessed(outcome: AccessResult): OperationResult {
  const values = { pages: outcome.pages };
  if (outcome.failure === 0) return { ret: 0, values };
  return { ret: outcome.failure === FAULT.OOM ? -ERRNO.ENOMEM : -ERRNO.EFAULT, values };
}

/** The operations, in the order of documentation. */
export const MEMORY_OPS: readonly OperationSpec[] = [
  MMAP,
  MUNMAP,
  MREMAP,
  MPROTECT,
  MADVISE,
  READ,
  WRITE,
  FILL_PAGES,
  MLOCK,
  MUNLOCK,
];
