/**
 * Kernel profiles: records of named switches, one per difference between kernels.
 *
 * Code never asks for a version; it asks for the switch it depends on. Known bugs are switches
 * too, so that a scenario can turn a single fix on or off.
 *
 * @module
 */

/** The switches in which the simulated kernels differ. */
export interface KernelProfile {
  /** Name of the profile, such as `"v5.2"`. */
  readonly name: string;
  /** Ranges carry the event and the vma (patches 5 to 7); otherwise every window says UNMAP, vma NULL. */
  readonly eventContext: boolean;
  /** MMU_NOTIFIER_USE_CHANGE_PTE is set at its three sites (patch 9, never merged). */
  readonly changePteFlag: boolean;
  /** A failed non-blocking start calls end of every listener that has one (v5.12, c2655835fd8c). */
  readonly pairEndOnFailure: boolean;
  /** The log warns of a listener that fails where it must not (v5.4). */
  readonly warnsOnFailedStart: boolean;
  /** How a write fault decides to reuse an anonymous page (mm/memory.c: do_wp_page). */
  readonly cowReuse: "mapcount" | "exclusive";
  /** A KSM page with one owner is reused on write (v5.1 to about v5.9, reuse_ksm_page). */
  readonly reuseKsmPage: boolean;
  /** A write copies a page to which anybody else holds a reference, such as a pin (v5.9 to v5.18). */
  readonly cowCopiesReferenced: boolean;
  /** ksmd goes on with an empty page although its vma is gone, with a vma of NULL (B-20, until v5.7). */
  readonly ksmZeroPageNullVma: boolean;
  /** Long-term pins are visible as FOLL_PIN (refcount bias 1024); otherwise a pin is a plain reference. */
  readonly pinBias: boolean;
  /** fork copies pages that may be pinned, so that the parent keeps its page (v5.9). */
  readonly pinnedCopyOnFork: boolean;
  /** clear_refs 4 leaves pinned private writable pages alone (v5.11, 9348b73c2e1b). */
  readonly clearRefsSkipsPinned: boolean;
  /** clear_refs 4 flushes the CPU TLB by a full-mm gather after the window (v5.2) or explicitly inside. */
  readonly clearRefsFlush: "gather" | "explicit";
  /** clear_refs 4 holds mmap_lock for writing (v5.11, 29a951dfb3c3), not only for reading. */
  readonly clearRefsWriteLocks: boolean;
  /** A write to a shared THP copies the huge page (v5.2) or splits the PMD and copies 4 KiB (v5.8). */
  readonly thpCow: "copy" | "split";
  /** MADV_COLLAPSE is known (v6.1). */
  readonly madviseCollapse: boolean;
  /** Collapse takes shared and compound pages too (v5.8); before, a page has one reference only. */
  readonly collapseShared: boolean;
  /** Collapse of a file unmaps page by page by rmap (v5.18), not by zapping all mappings (v5.2). */
  readonly collapseUnmapsByRmap: boolean;
  /** Collapse gives up, even without swap, where fewer than 256 of the entries are young (v5.2). */
  readonly collapseNeedsHalfYoung: boolean;
  /** Migration to a device says MIGRATE and names the vma (v5.9), not CLEAR without a vma. */
  readonly migrateVmaEvent: boolean;
  /** Moving a VMA border inside a whole 2 MiB block sends CLEAR for the block. */
  readonly vmaSplitClear: boolean;
  /** mprotect makes exclusive dirty anonymous pages writable at once (6.1: can_change_pte_writable). */
  readonly mprotectUpgradesWritable: boolean;
  /** Migration keeps the dirty bit of the entry, which also makes it soft-dirty on x86 (6.0). */
  readonly migrationKeepsDirty: boolean;
  /** A whole page table moved by mremap keeps its soft-dirty bits as they were (B-15). */
  readonly mremapTableKeepsSoftDirty: boolean;
  /** mremap moves whole 1 GiB page tables (v5.11). */
  readonly mremapMovesPud: boolean;
  /** mremap can leave the old mapping in place, empty (MREMAP_DONTUNMAP, v5.7). */
  readonly mremapDontunmap: boolean;
  /** A mapping that mremap grows in place merges with the one above it (v5.18). */
  readonly mremapGrowMerges: boolean;
  /** A new mapping joins the one above before the one below, if it can join but one (v6.1). */
  readonly mmapJoinsNextFirst: boolean;
  /** shmem collapse retracts page tables inside a CLEAR window (fix of B-11). */
  readonly retractNotifies: boolean;
  /** MADV_DONTNEED works on hugetlb mappings (v5.18). */
  readonly hugetlbDontneed: boolean;
  /** Zapping shared hugetlb memory widens its window to the GiB whose table may be shared (v6.1). */
  readonly zapWidensHugetlb: boolean;
  /** fork copies hugetlb mappings that have no anon_vma too, shared ones and untouched ones (v5.2). */
  readonly forkCopiesHugetlb: boolean;
  /** hugetlb mappings can be moved by mremap (v5.16). */
  readonly hugetlbMremap: boolean;
  /** madvise knows MADV_COLD and MADV_PAGEOUT (v5.4). */
  readonly madvPageout: boolean;
  /** New anonymous pages start inactive and are activated by a second reference (v5.9). */
  readonly anonWorkingset: boolean;
  /** Reclaim that freed nothing deactivates pages whatever the balance of the lists (v5.5). */
  readonly reclaimForcesDeactivation: boolean;
  /** Reclaim leaves pages alone that may be pinned and are not in the swap cache yet (v5.11). */
  readonly reclaimSkipsPinned: boolean;
  /** try_to_unmap asks for the young bits once more and gives up if one is set (until v5.10). */
  readonly unmapChecksYoung: boolean;
  /** A lazily free page with further references is not discarded (v5.17). */
  readonly lazyfreeKeepsReferenced: boolean;
  /** follow_page finds pages whose entry grants no access, for move_pages and ksmd (not in v6.1). */
  readonly followPageFollowsProtnone: boolean;
  /** mprotect skips write faults by soft-dirty bits where they are not tracked (until v6.0). */
  readonly mprotectSoftDirtyInverted: boolean;
  /** Taking a part of a huge page out of a file splits the page, instead of filling zeros (v5.8). */
  readonly truncateSplitsHuge: boolean;
  /** madvise knows POPULATE_READ and POPULATE_WRITE (v5.14). */
  readonly madvisePopulate: boolean;
  /** userfaultfd can protect against writes (v5.7), also shared memory, by markers (v5.19). */
  readonly uffdWp: boolean;
  /** Removing the last breakpoint of a page drops the copy, not a copy of the copy (v5.4). */
  readonly uprobeDropsCopy: boolean;
  /** Truncating a file leaves swapped private copies mapped (until v5.18). */
  readonly zapDetailsKeepSwap: boolean;
  /** move_pages counts pages it did not come to as not moved, too (v5.6). */
  readonly movePagesCountsRest: boolean;
  /** The oom reaper unmaps locked memory like any other (v5.18). */
  readonly oomReapsLocked: boolean;
  /** NUMA hinting skips private pages that anybody else holds, not only shared ones (v5.18). */
  readonly numaSkipsReferenced: boolean;
  /** madvise knows MADV_DONTNEED_LOCKED (v5.18). */
  readonly madviseDontneedLocked: boolean;
  /** madvise says EAGAIN, not ENOMEM, where it would make too many mappings (v5.17). */
  readonly madviseSaysAgain: boolean;
  /** A huge page on the wrong node moves inside a CLEAR window like any other (v5.13; B-12). */
  readonly numaThpNotifies: boolean;
  /** smaps has the field Pss_Dirty (v6.0). */
  readonly smapsPssDirty: boolean;
  /** smaps has the field FilePmdMapped (v5.4). */
  readonly smapsFilePmdMapped: boolean;
  /** KVM retries only faults inside the span of open windows over its memslots (v5.12), not all. */
  readonly kvmRetry: "vm" | "range";
  /** vCPUs look their APIC page up again from start on, not after the page has changed (B-7, until v5.8). */
  readonly kvmReloadsApicInStart: boolean;
  /** ODP keeps umem_rwsem for read when it refuses a window with -EAGAIN (B-3, until v5.3). */
  readonly odpKeepsLockOnEagain: boolean;
  /** i915 start: cancel work (v5.0), direct unbind that a signal may stop (v5.2), or no error at all. */
  readonly i915Userptr: "worker" | "direct" | "interval";
  /** gntdev refuses windows over its maps even where it may sleep (B-5, in 4.19 candidates). */
  readonly gntdevRefusesAlways: boolean;
  /** HMM keeps its count when it refuses a window, and loses a mirror's -EAGAIN (B-4, until v5.3). */
  readonly hmmLeaksNotifiers: boolean;
  /** HMM takes a range that begins where the window ends for overlapping (B-27). */
  readonly hmmTouchingRanges: boolean;
  /** HMM faults look only at the flag that the last end sets again, not at a sequence number. */
  readonly hmmValidFlagOnly: boolean;
  /** hfi1 drops its TIDs for UNMAP alone, not for every window (v5.5). */
  readonly hfi1OnlyUnmap: boolean;
}

