/**
 * The operations of the recordings, as calls of the simulator.
 *
 * To add an operation, write a function that takes the {@linkcode World} and the recorded step,
 * runs the mm function on `world.subject(step)` (the step's `target`, or else the process `who`)
 * and returns the {@linkcode Outcome}; then enter it in {@linkcode OPERATIONS} under the recorded
 * name. `world.run(operation)` turns 0, a count or a negative error number into an outcome,
 * `addressArgument` and `lengthArgument` read arguments given in pages, and `world.file` is the
 * file of the case. Advice names are looked up in `ADVICE` of lib/mm/madvise.ts, so a new advice
 * needs no entry here. What cannot be replayed throws {@linkcode UnsupportedError} and counts as
 * failed. Nothing here may know a case: the steps' arguments are all there is.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain, type Operation } from "../../lib/kernel/operation.ts";
import { access, fillByte, type Store, storeByte } from "../../lib/mm/access.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { exitMm, mmap, munmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { khugepagedFullScan } from "../../lib/mm/khugepaged.ts";
import { ksmFullScans, ksmUnmergeAll } from "../../lib/mm/ksm.ts";
import { ADVICE, type Advice, madvise } from "../../lib/mm/madvise.ts";
import { FAULT } from "../../lib/mm/memory.ts";
import { getUserPage, pinUserPage, unpinUserPage } from "../../lib/mm/gup.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { accessRemoteVm, processVmWrite } from "../../lib/mm/remote_access.ts";
import { VM_EXEC, VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { FILE_OPERATIONS } from "./file_operations.ts";
import { RECLAIM_OPERATIONS } from "./reclaim_operations.ts";
import type { RecordedStep } from "./recording.ts";
import {
  addressArgument,
  BASE,
  lengthArgument,
  type Outcome,
  outcomeOf,
  UnsupportedError,
  type World,
} from "./world.ts";

/** Replays one step. */
export type Operate = (world: World, step: RecordedStep) => Outcome;

/** Recorded operations by name. */
export const OPERATIONS: Readonly<Record<string, Operate>> = {
  ...FILE_OPERATIONS,
  ...RECLAIM_OPERATIONS,
  mmap: mapMemory,
  munmap: (world, step) =>
    world.run(munmap(world.subject(step), addressArgument(step), lengthArgument(step))),
  munmap_len_unaligned: (world, step) =>
    world.run(munmap(world.subject(step), addressArgument(step), Number(step.args.bytes))),
  munmap_unaligned: (world, step) => world.run(munmap(world.subject(step), BASE + 1, PAGE_SIZE)),
  munmap_zero_len: (world, step) => world.run(munmap(world.subject(step), BASE, 0)),
  mprotect: (world, step) =>
    world.run(
      mprotect(world.subject(step), addressArgument(step), lengthArgument(step), rights(step)),
    ),
  madvise: (world, step) =>
    world.run(
      madvise(world.subject(step), addressArgument(step), lengthArgument(step), advice(step)),
    ),
  process_madvise: adviseOther,
  read: (world, step) => touch(world, step, null),
  write: (world, step) => touch(world, step, storeByte(Number(step.args.value))),
  fill: (world, step) => touch(world, step, fillByte(Number(step.args.value))),
  mremap: remap,
  pin_longterm: pinLongterm,
  unpin_longterm: unpinLongterm,
  get_page_refs: getPageRefs,
  put_page_refs: putPageRefs,
  proc_pid_mem_read: (world, step) => remote(step, drain(remoteAccess(world, step, null))),
  proc_pid_mem_write: (world, step) =>
    remote(step, drain(remoteAccess(world, step, storeByte(Number(step.args.value))))),
  process_vm_writev: (world, step) => {
    const store = storeByte(Number(step.args.value));
    return remote(step, drain(processVmWrite(world.subject(step), addressArgument(step), store)));
  },
  fork: forkProcess,
  exit: exitProcess,
  exec: exitProcess,
  execve: exitProcess,
  clear_refs: (world, step) => world.run(clearRefs(world.subject(step), Number(step.args.value))),
  khugepaged_scan: khugepagedScan,
  ksm_scan: ksmScan,
  ksm_set: ksmSet,
  ksm_run2_unmerge_all: (world) => {
    drain(ksmUnmergeAll(world.host));
    return { ret: 0 };
  },
};

