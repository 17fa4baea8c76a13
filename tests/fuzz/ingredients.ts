/**
 * What random programs are made of, and how often.
 *
 * @module
 */

import { PAGE_SIZE, PMD_SIZE, PUD_SIZE } from "../../lib/kernel/address.ts";
import type { KernelProfile } from "../../lib/kernel/profile.ts";
import { OPERATIONS } from "../../lib/machine/ops/mod.ts";
import type { OperationSpec } from "../../lib/machine/spec.ts";

/** Bugs of the simulated kernels that are known to break an invariant, and would hide others. */
export const KNOWN_BUGS_FIXED: Partial<KernelProfile> = {
  // A failed start of the oom reaper leaves other listeners without their end
  pairEndOnFailure: true,
  // Page tables are freed without a window when memory of a file is collapsed
  retractNotifies: true,
  // HMM reports a mirror's refusal as success and keeps its count (B-4)
  hmmLeaksNotifiers: false,
  // A vCPU that looks its APIC page up inside a window keeps the old one (B-7)
  kvmReloadsApicInStart: false,
};

/** Chance of an operation against others; 4 where it is not named. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  mmap: 8,
  munmap: 5,
  mprotect: 10,
  madvise: 14,
  read: 8,
  write: 14,
  fill: 14,
  exit: 2,
  clear_refs: 3,
  ksmd: 7,
  ksm_set: 1,
  ksm_unmerge: 1,
  fragment: 1,
  memslot: 5,
  guest_read: 10,
  guest_write: 10,
  rdma_read: 10,
  rdma_write: 10,
  wait: 1,
  oom_reap: 1,
  thp_set: 1,
  khugepaged: 6,
  swapoff: 2,
  create_file: 2,
  fsync: 2,
  msync: 2,
  uffd_register: 1,
};
/** Optional arguments that are seldom given. */
export const RARE: readonly string[] = ["prot", "file", "pgoff"];
/** Operations that give a listener memory to work on. */
export const GIVING: readonly string[] = ["memslot", "reg_mr"];
/** Words drawn more often than the others of their choice. */
export const FAVOURED: readonly string[] = [
  "rw",
  "rw",
  "rw",
  "rw",
  "MERGEABLE",
  "MERGEABLE",
  "HUGEPAGE",
  "HUGEPAGE",
];

/** Highest counts worth drawing, by name of the argument. */
export const HIGHEST: Readonly<Record<string, number>> = {
  value: 255,
  full_scans: 2,
  pages: 40,
  order: 4,
  every: 64,
  offset: 3 * PAGE_SIZE,
};
/** Just below a border of tables of each size, so that mappings often cross one. */
export const ARENAS: readonly number[] = [
  0x600000000000 + 12 * PMD_SIZE,
  0x600000000000 + PUD_SIZE,
];

/** Kinds of listener that take part: all but custom ones, which need a module. */
export const USED_LISTENERS: readonly string[] = [
  "kvm",
  "odp",
  "odp_implicit",
  "pinned_mr",
  "amdgpu_gfx",
  "amdgpu_hsa",
  "radeon",
  "i915",
  "hfi1",
  "sva",
  "hmm",
  "gntdev",
];

/** Operations that take part: those that some listener that takes part can do. */
export const USED_OPERATIONS: readonly OperationSpec[] = OPERATIONS.filter(({ args }) =>
  args.listener?.listenerKinds?.some((kind) => USED_LISTENERS.includes(kind)) !== false
);

/** Operations by which a device reads and writes what it was given. */
export const DEVICE_ACCESSES: readonly OperationSpec[] = USED_OPERATIONS.filter(({ name, args }) =>
  args.listener !== undefined && /(read|write|submit|receive)$/.test(name)
);