const V5_0: KernelProfile = {
  name: "v5.0",
  eventContext: false,
  changePteFlag: false,
  pairEndOnFailure: false,
  warnsOnFailedStart: false,
  cowReuse: "mapcount",
  reuseKsmPage: false,
  cowCopiesReferenced: false,
  ksmZeroPageNullVma: true,
  pinBias: false,
  pinnedCopyOnFork: false,
  clearRefsSkipsPinned: false,
  clearRefsFlush: "gather",
  clearRefsWriteLocks: false,
  thpCow: "copy",
  madviseCollapse: false,
  collapseShared: false,
  collapseUnmapsByRmap: false,
  collapseNeedsHalfYoung: true,
  migrateVmaEvent: false,
  vmaSplitClear: true,
  mprotectUpgradesWritable: false,
  migrationKeepsDirty: false,
  mremapTableKeepsSoftDirty: true,
  mremapMovesPud: false,
  mremapDontunmap: false,
  mremapGrowMerges: false,
  mmapJoinsNextFirst: false,
  retractNotifies: false,
  hugetlbDontneed: false,
  zapWidensHugetlb: false,
  forkCopiesHugetlb: true,
  hugetlbMremap: false,
  madvPageout: false,
  anonWorkingset: false,
  reclaimForcesDeactivation: false,
  reclaimSkipsPinned: false,
  unmapChecksYoung: true,
  lazyfreeKeepsReferenced: false,
  followPageFollowsProtnone: true,
  mprotectSoftDirtyInverted: true,
  truncateSplitsHuge: false,
  madvisePopulate: false,
  uffdWp: false,
  uprobeDropsCopy: false,
  zapDetailsKeepSwap: true,
  movePagesCountsRest: false,
  oomReapsLocked: false,
  numaSkipsReferenced: false,
  madviseDontneedLocked: false,
  madviseSaysAgain: false,
  numaThpNotifies: false,
  smapsPssDirty: false,
  smapsFilePmdMapped: false,
  kvmRetry: "vm",
  kvmReloadsApicInStart: true,
  odpKeepsLockOnEagain: true,
  i915Userptr: "worker",
  gntdevRefusesAlways: false,
  hmmLeaksNotifiers: true,
  hmmTouchingRanges: true,
  hmmValidFlagOnly: true,
  hfi1OnlyUnmap: false,
};

