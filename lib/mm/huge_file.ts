/**
 * Huge pages of memory files: making them, mapping them and taking them apart.
 *
 * From mm/shmem.c: shmem_alloc_hugefolio and mm/memory.c: do_set_pmd. The cache holds one reference
 * for each of the 512 pages.
 *
 * @module
 */

import { HPAGE_PMD_NR, type Pfn, tableOf, type Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { type AddressSpace, setPageDirty } from "./filemap.ts";
import type { Host } from "./host.ts";
import { splitHugePage } from "./huge_split.ts";
import { addHugeMapping } from "./huge_rmap.ts";
import { FAULT, type FaultOutcome } from "./memory.ts";
import { MMF_UNSTABLE } from "./mm_struct.ts";
import {
  PG_FILE,
  PG_HEAD,
  PG_LRU,
  PG_SWAPBACKED,
  PG_TAIL,
  PTE_MKDIRTY,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import { hugepageVmaCheck, transhugeVmaSuitable } from "./thp.ts";
import { VM_SHARED, VM_UFFD_MISSING, VM_WRITE, type Vma, vmPageProt } from "./vma.ts";

/**
 * Maps a huge page of a memory file at an empty entry, where it has one or may get one.
 *
 * @param vma The mapping; the access is allowed.
 * @param addr The address of the fault.
 * @param write Whether the access writes.
 * @returns FAULT.INSTALLED, or FAULT.TOUCHED if small pages must do.
 */
export function doHugeFileFault(vma: Vma, addr: Vaddr, write: boolean): FaultOutcome {
  const { mm, file } = vma;
  const shared = (vma.flags & VM_SHARED) !== 0;
  if (file === null || file.kind !== "shmem" || (write && !shared)) return FAULT.TOUCHED;
  const refused = (vma.flags & VM_UFFD_MISSING) !== 0 || (mm.flags & MMF_UNSTABLE) !== 0;
  const index = vma.indexOf(addr);
  if (refused || index >= file.pages) return FAULT.TOUCHED;
  const head = findOrMakeHugePage(vma, file, index);
  if (head < 0 || !transhugeVmaSuitable(vma, addr)) return FAULT.TOUCHED;
  const pmd = mm.pageTable.ensurePmd(addr);
  const slot = tableOf(addr) & (HPAGE_PMD_NR - 1);
  mm.host.frames.get(head);
  addHugeMapping(mm.host.frames, head);
  mm.filePages += HPAGE_PMD_NR;
  const writable = (vma.flags & VM_WRITE) !== 0 ? PTE_MKDIRTY | PTE_WRITE : PTE_MKDIRTY;
  pmd.hugeFlags[slot] = vmPageProt(vma) | PTE_YOUNG | (write ? writable : 0);
  pmd.hugePfn[slot] = head;
  if (write) setPageDirty(mm.host, head);
  return FAULT.INSTALLED;
}

/**
 * Puts a huge page into the cache of a memory file.
 *
 * @param host The machine.
 * @param file The file.
 * @param index Page offset of the head, a multiple of 512.
 * @param head The head, with one reference that becomes the cache's.
 */
export function addHugeToPageCache(
  host: Host,
  file: AddressSpace,
  index: number,
  head: Pfn,
): void {
  const { frames } = host;
  frames.bind(head, file.id, index, PG_FILE | PG_LRU | PG_SWAPBACKED | PG_HEAD);
  file.cache.set(index, head);
  for (let at = 1; at < HPAGE_PMD_NR; at++) {
    frames.bind(head + at, file.id, index + at, PG_FILE | PG_TAIL);
    file.cache.set(index + at, head + at);
  }
  frames.get(head, HPAGE_PMD_NR - 1);
}

/**
 * Splits the huge pages that the borders of a range cut, before the range leaves the cache. Kernels
 * before v5.8 only fill the part with zeros.
 *
 * From mm/truncate.c: truncate_inode_partial_folio.
 *
 * @param host The machine.
 * @param file The file.
 * @param first First page offset.
 * @param end First page offset after; Infinity for all the rest.
 */
export function* truncatePartialPages(
  host: Host,
  file: AddressSpace,
  first: number,
  end: number,
): Operation {
  const { frames, profile } = host;
  if (!profile.truncateSplitsHuge) return;
  for (const border of [first, end]) {
    const page = file.cache.get(border) ?? -1;
    if (page < 0 || (frames.flags[page] & PG_TAIL) === 0) continue;
    frames.get(page);
    yield* splitHugePage(host, page);
    frames.put(page);
  }
}

/** The huge page that holds an offset: the cached one, or a new one where nothing is cached yet. */
function findOrMakeHugePage(vma: Vma, file: AddressSpace, index: number): Pfn {
  const { host } = vma.mm;
  const { frames } = host;
  const first = index - (index % HPAGE_PMD_NR);
  const cached = file.cache.get(index);
  if (cached !== undefined) {
    const head = frames.head(cached);
    return (frames.flags[head] & PG_HEAD) !== 0 ? head : -1;
  }
  if (!hugepageVmaCheck(vma, vma.flags, { inFault: true, enforceSysfs: true })) return -1;
  for (let at = first; at < first + HPAGE_PMD_NR; at++) {
    if (file.cache.has(at) || file.swapped.has(at)) return -1;
  }
  const head = frames.allocHuge(vma.policy?.node);
  if (head < 0) return -1;
  addHugeToPageCache(host, file, first, head);
  host.vmstat.thp_fault_alloc++;
  return head;
}
