/**
 * RDMA on-demand paging: memory regions (MRs) without pins, whose pages the NIC faults in.
 *
 * From drivers/infiniband/core/umem_odp.c (ib_umem_notifier_*, ib_umem_odp_map_dma_pages) and
 * drivers/infiniband/hw/mlx5/odp.c (pagefault_mr) of v5.2. Explicit MRs; implicit ones are built
 * upon them in odp_implicit.ts.
 *
 * umem_rwsem is held for read from start to end (odp_windows.ts), so registering waits for open
 * windows. Until v5.3 it stayed locked after a refusal with -EAGAIN (B-3), for which the profile has
 * a switch.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { type MmuNotifierRange, mmuNotifierRangeBlockable } from "../notifier/range.ts";
import { applyAction, decide, reportRecorded } from "./actions.ts";
import type { ListenerCounters } from "./counters.ts";
import {
  beginFault,
  type Device,
  endFault,
  type ListenerInit,
  neverEnds,
  newDevice,
  requirePages,
  RETRY_LIMIT,
  retryFault,
  spend,
} from "./device.ts";
import {
  type DeviceAccess,
  deviceAccess,
  type PageContent,
  type PageVisitor,
} from "./device_access.ts";
import type { Listener, ListenerRange, ListenerState, SecondaryEntry } from "./listener.ts";
import { MrSet } from "./mr_set.ts";
import { type OdpMr, OdpWindows } from "./odp_windows.ts";
import { NO_LEAF } from "./range_index.ts";
import { ENTRY_PRESENT, ENTRY_WRITE } from "./secondary_leaf.ts";
import { SecondaryTable } from "./secondary_table.ts";

/** A NIC with on-demand paging that listens on one process: struct ib_ucontext_per_mm. */
export class OdpListener implements Listener {
  /** Kind of driver. */
  readonly kind: "odp" | "odp_implicit" = "odp";
  /** Its name in the scenario. */
  readonly name: string;
  /** ODP drops its reference right after the mapping. */
  readonly pins: false = false;
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** The callbacks to register. */
  readonly ops: MmuNotifierOps;
  /** State that the parts of the driver share. */
  protected readonly device: Device;
  /** The MRs. */
  protected readonly mrs: MrSet<OdpMr> = new MrSet<OdpMr>();
  readonly #windows = new OdpWindows();

  /**
   * Makes a NIC context without MRs.
   *
   * @param init Name, process, policy and costs.
   */
  constructor(init: ListenerInit) {
    this.device = newDevice(init, ENTRY_WRITE);
    this.name = init.name;
    this.counters = this.device.counters;
    this.ops = {
      name: init.name,
      release: () => this.#release(),
      invalidateRangeStart: (range) => this.#start(range),
      invalidateRangeEnd: (range) => this.#end(range),
    };
  }

  /** Windows that are open now for this listener: holders of umem_rwsem. */
  get openWindows(): number {
    return this.#windows.readers;
  }

  /**
   * Registers a memory region; no page is touched. From ib_umem_odp_get.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param writable Whether the device may write.
   * @returns The key of the MR, positive; or -EFAULT after the mm is gone.
   */
  *regMr(start: Vaddr, pages: number, writable: boolean): Operation<number> {
    requirePages("register an MR", start, pages);
    yield* this.downWrite("ib_umem_odp_get");
    if (this.device.released) return -ERRNO.EFAULT;
    return this.addMr(start, start + pages * PAGE_SIZE, writable).key;
  }

  /**
   * Removes a memory region and its translations. From ib_umem_odp_release.
   *
   * @param key The key that {@linkcode OdpListener.regMr} returned.
   * @returns 0, or -ENOENT.
   */
  *deregMr(key: number): Operation<number> {
    yield* this.downWrite("ib_umem_odp_release");
    const mr = this.mrs.get(key);
    if (mr === undefined) return -ERRNO.ENOENT;
    this.#unmapMr(mr);
    this.removeMr(mr);
    return 0;
  }

