/**
 * The simulated machine on which a recorded case is replayed.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, PGD_SIZE, type Vaddr } from "../../lib/kernel/address.ts";
import { errnoName } from "../../lib/kernel/errno.ts";
import { drain, type Operation } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { type AddressSpace, type AddressSpaceKind, filemapGetPage } from "../../lib/mm/filemap.ts";
import { access } from "../../lib/mm/access.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mmap } from "../../lib/mm/mmap.ts";
import { VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { Host } from "../../lib/mm/host.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import { Tlb } from "./tlb.ts";
import type { Place, RecordedCase, RecordedStep } from "./recording.ts";

/** Address of page 0 of every case: 1 GiB aligned, nothing else near it. */
export const BASE: Vaddr = 0x100000000000;

const MEMORY = 512 * 2 ** 20;
const SWAP_PAGES = 16384;
const HUGETLB_PAGES = 16;

/** What came of an operation. */
export interface Outcome {
  /** Result; `page:N` is an address. */
  ret: Place;
  /** Name of the error, if any. */
  err?: string;
  /** Further results, such as the status of move_pages. */
  extra?: Record<string, unknown>;
}

/** An operation that the simulator does not know. It counts as a failure. */
export class UnsupportedError extends Error {
  override name = "UnsupportedError";
}

/** A machine with the processes of one case. */
export class World {
  /** The machine, of two nodes. */
  readonly host: Host;
  /** Living processes by name, in the order in which they are dumped. */
  readonly processes: Map<string, Mm> = new Map();
  /** The file that all mappings of backing `file` map; null if the case has none. */
  readonly file: AddressSpace | null;
  /** Pages registered with io_uring, and by whom, registration by registration. */
  readonly pinned: { mm: Mm; pages: Pfn[] }[] = [];
  /**
   * Registrations possible at a time: the recorder opens a new ring for each, but random programs
   * share the one that was made before their first step.
   */
  readonly maxPinned: number;
  /** What happens after this step is dumped and before the next one; its events are not compared. */
  readonly between: (() => void)[] = [];
  /** The TLB of the CPU on which the processes run. */
  readonly tlb: Tlb = new Tlb();
  /** Pages held by plain references (a pipe filled by vmsplice). */
  referenced: Pfn[] = [];

  /**
   * Makes the machine with process P, which has a listener and an empty table for the 512 GiB
   * around the window: the first munmap of everything frees it.
   *
   * @param recorded The case, asked for the properties of its file.
   */
  constructor(recorded: RecordedCase) {
    this.host = new Host({
      profile: kernelProfile("v6.1"),
      memory: MEMORY,
      nodes: 2,
      swapPages: SWAP_PAGES,
    });
    this.maxPinned = recorded.group === "random" ? 1 : Infinity;
    this.file = createFile(this.host, recorded);
    this.host.thp.shmemEnabled = "advise";
    const hugetlb = recorded.steps.some(({ args }) => args.backing === "hugetlb");
    if (hugetlb || this.file?.kind === "hugetlb") this.host.hugetlb.grow(HUGETLB_PAGES);
    setKnobs(this.host, recorded);
    const subject = this.host.createMm("P");
    subject.pageTable.pgd[Math.floor(BASE / PGD_SIZE)] = new Array(512).fill(null);
    this.addProcess(subject, true);
    if (recorded.group === "random") keepKsmdAwake(this.host);
  }

  /**
   * Adds a process.
   *
   * @param mm Its address space; the name is the process's.
   * @param notifier Whether it registers a listener.
   */
  addProcess(mm: Mm, notifier: boolean): void {
    this.processes.set(mm.name, mm);
    if (notifier) mmuNotifierRegister({ name: "kvm" }, mm);
  }

  /**
   * Finds the process a step is about: its target, or who executes it.
   *
   * @param step The step.
   * @returns The address space.
   * @throws {UnsupportedError} If there is no such process.
   */
  subject(step: RecordedStep): Mm {
    const name = String(step.args.target ?? step.who);
    const mm = this.processes.get(name);
    if (mm === undefined) throw new UnsupportedError(`no process ${name}`);
    return mm;
  }

