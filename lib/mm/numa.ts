/**
 * Automatic NUMA balancing: hinting scans.
 *
 * A scan takes the access rights of entries away, inside PROTECTION_VMA windows that are opened
 * even where every entry is skipped. From kernel/sched/fair.c: task_numa_work and mm/mempolicy.c:
 * change_prot_numa.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, PMD_SIZE, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Mm } from "./mm_struct.ts";
import { MmuGather } from "./mmu_gather.ts";
import { vmaMigratable } from "./move_pages.ts";
import { changeProtection } from "./mprotect.ts";
import {
  PG_DIRTY,
  PG_KSM,
  PG_SWAPBACKED,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SPECIAL,
} from "./flags.ts";
import { VM_ACCESS_FLAGS, VM_MIXEDMAP, VM_READ, VM_WRITE, type Vma } from "./vma.ts";

/** Memory that one scan covers in MiB (numa_balancing_scan_size_mb). */
const NUMA_SCAN_SIZE_MB = 256;

/**
 * Takes the rights of the next chunk of a process away, unless mmap_lock is held for writing
 * (kernel/sched/fair.c: task_numa_work).
 *
 * @param mm The address space; it remembers where the next scan starts.
 * @param pages Pages that the scan covers.
 */
export function* taskNumaWork(
  mm: Mm,
  pages: number = NUMA_SCAN_SIZE_MB * 2 ** 20 / PAGE_SIZE,
): Operation {
  if (mm.mmapLocked) return;
  if (mm.findVmaIndex(mm.numaScanOffset) === mm.vmas.length) mm.numaScanOffset = 0;
  let left = pages;
  for (const vma of mm.vmas.slice(mm.findVmaIndex(mm.numaScanOffset))) {
    if (!scannable(vma)) continue;
    while (mm.numaScanOffset < vma.end && left > 0) {
      const start = Math.max(mm.numaScanOffset, vma.start);
      const chunk = Math.ceil((start + left * PAGE_SIZE) / PMD_SIZE) * PMD_SIZE;
      const end = Math.min(chunk, vma.end);
      yield* changeProtNuma(vma, start, end);
      left -= (end - start) / PAGE_SIZE;
      mm.numaScanOffset = end;
    }
    if (left <= 0) return;
  }
  mm.numaScanOffset = 0;
}

/**
 * Takes the rights of a range away, so that the next access faults (mm/mempolicy.c: change_prot_numa).
 *
 * @param vma The mapping.
 * @param start First byte, within the mapping.
 * @param end First byte after.
 */
function* changeProtNuma(vma: Vma, start: Vaddr, end: Vaddr): Operation {
  const gather = new MmuGather(vma.mm);
  yield* changeProtection(gather, vma, start, end, {
    prot: PTE_PRESENT | PTE_PROTNONE,
    tryWritable: false,
    numaSkips: (flags, pfn) => skips(vma, flags, pfn),
  });
  gather.finish();
}

/** Mappings that a scan looks at. */
function scannable(vma: Vma): boolean {
  if (!vmaMigratable(vma) || vma.policy !== null) return false;
  if (vma.isHugetlb || (vma.flags & VM_MIXEDMAP) !== 0) return false;
  if (vma.file !== null && (vma.flags & (VM_READ | VM_WRITE)) === VM_READ) return false;
  return (vma.flags & VM_ACCESS_FLAGS) !== 0;
}

/** Entries that a hinting pass leaves alone (mm/mprotect.c: change_pte_range, prot_numa). */
function skips(vma: Vma, flags: number, pfn: Pfn): boolean {
  if ((flags & (PTE_PROTNONE | PTE_SPECIAL)) !== 0) return true;
  const { frames, profile } = vma.mm.host;
  const page = frames.flags[pfn];
  if ((page & PG_KSM) !== 0) return true;
  const holders = profile.numaSkipsReferenced
    ? frames.refcount[frames.head(pfn)]
    : frames.mapcount[pfn];
  if (vma.isCow && holders !== 1) return true;
  if ((page & (PG_SWAPBACKED | PG_DIRTY)) === PG_DIRTY) return true;
  return frames.nodeOf(pfn) === frames.localNode;
}