  /**
   * Finds the oldest MR that covers pages with the access wanted.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param write Whether it must be writable.
   * @returns The key, or 0.
   */
  findMr(start: Vaddr, pages: number, write: boolean): number {
    return this.mrs.find(start, pages, write)?.key ?? 0;
  }

  /**
   * Lets the device write pages (RDMA WRITE of a peer into this process).
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0; -EACCES without an MR that covers the pages and is writable; -EFAULT where the
   * process has no such page.
   */
  rdmaWrite(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    return this.access(start, pages, content, null);
  }

  /**
   * Lets the device read pages (RDMA READ of a peer from this process).
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param visit Receives the content, by page from 0.
   * @returns As {@linkcode OdpListener.rdmaWrite}.
   */
  rdmaRead(start: Vaddr, pages: number, visit: PageVisitor | null = null): Operation<number> {
    return this.access(start, pages, null, visit);
  }

  /**
   * Visits every translation, MR by MR; a page in several MRs is visited once for each.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void {
    this.mrs.forEachEntry(visit);
  }

  /**
   * Looks up the translation of a page; of several MRs, the one whose range starts first.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined {
    return this.mrs.entryAt(address);
  }

  /**
   * Lists the memory regions.
   *
   * @returns Their ranges, with key and access as label.
   */
  ranges(): ListenerRange[] {
    return this.mrs.ranges();
  }

  /**
   * Tells who holds the lock that windows take.
   *
   * @returns Number of windows that hold umem_rwsem for read.
   */
  state(): ListenerState {
    return { umem_rwsem_readers: this.#windows.readers };
  }

  /** Drops all translations. */
  close(): void {
    this.#release();
  }

  /**
   * Enters a new MR; the caller holds umem_rwsem for write.
   *
   * @param start First byte.
   * @param end First byte after.
   * @param writable Whether the device may write.
   * @returns The MR.
   */
  protected addMr(start: Vaddr, end: Vaddr, writable: boolean): OdpMr {
    const key = this.mrs.newKey();
    const unused = { table: null, used: null, readOnly: true, seq: 0, count: 0, leaf: NO_LEAF };
    const mr = { key, start, end, writable, ...unused };
    this.mrs.add(mr);
    return mr;
  }

  /**
   * Takes an MR out.
   *
   * @param mr The MR.
   */
  protected removeMr(mr: OdpMr): void {
    this.mrs.delete(mr.key);
    this.#windows.forget(mr);
  }

  /**
   * Called where a policy frees tracking objects and an MR has no translation left.
   *
   * @param _mr The MR; it may be removed at once.
   */
  protected emptied(_mr: OdpMr): void {}

  /** ib_umem_notifier_invalidate_range_start. */
  #start(range: MmuNotifierRange): number {
    const { counters, costs, user } = this.device;
    counters.windows++;
    if (!mmuNotifierRangeBlockable(range) && this.mrs.index.overlaps(range.start, range.end)) {
      // Kernels that pair end with a failed start (v5.12) call end of this listener, too: its
      // accounting has begun by then, as with the interval notifiers of that time.
      const { pairEndOnFailure, odpKeepsLockOnEagain } = user.mm.notifierContext.profile;
      if (pairEndOnFailure) this.#windows.open(range);
      else if (odpKeepsLockOnEagain) this.#windows.leak();
      counters.refused++;
      return -ERRNO.EAGAIN;
    }
    const { mrs, count } = this.#windows.open(range);
    const keptBefore = counters.kept;
    let changed = 0;
    for (let at = 0; at < count; at++) changed += this.#invalidate(mrs[at], range);
    if (changed === 0 && counters.kept > keptBefore) counters.skipped++;
    spend(this.device, costs.odp_window);
    return 0;
  }

