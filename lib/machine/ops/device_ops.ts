/**
 * Operations of guests, RDMA NICs, HMM mirrors, and GPUs that work on user memory (amdgpu, radeon,
 * i915).
 *
 * @module
 */

import { ERRNO } from "../../kernel/errno.ts";
import { HmmListener } from "../../listeners/hmm.ts";
import { KvmListener } from "../../listeners/kvm.ts";
import { OdpListener } from "../../listeners/odp.ts";
import { OdpImplicitListener } from "../../listeners/odp_implicit.ts";
import { PinnedMrListener } from "../../listeners/pinned_mr.ts";
import { UserptrListener } from "../../listeners/userptr_listener.ts";
import type { Machine } from "../machine.ts";
import type { Arguments, ArgumentSpec, OperationSpec } from "../spec.ts";
import { FILL, fillOf, number, pagesOf, RANGE, text, wrongKind } from "./arguments.ts";

const GUEST: ArgumentSpec = {
  kind: "listener",
  about: "The guest",
  required: true,
  listenerKinds: ["kvm"],
};

const NIC: ArgumentSpec = {
  kind: "listener",
  about: "The NIC",
  required: true,
  listenerKinds: ["odp", "pinned_mr"],
};

const READER: ArgumentSpec = {
  ...NIC,
  listenerKinds: ["odp", "pinned_mr", "odp_implicit"],
};

const MEMSLOT: OperationSpec = {
  name: "memslot",
  about: "Gives a guest memory",
  kernel: "virt/kvm/kvm_main.c: __kvm_set_memory_region",
  args: {
    listener: GUEST,
    range: RANGE,
    gpa: { kind: "address", about: "Guest physical address of its first page", default: 0 },
    apic: { kind: "flag", about: "The first page is the APIC of the vCPUs", default: false },
  },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const apic = args.apic === true;
    return { ret: guest(machine, args).addMemslot(number(args, "gpa"), start, pages, apic) };
  },
};

const GUEST_READ: OperationSpec = {
  name: "guest_read",
  about: "The guest reads each page of a range",
  kernel: "arch/x86/kvm/mmu.c: tdp_page_fault",
  args: { listener: GUEST, range: RANGE },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    return { ret: yield* guest(machine, args).guestRead(start, pages) };
  },
};

const GUEST_WRITE: OperationSpec = {
  name: "guest_write",
  about: "The guest fills each page of a range",
  kernel: "arch/x86/kvm/mmu.c: tdp_page_fault",
  args: { listener: GUEST, range: RANGE, fill: FILL },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const store = fillOf(machine, args);
    const content = (page: number) => store(0, page);
    return { ret: yield* guest(machine, args).guestWrite(start, pages, content) };
  },
};

const REG_MR: OperationSpec = {
  name: "reg_mr",
  about: "Registers a memory region with a NIC; a pinned one faults in and pins every page",
  kernel: "drivers/infiniband/core/umem_odp.c: ib_umem_odp_get; umem.c: ib_umem_get",
  args: {
    listener: NIC,
    range: RANGE,
    access: { kind: "choice", about: "What peers may do", choices: ["ro", "rw"], default: "rw" },
  },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const key = yield* nic(machine, args).regMr(start, pages, args.access === "rw");
    return { ret: key < 0 ? key : 0 };
  },
};

const DEREG_MR: OperationSpec = {
  name: "dereg_mr",
  about: "Removes the oldest memory region that covers a range",
  kernel: "drivers/infiniband/core/umem_odp.c: ib_umem_odp_release; umem.c: ib_umem_release",
  args: { listener: NIC, range: RANGE },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const device = nic(machine, args);
    const key = device.findMr(start, pages, false);
    return { ret: key === 0 ? -ERRNO.ENOENT : yield* device.deregMr(key) };
  },
};

const RDMA_READ: OperationSpec = {
  name: "rdma_read",
  about: "A peer reads each page of a range",
  kernel: "drivers/infiniband/hw/mlx5/odp.c: pagefault_mr",
  args: { listener: READER, range: RANGE },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    return { ret: yield* reader(machine, args).rdmaRead(start, pages) };
  },
};

const RDMA_WRITE: OperationSpec = {
  name: "rdma_write",
  about: "A peer fills each page of a range",
  kernel: "drivers/infiniband/hw/mlx5/odp.c: pagefault_mr",
  args: { listener: READER, range: RANGE, fill: FILL },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const store = fillOf(machine, args);
    return { ret: yield* reader(machine, args).rdmaWrite(start, pages, (page) => store(0, page)) };
  },
};

