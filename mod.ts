/**
 * The core of mmulab, a laboratory for Linux MMU notifiers: simulated machines.
 *
 * A machine has processes and listeners. It carries out operations of mm/, writes a trace, counts,
 * and checks its invariants after every one of them. This entry point depends on no other package
 * and touches neither files nor the terminal nor a clock; the same calls give the same results, in
 * Deno, in Node and in browsers.
 *
 * Beside it there are `@mmulab/mmulab/scenario` (scenarios in YAML, comparison of policies),
 * `@mmulab/mmulab/listeners` (the drivers and policies that are built in), `@mmulab/mmulab/report`
 * (texts, tables and pages), `@mmulab/mmulab/repl` (sessions, forwards and back) and
 * `@mmulab/mmulab/cli` (the command line).
 *
 * ```ts
 * import { type CustomListener, Machine, PAGE_SIZE, perform } from "@mmulab/mmulab";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * const mirror = (): CustomListener => ({
 *   name: "mirror",
 *   invalidateRangeStart({ start, end }) {
 *     seen.push(`${(end - start) / PAGE_SIZE} pages`);
 *     return 0;
 *   },
 * });
 * const machine = new Machine();
 * machine.addProcess("app");
 * machine.addListener({
 *   name: "mirror",
 *   kind: "custom",
 *   process: "app",
 *   policy: "legacy",
 *   factory: mirror,
 * });
 * perform(machine, "mmap", { process: "app", name: "buf", size: 8 * PAGE_SIZE });
 * perform(machine, "fill", { range: "buf" });
 * perform(machine, "munmap", { range: "buf" });
 * assertEquals(seen, ["8 pages"]);
 * assertEquals(machine.violations, []);
 * ```
 *
 * @module
 */

export {
  alignDown,
  alignUp,
  hex,
  HPAGE_PMD_NR,
  isAligned,
  PAGE_SHIFT,
  PAGE_SIZE,
  type Pfn,
  PMD_SIZE,
  TASK_SIZE,
  type Vaddr,
} from "./lib/kernel/address.ts";
export { type Clock, type Cost, type CostName, COSTS } from "./lib/kernel/costs.ts";
export { ERRNO, type ErrnoName, errnoName } from "./lib/kernel/errno.ts";
export {
  type FaultName,
  type FaultPlace,
  type FaultSet,
  INJECTABLE_FAULTS,
  UNSAFE_FAULTS,
} from "./lib/kernel/faults.ts";
export { drain, type Operation, type Preemption, PREEMPTIONS } from "./lib/kernel/operation.ts";
export { type KernelProfile, kernelProfile, PROFILES } from "./lib/kernel/profile.ts";
export type { Rng } from "./lib/kernel/rng.ts";
export {
  type Trace,
  TRACE_BLOCKABLE,
  TRACE_KINDS,
  TRACE_ONLY_END,
  TRACE_UNDELIVERED,
  TRACE_USE_CHANGE_PTE,
  TRACE_VMA,
  type TracedWindow,
  type TraceKind,
  type TraceRecord,
} from "./lib/kernel/trace.ts";
export { KernelBugError, type Violation } from "./lib/kernel/violation.ts";
export type { ListenerCounters } from "./lib/listeners/counters.ts";
export type {
  CustomContext,
  CustomListener,
  CustomListenerFactory,
} from "./lib/listeners/custom.ts";
export type {
  Listener,
  ListenerRange,
  ListenerState,
  SecondaryEntry,
} from "./lib/listeners/listener.ts";
export type { EventActions, Policy, PolicyAction, PolicySpec } from "./lib/listeners/policy.ts";
export type {
  ListenerKinds,
  ListenerKindSpec,
  ListenerOptions,
  ListenerOptionSpec,
} from "./lib/listeners/kind.ts";
export { checkMachine } from "./lib/machine/check.ts";
export { pageFacts } from "./lib/machine/facts.ts";
export { allFigures, readFigure } from "./lib/machine/figures.ts";
export {
  type AddListenerOptions,
  type Company,
  type Doing,
  type ListenerWatch,
  Machine,
  type MachineOptions,
  type NamedMapping,
  type PlacedListener,
  type PlacedPages,
} from "./lib/machine/machine.ts";
export type { PageFacts } from "./lib/machine/observed.ts";
export { MM_OPERATIONS } from "./lib/machine/ops/mm_ops.ts";
export { perform } from "./lib/machine/perform.ts";
export type {
  ArgumentKind,
  Arguments,
  ArgumentSpec,
  ArgumentValue,
  Drivers,
  Fill,
  OperationResult,
  OperationSpec,
  RangeRef,
} from "./lib/machine/spec.ts";
export type { AddressSpace, AddressSpaceKind } from "./lib/mm/filemap.ts";
export type { AnonVma, AnonVmas } from "./lib/mm/rmap.ts";
export { type Frames, GUP_PIN_COUNTING_BIAS, type NumaNode, ZERO_PFN } from "./lib/mm/frames.ts";
export type { Host, HostOptions } from "./lib/mm/host.ts";
export type { HugetlbPool } from "./lib/mm/hugetlb.ts";
export { KPAGE_FLAGS, type KpageFlag, kpageflags, kpageLetters } from "./lib/mm/kpageflags.ts";
export type { Ksm, KsmKnobs, KsmSlot, RmapItem, StableNode } from "./lib/mm/ksm_state.ts";
export type { Lru, LruBatches, LruList } from "./lib/mm/lru.ts";
export type { Mm } from "./lib/mm/mm_struct.ts";
export type { PageAllocator } from "./lib/mm/page_alloc.ts";
export type { Cursor, PageTable, PmdTable, PteTable, PudTable } from "./lib/mm/page_table.ts";
export { decodePte, encodePte, type PteParts, pteWords } from "./lib/mm/pte_value.ts";
export { type MemSizeStats, smapsOf } from "./lib/mm/task_mmu.ts";
export type { Swap } from "./lib/mm/swap.ts";
export type { ShmemEnabled, Thp, ThpEnabled } from "./lib/mm/thp.ts";
export { translate, type Translation, type WalkLevel } from "./lib/mm/translate.ts";
export type { UserPages } from "./lib/mm/user_pages.ts";
export {
  type MemoryPolicy,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MERGEABLE,
  VM_PFNMAP,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
  type Vma,
} from "./lib/mm/vma.ts";
export type { Vmstat } from "./lib/mm/vmstat.ts";
export {
  mmHasNotifiers,
  type MmuNotifierChain,
  mmuNotifierRegister,
  mmuNotifierUnregister,
  type NotifierContext,
  type NotifierMm,
} from "./lib/notifier/chain.ts";
export {
  CALL_SITES,
  type CallSite,
  EVENT_NAMES,
  type EventName,
  MMU_NOTIFIER_RANGE_BLOCKABLE,
  MMU_NOTIFIER_USE_CHANGE_PTE,
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_MIGRATE,
  MMU_NOTIFY_PROTECTION_PAGE,
  MMU_NOTIFY_PROTECTION_VMA,
  MMU_NOTIFY_SOFT_DIRTY,
  MMU_NOTIFY_UNMAP,
  type MmuNotifierEvent,
  type MmuNotifierRange,
  mmuNotifierRangeBlockable,
  mmuNotifierRangeInit,
  mmuNotifierRangeUpdateToReadOnly,
  mmuNotifierRangeUseChangePte,
  type NotifierVma,
  siteName,
  VM_READ,
  WINDOW_EVENT_NAMES,
  type WindowEventName,
} from "./lib/notifier/range.ts";
export type { MmuNotifierOps, NewPte } from "./lib/notifier/ops.ts";