  /** ib_umem_notifier_invalidate_range_end and ib_umem_notifier_end_account. */
  #end(range: MmuNotifierRange): void {
    const { device } = this;
    const { mrs, count } = this.#windows.close(range, this.name);
    for (let at = 0; at < count; at++) {
      const mr = mrs[at];
      mr.seq++;
      mr.count--;
      if (!device.recording || mr.table === null) continue;
      if (decide(device, range, mr.readOnly) === "record_writes") {
        reportRecorded(device, mr.table, range);
      }
    }
  }

  /** invalidate_range_start_trampoline, mlx5_ib_invalidate_range. */
  #invalidate(mr: OdpMr, range: MmuNotifierRange): number {
    if (mr.table === null) return 0;
    const { device } = this;
    const action = decide(device, range, mr.readOnly);
    const changed = applyAction(device, mr.table, range, action);
    if (changed > 0) {
      this.counters.tlb_flushes++;
      spend(device, device.costs.odp_umr_zap + changed * device.costs.odp_dma_unmap);
    }
    // skip_if_read_only is the posted patch: where it does not skip, all is as before it
    const frees = action === "drop_and_free" || device.actions[range.event] === "skip_if_read_only";
    if (frees && mr.table.count === 0) this.emptied(mr);
    return changed;
  }

  /** ib_umem_notifier_release: every MR is marked dying and unmapped. */
  #release(): void {
    this.mrs.index.forEach((mr) => this.#unmapMr(mr));
    this.device.released = true;
  }

  #unmapMr(mr: OdpMr): void {
    mr.table?.dropRange(mr.start, mr.end, ENTRY_PRESENT, true, this.device.reportDirty);
    mr.seq++;
  }

  /** Waits until no window holds umem_rwsem. */
  protected *downWrite(where: string): Operation<void> {
    for (let tries = 0; this.#windows.readers > 0; tries++) {
      if (tries === RETRY_LIMIT) {
        const what = `to take umem_rwsem for write (${this.#windows.readers} windows hold it)`;
        throw neverEnds(where, this.device, what);
      }
      yield "before_retry_check";
    }
  }

  /** Lets the device access pages that one MR covers. */
  protected *access(
    start: Vaddr,
    pages: number,
    content: PageContent | null,
    visit: PageVisitor | null,
  ): Operation<number> {
    requirePages("access an MR", start, pages);
    const mr = this.mrs.find(start, pages, content !== null);
    if (mr === null) return -ERRNO.EACCES;
    return yield* this.accessMr(mr, { start, pages, content, visit });
  }

  /**
   * Lets the device access pages of one MR.
   *
   * @param mr The MR.
   * @param access The access.
   * @returns 0, or a negative errno; -EFAULT also if the MR was removed meanwhile.
   */
  protected *accessMr(mr: OdpMr, access: DeviceAccess): Operation<number> {
    this.#windows.use(mr);
    mr.table ??= new SecondaryTable(mr.start, mr.end);
    const unit = { table: mr.table, fault: (address: Vaddr) => this.#fault(mr, address) };
    return yield* deviceAccess(this.device, unit, access);
  }

  /** pagefault_mr and ib_umem_odp_map_dma_pages, for one page. */
  *#fault(mr: OdpMr, address: Vaddr): Operation<number> {
    const { device } = this;
    const { user, costs } = device;
    const forget = user.mm.notifierContext.faults.has("forget_retry");
    for (let tries = 0; tries < RETRY_LIMIT; tries++) {
      if (device.released || this.mrs.get(mr.key) === undefined) return -ERRNO.EFAULT;
      beginFault(device, address, mr.writable);
      if (mr.writable) mr.readOnly = false;
      const { seq } = mr;
      const pfn = yield* user.getUserPage(address, mr.writable);
      if (pfn < 0) return pfn;
      yield "before_retry_check";
      if (forget || (mr.count === 0 && mr.seq === seq)) {
        const again = mr.table!.set(address, pfn, mr.writable ? ENTRY_WRITE : 0);
        user.putPage(pfn);
        endFault(device, again, costs.odp_page_fault);
        return 0;
      }
      user.putPage(pfn);
      retryFault(device, address, costs.odp_page_fault);
      yield "before_retry_check";
    }
    const where = `on a page fault at ${hex(address)}`;
    const state = `(notifiers_count of MR ${mr.key} is ${mr.count})`;
    throw neverEnds("ib_umem_odp_map_dma_pages", device, `${where} ${state}`);
  }
}