function guest(machine: Machine, args: Arguments): KvmListener {
  const { listener } = machine.listener(text(args, "listener"));
  if (listener instanceof KvmListener) return listener;
  throw wrongKind(listener.name, listener.kind, "kvm");
}

function nic(machine: Machine, args: Arguments): OdpListener | PinnedMrListener {
  const listener = reader(machine, args);
  if (listener instanceof OdpImplicitListener) {
    throw wrongKind(listener.name, listener.kind, "odp or pinned_mr");
  }
  return listener;
}

function reader(machine: Machine, args: Arguments): OdpListener | PinnedMrListener {
  const { listener } = machine.listener(text(args, "listener"));
  if (listener instanceof OdpListener || listener instanceof PinnedMrListener) return listener;
  throw wrongKind(listener.name, listener.kind, "odp, odp_implicit or pinned_mr");
}

const MIRROR_OF: ArgumentSpec = {
  kind: "listener",
  about: "The mirror",
  required: true,
  listenerKinds: ["hmm"],
};

const MIRROR: OperationSpec = {
  name: "mirror",
  about: "Lets a device follow a range by its own page table; nothing is faulted in yet",
  kernel: "mm/hmm.c: hmm_range_register",
  args: { listener: MIRROR_OF, range: RANGE },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const { listener } = machine.listener(text(args, "listener"));
    if (listener instanceof HmmListener) return { ret: listener.mirror(start, pages) };
    throw wrongKind(listener.name, listener.kind, "hmm");
  },
};

const KINDS = ["amdgpu_gfx", "amdgpu_hsa", "radeon", "i915"];

const GPU: ArgumentSpec = {
  kind: "listener",
  about: "The GPU",
  required: true,
  listenerKinds: KINDS,
};

const USERPTR: OperationSpec = {
  name: "userptr",
  about: "Registers user memory as an object of a GPU; only HSA looks its pages up at once",
  kernel: "amdgpu_gem.c: amdgpu_gem_userptr_ioctl; i915_gem_userptr.c: i915_gem_userptr_ioctl",
  args: {
    listener: GPU,
    range: RANGE,
    access: { kind: "choice", about: "What jobs may do", choices: ["ro", "rw"], default: "rw" },
  },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const key = yield* gpu(machine, args).register(start, pages, args.access === "rw");
    return { ret: Math.min(key, 0) };
  },
};

const USERPTR_FREE: OperationSpec = {
  name: "userptr_free",
  about: "Frees the oldest object that covers a range",
  kernel: "drivers/gpu/drm/drm_gem.c: drm_gem_object_put",
  args: { listener: GPU, range: RANGE },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const device = gpu(machine, args);
    const key = device.find(start, pages);
    return { ret: key === 0 ? -ERRNO.ENOENT : device.unregister(key) };
  },
};

const SUBMIT: OperationSpec = {
  name: "submit",
  about: "Runs a job on a range of one object: it fills each page, or reads it",
  kernel: "amdgpu_cs.c: amdgpu_cs_ioctl; i915_gem_execbuffer.c: i915_gem_do_execbuffer",
  args: {
    listener: GPU,
    range: RANGE,
    access: {
      kind: "choice",
      about: "Whether the job reads or fills",
      choices: ["read", "write"],
      default: "write",
    },
    fill: FILL,
  },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const device = gpu(machine, args);
    if (args.access === "read") return { ret: yield* device.submitRead(start, pages) };
    const store = fillOf(machine, args);
    return { ret: yield* device.submitWrite(start, pages, (page) => store(0, page)) };
  },
};

function gpu(machine: Machine, args: Arguments): UserptrListener {
  const { listener } = machine.listener(text(args, "listener"));
  if (listener instanceof UserptrListener) return listener;
  throw wrongKind(listener.name, listener.kind, KINDS.join(", "));
}

/** The operations, in the order of documentation. */
export const DEVICE_OPS: readonly OperationSpec[] = [
  MEMSLOT,
  GUEST_READ,
  GUEST_WRITE,
  REG_MR,
  DEREG_MR,
  RDMA_READ,
  RDMA_WRITE,
  MIRROR,
  USERPTR,
  USERPTR_FREE,
  SUBMIT,
];
