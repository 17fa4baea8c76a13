/**
 * An HMM mirror: a device page table that follows the CPU's by faults and windows, without pins.
 *
 * From mm/hmm.c (hmm_invalidate_range_start, hmm_invalidate_range_end, hmm_range_register,
 * hmm_range_fault) of v5.2. One counter of open windows for the whole mm; every registered range
 * has a flag `valid` that start clears and that only the last end sets, on all ranges. Here nothing
 * is written on ranges: one is valid unless it meets a window since none was open. HMM itself
 * passes no reason of the window on to the mirror: acting on it is a proposal.
 *
 * Known mistakes are switches of the profile: hmmLeaksNotifiers (B-4), hmmTouchingRanges (B-27) and
 * hmmValidFlagOnly, by which a window that came and went during a fault stays unnoticed.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { KernelBugError } from "../kernel/violation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { type MmuNotifierRange, mmuNotifierRangeBlockable } from "../notifier/range.ts";
import { applyAction, decide, reportRecorded } from "./actions.ts";
import {
  beginFault,
  endFault,
  type ListenerInit,
  neverEnds,
  requirePages,
  RETRY_LIMIT,
  retryFault,
  spend,
} from "./device.ts";
import type { AccessUnit, PageContent, PageVisitor } from "./device_access.ts";
import type { ListenerRange, ListenerState } from "./listener.ts";
import { NO_LEAF, RangeIndex } from "./range_index.ts";
import { ENTRY_WRITE } from "./secondary_leaf.ts";
import { TableListener } from "./table_listener.ts";

/** A piece of the address space. */
interface Span {
  readonly start: Vaddr;
  readonly end: Vaddr;
}

/** A fault under way. */
interface Fault {
  /** The ranges that have the page. */
  readonly ranges: readonly Span[];
  /** Whether a window over one of them has opened since. */
  met: boolean;
}

/** Windows kept as such while the count does not fall to zero. */
const MOST_WINDOWS = 256;

/** Options of a mirror. */
export interface HmmOptions {
  /** Somebody holds mirrors_sem whenever a window that must not sleep opens; false if left out. */
  readonly contended?: boolean;
}

/** A device that mirrors one process: struct hmm with one struct hmm_mirror. */
export class HmmListener extends TableListener {
  /** Kind of driver. */
  override readonly kind: "hmm" = "hmm";
  /** The callbacks to register. */
  override readonly ops: MmuNotifierOps;
  /** What accesses go through. */
  protected override readonly unit: AccessUnit;
  readonly #ranges = new RangeIndex();
  readonly #contended: boolean;
  /** Windows, and ranges that are not valid whatever the windows say, since no window was open. */
  #windows: Span[] = [];
  #unready = new Set<Span>();
  readonly #faults = new Set<Fault>();
  /** hmm->notifiers. */
  #notifiers = 0;

