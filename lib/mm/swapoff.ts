/**
 * swapoff: bringing everything back and giving the device up.
 *
 * From mm/swapfile.c: try_to_unuse. Entries are replaced by old, clean mappings; nobody is notified.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { Host } from "./host.ts";
import type { Cursor, PteTable } from "./page_table.ts";
import { PTE_SWAP, PTE_SWP_EXCLUSIVE } from "./pte.ts";
import { pageAddAnonRmap } from "./rmap.ts";
import { shmemSwapin } from "./shmem.ts";
import { tryToFreeSwap } from "./swap_cache.ts";
import { swapinReadahead, swapPteFlags } from "./swap_fault.ts";
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

/** mm/swapfile.c: unuse_pte_range and unuse_pte. */
function unusePteRange(vma: Vma, cursor: Cursor, table: PteTable): boolean {
  const { mm } = vma;
  const { host } = mm;
  for (let index = cursor.first; index < cursor.last; index++) {
    const entry = table.flags[index];
    if ((entry & PTE_SWAP) === 0) continue;
    const slot = table.pfn[index];
    const pfn = swapinReadahead(host, slot, vma.policy?.node);
    if (pfn < 0) return false;
    host.frames.get(pfn);
    const exclusive = (entry & PTE_SWP_EXCLUSIVE) !== 0;
    pageAddAnonRmap(vma, cursor.base + index * PAGE_SIZE, pfn, exclusive);
    table.flags[index] = swapPteFlags(vma, entry);
    table.pfn[index] = pfn;
    mm.swapEntries--;
    host.swap.free(slot);
    tryToFreeSwap(host, pfn);
  }
  return true;
}
