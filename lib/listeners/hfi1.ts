/**
 * Intel Omni-Path (hfi1): a cache of pinned buffers that the adapter receives into (expected TIDs).
 *
 * From drivers/infiniband/hw/hfi1/user_exp_rcv.c (tid_rb_invalidate) and mmu_rb.c
 * (mmu_notifier_range_start) of v5.2. There is a start callback alone; it removes every node that
 * the window meets, does not sleep, and ignores what the window is for. Since v5.5 it acts on UNMAP
 * alone: one of the few real users of the event. A removed buffer has to be set up again. The work
 * item that unpins is taken to run at once.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_UNMAP, type MmuNotifierRange } from "../notifier/range.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { decide, type PlainAction, restartRecording } from "./actions.ts";
import type { ListenerCounters } from "./counters.ts";
import { type Device, type ListenerInit, newDevice, requirePages, spend } from "./device.ts";
import { deviceAccess, noFault, type PageContent } from "./device_access.ts";
import type { Listener, ListenerRange, SecondaryEntry } from "./listener.ts";
import { type MemoryRegion, MrSet } from "./mr_set.ts";
import { NO_LEAF } from "./range_index.ts";
import { ENTRY_PRESENT, ENTRY_WRITE } from "./secondary_leaf.ts";
import { SecondaryTable } from "./secondary_table.ts";

/** A programmed buffer: struct tid_rb_node. */
interface TidNode extends MemoryRegion {
  readonly table: SecondaryTable;
}

/** A user context of an adapter that receives into memory of one process. */
export class Hfi1Listener implements Listener {
  /** Kind of driver. */
  readonly kind: "hfi1" = "hfi1";
  /** Its name in the scenario. */
  readonly name: string;
  /** Buffers are pinned. */
  readonly pins: true = true;
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** The callbacks to register. */
  readonly ops: MmuNotifierOps;
  readonly #device: Device;
  readonly #nodes = new MrSet<TidNode>();
  /** First pages of buffers that a window removed. */
  readonly #removed = new Set<Vaddr>();

  /**
   * Makes a context without buffers.
   *
   * @param init Name, process, policy and costs.
   */
  constructor(init: ListenerInit) {
    this.#device = newDevice(init);
    this.name = init.name;
    this.counters = this.#device.counters;
    this.ops = { name: init.name, invalidateRangeStart: (range) => this.#start(range) };
  }

  /**
   * Pins a buffer and programs TIDs for it, unless the cache has one that covers it. From
   * hfi1_user_exp_rcv_setup.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @returns The key of the buffer, positive; or the negative errno of a page, after which nothing
   * stays pinned.
   */
  *setupTids(start: Vaddr, pages: number): Operation<number> {
    requirePages("set up TIDs", start, pages);
    const { user, costs, counters } = this.#device;
    const cached = this.find(start, pages);
    if (cached !== 0) return cached;
    const end = start + pages * PAGE_SIZE;
    const table = new SecondaryTable(start, end);
    const key = this.#nodes.newKey();
    const node: TidNode = { key, start, end, writable: true, table, leaf: NO_LEAF };
    const again = this.#removed.delete(start);
    for (let address = start; address < end; address += PAGE_SIZE) {
      const pfn = yield* user.pinUserPage(address);
      if (pfn < 0) {
        this.#unpin(node);
        return pfn;
      }
      table.set(address, pfn, ENTRY_WRITE);
      counters.pinned++;
      if (again) spend(this.#device, costs.hfi1_tid);
      else user.mm.notifierContext.clock.advance(costs.hfi1_tid);
    }
    if (again) counters.tracking_rebuilt++;
    this.#nodes.add(node);
    return node.key;
  }

  /**
   * Clears the TIDs of a buffer and unpins it. From hfi1_user_exp_rcv_clear.
   *
   * @param key The key that {@linkcode Hfi1Listener.setupTids} returned.
   * @returns 0, or -ENOENT.
   */
  clearTids(key: number): number {
    const node = this.#nodes.get(key);
    if (node === undefined) return -ERRNO.ENOENT;
    this.#unpin(node);
    this.#nodes.delete(key);
    return 0;
  }

  /**
   * Finds the oldest buffer that covers pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @returns The key, or 0.
   */
  find(start: Vaddr, pages: number): number {
    return this.#nodes.find(start, pages, false)?.key ?? 0;
  }

  /**
   * Lets the adapter receive into pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0, or -EACCES without a buffer that covers the pages.
   */
  *receive(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    requirePages("receive into a buffer", start, pages);
    const node = this.#nodes.find(start, pages, true);
    if (node === null) return -ERRNO.EACCES;
    const unit = { table: node.table, fault: noFault };
    return yield* deviceAccess(this.#device, unit, { start, pages, content, visit: null });
  }

  /**
   * Visits every page of every buffer.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void {
    this.#nodes.forEachEntry(visit);
  }

  /**
   * Visits every pin.
   *
   * @param visit Called with the frame and true.
   */
  forEachReference(visit: (pfn: Pfn, pin: boolean) => void): void {
    this.#nodes.forEachEntry((_address, pfn) => visit(pfn, true));
  }

  /**
   * Looks up a page that the adapter may receive into.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined {
    return this.#nodes.entryAt(address);
  }

  /**
   * Lists the buffers.
   *
   * @returns Their ranges, with key as label.
   */
  ranges(): ListenerRange[] {
    return this.#nodes.list().map(({ key, start, end }) => ({
      start,
      end,
      label: `TIDs of buffer key ${key}`,
    }));
  }

  /** Unpins every buffer. */
  close(): void {
    for (const { key } of this.#nodes.list()) this.clearTids(key);
  }

  /** mmu_notifier_range_start: blockable or not, it agrees. */
  #start(range: MmuNotifierRange): number {
    const device = this.#device;
    const { counters } = device;
    counters.windows++;
    const action = this.#decide(range);
    const met: TidNode[] = [];
    this.#nodes.index.forEachOverlap(range.start, range.end, (node) => met.push(node));
    for (const node of met) {
      if (action === "keep" || action === "record_writes") {
        counters.kept += node.table.count;
        if (action === "record_writes") restartRecording(device, node.table, range);
      } else this.#remove(node);
    }
    if (met.length > 0 && (action === "keep" || action === "record_writes")) counters.skipped++;
    return 0;
  }

  #decide(range: MmuNotifierRange): PlainAction {
    const { hfi1OnlyUnmap } = this.#device.user.mm.notifierContext.profile;
    if (hfi1OnlyUnmap && range.event !== MMU_NOTIFY_UNMAP) return "keep";
    return decide(this.#device, range, false);
  }

  /** tid_rb_invalidate: a buffer goes whole. */
  #remove(node: TidNode): void {
    const { counters } = this.#device;
    counters.dropped += this.#unpin(node);
    counters.tracking_freed++;
    this.#removed.add(node.start);
    this.#nodes.delete(node.key);
  }

  #unpin({ start, end, table }: TidNode): number {
    const { user, counters, costs } = this.#device;
    const gone = table.dropRange(start, end, ENTRY_PRESENT, false, (pfn) => {
      user.unpinUserPage(pfn, true);
    });
    counters.pinned -= gone;
    spend(this.#device, gone * costs.hfi1_tid);
    return gone;
  }
}