const V5_2: KernelProfile = {
  ...V5_0,
  name: "v5.2",
  eventContext: true,
  reuseKsmPage: true,
  i915Userptr: "direct",
};

const V5_SERIES: KernelProfile = { ...V5_2, name: "v5-series", changePteFlag: true };

const V6_1: KernelProfile = {
  ...V5_2,
  name: "v6.1",
  pairEndOnFailure: true,
  warnsOnFailedStart: true,
  cowReuse: "exclusive",
  reuseKsmPage: false,
  ksmZeroPageNullVma: false,
  pinBias: true,
  pinnedCopyOnFork: true,
  clearRefsSkipsPinned: true,
  clearRefsFlush: "explicit",
  clearRefsWriteLocks: true,
  thpCow: "split",
  madviseCollapse: true,
  collapseShared: true,
  collapseUnmapsByRmap: true,
  collapseNeedsHalfYoung: false,
  mprotectUpgradesWritable: true,
  migrateVmaEvent: true,
  migrationKeepsDirty: true,
  mremapMovesPud: true,
  mremapDontunmap: true,
  mremapGrowMerges: true,
  mmapJoinsNextFirst: true,
  retractNotifies: true,
  hugetlbDontneed: true,
  zapWidensHugetlb: true,
  forkCopiesHugetlb: false,
  hugetlbMremap: true,
  madvPageout: true,
  anonWorkingset: true,
  reclaimForcesDeactivation: true,
  reclaimSkipsPinned: true,
  unmapChecksYoung: false,
  lazyfreeKeepsReferenced: true,
  followPageFollowsProtnone: false,
  mprotectSoftDirtyInverted: false,
  truncateSplitsHuge: true,
  madvisePopulate: true,
  uffdWp: true,
  uprobeDropsCopy: true,
  zapDetailsKeepSwap: false,
  movePagesCountsRest: true,
  oomReapsLocked: true,
  numaSkipsReferenced: true,
  madviseDontneedLocked: true,
  madviseSaysAgain: true,
  numaThpNotifies: true,
  smapsPssDirty: true,
  smapsFilePmdMapped: true,
  kvmRetry: "range",
  kvmReloadsApicInStart: false,
  odpKeepsLockOnEagain: false,
  i915Userptr: "interval",
  hmmLeaksNotifiers: false,
  hmmTouchingRanges: false,
  hmmValidFlagOnly: false,
  hfi1OnlyUnmap: true,
};

/** The built-in profiles by name, oldest first. */
export const PROFILES: Readonly<Record<string, KernelProfile>> = {
  "v5.0": V5_0,
  "v5.2": V5_2,
  "v5-series": V5_SERIES,
  "v6.1": V6_1,
};

/**
 * Looks up a built-in profile.
 *
 * @param name Name such as `"v5.2"`.
 * @returns The profile.
 * @throws {RangeError} If there is no profile of that name.
 * @example
 * ```ts
 * import { kernelProfile } from "./profile.ts";
 * import { assert } from "@std/assert";
 *
 * assert(kernelProfile("v5-series").changePteFlag);
 * ```
 */
export function kernelProfile(name: string): KernelProfile {
  if (Object.hasOwn(PROFILES, name)) return PROFILES[name];
  throw new RangeError(
    `Cannot find kernel profile "${name}": expected one of ${Object.keys(PROFILES).join(", ")}`,
  );
}

/**
 * Makes a profile that tells which of its switches are asked for.
 *
 * @param profile The profile.
 * @param asked Receives the names of the switches.
 * @returns A profile with the same settings.
 */
export function watchProfile(profile: KernelProfile, asked: Set<string>): KernelProfile {
  return new Proxy(profile, {
    get(target, key) {
      if (typeof key === "string" && key !== "name") asked.add(key);
      return Reflect.get(target, key);
    },
  });
}
