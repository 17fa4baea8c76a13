/**
 * uprobes: breakpoints in the code of files, for all processes that map them.
 *
 * From kernel/events/uprobes.c. A breakpoint replaces the page of a private executable mapping by a
 * patched anonymous copy. The window starts at the address of the instruction, which is rarely
 * page aligned.
 *
 * @module
 */

import { alignDown, indexInTable, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  changeInWindow,
  mmuNotifierChangePte,
  mmuNotifierInvalidateRange,
} from "../notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { type AddressSpace, filemapGetPage, findCachedPage } from "./filemap.ts";
import type { Host } from "./host.ts";
import { whileMmapLocked } from "./mmap_lock.ts";
import { anonVmaPrepare, pageAddNewAnonRmap, pageRemoveRmap } from "./rmap.ts";
import type { PteTable } from "./page_table.ts";
import { faultinPages } from "./populate.ts";
import { PTE_PRESENT, PTE_SPECIAL, PTE_YOUNG } from "./flags.ts";
import { VM_HUGETLB, VM_MAYEXEC, VM_MAYSHARE, VM_WRITE, type Vma, vmPageProt } from "./vma.ts";

/** The instruction int3. */
const UPROBE_SWBP_INSN = 0xcc;

/**
 * Inserts a breakpoint into every private executable mapping of a place in a file (uprobe_register).
 *
 * @param host The machine.
 * @param file The file.
 * @param offset Byte offset of the instruction in the file.
 * @returns 0, or the error of the first mapping that failed.
 */
export function* uprobeRegister(host: Host, file: AddressSpace, offset: number): Operation<number> {
  return yield* forEachVma(host, file, offset, true);
}

/**
 * Removes a breakpoint from every mapping that has it (uprobe_unregister).
 *
 * @param host The machine.
 * @param file The file.
 * @param offset Byte offset of the instruction in the file.
 * @returns 0, or the error of the first mapping that failed.
 */
export function* uprobeUnregister(
  host: Host,
  file: AddressSpace,
  offset: number,
): Operation<number> {
  return yield* forEachVma(host, file, offset, false);
}

/** Visits mappings last one first, as build_map_info lists them. */
function* forEachVma(
  host: Host,
  file: AddressSpace,
  offset: number,
  insert: boolean,
): Operation<number> {
  const index = Math.floor(offset / PAGE_SIZE);
  if (filemapGetPage(host, file, index, undefined) < 0) return -ERRNO.ENOMEM;
  for (const vma of file.mappings.slice().reverse()) {
    const addr = vma.addressOf(index);
    if (addr < 0 || !isValidVma(vma, insert)) continue;
    const patching = uprobeWriteOpcode(vma, addr + (offset % PAGE_SIZE), insert);
    const result = yield* whileMmapLocked(vma.mm, patching);
    if (result < 0) return result;
  }
  return 0;
}

/** kernel/events/uprobes.c: valid_vma. */
function isValidVma(vma: Vma, insert: boolean): boolean {
  const looked = VM_HUGETLB | VM_MAYEXEC | VM_MAYSHARE | (insert ? VM_WRITE : 0);
  return (vma.flags & looked) === VM_MAYEXEC;
}

/** Patches a copy of the page and puts it in the page's place, or drops the copy again. */
function* uprobeWriteOpcode(vma: Vma, vaddr: Vaddr, insert: boolean): Operation<number> {
  const { frames, profile } = vma.mm.host;
  const page = alignDown(vaddr, PAGE_SIZE);
  const faulted = yield* faultinPages(vma, page, page + PAGE_SIZE, false);
  if (faulted < 0) return faulted;
  const old = vma.mm.pageTable.pfnAt(page);
  const original = findCachedPage(vma.file!, vma.indexOf(page));
  const clean = original >= 0 ? frames.content[original] : 0;
  const isPatched = frames.content[old] === patched(clean, vaddr - page);
  if (isPatched === insert) return 0;
  anonVmaPrepare(vma);
  const content = insert ? patched(frames.content[old], vaddr - page) : clean;
  const drops = !insert && profile.uprobeDropsCopy && original >= 0;
  const copy = drops ? null : frames.alloc(vma.policy?.node);
  if (copy !== null && copy < 0) return -ERRNO.ENOMEM;
  if (copy !== null) frames.content[copy] = content;
  return yield* replacePage(vma, vaddr, old, copy);
}

/** The content of a page with the breakpoint in it; only the first byte of a page has a name. */
function patched(content: number, at: number): number {
  if (at === 0) return ((content & ~0xff) | UPROBE_SWBP_INSN) >>> 0;
  return (content ^ ((UPROBE_SWBP_INSN * PAGE_SIZE + at) << 8)) >>> 0;
}

/** kernel/events/uprobes.c: __replace_page; null unmaps, so that the file's page is mapped again. */
function* replacePage(vma: Vma, vaddr: Vaddr, old: Pfn, copy: Pfn | null): Operation<number> {
  const { mm } = vma;
  const range = mmuNotifierRangeInit(
    MMU_NOTIFY_CLEAR,
    0,
    vma,
    mm,
    vaddr,
    vaddr + PAGE_SIZE,
    SITE.__replace_page,
  );
  return yield* changeInWindow(range, () => {
    const page = alignDown(vaddr, PAGE_SIZE);
    const table = mm.pageTable.lookup(page);
    if (table !== null && isMapped(table, indexInTable(page), old)) {
      replacePte(vma, table, vaddr, old, copy);
      return 0;
    }
    if (copy !== null) mm.host.frames.put(copy);
    return -ERRNO.EAGAIN;
  });
}

function isMapped(table: PteTable, index: number, pfn: Pfn): boolean {
  return (table.flags[index] & (PTE_PRESENT | PTE_SPECIAL)) === PTE_PRESENT &&
    table.pfn[index] === pfn;
}

function replacePte(vma: Vma, table: PteTable, vaddr: Vaddr, old: Pfn, copy: Pfn | null): void {
  const { mm } = vma;
  const page = alignDown(vaddr, PAGE_SIZE);
  const index = indexInTable(page);
  table.flags[index] = 0;
  mmuNotifierInvalidateRange(mm, page, page + PAGE_SIZE);
  if (copy !== null) {
    pageAddNewAnonRmap(vma, page, copy);
    if (mm.notifiers !== null) mmuNotifierChangePte(mm, vaddr, { pfn: copy, writable: false });
    table.flags[index] = vmPageProt(vma) | PTE_YOUNG;
    table.pfn[index] = copy;
  }
  pageRemoveRmap(vma, old);
  mm.host.frames.put(old);
}
