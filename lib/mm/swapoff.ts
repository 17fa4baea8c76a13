/**
 * swapoff: bringing everything back and giving the device up.
 *
 * From mm/swapfile.c: try_to_unuse. Entries are replaced by old, clean mappings; nobody is notified.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { anonVmaPrepare, pageAddAnonRmap, pageAddNewAnonRmap } from "./rmap.ts";
import type { Host } from "./host.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { PTE_SWAP, PTE_SWP_EXCLUSIVE } from "./flags.ts";
import { shmemSwapin } from "./shmem.ts";
import { tryToFreeSwap } from "./swap.ts";
import { ksmMightNeedToCopy, swapinReadahead, swapPteFlags } from "./swap_fault.ts";
import type { Vma } from "./vma.ts";

/**
 * Brings all swapped pages back and hands out no more slots (mm/swapfile.c: swapoff).
 *
 * @param host The machine.
 * @returns 0, or -ENOMEM if not everything fits; the device then stays in use.
 */
export function* swapoff(host: Host): Operation<number> {
  host.swap.enabled = false;
  const complete = unuseShmem(host) && (yield* unuseMms(host));
  if (!complete) {
    host.swap.enabled = true;
    return -ERRNO.ENOMEM;
  }
  for (const pfn of [...host.swap.cache.values()]) tryToFreeSwap(host, pfn);
  return 0;
}

function unuseShmem(host: Host): boolean {
  for (const file of host.files) {
    for (const index of [...file.swapped.keys()]) {
      if (shmemSwapin(host, file, index, undefined) < 0) return false;
    }
  }
  return true;
}

function* unuseMms(host: Host): Operation<boolean> {
  for (const mm of host.mms) {
    if (mm.swapEntries === 0) continue;
    for (const vma of mm.vmas) {
      const cursor = mm.pageTable.cursor(vma.start, vma.end);
      while (cursor.next()) {
        if (cursor.table !== null && !unusePteRange(vma, cursor, cursor.table)) return false;
        yield "ptl_dropped";
      }
    }
  }
  return true;
}

/** mm/swapfile.c: unuse_pte_range. */
function unusePteRange(vma: Vma, cursor: Cursor, table: PteTable): boolean {
  for (let index = cursor.first; index < cursor.last; index++) {
    if ((table.flags[index] & PTE_SWAP) === 0) continue;
    if (!unusePte(vma, cursor.base + index * PAGE_SIZE, table, index)) return false;
  }
  return true;
}

/** mm/swapfile.c: unuse_pte; false without memory. */
function unusePte(vma: Vma, addr: Vaddr, table: PteTable, index: number): boolean {
  const { mm } = vma;
  const { host } = mm;
  const { frames, swap } = host;
  const [entry, slot] = [table.flags[index], table.pfn[index]];
  const cached = swapinReadahead(host, slot, vma.policy?.node);
  if (cached < 0) return false;
  if (vma.anonVma === null) anonVmaPrepare(vma);
  const pfn = ksmMightNeedToCopy(vma, addr, cached);
  if (pfn < 0) return false;
  if (pfn === cached) {
    frames.get(pfn);
    pageAddAnonRmap(vma, addr, pfn, (entry & PTE_SWP_EXCLUSIVE) !== 0);
  } else {
    pageAddNewAnonRmap(vma, addr, pfn);
  }
  table.flags[index] = swapPteFlags(vma, entry);
  table.pfn[index] = pfn;
  mm.swapEntries--;
  swap.free(slot);
  tryToFreeSwap(host, cached);
  return true;
}
