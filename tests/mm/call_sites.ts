/**
 * A program for each call site of invalidate_range_start, after which a window of the site was open.
 *
 * @module
 */

import { PAGE_SIZE, PMD_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import type { KernelProfile } from "../../lib/kernel/profile.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { fork } from "../../lib/mm/fork.ts";
import { Host } from "../../lib/mm/host.ts";
import { khugepagedFullScan } from "../../lib/mm/khugepaged.ts";
import { ksmFullScans } from "../../lib/mm/ksm.ts";
import { migrateToDevice } from "../../lib/mm/migrate_vma.ts";
import { mmap, munmap } from "../../lib/mm/mmap.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { mremap } from "../../lib/mm/mremap.ts";
import { oomReapTaskMm } from "../../lib/mm/oom_kill.ts";
import { ftruncate } from "../../lib/mm/truncate.ts";
import { uprobeRegister } from "../../lib/mm/uprobes.ts";
import { VM_EXEC, VM_READ, VM_WRITE } from "../../lib/mm/vma.ts";
import { fsync } from "../../lib/mm/writeback.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import type { SITE } from "../../lib/notifier/range.ts";
import { advise, at, read, swapOut, write } from "./reclaim_setup.ts";

/** A process and its machine. */
export interface World {
  /** The machine. */
  readonly host: Host;
  /** The process, which has a listener. */
  readonly mm: Mm;
}

/** A program that reaches a call site. */
export type SiteProgram = (world: World) => void;

const RW = VM_READ | VM_WRITE;

/** Makes a machine with swap, a device and hugetlb pages, and a process that has mapped nothing. */
export function siteWorld(profile: KernelProfile): World {
  const host = new Host({ profile, memory: 32 * 2 ** 20, swapPages: 64, devicePages: 8 });
  host.hugetlb.grow(2);
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  return { host, mm };
}

function pages(mm: Mm, count: number): void {
  drain(mmap(mm, { addr: at(0), length: count * PAGE_SIZE, fixed: true, prot: RW }));
  write(mm, 0, count, 1);
}

function file({ host, mm }: World, prot: number, shared: boolean) {
  const made = host.createFile("file", "/mnt/data", 1);
  drain(mmap(mm, { addr: at(0), length: PAGE_SIZE, fixed: true, prot, shared, file: made }));
  return made;
}

function hugePage(mm: Mm): void {
  drain(mmap(mm, { addr: at(0), length: PMD_SIZE, fixed: true, prot: RW }));
  advise(mm, 0, 512, "HUGEPAGE");
  write(mm, 0, 1, 1);
}

function hugetlb({ host, mm }: World): void {
  const made = host.createFile("hugetlb", "/memfd:huge", 512);
  drain(mmap(mm, { addr: at(0), length: PMD_SIZE, fixed: true, prot: RW, file: made }));
  write(mm, 0, 1, 1);
}

function merge({ host, mm }: World): void {
  pages(mm, 2);
  advise(mm, 0, 2, "MERGEABLE");
  drain(ksmFullScans(host, 3));
}

function copyHugePage({ mm }: World): void {
  hugePage(mm);
  drain(fork(mm, "C"));
  write(mm, 0, 1, 2);
}

/** Leaves every second frame free, and so no huge page. */
function fragment({ host: { frames } }: World): void {
  const taken: number[] = [];
  for (let pfn = frames.alloc(); pfn >= 0; pfn = frames.alloc()) taken.push(pfn);
  for (const pfn of taken) if (pfn % 2 === 0) frames.put(pfn);
}

/** The programs by function. */
export const SITE_PROGRAMS: Readonly<Record<keyof typeof SITE, SiteProgram>> = {
  copy_page_range({ mm }) {
    pages(mm, 1);
    drain(fork(mm, "C"));
  },
  unmap_vmas({ mm }) {
    pages(mm, 1);
    drain(munmap(mm, at(0), PAGE_SIZE));
  },
  zap_page_range({ mm }) {
    pages(mm, 1);
    advise(mm, 0, 1, "DONTNEED");
  },
  zap_page_range_single(world) {
    const made = file(world, RW, true);
    read(world.mm, 0, 1);
    drain(ftruncate(world.host, made, 0));
  },
  wp_page_copy({ mm }) {
    pages(mm, 1);
    drain(fork(mm, "C"));
    write(mm, 0, 1, 2);
  },
  madvise_free_single_vma({ mm }) {
    pages(mm, 1);
    advise(mm, 0, 1, "FREE");
  },
  change_pmd_range({ mm }) {
    pages(mm, 1);
    drain(mprotect(mm, at(0), PAGE_SIZE, VM_READ));
  },
  move_page_tables({ mm }) {
    pages(mm, 1);
    drain(mremap(mm, at(0), PAGE_SIZE, PAGE_SIZE, { mayMove: true, fixed: at(9) }));
  },
  write_protect_page: merge,
  replace_page: merge,
  page_mkclean_one(world) {
    const made = file(world, RW, true);
    write(world.mm, 0, 1, 1);
    drain(fsync(world.host, made));
  },
  try_to_unmap_one({ mm }) {
    pages(mm, 1);
    swapOut(mm, 0);
  },
  migrate_vma_collect({ mm }) {
    pages(mm, 1);
    drain(migrateToDevice(mm.vmaAt(at(0))!, at(0), at(1)));
  },
  migrate_vma_pages({ mm }) {
    pages(mm, 1);
    advise(mm, 0, 1, "DONTNEED");
    drain(migrateToDevice(mm.vmaAt(at(0))!, at(0), at(1), true));
  },
  do_huge_pmd_wp_page: copyHugePage,
  do_huge_pmd_wp_page_fallback(world) {
    hugePage(world.mm);
    drain(fork(world.mm, "C"));
    fragment(world);
    write(world.mm, 0, 1, 2);
  },
  __split_huge_pmd({ mm }) {
    hugePage(mm);
    drain(munmap(mm, at(0), PAGE_SIZE));
  },
  collapse_huge_page({ host, mm }) {
    drain(mmap(mm, { addr: at(0), length: PMD_SIZE, fixed: true, prot: RW }));
    write(mm, 0, 256, 1);
    advise(mm, 0, 512, "HUGEPAGE");
    drain(khugepagedFullScan(host));
  },
  copy_hugetlb_page_range(world) {
    hugetlb(world);
    drain(fork(world.mm, "C"));
  },
  __unmap_hugepage_range(world) {
    hugetlb(world);
    drain(munmap(world.mm, at(0), PMD_SIZE));
  },
  hugetlb_cow(world) {
    hugetlb(world);
    drain(fork(world.mm, "C"));
    write(world.mm, 0, 1, 2);
  },
  hugetlb_change_protection(world) {
    hugetlb(world);
    drain(mprotect(world.mm, at(0), PMD_SIZE, VM_READ));
  },
  __replace_page(world) {
    const made = file(world, VM_READ | VM_EXEC, false);
    read(world.mm, 0, 1);
    drain(uprobeRegister(world.host, made, 0));
  },
  clear_refs_write({ mm }) {
    pages(mm, 1);
    drain(clearRefs(mm, 4));
  },
  collapse_and_free_pmd({ host, mm }) {
    const made = host.createFile("shmem", "/memfd:block", 512);
    drain(
      mmap(mm, { addr: at(0), length: PMD_SIZE, fixed: true, prot: RW, shared: true, file: made }),
    );
    write(mm, 0, 512, 1);
    host.thp.shmemEnabled = "advise";
    advise(mm, 0, 512, "HUGEPAGE");
    drain(khugepagedFullScan(host));
  },
  __oom_reap_task_mm({ mm }) {
    pages(mm, 1);
    drain(oomReapTaskMm(mm));
  },
};
