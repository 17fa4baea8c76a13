/**
 * mmulab: a laboratory for Linux MMU notifiers.
 *
 * Builds simulated machines, runs operations on them and compares listeners that assume munmap
 * with listeners that use the context of an invalidation. Everything here runs in Deno, Node and
 * browsers: nothing touches files, the terminal or the clock.
 *
 * ```ts
 * import { comparePolicies, parseScenario } from "@mmulab/mmulab";
 * import { assertEquals } from "@std/assert";
 *
 * const program = parseScenario(`
 * name: mprotect under an ODP region
 * processes: { app: {} }
 * listeners: { nic: { kind: odp, process: app } }
 * steps:
 *   - mmap: { process: app, name: buf, size: 8 pages }
 *   - fill: { range: buf }
 *   - reg_mr: { listener: nic, range: buf, access: ro }
 *   - rdma_read: { listener: nic, range: buf }
 *   - mprotect: { range: buf, prot: r }
 *   - rdma_read: { listener: nic, range: buf }
 * `);
 * const { runs } = comparePolicies(program);
 * assertEquals(runs.map((run) => run.figures["nic.faults"]), [16, 8, 8]);
 * ```
 *
 * @module
 */

export * from "./lib/compare/compare.ts";
export * from "./lib/kernel/address.ts";
export * from "./lib/kernel/clock.ts";
export * from "./lib/kernel/costs.ts";
export * from "./lib/kernel/errno.ts";
export * from "./lib/kernel/faults.ts";
export * from "./lib/kernel/operation.ts";
export * from "./lib/kernel/profile.ts";
export * from "./lib/kernel/rng.ts";
export * from "./lib/kernel/trace.ts";
export * from "./lib/kernel/violation.ts";
export * from "./lib/listeners/costs.ts";
export * from "./lib/listeners/counters.ts";
export * from "./lib/listeners/listener.ts";
export * from "./lib/listeners/policy.ts";
export * from "./lib/listeners/registry.ts";
export * from "./lib/machine/attach.ts";
export * from "./lib/machine/expectation.ts";
export * from "./lib/machine/machine.ts";
export * from "./lib/machine/observed.ts";
export * from "./lib/machine/ops/mod.ts";
export * from "./lib/machine/program.ts";
export * from "./lib/machine/run.ts";
export * from "./lib/machine/spec.ts";
export * from "./lib/mm/address_space.ts";
export * from "./lib/mm/anon_vma.ts";
export * from "./lib/mm/frames.ts";
export * from "./lib/mm/host.ts";
export * from "./lib/mm/hugetlb_pool.ts";
export * from "./lib/mm/kpageflags.ts";
export * from "./lib/mm/ksm_state.ts";
export * from "./lib/mm/lru.ts";
export * from "./lib/mm/lru_batch.ts";
export * from "./lib/mm/mm_struct.ts";
export * from "./lib/mm/page_alloc.ts";
export * from "./lib/mm/page_table.ts";
export * from "./lib/mm/pte_value.ts";
export * from "./lib/mm/smaps.ts";
export * from "./lib/mm/swap.ts";
export * from "./lib/mm/thp.ts";
export * from "./lib/mm/translate.ts";
export * from "./lib/mm/user_pages.ts";
export * from "./lib/mm/vma.ts";
export * from "./lib/mm/vmstat.ts";
export * from "./lib/notifier/chain.ts";
export * from "./lib/notifier/events.ts";
export * from "./lib/notifier/ops.ts";
export * from "./lib/notifier/range.ts";
export * from "./lib/notifier/sites.ts";
export * from "./lib/repl/breakpoints.ts";
export * from "./lib/repl/command.ts";
export * from "./lib/repl/history.ts";
export * from "./lib/repl/interpreter.ts";
export * from "./lib/repl/journal.ts";
export * from "./lib/repl/page_changes.ts";
export * from "./lib/repl/places.ts";
export * from "./lib/repl/running.ts";
export * from "./lib/repl/session.ts";
export * from "./lib/repl/words.ts";
export * from "./lib/report/changes_text.ts";
export * from "./lib/report/listeners_text.ts";
export * from "./lib/report/maps_text.ts";
export * from "./lib/report/memory_text.ts";
export * from "./lib/report/pages_text.ts";
export * from "./lib/report/steps_text.ts";
export * from "./lib/report/trace_text.ts";
export * from "./lib/report/vm_text.ts";
export * from "./lib/report/vtop_text.ts";
export * from "./lib/scenario/diagnostics.ts";
export * from "./lib/scenario/scenario.ts";
export * from "./lib/scenario/step_text.ts";
export * from "./lib/scenario/vocabulary.ts";
export * from "./lib/scenario/write.ts";
export { figureNames, holds, valueOf } from "./lib/repl/conditions.ts";
export type { ByColumn, ListenerComparison, WindowCounts } from "./lib/compare/listeners.ts";
export type {
  CustomContext,
  CustomListener,
  CustomListenerFactory,
} from "./lib/listeners/custom.ts";
export type { ListenerInit } from "./lib/listeners/device.ts";
export type { Value } from "./lib/scenario/expression.ts";
export type { Variables } from "./lib/scenario/variables.ts";
export { performShort, performSteps, performYaml } from "./lib/repl/commands/operations.ts";
export { lastRecords, recordOrigin } from "./lib/repl/commands/notifier.ts";
export { sessionComparison } from "./lib/repl/commands/travel.ts";
export { sessionHelp } from "./lib/repl/commands/mod.ts";
export {
  addListener,
  addProcess,
  sessionText,
  setSetting,
  settingsText,
} from "./lib/repl/commands/setup.ts";
