/**
 * Operations of GPUs that work on user memory: amdgpu, radeon and i915.
 *
 * @module
 */

import { ERRNO } from "../../kernel/errno.ts";
import { UserptrListener } from "../../listeners/userptr_listener.ts";
import type { Machine } from "../machine.ts";
import type { Arguments, ArgumentSpec, OperationSpec } from "../spec.ts";
import { FILL, fillOf, pagesOf, RANGE, text, wrongKind } from "./arguments.ts";

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
export const GPU_OPS: readonly OperationSpec[] = [USERPTR, USERPTR_FREE, SUBMIT];