  /**
   * Makes a mirror that follows no range yet.
   *
   * @param init Name, process, policy and costs.
   * @param options Whether its lock is contended.
   */
  constructor(init: ListenerInit, options: HmmOptions = {}) {
    super(init);
    this.#contended = options.contended ?? false;
    this.unit = { table: this.table, fault: (address, write) => this.#fault(address, write) };
    this.ops = {
      name: init.name,
      release: () => this.close(), // hmm_release
      invalidateRangeStart: (range) => this.#start(range),
      invalidateRangeEnd: (range) => this.#end(range),
    };
  }

  /** Windows that block faults now: hmm->notifiers. */
  get openWindows(): number {
    return this.#notifiers;
  }

  /**
   * Tells whether a page is in a range whose flag is set, so that a fault on it could install.
   *
   * @param address The page.
   * @returns True if some registered range has it and all of those are valid.
   */
  isValid(address: Vaddr): boolean {
    const ranges = this.#rangesOf(address);
    return ranges.length > 0 && ranges.every((range) => this.#isValid(range));
  }

  /**
   * Lets the device follow pages. From hmm_range_register.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @returns 0, or -EFAULT after the mm is gone.
   */
  mirror(start: Vaddr, pages: number): number {
    requirePages("mirror a range", start, pages);
    if (this.device.released) return -ERRNO.EFAULT;
    const range = { start, end: start + pages * PAGE_SIZE, leaf: NO_LEAF };
    if (this.#notifiers > 0) this.#unready.add(range);
    this.#ranges.add(range);
    return 0;
  }

  /**
   * Lets the device write pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0, -EFAULT where the process has no such page, or -ENXIO outside what it mirrors.
   */
  deviceWrite(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    return this.write(start, pages, content);
  }

  /**
   * Lets the device read pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param visit Receives the content, by page from 0.
   * @returns As {@linkcode HmmListener.deviceWrite}.
   */
  deviceRead(start: Vaddr, pages: number, visit: PageVisitor | null = null): Operation<number> {
    return this.read(start, pages, visit);
  }

  /**
   * Lists the ranges that the device follows.
   *
   * @returns The ranges by address, with their flag as label.
   */
  ranges(): ListenerRange[] {
    const ranges: ListenerRange[] = [];
    this.#ranges.forEach((range) => {
      const label = `mirrored, ${this.#isValid(range) ? "valid" : "not valid"}`;
      ranges.push({ start: range.start, end: range.end, label });
    });
    return ranges;
  }

  /**
   * Tells what faults wait for.
   *
   * @returns hmm->notifiers, the number of open windows.
   */
  state(): ListenerState {
    return { notifiers: this.#notifiers };
  }

  /** hmm_invalidate_range_start. */
  #start(range: MmuNotifierRange): number {
    this.counters.windows++;
    this.#notifiers++;
    const { hmmTouchingRanges } = this.device.user.mm.notifierContext.profile;
    const window = { start: range.start, end: range.end + (hmmTouchingRanges ? 1 : 0) };
    this.#windows.push(window);
    if (this.#windows.length > MOST_WINDOWS) this.#settleWindows();
    for (const fault of this.#faults) fault.met ||= fault.ranges.some((one) => meets(window, one));
    const result = mmuNotifierRangeBlockable(range) ? 0 : this.#tryNonblock(range);
    if (result === 0) this.#invalidate(range);
    spend(this.device, this.device.costs.hmm_window);
    return result === LOST_EAGAIN ? 0 : result;
  }

  /**
   * The two ways to refuse: mirrors_sem is taken, or the mirror would have to wait for the device.
   * With B-4 the first keeps the count, and the second is reported as success, nothing done.
   */
  #tryNonblock(range: MmuNotifierRange): number {
    const { hmmLeaksNotifiers, pairEndOnFailure } = this.device.user.mm.notifierContext.profile;
    const busy = this.table.countRange(range.start, range.end) > 0;
    if (!this.#contended && !busy) return 0;
    if (hmmLeaksNotifiers && !this.#contended) return LOST_EAGAIN;
    this.counters.refused++;
    if (!hmmLeaksNotifiers && !pairEndOnFailure) this.#closeWindow();
    return -ERRNO.EAGAIN;
  }

  #rangesOf(address: Vaddr): Span[] {
    const ranges: Span[] = [];
    this.#ranges.forEachOverlap(address, address + PAGE_SIZE, (range) => void ranges.push(range));
    return ranges;
  }

  /** The flag of a range: no window met it, and it was not made, since none was open. */
  #isValid(range: Span): boolean {
    return !this.#unready.has(range) && !this.#windows.some((window) => meets(window, range));
  }

  /** sync_cpu_device_pagetables of the mirror. */
  #invalidate(range: MmuNotifierRange): void {
    const device = this.device;
    const { counters, costs } = device;
    const keptBefore = counters.kept;
    const changed = applyAction(device, this.table, range, decide(device, range, false));
    if (changed > 0) {
      counters.tlb_flushes++;
      spend(device, costs.hmm_zap);
    } else if (counters.kept > keptBefore) counters.skipped++;
  }

  /** hmm_invalidate_range_end. */
  #end(range: MmuNotifierRange): void {
    const device = this.device;
    if (this.#notifiers === 0) {
      throw new KernelBugError(
        "hmm_invalidate_range_end",
        `notifiers of "${this.name}" fell below zero: an end came without its start`,
      );
    }
    this.#closeWindow();
    const action = decide(device, range, false);
    if (action === "record_writes" && device.recording) reportRecorded(device, this.table, range);
    if (action === "resnapshot" && this.#notifiers === 0) this.#resnapshot(range);
  }

  /** Only the last end makes ranges valid again, and then all of them. */
  #closeWindow(): void {
    this.#notifiers--;
    if (this.#notifiers > 0) return;
    this.#windows = [];
    if (this.#unready.size > 0) this.#unready = new Set();
  }

  /** Lists the ranges that the windows met instead of the windows, which a kept count lets pile up. */
  #settleWindows(): void {
    for (const { start, end } of this.#windows) {
      this.#ranges.forEachOverlap(start, end, (range) => void this.#unready.add(range));
    }
    this.#windows = [];
  }

  /** The proposal: entries get back the write access that the CPU still has. */
  #resnapshot(range: MmuNotifierRange): void {
    const { user } = this.device;
    const writable: [Vaddr, Pfn][] = [];
    this.table.forEach(
      (address, pfn) => {
        const now = user.getUserPageFast(address, true);
        if (now >= 0) user.putPage(now);
        if (now === pfn) writable.push([address, pfn]);
      },
      range.start,
      range.end,
    );
    for (const [address, pfn] of writable) this.table.set(address, pfn, ENTRY_WRITE);
  }

