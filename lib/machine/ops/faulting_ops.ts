/**
 * Operations of devices that fault on their own: HMM mirrors, shared virtual addressing, and the
 * devices of listeners of the user's own.
 *
 * @module
 */

import type { FaultingListener, Listener } from "../../listeners/listener.ts";
import type { Machine } from "../machine.ts";
import type { Arguments, ArgumentSpec, OperationSpec } from "../spec.ts";
import { FILL, fillOf, pagesOf, RANGE, text, wrongKind } from "./arguments.ts";

const DEVICE: ArgumentSpec = {
  kind: "listener",
  about: "The device",
  required: true,
  listenerKinds: ["hmm", "sva", "custom"],
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

function faulting(machine: Machine, args: Arguments): FaultingListener {
  const { listener } = machine.listener(text(args, "listener"));
  if (canFault(listener)) return listener;
  throw wrongKind(listener.name, listener.kind, "hmm, sva or custom");
}

function canFault(listener: Listener): listener is FaultingListener {
  return "deviceRead" in listener && "deviceWrite" in listener;
}

/** The operations, in the order of documentation. */
export const FAULTING_OPS: readonly OperationSpec[] = [DEVICE_READ, DEVICE_WRITE];
