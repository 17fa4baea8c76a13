/**
 * The listeners that are built in: kinds of driver, their costs, and the policies they follow.
 *
 * A driver of your own needs none of it; see `CustomListener` in `@mmulab/mmulab`.
 *
 * ```ts
 * import { listenerKind, resolvePolicy } from "@mmulab/mmulab/listeners";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(listenerKind("kvm").kernel, "virt/kvm/kvm_main.c, arch/x86/kvm/mmu.c");
 * const own = resolvePolicy("odp", { base: "followup", events: { SOFT_DIRTY: "drop" } });
 * assertEquals(own.events.PROTECTION_VMA, resolvePolicy("odp", "followup").events.PROTECTION_VMA);
 * ```
 *
 * @module
 */

export {
  LISTENER_COSTS,
  type ListenerCostName,
  listenerCosts,
  type ListenerCostTable,
} from "./lib/listeners/costs.ts";
export { newCounters } from "./lib/listeners/counters.ts";
export type { ListenerInit } from "./lib/listeners/device.ts";
export type {
  ListenerKindSpec,
  ListenerOptionSpec,
  ListenerRequest,
} from "./lib/listeners/kind.ts";
export { actionsByEvent, POLICIES, POLICY_ACTIONS, resolvePolicy } from "./lib/listeners/policy.ts";
export {
  createListener,
  type CreateListenerOptions,
  LISTENER_KINDS,
  listenerKind,
} from "./lib/listeners/registry.ts";
export { DRIVERS } from "./lib/machine/drivers.ts";