  /** hmm_range_wait_until_valid, hmm_range_fault, and the check under the driver's lock. */
  *#fault(address: Vaddr, write: boolean): Operation<number> {
    const device = this.device;
    const { user, costs } = device;
    const { profile, faults } = user.mm.notifierContext;
    for (let tries = 0; tries < RETRY_LIMIT; tries++) {
      if (device.released) return -ERRNO.EFAULT;
      if (!this.#ranges.overlaps(address, address + PAGE_SIZE)) return -ERRNO.ENXIO;
      if (!this.isValid(address)) {
        yield "before_retry_check";
        continue;
      }
      beginFault(device, address, write);
      const fault: Fault = { ranges: this.#rangesOf(address), met: false };
      this.#faults.add(fault);
      const entry = yield* this.#snapshot(address, write);
      if (entry.pfn >= 0) yield "before_retry_check";
      this.#faults.delete(fault);
      if (entry.pfn < 0) return entry.pfn;
      const current = this.isValid(address) && (profile.hmmValidFlagOnly || !fault.met);
      if (current || faults.has("forget_retry")) {
        const again = this.table.set(address, entry.pfn, entry.writable ? ENTRY_WRITE : 0);
        endFault(device, again, costs.hmm_fault);
        return 0;
      }
      retryFault(device, address, costs.hmm_fault);
    }
    const state = `on a fault at ${hex(address)} (notifiers is ${this.#notifiers})`;
    throw neverEnds("hmm_range_wait_until_valid", device, state);
  }

  /** What the CPU has, faulted in where it must be; no reference is kept. */
  *#snapshot(address: Vaddr, write: boolean): Operation<{ pfn: number; writable: boolean }> {
    const { user } = this.device;
    let pfn = user.getUserPageFast(address, true);
    if (pfn < 0) {
      pfn = yield* user.getUserPage(address, write);
      if (pfn < 0) return { pfn, writable: false };
    }
    user.putPage(pfn);
    const now = user.getUserPageFast(address, true);
    if (now >= 0) user.putPage(now);
    return { pfn, writable: now === pfn };
  }
}

function meets(window: Span, range: Span): boolean {
  return window.start < range.end && range.start < window.end;
}

/** A mirror's -EAGAIN that got lost on its way (B-4); start reports success. */
const LOST_EAGAIN = 1;
