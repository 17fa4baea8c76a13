/**
 * The listeners of an address space: registration, unregistration and release.
 *
 * From mm/mmu_notifier.c. The list is walked head first and registration inserts at the head, so
 * callbacks run in reverse order of registration. `mm_has_notifiers` stays true after the last
 * listener has gone. A forked child starts without any.
 *
 * @module
 */

import type { Clock } from "../kernel/costs.ts";
import type { FaultSet } from "../kernel/faults.ts";
import type { KernelProfile } from "../kernel/profile.ts";
import type { Trace } from "../kernel/trace.ts";
import type { MmuNotifierOps } from "./ops.ts";
import type { MmuNotifierRange } from "./range.ts";

/** What the chain needs from the machine around it. */
export interface NotifierContext {
  /** Switches of the simulated kernel. */
  readonly profile: KernelProfile;
  /** Where callbacks are recorded. */
  readonly trace: Trace;
  /** The virtual clock. */
  readonly clock: Clock;
  /** Nanoseconds charged for each callback of each listener. */
  readonly notifierCallCost: number;
  /** Injected mistakes. */
  readonly faults: FaultSet;
  /** Receives the kernel's log lines. */
  readonly log: (line: string) => void;
  /** Called when a window closes, before its end is delivered: all changes are made by then. */
  readonly windowCheck?: ((range: MmuNotifierRange) => void) | null;
}

/** What the chain needs from an address space. */
export interface NotifierMm {
  /** Number of the mm on its machine. */
  readonly id: number;
  /** Name of the process. */
  readonly name: string;
  /** The machine's side. */
  readonly notifierContext: NotifierContext;
  /** The chain, or null until the first registration. */
  notifiers: MmuNotifierChain | null;
}

/** The chain of one mm. */
export interface MmuNotifierChain {
  /** Listeners, head first. */
  readonly list: MmuNotifierOps[];
  /** Windows that are open now, oldest first. */
  readonly open: MmuNotifierRange[];
}

/**
 * Tells whether the mm ever had a listener.
 *
 * @param mm The address space.
 * @returns True once a listener has been registered, even if none is left.
 */
export function mmHasNotifiers(mm: NotifierMm): boolean {
  return mm.notifiers !== null;
}

/**
 * Adds a listener at the head of the chain.
 *
 * @param mn The listener.
 * @param mm The address space.
 * @throws {TypeError} If the listener is on the chain already.
 */
export function mmuNotifierRegister(mn: MmuNotifierOps, mm: NotifierMm): void {
  mm.notifiers ??= { list: [], open: [] };
  if (mm.notifiers.list.includes(mn)) {
    throw new TypeError(`Cannot register listener "${mn.name}": it is registered already`);
  }
  mm.notifiers.list.unshift(mn);
}

/**
 * Releases a listener and takes it off the chain.
 *
 * Takes no mm lock: it may fall between a start and its end, which the listener then never sees.
 *
 * @param mn The listener.
 * @param mm The address space.
 */
export function mmuNotifierUnregister(mn: MmuNotifierOps, mm: NotifierMm): void {
  if (!mm.notifiers?.list.includes(mn)) return;
  mn.release?.(mm);
  mmuNotifierUnregisterNoRelease(mn, mm);
}

/**
 * Takes a listener off the chain without calling its release.
 *
 * @param mn The listener.
 * @param mm The address space.
 */
export function mmuNotifierUnregisterNoRelease(mn: MmuNotifierOps, mm: NotifierMm): void {
  const list = mm.notifiers?.list;
  const at = list?.indexOf(mn) ?? -1;
  if (at >= 0) list!.splice(at, 1);
}

/**
 * Tells every listener that the mm goes away, then empties the chain.
 *
 * Called by exit before anything is unmapped: all later windows reach nobody.
 * From mm/mmu_notifier.c: mn_hlist_release.
 *
 * @param mm The address space.
 */
export function mmuNotifierRelease(mm: NotifierMm): void {
  if (mm.notifiers === null) return;
  const { trace, clock } = mm.notifierContext;
  const list = mm.notifiers.list;
  trace.record(clock.now, "release", mm.id, -1, 0, 0, 0, 0);
  for (const mn of list.slice()) mn.release?.(mm);
  list.length = 0;
}
