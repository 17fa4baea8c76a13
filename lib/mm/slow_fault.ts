/**
 * Faults that need more than one entry of anonymous memory.
 *
 * From mm/memory.c: handle_pte_fault and the functions it calls.
 *
 * @module
 */

import { HPAGE_PMD_NR, indexInTable, tableOf, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { handleHugeFault } from "./huge_memory.ts";
import { doFault, wpPageShared } from "./file_fault.ts";
import { hugetlbFault } from "./hugetlb.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import { migrateToRam } from "./migrate_vma.ts";
import { doNumaPage } from "./numa_fault.ts";
import { doHugePmdNumaPage } from "./numa_huge.ts";
import {
  PTE_DEVICE_PRIVATE,
  PTE_HWPOISON,
  PTE_MARKER,
  PTE_MIGRATION,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SWAP,
  PTE_UFFD_WP,
} from "./pte.ts";
import { doSwapPage } from "./swap_fault.ts";
import { VM_SHARED, type Vma } from "./vma.ts";

/**
 * Handles a fault on an entry that the plain path left alone.
 *
 * @param vma The mapping; the access is allowed.
 * @param addr The page.
 * @param write Whether the access writes.
 * @returns What was done; after FAULT.TOUCHED the access is tried again.
 */
export function* handleSlowFault(
  vma: Vma,
  addr: Vaddr,
  write: boolean,
): Operation<FaultOutcome> {
  if (vma.isHugetlb) return yield* hugetlbFault(vma, addr, write);
  const pmd = vma.mm.pageTable.pmd(addr);
  const huge = pmd?.hugeFlags[tableOf(addr) & (HPAGE_PMD_NR - 1)] ?? 0;
  if (huge !== 0) {
    const hinted = (huge & (PTE_PRESENT | PTE_PROTNONE)) === (PTE_PRESENT | PTE_PROTNONE);
    return yield* hinted ? doHugePmdNumaPage(vma, addr) : handleHugeFault(vma, addr);
  }
  const flags = vma.mm.pageTable.lookup(addr)?.flags[indexInTable(addr)] ?? 0;
  if (flags === 0 || (flags & PTE_MARKER) !== 0) {
    return vma.file === null ? FAULT.SIGBUS : doFault(vma, addr, write);
  }
  if ((flags & PTE_HWPOISON) !== 0) return FAULT.SIGBUS;
  if ((flags & PTE_MIGRATION) !== 0) {
    yield "migration_wait";
    return FAULT.TOUCHED;
  }
  if ((flags & PTE_DEVICE_PRIVATE) !== 0) return yield* migrateToRam(vma, addr);
  if ((flags & PTE_SWAP) !== 0) return yield* doSwapPage(vma, addr, write);
  if ((flags & PTE_PROTNONE) !== 0) return yield* doNumaPage(vma, addr);
  if (write && (vma.flags & VM_SHARED) !== 0 && (flags & PTE_UFFD_WP) === 0) {
    return wpPageShared(vma, addr);
  }
  return FAULT.SIGBUS;
}
