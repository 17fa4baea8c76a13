/**
 * What every simulated driver carries: its user pages, policy, counters and costs.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import type { TraceKind } from "../kernel/trace.ts";
import { KernelBugError } from "../kernel/violation.ts";
import type { UserPages } from "../mm/user_pages.ts";
import { type ListenerCostName, listenerCosts, type ListenerCostTable } from "./costs.ts";
import { type ListenerCounters, newCounters } from "./counters.ts";
import { actionsByEvent, type Policy, type PolicyAction } from "./policy.ts";
import { ENTRY_DIRTY, type LostEntry } from "./secondary_leaf.ts";

/** Retries after which a device fault is taken to wait for an end that never comes. */
export const RETRY_LIMIT = 1000;

/** What a driver is made from. */
export interface ListenerInit {
  /** Its name in the scenario. */
  readonly name: string;
  /** The process it works on. */
  readonly user: UserPages;
  /** What it does with invalidations. */
  readonly policy: Policy;
  /** Its number in trace records; -1 if left out. */
  readonly subject?: number;
  /** Costs that differ from the defaults. */
  readonly costs?: Readonly<Partial<Record<ListenerCostName, number>>>;
}

/** State and services that the parts of a driver share. */
export interface Device {
  /** Its name in the scenario. */
  readonly name: string;
  /** The process it works on. */
  readonly user: UserPages;
  /** Its number in trace records. */
  readonly subject: number;
  /** What it does with invalidations. */
  readonly policy: Policy;
  /** The policy's actions by event code. */
  readonly actions: readonly PolicyAction[];
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** Nanoseconds by name. */
  readonly costs: ListenerCostTable;
  /** Hands the dirty state of a lost translation to its frame. */
  readonly reportDirty: LostEntry;
  /** Whether first writes to a page are reported as soft-dirty (action record_writes). */
  recording: boolean;
  /** Whether the mm is gone or the driver was released: no access works any more. */
  released: boolean;
}

/**
 * Makes the shared state of a driver.
 *
 * @param init What the driver is made from.
 * @param dirtyMask ENTRY_ flags any of which make a lost translation dirty its frame: DIRTY for
 * KVM (mmu_spte_clear_track_bits), WRITE for ODP (ib_umem_odp_unmap_dma_pages).
 * @returns New state with counters at zero.
 */
export function newDevice(init: ListenerInit, dirtyMask: number = ENTRY_DIRTY): Device {
  const { name, user, policy } = init;
  return {
    name,
    user,
    subject: init.subject ?? -1,
    policy,
    actions: actionsByEvent(policy),
    counters: newCounters(),
    costs: listenerCosts(init.costs),
    reportDirty: (pfn, flags) => {
      if ((flags & dirtyMask) !== 0) user.setPageDirty(pfn);
    },
    recording: false,
    released: false,
  };
}

/**
 * Charges time that is spent because of an invalidation.
 *
 * @param device The driver.
 * @param ns Nanoseconds.
 */
export function spend(device: Device, ns: number): void {
  device.counters.time_ns += ns;
  device.user.mm.notifierContext.clock.advance(ns);
}

/**
 * Counts and records that the device faults on a page.
 *
 * @param device The driver.
 * @param address The page.
 * @param write Whether it wants to write.
 * @param time Virtual time at which it began, in ns; now unless given.
 */
export function beginFault(
  device: Device,
  address: Vaddr,
  write: boolean,
  time: number = device.user.mm.notifierContext.clock.now,
): void {
  device.counters.faults++;
  if (!write) device.counters.read_faults++;
  recordFault(device, "device_fault", address, time);
}

/**
 * Accounts a fault that installed its page.
 *
 * @param device The driver.
 * @param again Whether the page had a translation before.
 * @param ns Nanoseconds the fault took.
 */
export function endFault(device: Device, again: boolean, ns: number): void {
  if (again) {
    device.counters.refaults++;
    spend(device, ns);
  } else {
    device.user.mm.notifierContext.clock.advance(ns);
  }
}

/**
 * Accounts a fault that is thrown away because a window was or had been open.
 *
 * @param device The driver.
 * @param address The page.
 * @param ns Nanoseconds lost.
 */
export function retryFault(device: Device, address: Vaddr, ns: number): void {
  device.counters.retries++;
  recordFault(device, "device_retry", address, device.user.mm.notifierContext.clock.now);
  spend(device, ns);
}

/**
 * Builds the error of a wait that will never end, because the window it waits for was leaked.
 *
 * @param where The kernel function that waits.
 * @param device The driver.
 * @param what What it waits for, and the counters that keep it waiting.
 * @returns The error.
 */
export function neverEnds(where: string, device: Device, what: string): KernelBugError {
  return new KernelBugError(
    where,
    `listener "${device.name}" gave up after ${RETRY_LIMIT} retries ${what}: ` +
      "a window was started and never ended",
  );
}

/**
 * Checks the arguments of a registration or an access.
 *
 * @param what What is being done, such as `"register a memslot"`.
 * @param start First byte.
 * @param pages Number of pages.
 * @throws {RangeError} If start is not page aligned or the number is not a positive integer.
 */
export function requirePages(what: string, start: Vaddr, pages: number): void {
  if (!Number.isInteger(start / PAGE_SIZE) || start < 0) {
    throw new RangeError(`Cannot ${what} at ${start}: expected a page-aligned address`);
  }
  if (!Number.isInteger(pages) || pages < 1) {
    throw new RangeError(`Cannot ${what} of ${pages} pages: expected one page or more`);
  }
}

function recordFault(device: Device, kind: TraceKind, address: Vaddr, time: number): void {
  const { subject, user: { mm } } = device;
  mm.notifierContext.trace.record(time, kind, mm.id, subject, 0, 0, address, address + PAGE_SIZE);
}
