/**
 * Transparent huge pages: the policy of a machine, and which mappings may have them.
 *
 * From mm/huge_memory.c: hugepage_vma_check, transhuge_vma_suitable; and the knobs of
 * /sys/kernel/mm/transparent_hugepage.
 *
 * @module
 */

import { alignDown, alignUp, HPAGE_PMD_NR, PMD_SIZE, type Vaddr } from "../kernel/address.ts";
import { type Mm, MMF_VM_HUGEPAGE } from "./mm_struct.ts";
import { VM_HUGEPAGE, VM_HUGETLB, VM_NOHUGEPAGE, VM_SPECIAL, type Vma } from "./vma.ts";

/** Mappings that may have huge pages: all, those with MADV_HUGEPAGE, or none. */
export type ThpEnabled = "always" | "madvise" | "never";

/** Like {@linkcode ThpEnabled} for shmem, where "advise" stands for "madvise". */
export type ShmemEnabled = "always" | "advise" | "never";

const VM_NO_KHUGEPAGED = VM_SPECIAL | VM_HUGETLB;

/** The knobs of transparent huge pages and of khugepaged. */
export class Thp {
  /** Which anonymous mappings get huge pages. */
  enabled: ThpEnabled = "madvise";
  /** Which shmem mappings get huge pages. */
  shmemEnabled: ShmemEnabled = "never";
  /** Whether a read of untouched memory maps the huge zero page. */
  useZeroPage = true;
  /** Empty entries a collapse may fill (max_ptes_none). */
  maxPtesNone = 511;
  /** Swapped entries a collapse may read back (max_ptes_swap). */
  maxPtesSwap = 64;
  /** Entries of shared pages a collapse may copy (max_ptes_shared). */
  maxPtesShared = 256;
  /** Rounds khugepaged has completed. */
  full_scans = 0;
  /** Blocks khugepaged has collapsed. */
  pages_collapsed = 0;
  /** Address spaces registered with khugepaged, in the order of its scan. */
  readonly slots: Mm[] = [];
}

/** Why the question of {@linkcode hugepageVmaCheck} is asked. */
export interface HugepageCheck {
  /** A fault asks: the mapping may still lack an anon_vma. */
  readonly inFault: boolean;
  /** The knobs count; MADV_COLLAPSE ignores them. */
  readonly enforceSysfs: boolean;
}

/**
 * Tells whether a mapping may have huge pages (mm/huge_memory.c: hugepage_vma_check).
 *
 * @param vma The mapping.
 * @param flags The VM_ bits it has or is about to get.
 * @param check Who asks.
 * @returns True if it may, room permitting.
 */
export function hugepageVmaCheck(vma: Vma, flags: number, check: HugepageCheck): boolean {
  if ((flags & (VM_NOHUGEPAGE | VM_NO_KHUGEPAGED)) !== 0) return false;
  if (!check.inFault && !transhugeVmaSuitable(vma, vma.end - PMD_SIZE)) return false;
  const { thp } = vma.mm.host;
  const advised = (flags & VM_HUGEPAGE) !== 0;
  if (vma.file !== null) {
    if (vma.file.kind !== "shmem") return false;
    if (!check.enforceSysfs || thp.shmemEnabled === "always") return true;
    return thp.shmemEnabled === "advise" && advised;
  }
  if (check.enforceSysfs) {
    if (thp.enabled === "never" || (thp.enabled === "madvise" && !advised)) return false;
  }
  return check.inFault || vma.anonVma !== null;
}

/**
 * Tells whether a mapping has room for a huge page around an address.
 *
 * From include/linux/huge_mm.h: transhuge_vma_suitable.
 *
 * @param vma The mapping.
 * @param addr Any address.
 * @returns True if the aligned 2 MiB around it lie in the mapping, and fit the file's offsets.
 */
export function transhugeVmaSuitable(vma: Vma, addr: Vaddr): boolean {
  if (vma.file !== null && vma.indexOf(alignUp(vma.start, PMD_SIZE)) % HPAGE_PMD_NR !== 0) {
    return false;
  }
  const block = alignDown(addr, PMD_SIZE);
  return block >= vma.start && block + PMD_SIZE <= vma.end;
}

/**
 * Registers the address space of a mapping with khugepaged if that may find work there.
 *
 * From mm/khugepaged.c: khugepaged_enter_vma.
 *
 * @param vma The mapping.
 * @param flags The VM_ bits it has or is about to get.
 */
export function khugepagedEnterVma(vma: Vma, flags: number): void {
  const { mm } = vma;
  if ((mm.flags & MMF_VM_HUGEPAGE) !== 0) return;
  if (!hugepageVmaCheck(vma, flags, { inFault: false, enforceSysfs: true })) return;
  khugepagedEnter(mm);
}

/**
 * Registers a child whose parent is registered (mm/khugepaged.c: khugepaged_fork).
 *
 * @param child The new address space.
 * @param parent The one it was copied from.
 */
export function khugepagedFork(child: Mm, parent: Mm): void {
  if ((parent.flags & MMF_VM_HUGEPAGE) !== 0) khugepagedEnter(child);
}

/**
 * Forgets an address space that exits (mm/khugepaged.c: khugepaged_exit).
 *
 * @param mm The address space.
 */
export function khugepagedExit(mm: Mm): void {
  const { slots } = mm.host.thp;
  const at = slots.indexOf(mm);
  if (at >= 0) slots.splice(at, 1);
}

function khugepagedEnter(mm: Mm): void {
  if ((mm.flags & MMF_VM_HUGEPAGE) !== 0) return;
  mm.flags |= MMF_VM_HUGEPAGE;
  mm.host.thp.slots.push(mm);
}
