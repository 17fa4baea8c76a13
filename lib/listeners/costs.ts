/**
 * What devices and their drivers take, in nanoseconds, and where each number is from.
 *
 * Same shape as lib/kernel/costs.ts. No upstream figure exists for most of them; those say
 * "assumed" and are chosen to keep the order of magnitude and the ratios plausible.
 *
 * @module
 */

import type { Cost } from "../kernel/costs.ts";

const ASSUMED = "assumed";

/** The default costs of listeners. */
export const LISTENER_COSTS = {
  /** KVM: mmu_lock and the walk of the memslots, for one window. */
  kvm_window: { ns: 100, source: ASSUMED },
  /** KVM: removing one sPTE with its rmap entry. */
  kvm_spte_drop: { ns: 40, source: ASSUMED },
  /** KVM: write-protecting or rewriting one sPTE. */
  kvm_spte_update: { ns: 30, source: ASSUMED },
  /** KVM: flushing the TLBs of the other vCPUs by interrupt. */
  kvm_remote_flush: {
    ns: 2000,
    source: "assumed: an IPI shootdown takes 1-3 us, secondary web pages, unverified",
  },
  /** KVM: one EPT violation: exit, GUP of a mapped page, install, entry. */
  kvm_ept_violation: { ns: 2500, source: ASSUMED },
  /** KVM: allocating and linking one shadow table. */
  kvm_shadow_table_alloc: { ns: 500, source: ASSUMED },
  /** KVM: unlinking and freeing one shadow table. */
  kvm_shadow_table_free: { ns: 300, source: ASSUMED },
  /** ODP: umem_rwsem, the interval tree and the accounting of one MR, for one window. */
  odp_window: { ns: 200, source: ASSUMED },
  /** ODP: one UMR command that zaps the hardware translations of an MR. */
  odp_umr_zap: { ns: 5000, source: ASSUMED },
  /** ODP: DMA unmapping of one page. */
  odp_dma_unmap: { ns: 150, source: ASSUMED },
  /** ODP: one page fault of the NIC on a page that the CPU has mapped. */
  odp_page_fault: {
    ns: 2_300_000,
    source:
      "derived: middle of 1.7-2.9 ms, from NP-RDMA (arXiv 2310.11062), abstract: 3.5-5.7 us is about 500 times faster than ODP",
  },
  /** ODP: making one implicit leaf MR: its tables, its memory key, the parent's entry. */
  odp_leaf_alloc: { ns: 20_000, source: ASSUMED },
  /** ODP: freeing one implicit leaf MR by its work item. */
  odp_leaf_free: { ns: 15_000, source: ASSUMED },
  /** GPU: locks and the tree of userptr objects, for one window. */
  gpu_window: { ns: 200, source: ASSUMED },
  /** GPU: how long one job runs; a window waits for what is left of it. */
  gpu_job: { ns: 100_000, source: ASSUMED },
  /** GPU: unbinding one object and flushing its TLB. */
  gpu_unbind: { ns: 5000, source: ASSUMED },
  /** GPU: binding one object: validation, page-table update. */
  gpu_bind: { ns: 10_000, source: ASSUMED },
  /** GPU: getting, DMA mapping and binding one page of an object. */
  gpu_bind_page: { ns: 400, source: ASSUMED },
  /** amdgpu HSA: stopping all user queues of a process. */
  hsa_stop_queues: { ns: 50_000, source: ASSUMED },
  /** amdgpu HSA: from the eviction to the restore worker. */
  hsa_restore_delay: {
    ns: 1_000_000,
    source: "amdgpu_amdkfd_gpuvm.c: AMDGPU_USERPTR_RESTORE_DELAY_MS is 1",
  },
  /** amdgpu HSA: starting all user queues of a process. */
  hsa_resume_queues: { ns: 50_000, source: ASSUMED },
  /** i915: queueing the cancel work of one object and waiting for it (v5.0). */
  i915_cancel_work: { ns: 10_000, source: ASSUMED },
  /** gntdev: the hypercall that maps or unmaps one grant. */
  grant_op: { ns: 1000, source: ASSUMED },
  /** HMM: hmm->lock and the walk of ranges and mirrors, for one window. */
  hmm_window: { ns: 200, source: ASSUMED },
  /** HMM: one command that zaps a range of the device page table. */
  hmm_zap: { ns: 5000, source: ASSUMED },
  /** HMM: one device fault: snapshot, update of the device page table, replay. */
  hmm_fault: { ns: 20_000, source: ASSUMED },
  /** SVA: flushing one page of one PASID from the IOTLB and the device's ATC. */
  iotlb_flush_page: { ns: 500, source: ASSUMED },
  /** SVA: flushing a whole PASID. */
  iotlb_flush_pasid: { ns: 1500, source: ASSUMED },
  /** SVA: one walk of the CPU page table for the IOTLB. */
  iotlb_walk: { ns: 300, source: ASSUMED },
  /** SVA: one page request (PRI) that the CPU answers. */
  iotlb_page_request: { ns: 10_000, source: ASSUMED },
  /** hfi1: programming or clearing one expected receive TID. */
  hfi1_tid: { ns: 300, source: ASSUMED },
  /** Pinned MR: pinning and DMA mapping one page at registration. */
  pin_page: { ns: 300, source: ASSUMED },
} as const satisfies Record<string, Cost>;

/** A name in the cost model of listeners. */
export type ListenerCostName = keyof typeof LISTENER_COSTS;

/** Nanoseconds by name. */
export type ListenerCostTable = Readonly<Record<ListenerCostName, number>>;

/**
 * Takes the default costs and replaces some.
 *
 * @param overrides Nanoseconds by name.
 * @returns A full table.
 * @throws {RangeError} If a name is unknown or a number is negative or not finite.
 */
export function listenerCosts(
  overrides: Readonly<Record<string, number>> = {},
): ListenerCostTable {
  const table = Object.fromEntries(
    Object.entries(LISTENER_COSTS).map(([name, cost]) => [name, cost.ns as number]),
  ) as Record<ListenerCostName, number>;
  for (const [name, ns] of Object.entries(overrides)) {
    if (!Object.hasOwn(LISTENER_COSTS, name)) {
      throw new RangeError(
        `Cannot set listener cost "${name}": expected one of ${Object.keys(table).join(", ")}`,
      );
    }
    if (!(ns >= 0 && ns < Infinity)) {
      throw new RangeError(`Cannot set listener cost "${name}" to ${ns}: expected ns, 0 or more`);
    }
    table[name as ListenerCostName] = ns;
  }
  return table;
}
