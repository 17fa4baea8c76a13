/**
 * The drivers that are built in, for machines.
 *
 * @module
 */

import { LISTENER_KINDS } from "../listeners/registry.ts";
import { DEVICE_OPS } from "./ops/device_ops.ts";
import { GRANT_OPS } from "./ops/grant_ops.ts";
import type { Drivers } from "./spec.ts";

/**
 * Every driver that is built in: KVM, RDMA NICs, GPUs, Xen grants, HMM mirrors, shared virtual
 * addressing and hfi1.
 *
 * @example
 * ```ts
 * import { DRIVERS } from "./drivers.ts";
 * import { Machine } from "./machine.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const machine = new Machine({ drivers: DRIVERS });
 * machine.addProcess("qemu");
 * const { kind } = machine.addListener({ name: "guest", kind: "kvm", process: "qemu", policy: "legacy" });
 * assertEquals(kind, "kvm");
 * ```
 */
export const DRIVERS: Drivers = {
  kinds: LISTENER_KINDS,
  operations: [...DEVICE_OPS, ...GRANT_OPS],
};
