/**
 * Memory files: memfd and shared anonymous memory, whose pages may be in swap.
 *
 * From mm/shmem.c. A page that was swapped out is named by its slot in the file, not in any page
 * table.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import type { AddressSpace } from "./filemap.ts";
import type { Host } from "./host.ts";
import { PG_DIRTY, PG_FILE, PG_LRU, PG_SWAPBACKED } from "./flags.ts";
import { deleteFromSwapCache } from "./swap.ts";

/**
 * Brings a page of a memory file back from swap (mm/shmem.c: shmem_swapin_page).
 *
 * @param host The machine.
 * @param file The file.
 * @param index Page offset of a swapped page.
 * @param node NUMA node for a new frame, or undefined for the local one.
 * @returns The frame, dirty and in the page cache; or -1 when memory is out.
 */
export function shmemSwapin(
  host: Host,
  file: AddressSpace,
  index: number,
  node: number | undefined,
): Pfn {
  const { frames, swap, vmstat } = host;
  const slot = file.swapped.get(index)!;
  const cached = swap.cache.get(slot);
  const pfn = cached ?? frames.alloc(node);
  if (pfn < 0) return pfn;
  if (cached === undefined) {
    frames.content[pfn] = swap.content[slot];
    vmstat.pswpin++;
    vmstat.pgmajfault++;
  } else {
    frames.get(pfn);
    deleteFromSwapCache(host, pfn);
  }
  frames.bind(pfn, file.id, index, PG_FILE | PG_LRU | PG_SWAPBACKED | PG_DIRTY);
  file.cache.set(index, pfn);
  file.swapped.delete(index);
  swap.free(slot);
  return pfn;
}

/**
 * Frees the swap slot of a page of a memory file (mm/shmem.c: shmem_free_swap).
 *
 * @param host The machine.
 * @param file The file.
 * @param index Page offset of a swapped page.
 */
export function shmemFreeSwap(host: Host, file: AddressSpace, index: number): void {
  const slot = file.swapped.get(index)!;
  const cached = host.swap.cache.get(slot);
  if (cached !== undefined) deleteFromSwapCache(host, cached);
  file.swapped.delete(index);
  host.swap.free(slot);
}