/** process_madvise returns the bytes it gave advice on. */
function adviseOther(world: World, step: RecordedStep): Outcome {
  const length = lengthArgument(step);
  const mm = world.subject(step);
  const operation = madvise(mm, addressArgument(step), length, advice(step), true);
  const result = drain(operation);
  return outcomeOf(result < 0 ? result : length);
}

/** An address as recordings return it. */
function place(result: number): Outcome {
  return result < 0 ? outcomeOf(result) : { ret: `page:${(result - BASE) / PAGE_SIZE}` };
}

function rights(step: RecordedStep): number {
  const prot = String(step.args.prot);
  return (prot.includes("r") ? VM_READ : 0) | (prot.includes("w") ? VM_WRITE : 0) |
    (prot.includes("x") ? VM_EXEC : 0);
}

function advice(step: RecordedStep): Advice {
  const name = ADVICE.find((known) => known === step.args.advice);
  if (name === undefined) throw new UnsupportedError(`advice ${step.args.advice}`);
  return name;
}

/** Without `fixed` the recorder asks for MAP_FIXED_NOREPLACE. */
function mapMemory(world: World, step: RecordedStep): Outcome {
  const { backing, share, fixed, populate, pgoff } = step.args;
  if (backing !== "anon" && backing !== "file" && backing !== "hugetlb") {
    throw new UnsupportedError(`mmap of ${backing}`);
  }
  const options = {
    addr: addressArgument(step),
    fixed: fixed === true ? true : "noreplace" as const,
    length: lengthArgument(step),
    prot: rights(step),
    shared: share === "shared",
    hugetlb: backing === "hugetlb",
    populate: populate === true,
    ...(backing === "file" ? { file: world.file!, pgoff: Number(pgoff) } : {}),
  };
  return place(drain(mmap(world.subject(step), options)));
}

/** Touches pages in order; a fault that kills ends it: -1 - the page's number within the access. */
function touch(world: World, step: RecordedStep, store: Store | null): Outcome {
  const mm = world.subject(step);
  const start = addressArgument(step);
  const end = start + lengthArgument(step);
  const { pages, failure } = world.tlb.during(
    mm,
    start,
    end,
    store !== null,
    () => drain(access(mm, start, end, store)),
  );
  if (failure !== 0) {
    const err = failure === FAULT.SIGSEGV ? "SIGSEGV" : failure === FAULT.SIGBUS ? "SIGBUS" : "OOM";
    return { ret: -1 - pages, err };
  }
  return { ret: store === null ? firstByte(world, step, start) : 0 };
}

function firstByte(world: World, step: RecordedStep, addr: Vaddr): number {
  return world.host.frames.content[world.subject(step).pageTable.pfnAt(addr)] & 0xff;
}

function forkProcess(world: World, step: RecordedStep): Outcome {
  const child = drain(fork(world.subject(step), String(step.args.child)));
  world.addProcess(child, step.args.childNotifier === true);
  return { ret: 0 };
}

function exitProcess(world: World, step: RecordedStep): Outcome {
  const mm = world.subject(step);
  drain(exitMm(mm));
  world.processes.delete(mm.name);
  for (const pins of world.pinned.filter((pins) => pins.mm === mm)) releasePins(world, pins);
  return { ret: 0 };
}

function remap(world: World, step: RecordedStep): Outcome {
  const flags = String(step.args.flags).split("|");
  const operation = mremap(
    world.subject(step),
    addressArgument(step),
    lengthArgument(step, "oldPages"),
    lengthArgument(step, "newPages"),
    {
      mayMove: flags.includes("MAYMOVE"),
      dontUnmap: flags.includes("DONTUNMAP"),
      ...(flags.includes("FIXED") ? { fixed: addressArgument(step, "newStart") } : {}),
    },
  );
  return place(drain(operation));
}

