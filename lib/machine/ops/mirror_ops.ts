/**
 * Operations of devices that fault on their own: HMM mirrors and shared virtual addressing.
 *
 * @module
 */

import { CustomDriver } from "../../listeners/custom.ts";
import { HmmListener } from "../../listeners/hmm.ts";
import { SvaListener } from "../../listeners/sva.ts";
import type { Machine } from "../machine.ts";
import type { Arguments, ArgumentSpec, OperationSpec } from "../spec.ts";
import { FILL, fillOf, pagesOf, RANGE, text, wrongKind } from "./arguments.ts";

const MIRROR_OF: ArgumentSpec = {
  kind: "listener",
  about: "The mirror",
  required: true,
  listenerKinds: ["hmm"],
};

const DEVICE: ArgumentSpec = {
  kind: "listener",
  about: "The device",
  required: true,
  listenerKinds: ["hmm", "sva", "custom"],
};

const MIRROR: OperationSpec = {
  name: "mirror",
  about: "Lets a device follow a range by its own page table; nothing is faulted in yet",
  kernel: "mm/hmm.c: hmm_range_register",
  args: { listener: MIRROR_OF, range: RANGE },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const device = faulting(machine, args);
    if (device instanceof HmmListener) return { ret: device.mirror(start, pages) };
    throw wrongKind(device.name, device.kind, "hmm");
  },
};

const DEVICE_READ: OperationSpec = {
  name: "device_read",
  about: "The device reads each page of a range, faulting where it must",
  kernel: "mm/hmm.c: hmm_range_fault; drivers/iommu/amd_iommu_v2.c: do_fault",
  args: { listener: DEVICE, range: RANGE },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    return { ret: yield* faulting(machine, args).deviceRead(start, pages) };
  },
};

const DEVICE_WRITE: OperationSpec = {
  name: "device_write",
  about: "The device fills each page of a range, faulting where it must",
  kernel: "mm/hmm.c: hmm_range_fault; drivers/iommu/amd_iommu_v2.c: do_fault",
  args: { listener: DEVICE, range: RANGE, fill: FILL },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const store = fillOf(machine, args);
    const content = (page: number) => store(0, page);
    return { ret: yield* faulting(machine, args).deviceWrite(start, pages, content) };
  },
};

function faulting(machine: Machine, args: Arguments): HmmListener | SvaListener | CustomDriver {
  const { listener } = machine.listener(text(args, "listener"));
  if (listener instanceof HmmListener || listener instanceof SvaListener) return listener;
  if (listener instanceof CustomDriver) return listener;
  throw wrongKind(listener.name, listener.kind, "hmm, sva or custom");
}

/** The operations, in the order of documentation. */
export const MIRROR_OPS: readonly OperationSpec[] = [MIRROR, DEVICE_READ, DEVICE_WRITE];