  /**
   * Runs an operation that returns 0, a count or a negative error number.
   *
   * @param operation The operation.
   * @returns Result and error as recordings state them.
   */
  run(operation: Operation<number>): Outcome {
    return outcomeOf(drain(operation));
  }
}

/**
 * Turns a kernel result into what a system call returns.
 *
 * @param result A count, or a negative error number.
 * @returns Result and error.
 */
export function outcomeOf(result: number): Outcome {
  return result < 0 ? { ret: -1, err: errnoName(result) } : { ret: result };
}

/**
 * Finds an address from a numeric argument of a step, in pages.
 *
 * @param step The step.
 * @param name Name of the argument.
 * @returns The address.
 */
export function addressArgument(step: RecordedStep, name = "start"): Vaddr {
  return BASE + Number(step.args[name]) * PAGE_SIZE;
}

/**
 * Finds a length from a numeric argument of a step, in pages.
 *
 * @param step The step.
 * @param name Name of the argument.
 * @returns Bytes.
 */
export function lengthArgument(step: RecordedStep, name = "pages"): number {
  return Number(step.args[name]) * PAGE_SIZE;
}

/**
 * Makes the file of a case.
 *
 * Recordings do not say what it is: its kind follows from the name and flags of its mappings, its
 * size from the description or else from what is mapped, and its content (bytes of one value) from
 * the first read of it.
 */
function createFile(host: Host, recorded: RecordedCase): AddressSpace | null {
  const maps = recorded.steps.filter(({ op, args }) => op === "mmap" && args.backing === "file");
  if (maps.length === 0) return null;
  const vmas = recorded.steps.flatMap(({ state }) =>
    Object.values(state).flatMap((process) => process.vmas)
  ).filter((vma) => vma.name !== undefined && vma.name !== "/dev/zero");
  const name = vmas[0]?.name ?? "/memfd:memfd";
  const hugetlb = vmas.some((vma) => vma.vmflags.split(" ").includes("ht"));
  const kind: AddressSpaceKind = hugetlb ? "hugetlb" : name.startsWith("/mnt/") ? "file" : "shmem";
  const ends = maps.map(({ args }) => Number(args.pgoff) + Number(args.pages));
  const described = /memfd of (\d+) pages/.exec(recorded.desc)?.[1];
  const file = host.createFile(kind, name, Number(described ?? Math.max(...ends)));
  if (kind === "file") fillFile(host, file, firstRead(recorded));
  return file;
}

/** The recorder has written the file and synchronised it, so that all of it is cached and clean. */
function fillFile(host: Host, file: AddressSpace, value: number): void {
  for (let page = 0; page < file.pages; page++) {
    file.disk.set(page, value * 0x101);
    filemapGetPage(host, file, page, undefined);
  }
}

/** Sets the KSM knobs that a description names (`use_zero_pages=1`) and no step sets. */
function setKnobs({ ksm: { knobs } }: Host, recorded: RecordedCase): void {
  if (recorded.steps.some(({ op }) => op === "ksm_set")) return;
  for (const [, name, value] of recorded.desc.matchAll(/\b(\w+)=(\d+)\b/g)) {
    const knob = Object.keys(knobs).find((known) => known === name);
    if (knob !== undefined) knobs[knob as keyof typeof knobs] = Number(value);
  }
}

/**
 * While random programs were recorded, a process outside the recording kept one mergeable page of
 * unique content, so that ksmd's rounds end whatever the program does.
 */
function keepKsmdAwake(host: Host): void {
  const mm = host.createMm("bystander");
  drain(mmap(mm, { addr: BASE, fixed: true, length: PAGE_SIZE, prot: VM_READ | VM_WRITE }));
  drain(access(mm, BASE, BASE + PAGE_SIZE, () => 0xfedcba98));
  drain(madvise(mm, BASE, PAGE_SIZE, "MERGEABLE"));
}

/** The byte that the first successful read returns, if nothing was written before it. */
function firstRead(recorded: RecordedCase): number {
  for (const { op, ret, err } of recorded.steps) {
    if (op === "write" || op === "fill" || op === "pwrite") return 0;
    if (op === "read" && err === undefined) return Number(ret);
  }
  return 0;
}
