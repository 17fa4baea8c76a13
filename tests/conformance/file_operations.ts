/**
 * The recorded operations on files, locked memory, and the memory of other processes.
 *
 * @module
 */

import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { type AddressSpace, writePages } from "../../lib/mm/filemap.ts";
import { mlock, munlock } from "../../lib/mm/mlock.ts";
import { ftruncate, punchHole } from "../../lib/mm/truncate.ts";
import { uprobeRegister, uprobeUnregister } from "../../lib/mm/uprobes.ts";
import {
  uffdCopy,
  uffdRegister,
  uffdUnregister,
  uffdWriteprotect,
} from "../../lib/mm/userfaultfd.ts";
import { fsync, msync } from "../../lib/mm/writeback.ts";
import type { Operate } from "./operations.ts";
import type { RecordedStep } from "./recording.ts";
import { addressArgument, lengthArgument, UnsupportedError, type World } from "./world.ts";

/** The operations by recorded name. */
export const FILE_OPERATIONS: Readonly<Record<string, Operate>> = {
  ftruncate: (world, { args }) =>
    world.run(ftruncate(world.host, fileOf(world), Number(args.pages))),
  fallocate_punch_hole: (world, { args }) => {
    const first = Number(args.pgoff);
    return world.run(punchHole(world.host, fileOf(world), first, first + Number(args.pages)));
  },
  pwrite: (world, { args }) => {
    const content = Number(args.value) * 0x101;
    const [first, pages] = [Number(args.pgoff), Number(args.pages)];
    return { ret: writePages(world.host, fileOf(world), first, pages, content) * PAGE_SIZE };
  },
  fsync: (world) => world.run(fsync(world.host, fileOf(world))),
  msync: (world, step) => world.run(msync(...rangeOf(world, step))),
  mlock: (world, step) => world.run(mlock(...rangeOf(world, step))),
  mlock2_onfault: (world, step) => world.run(mlock(...rangeOf(world, step), true)),
  uffd_register: (world, step) =>
    world.run(uffdRegister(...rangeOf(world, step), step.args.mode === "wp" ? "wp" : "missing")),
  uffd_unregister: (world, step) => world.run(uffdUnregister(...rangeOf(world, step))),
  uffd_writeprotect: (world, step) =>
    world.run(uffdWriteprotect(...rangeOf(world, step), step.args.wp === true)),
  uffd_copy: (world, step) => world.run(uffdCopy(...rangeOf(world, step), COPIED)),
  uffd_zeropage: (world, step) => world.run(uffdCopy(...rangeOf(world, step), null)),
  uprobe_enable: (world, { args }) =>
    world.run(uprobeRegister(world.host, fileOf(world), Number(args.fileOffset))),
  uprobe_disable: (world, { args }) =>
    world.run(uprobeUnregister(world.host, fileOf(world), Number(args.fileOffset))),
  munlock: (world, step) => world.run(munlock(...rangeOf(world, step))),
};

/** What the recorder's UFFDIO_COPY brings: pages full of the letter u. */
const COPIED = 0x7575;

function fileOf(world: World): AddressSpace {
  if (world.file === null) throw new UnsupportedError("no file");
  return world.file;
}

function rangeOf(world: World, step: RecordedStep) {
  return [world.subject(step), addressArgument(step), lengthArgument(step)] as const;
}