/** A ring registers one buffer at a time; a page that cannot be pinned undoes the others. */
function pinLongterm(world: World, step: RecordedStep): Outcome {
  if (world.pinned.length >= world.maxPinned) return outcomeOf(-ERRNO.EBUSY);
  const mm = world.subject(step);
  const start = addressArgument(step);
  const pages: Pfn[] = [];
  for (let addr = start; addr < start + lengthArgument(step); addr += PAGE_SIZE) {
    const pfn = drain(pinUserPage(mm, addr));
    if (pfn < 0) {
      for (const pinned of pages) unpinUserPage(mm, pinned, false);
      return outcomeOf(-ERRNO.EFAULT);
    }
    pages.push(pfn);
  }
  const refused = refuseBuffer(mm, start, start + lengthArgument(step));
  if (refused === 0) world.pinned.push({ mm, pages });
  else for (const pinned of pages) unpinUserPage(mm, pinned, false);
  return outcomeOf(refused);
}

/** A buffer lies in mappings of one file (or none), of a kind whose pages may stay pinned. */
function refuseBuffer(mm: Mm, start: Vaddr, end: Vaddr): number {
  const files = mm.vmasIn(start, end).map(({ file }) => file);
  if (files.some((file) => file !== files[0])) return -ERRNO.EINVAL;
  return files[0]?.kind === "file" ? -ERRNO.EOPNOTSUPP : 0;
}

function unpinLongterm(world: World): Outcome {
  if (world.pinned.length === 0) return outcomeOf(-ERRNO.ENXIO);
  releasePins(world, world.pinned[0]);
  return { ret: 0 };
}

function releasePins(world: World, pins: World["pinned"][number]): void {
  for (const pfn of pins.pages) unpinUserPage(pins.mm, pfn, false);
  world.pinned.splice(world.pinned.indexOf(pins), 1);
}

/** vmsplice: plain references for reading. */
function getPageRefs(world: World, step: RecordedStep): Outcome {
  const mm = world.subject(step);
  const start = addressArgument(step);
  for (let addr = start; addr < start + lengthArgument(step); addr += PAGE_SIZE) {
    const pfn = drain(getUserPage(mm, addr, false));
    if (pfn < 0) return outcomeOf(pfn);
    world.referenced.push(pfn);
  }
  return { ret: lengthArgument(step) };
}

function putPageRefs(world: World): Outcome {
  for (const pfn of world.referenced.splice(0)) world.host.frames.put(pfn);
  return { ret: 0 };
}

function remoteAccess(world: World, step: RecordedStep, store: Store | null): Operation<number> {
  return accessRemoteVm(world.subject(step), addressArgument(step), store);
}

function remote(step: RecordedStep, result: number): Outcome {
  return result < 0 ? outcomeOf(result) : { ret: Number(step.args.bytes) };
}

/** ksmd sleeps while nobody is registered, so that no round ends and the recorder gives up. */
function ksmScan(world: World, step: RecordedStep): Outcome {
  const { ksm } = world.host;
  ksm.knobs.pages_to_scan = 1 << 20;
  const awake = ksm.slots.length > 0;
  if (awake) drain(ksmFullScans(world.host, Number(step.args.fullScans)));
  const { pages_shared, pages_sharing } = ksm;
  return { ret: awake ? 0 : -1, extra: { pages_shared, pages_sharing } };
}

/** The recorder waits for the counter to pass the number, which takes one round more. */
function khugepagedScan(world: World, step: RecordedStep): Outcome {
  for (let round = 0; round <= Number(step.args.fullScans); round++) {
    drain(khugepagedFullScan(world.host));
  }
  return { ret: 0 };
}

function ksmSet(world: World, step: RecordedStep): Outcome {
  const { knobs } = world.host.ksm;
  const name = Object.keys(knobs).find((knob) => knob === step.args.file);
  if (name === undefined) throw new UnsupportedError(`ksm file ${step.args.file}`);
  knobs[name as keyof typeof knobs] = Number(step.args.value);
  return { ret: 0 };
}
