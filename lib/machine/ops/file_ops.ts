/**
 * Operations on files: making, cutting, writing and syncing them.
 *
 * @module
 */

import { HPAGE_PMD_NR, PAGE_SIZE } from "../../kernel/address.ts";
import { ERRNO } from "../../kernel/errno.ts";
import { type AddressSpaceKind, writePages } from "../../mm/filemap.ts";
import { ftruncate, punchHole } from "../../mm/truncate.ts";
import { fsync, msync } from "../../mm/writeback.ts";
import type { ArgumentSpec, OperationSpec } from "../spec.ts";
import { IN_PROCESS, number, pagesOf, RANGE, text } from "./arguments.ts";

const FILE: ArgumentSpec = { kind: "file", about: "The file", required: true };
const FIRST: ArgumentSpec = { kind: "count", about: "First page", default: 0 };
const PAGES: ArgumentSpec = { kind: "count", about: "Number of pages", required: true };

const CREATE_FILE: OperationSpec = {
  name: "create_file",
  about: "Makes a file: shared memory, of huge pages, or on a disk with writeback",
  kernel: "mm/memfd.c: memfd_create",
  args: {
    name: { kind: "name", about: "Name of the file", required: true, introduces: "file" },
    kind: {
      kind: "choice",
      about: "What kind; hugetlb is of huge pages from the pool",
      choices: ["shmem", "file", "hugetlb"],
      default: "shmem",
    },
    size: { kind: "size", about: "Size", required: true },
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const name = text(args, "name");
    if (machine.files.has(name)) return { ret: -ERRNO.EEXIST };
    const pages = number(args, "size") / PAGE_SIZE;
    const kind = text(args, "kind") as AddressSpaceKind;
    if (kind === "hugetlb" && pages % HPAGE_PMD_NR !== 0) return { ret: -ERRNO.EINVAL };
    machine.files.set(name, machine.host.createFile(kind, name, pages));
    return { ret: 0 };
  },
};

const FTRUNCATE: OperationSpec = {
  name: "ftruncate",
  about: "Changes the size of a file; what is cut off leaves every mapping",
  kernel: "mm/truncate.c: truncate_pagecache",
  args: { file: FILE, size: { kind: "size", about: "New size", required: true } },
  *run(machine, args) {
    const pages = number(args, "size") / PAGE_SIZE;
    return { ret: yield* ftruncate(machine.host, machine.file(text(args, "file")), pages) };
  },
};

const PUNCH_HOLE: OperationSpec = {
  name: "punch_hole",
  about: "Empties a part of a file",
  kernel: "mm/shmem.c: shmem_fallocate",
  args: { file: FILE, first: FIRST, pages: PAGES },
  *run(machine, args) {
    const first = number(args, "first");
    const file = machine.file(text(args, "file"));
    return { ret: yield* punchHole(machine.host, file, first, first + number(args, "pages")) };
  },
};

const PWRITE: OperationSpec = {
  name: "pwrite",
  about: "Writes pages of a file by a system call",
  kernel: "mm/filemap.c: generic_perform_write",
  args: {
    file: FILE,
    first: FIRST,
    pages: PAGES,
    value: { kind: "count", about: "The byte, from 0 to 255", default: 1 },
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const byte = number(args, "value") & 0xff;
    const file = machine.file(text(args, "file"));
    const content = (byte << 8 | byte) >>> 0;
    const [first, pages] = [number(args, "first"), number(args, "pages")];
    return { ret: writePages(machine.host, file, first, pages, content) * PAGE_SIZE };
  },
};

const FSYNC: OperationSpec = {
  name: "fsync",
  about: "Writes the dirty pages of a file to its disk",
  kernel: "mm/page-writeback.c: clear_page_dirty_for_io",
  args: { file: FILE },
  *run(machine, args) {
    return { ret: yield* fsync(machine.host, machine.file(text(args, "file"))) };
  },
};

const MSYNC: OperationSpec = {
  name: "msync",
  about: "Writes the dirty pages of a mapped file to its disk",
  kernel: "mm/msync.c: msync",
  args: { range: RANGE, process: IN_PROCESS },
  *run(machine, args) {
    const { mm, start, end } = pagesOf(machine, args);
    return { ret: yield* msync(mm, start, end - start) };
  },
};

/** The operations, in the order of documentation. */
export const FILE_OPS: readonly OperationSpec[] = [
  CREATE_FILE,
  FTRUNCATE,
  PUNCH_HOLE,
  PWRITE,
  FSYNC,
  MSYNC,
];
