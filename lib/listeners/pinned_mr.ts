/**
 * A long-term pinned RDMA memory region: the NIC keeps its frames whatever the page tables say.
 *
 * From drivers/infiniband/core/umem.c (ib_umem_get, __ib_umem_release). Upstream it has no
 * notifier: windows pass it by, its writes are invisible to soft-dirty tracking (B-17), and after
 * a change of the page table CPU and device work on different frames.
 *
 * The option `softDirty` is a proposal of this project, not upstream: the driver registers a
 * notifier that acts on SOFT_DIRTY alone. start clears the recorded dirty state and starts to
 * record; every first write of the device to a page is from then on reported as soft-dirty at
 * once, as a NIC with a dirty log would let the driver do before anybody reads pagemap; end
 * reports once more what was written inside the window, because the mm may have cleared those bits
 * after the write. Without event context (v5.0) the notifier never learns of SOFT_DIRTY, and under a
 * policy that takes every window alike (legacy, followup) it does nothing, as upstream.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { MmuNotifierRange } from "../notifier/range.ts";
import { reportRecorded, restartRecording } from "./actions.ts";
import type { ListenerCounters } from "./counters.ts";
import { type Device, type ListenerInit, newDevice, requirePages } from "./device.ts";
import { deviceAccess, noFault, type PageContent, type PageVisitor } from "./device_access.ts";
import type { Listener, ListenerRange, SecondaryEntry } from "./listener.ts";
import { type MemoryRegion, MrSet } from "./mr_set.ts";
import { NO_LEAF } from "./range_index.ts";
import { ENTRY_WRITE } from "./secondary_leaf.ts";
import { SecondaryTable } from "./secondary_table.ts";

/** Options of a pinned MR listener. */
export interface PinnedMrOptions {
  /** Register a notifier that reports device writes after SOFT_DIRTY; false if left out. */
  readonly softDirty?: boolean;
}

/** One registered region, all its pages pinned: struct ib_umem. */
interface PinnedMr extends MemoryRegion {
  readonly table: SecondaryTable;
}

/** A NIC without on-demand paging: it pins what it maps. */
export class PinnedMrListener implements Listener {
  /** Kind of driver. */
  readonly kind: "pinned_mr" = "pinned_mr";
  /** Its name in the scenario. */
  readonly name: string;
  /** Its entries may differ from the CPU's. */
  readonly pins: true = true;
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** Null, or the callbacks of the soft-dirty proposal. */
  readonly ops: MmuNotifierOps | null;
  readonly #device: Device;
  readonly #mrs = new MrSet<PinnedMr>();

  /**
   * Makes a NIC context without MRs.
   *
   * @param init Name, process, policy and costs.
   * @param options Whether it takes part in soft-dirty tracking.
   */
  constructor(init: ListenerInit, options: PinnedMrOptions = {}) {
    this.#device = newDevice(init);
    this.name = init.name;
    this.counters = this.#device.counters;
    this.ops = !options.softDirty ? null : {
      name: init.name,
      invalidateRangeStart: (range) => this.#start(range),
      invalidateRangeEnd: (range) => this.#end(range),
    };
  }

  /**
   * Registers a memory region and pins all its pages, for writing even if it is read-only.
   *
   * From drivers/infiniband/core/umem.c: ib_umem_get.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param writable Whether the device may write.
   * @returns The key of the MR, positive; or the negative errno of a page that cannot be pinned,
   * after which nothing stays pinned.
   */
  *regMr(start: Vaddr, pages: number, writable: boolean): Operation<number> {
    requirePages("register an MR", start, pages);
    const { user, costs, counters } = this.#device;
    const end = start + pages * PAGE_SIZE;
    const table = new SecondaryTable(start, end);
    const key = this.#mrs.newKey();
    const mr: PinnedMr = { key, start, end, writable, table, leaf: NO_LEAF };
    for (let address = start; address < end; address += PAGE_SIZE) {
      const pfn = yield* user.pinUserPage(address);
      if (pfn < 0) {
        this.#unpin(mr, false);
        return pfn;
      }
      table.set(address, pfn, writable ? ENTRY_WRITE : 0);
      counters.pinned++;
      user.mm.notifierContext.clock.advance(costs.pin_page);
    }
    this.#mrs.add(mr);
    return mr.key;
  }

