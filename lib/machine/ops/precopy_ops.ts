/**
 * Operations of a checkpoint tool that copies a live process with soft-dirty tracking, as CRIU's
 * pre-copy does.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../../kernel/address.ts";
import type { Mm } from "../../mm/mm_struct.ts";
import { isSoftDirty } from "../../mm/task_mmu.ts";
import { PTE_PRESENT } from "../../mm/flags.ts";
import type { Machine, PlacedPages } from "../machine.ts";
import type { Arguments, OperationSpec } from "../spec.ts";
import { IN_PROCESS, pagesOf, RANGE, text } from "./arguments.ts";

const IMAGE = {
  kind: "name",
  about: "Name of the copy; the first round makes it",
  default: "image",
  introduces: "image",
} as const;

const PRECOPY: OperationSpec = {
  name: "precopy",
  about: "Sends every soft-dirty page of a range to a copy of the process",
  kernel: "fs/proc/task_mmu.c: pagemap_read",
  args: { range: RANGE, image: IMAGE, process: IN_PROCESS },
  values: {
    sent: "Pages sent",
    clean: "Pages left out",
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const pages = pagesOf(machine, args);
    const image = imageOf(machine, args);
    let sent = 0;
    for (const addr of mapped(pages)) {
      if (!isSoftDirty(pages.mm, addr)) continue;
      image.set(addr, contentAt(pages.mm, addr));
      sent++;
    }
    return { ret: 0, values: { sent, clean: pages.pages - sent } };
  },
};

const PRECOPY_VERIFY: OperationSpec = {
  name: "precopy_verify",
  about: "Compares a copy with the process: stale pages changed without being sent again",
  args: { range: RANGE, image: IMAGE, process: IN_PROCESS },
  values: {
    stale: "Pages that differ",
    equal: "Pages that do not",
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const pages = pagesOf(machine, args);
    const image = imageOf(machine, args);
    let stale = 0;
    for (const addr of mapped(pages)) {
      if ((image.get(addr) ?? 0) !== contentAt(pages.mm, addr)) stale++;
    }
    return { ret: 0, values: { stale, equal: pages.pages - stale } };
  },
};

function imageOf(machine: Machine, args: Arguments): Map<Vaddr, number> {
  const name = text(args, "image");
  let image = machine.images.get(name);
  if (image === undefined) machine.images.set(name, image = new Map());
  return image;
}

function* mapped({ start, end }: PlacedPages): Generator<Vaddr> {
  for (let addr = start; addr < end; addr += PAGE_SIZE) yield addr;
}

function contentAt(mm: Mm, addr: Vaddr): number {
  if ((mm.pageTable.flagsAt(addr) & PTE_PRESENT) === 0) return 0;
  return mm.host.frames.content[mm.pageTable.pfnAt(addr)];
}

/** The operations, in the order of documentation. */
export const PRECOPY_OPS: readonly OperationSpec[] = [PRECOPY, PRECOPY_VERIFY];
