/**
 * The kinds of listener that are built in: one declarative record each.
 *
 * @module
 */

import { AmdgpuGfxListener, AmdgpuHsaListener } from "./amdgpu.ts";
import { GntdevListener } from "./gntdev.ts";
import { Hfi1Listener } from "./hfi1.ts";
import { HmmListener } from "./hmm.ts";
import { I915Listener } from "./i915.ts";
import {
  CUSTOM_KIND,
  findKind,
  type ListenerKinds,
  type ListenerKindSpec,
  type ListenerRequest,
  makeListener,
} from "./kind.ts";
import { KvmListener } from "./kvm.ts";
import type { Listener } from "./listener.ts";
import { OdpListener } from "./odp.ts";
import { OdpImplicitListener } from "./odp_implicit.ts";
import { PinnedMrListener } from "./pinned_mr.ts";
import { RadeonListener } from "./radeon.ts";
import { SvaListener } from "./sva.ts";

/** Every kind of listener by its key. */
export const LISTENER_KINDS: ListenerKinds = {
  kvm: {
    kind: "kvm",
    about: "A KVM guest: shadow entries, refaults by EPT violation, change_pte",
    kernel: "virt/kvm/kvm_main.c, arch/x86/kvm/mmu.c",
    options: {},
    create: (init) => new KvmListener(init),
  },
  odp: {
    kind: "odp",
    about: "An RDMA NIC with on-demand paging: explicit MRs, no pins, NIC page faults",
    kernel: "drivers/infiniband/core/umem_odp.c, drivers/infiniband/hw/mlx5/odp.c",
    options: {},
    create: (init) => new OdpListener(init),
  },
  pinned_mr: {
    kind: "pinned_mr",
    about: "An RDMA NIC that pins its MRs for long and has no notifier",
    kernel: "drivers/infiniband/core/umem.c",
    options: {
      softDirty: {
        kind: "flag",
        about: "Report device writes after SOFT_DIRTY (a proposal, not upstream)",
        default: false,
      },
    },
    create: (init, options) =>
      new PinnedMrListener(init, { softDirty: options.softDirty === true }),
  },
  odp_implicit: {
    kind: "odp_implicit",
    about: "An RDMA NIC with one MR over the whole process, made of leaf MRs of 1 GiB on demand",
    kernel: "drivers/infiniband/hw/mlx5/odp.c",
    options: {
      access: {
        kind: "choice",
        about: "What peers may do",
        choices: ["ro", "rw"],
        default: "rw",
      },
    },
    create: (init, options) => new OdpImplicitListener(init, { writable: options.access !== "ro" }),
  },
  amdgpu_gfx: {
    kind: "amdgpu_gfx",
    about: "An AMD GPU with graphics jobs: windows wait for fences and hold submissions up",
    kernel: "drivers/gpu/drm/amd/amdgpu/amdgpu_mn.c",
    options: {},
    create: (init) => new AmdgpuGfxListener(init),
  },
  amdgpu_hsa: {
    kind: "amdgpu_hsa",
    about:
      "An AMD GPU with user queues: windows stop all of them, a worker restores them after 1 ms",
    kernel: "drivers/gpu/drm/amd/amdgpu/amdgpu_mn.c, amdgpu_amdkfd_gpuvm.c",
    options: {},
    create: (init) => new AmdgpuHsaListener(init),
  },
  radeon: {
    kind: "radeon",
    about: "A radeon GPU: start waits and unbinds, there is no end",
    kernel: "drivers/gpu/drm/radeon/radeon_mn.c",
    options: {},
    create: (init) => new RadeonListener(init),
  },
  i915: {
    kind: "i915",
    about: "An Intel GPU: windows unbind whole objects, by a worker (v5.0) or at once (v5.2)",
    kernel: "drivers/gpu/drm/i915/i915_gem_userptr.c",
    options: {
      signal: {
        kind: "flag",
        about: "A signal is pending in every window: v5.2 answers -EINTR and unbinds nothing",
        default: false,
      },
    },
    create: (init, options) => new I915Listener(init, { signal: options.signal === true }),
  },
  gntdev: {
    kind: "gntdev",
    about: "A Xen PV process with grants of other domains: what a window unmaps is lost for good",
    kernel: "drivers/xen/gntdev.c",
    options: {},
    create: (init) => new GntdevListener(init),
  },
  hmm: {
    kind: "hmm",
    about: "An HMM mirror: a device page table that faults and holds no page",
    kernel: "mm/hmm.c",
    options: {
      contended: {
        kind: "flag",
        about: "A lock is taken whenever a window that must not sleep opens",
        default: false,
      },
    },
    create: (init, options) => new HmmListener(init, { contended: options.contended === true }),
  },
  sva: {
    kind: "sva",
    about: "A device that walks the CPU page table and caches translations (invalidate_range only)",
    kernel: "drivers/iommu/amd_iommu_v2.c, drivers/iommu/intel-svm.c",
    options: {
      iommu: {
        kind: "choice",
        about: "Whose IOMMU: AMD flushes one page or all, Intel flushes the span",
        choices: ["amd", "intel"],
        default: "amd",
      },
    },
    create: (init, options) =>
      new SvaListener(init, { iommu: options.iommu === "intel" ? "intel" : "amd" }),
  },
  hfi1: {
    kind: "hfi1",
    about: "An Omni-Path adapter with pinned receive buffers (TIDs) that windows remove",
    kernel: "drivers/infiniband/hw/hfi1/user_exp_rcv.c, mmu_rb.c",
    options: {},
    create: (init) => new Hfi1Listener(init),
  },
  custom: CUSTOM_KIND,
};

/** What {@linkcode createListener} makes a listener from. */
export interface CreateListenerOptions extends ListenerRequest {
  /** Key of {@linkcode LISTENER_KINDS}. */
  readonly kind: string;
}

/**
 * Makes a listener. Its `ops`, unless null, are still to be registered on the chain.
 *
 * @param request What to make.
 * @returns The listener.
 * @throws {RangeError} If kind, policy, option or cost is unknown or out of range.
 * @throws {TypeError} If an option has the wrong type, or the factory is no function.
 */
export function createListener(request: CreateListenerOptions): Listener {
  return makeListener(listenerKind(request.kind), request);
}

/**
 * Finds a kind of listener.
 *
 * @param kind Its key.
 * @returns Its record.
 * @throws {RangeError} If there is no such kind.
 */
export function listenerKind(kind: string): ListenerKindSpec {
  return findKind(LISTENER_KINDS, kind);
}