  /**
   * Removes a memory region and its pins. From __ib_umem_release: the frames of a writable region
   * are marked dirty.
   *
   * @param key The key that {@linkcode PinnedMrListener.regMr} returned.
   * @returns 0, or -ENOENT.
   */
  // deno-lint-ignore require-yield
  *deregMr(key: number): Operation<number> {
    const mr = this.#mrs.get(key);
    if (mr === undefined) return -ERRNO.ENOENT;
    this.#unpin(mr, mr.writable);
    this.#mrs.delete(key);
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
    return this.#mrs.find(start, pages, write)?.key ?? 0;
  }

  /**
   * Lets the device write the pinned frames of pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0, or -EACCES without an MR that covers the pages and is writable.
   */
  rdmaWrite(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    return this.#access(start, pages, content, null);
  }

  /**
   * Lets the device read the pinned frames of pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param visit Receives the content, by page from 0.
   * @returns As {@linkcode PinnedMrListener.rdmaWrite}.
   */
  rdmaRead(start: Vaddr, pages: number, visit: PageVisitor | null = null): Operation<number> {
    return this.#access(start, pages, null, visit);
  }

  /**
   * Visits every translation, MR by MR; a page in several MRs is visited once for each.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void {
    this.#mrs.forEachEntry(visit);
  }

  /**
   * Visits every pin.
   *
   * @param visit Called with the frame and true.
   */
  forEachReference(visit: (pfn: Pfn, pin: boolean) => void): void {
    this.#mrs.forEachEntry((_address, pfn) => visit(pfn, true));
  }

  /**
   * Looks up the translation of a page; of several MRs, the one whose range starts first.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined {
    return this.#mrs.entryAt(address);
  }

  /**
   * Lists the memory regions.
   *
   * @returns Their ranges, with key and access as label.
   */
  ranges(): ListenerRange[] {
    return this.#mrs.ranges();
  }

  /** Drops every region with its pins. */
  close(): void {
    for (const mr of this.#mrs.list()) {
      this.#unpin(mr, mr.writable);
      this.#mrs.delete(mr.key);
    }
  }

  #start(range: MmuNotifierRange): number {
    this.counters.windows++;
    if (this.#reports(range)) {
      this.#mrs.index.forEachOverlap(range.start, range.end, ({ table }) => {
        restartRecording(this.#device, table, range);
      });
    }
    return 0;
  }

  #end(range: MmuNotifierRange): void {
    if (!this.#reports(range)) return;
    this.#mrs.index.forEachOverlap(range.start, range.end, ({ table }) => {
      reportRecorded(this.#device, table, range);
    });
  }

  #reports(range: MmuNotifierRange): boolean {
    const { actions, user } = this.#device;
    const { faults } = user.mm.notifierContext;
    return actions[range.event] === "record_writes" &&
      !faults.has("ignore_soft_dirty") && !faults.has("ignore_start");
  }

  #unpin(mr: PinnedMr, dirty: boolean): void {
    const { user, counters } = this.#device;
    mr.table.forEach((_address, pfn) => {
      user.unpinUserPage(pfn, dirty);
      counters.pinned--;
    });
  }

  *#access(
    start: Vaddr,
    pages: number,
    content: PageContent | null,
    visit: PageVisitor | null,
  ): Operation<number> {
    requirePages("access an MR", start, pages);
    const mr = this.#mrs.find(start, pages, content !== null);
    if (mr === null) return -ERRNO.EACCES;
    const unit = { table: mr.table, fault: noFault };
    return yield* deviceAccess(this.#device, unit, { start, pages, content, visit });
  }
}
