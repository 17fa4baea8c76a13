/**
 * Random programs on files, shared memory, locked memory and userfaultfd: whatever a process does,
 * every reference, mapping and swap slot stays accounted for, and nothing is left at the end.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { Rng } from "../../lib/kernel/rng.ts";
import type { Violation } from "../../lib/kernel/violation.ts";
import { checkAccounting } from "../../lib/machine/check_accounting.ts";
import { Machine } from "../../lib/machine/machine.ts";
import { access, storeByte } from "../../lib/mm/access.ts";
import { type AddressSpace, truncateInodePages, writePages } from "../../lib/mm/filemap.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { exitMm, mmap, munmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { mlock, munlock } from "../../lib/mm/mlock.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { ftruncate, punchHole } from "../../lib/mm/truncate.ts";
import { uprobeRegister, uprobeUnregister } from "../../lib/mm/uprobes.ts";
import {
  uffdCopy,
  uffdRegister,
  uffdUnregister,
  uffdWriteprotect,
} from "../../lib/mm/userfaultfd.ts";
import { VM_EXEC, VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { fsync, msync } from "../../lib/mm/writeback.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";

const BASE = 0x100000000000;
const FILE_PAGES = 32;
const PROFILES = ["v5.0", "v5.2", "v5-series", "v6.1"];
const PROTS = [VM_READ, VM_READ | VM_WRITE, VM_READ | VM_EXEC, 0];

/** One program: a machine, its processes and files, and the place the next step is about. */
class Program {
  readonly machine: Machine;
  readonly mms: Mm[] = [];
  readonly files: AddressSpace[];
  readonly #rng: Rng;

  constructor(seed: number) {
    this.#rng = new Rng(seed);
    const profile = kernelProfile(PROFILES[seed % PROFILES.length]);
    this.machine = new Machine({ profile, memory: 16 * 2 ** 20, swapPages: 1024 });
    const { host } = this.machine;
    this.files = [
      host.createFile("shmem", "/memfd:fuzz", FILE_PAGES),
      host.createFile("file", "/mnt/fuzz", FILE_PAGES),
    ];
    this.add(host.createMm("P"));
  }

  below(limit: number): number {
    return this.#rng.below(limit);
  }

  get mm(): Mm {
    return this.mms[this.below(this.mms.length)];
  }

  get file(): AddressSpace {
    return this.files[this.below(2)];
  }

  add(mm: Mm): void {
    this.mms.push(mm);
    if (this.below(2) === 0) mmuNotifierRegister({ name: "listener" }, mm);
  }

  /** A range of up to 12 pages, as address and length. */
  range(): [number, number] {
    return [BASE + this.below(40) * PAGE_SIZE, (1 + this.below(12)) * PAGE_SIZE];
  }
}

/** What a step may do. */
const STEPS: readonly ((program: Program) => unknown)[] = [
  mapFile,
  mapFile,
  mapAnonymous,
  (p) => touch(p, true),
  (p) => touch(p, true),
  (p) => touch(p, false),
  (p) => drain(munmap(p.mm, ...p.range())),
  (p) => drain(mprotect(p.mm, ...p.range(), PROTS[p.below(4)])),
  (p) => p.mms.length < 4 && p.add(drain(fork(p.mm, `C${p.mms.length}`))),
  (p) => drain(madvise(p.mm, ...p.range(), "DONTNEED")),
  (p) => drain(madvise(p.mm, ...p.range(), "PAGEOUT")),
  (p) => drain(madvise(p.mm, ...p.range(), p.below(2) === 0 ? "FREE" : "REMOVE")),
  (p) => drain(ftruncate(p.machine.host, p.file, p.below(FILE_PAGES + 8))),
  (p) => {
    const first = p.below(FILE_PAGES);
    drain(punchHole(p.machine.host, p.file, first, first + 1 + p.below(8)));
  },
  (p) => drain(fsync(p.machine.host, p.file)),
  (p) => drain(msync(p.mm, ...p.range())),
  (p) => drain(mlock(p.mm, ...p.range(), p.below(2) === 0)),
  (p) => drain(munlock(p.mm, ...p.range())),
  (p) => writePages(p.machine.host, p.file, p.below(FILE_PAGES), 1 + p.below(3), p.below(256)),
  (p) => drain(uffdRegister(p.mm, ...p.range(), p.below(2) === 0 ? "wp" : "missing")),
  (p) => drain(uffdWriteprotect(p.mm, ...p.range(), p.below(2) === 0)),
  (p) => drain(uffdUnregister(p.mm, ...p.range())),
  (p) => drain(uffdCopy(p.mm, ...p.range(), p.below(2) === 0 ? 7 : null)),
  (p) => drain(clearRefs(p.mm, p.below(2) === 0 ? 1 : 4)),
  (p) => drain(uprobeRegister(p.machine.host, p.files[1], p.below(20) * PAGE_SIZE + 16)),
  (p) => drain(uprobeUnregister(p.machine.host, p.files[1], p.below(20) * PAGE_SIZE + 16)),
];

function mapFile(program: Program): void {
  const [addr, length] = program.range();
  const prot = PROTS[program.below(3)];
  const shared = program.below(2) === 0;
  const where = { file: program.file, pgoff: program.below(24) };
  drain(mmap(program.mm, { addr, fixed: true, length, prot, shared, ...where }));
}

function mapAnonymous(program: Program): void {
  const [addr, length] = program.range();
  const shared = program.below(2) === 0;
  const populate = program.below(4) === 0;
  const prot = VM_READ | VM_WRITE;
  drain(mmap(program.mm, { addr, fixed: true, length, prot, shared, populate }));
}

function touch(program: Program, write: boolean): void {
  const [start, length] = program.range();
  const store = write ? storeByte(program.below(256)) : null;
  drain(access(program.mm, start, start + length, store));
}

function violations(machine: Machine): Violation[] {
  const found: Violation[] = [];
  checkAccounting(machine, found);
  return found;
}

Deno.test("random programs on files keep every frame and swap slot accounted for", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const program = new Program(seed);
    const { host } = program.machine;
    for (let step = 0; step < 50; step++) {
      STEPS[program.below(STEPS.length)](program);
      assertEquals(violations(program.machine), [], `seed ${seed}, step ${step}`);
    }
    for (const mm of program.mms) drain(exitMm(mm));
    for (const file of program.files) truncateInodePages(host, file, 0, Infinity);
    host.lruBatches.drain();
    assertEquals(
      [host.frames.freeCount, host.swap.used],
      [host.frames.count - 1, 0],
      `seed ${seed}`,
    );
  }
});
