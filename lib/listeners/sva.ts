/**
 * IOMMU shared virtual addressing (SVA): a device that walks the CPU's own page table.
 *
 * From drivers/iommu/amd_iommu_v2.c (mn_invalidate_range) and drivers/iommu/intel-svm.c
 * (intel_invalidate_range) of v5.2. There is no second page table to keep in step, only cached
 * translations: the IOTLB. It is filled by walks, flushed by invalidate_range, and start, end and
 * events pass it by; so no policy can change anything. AMD flushes one page, or the whole PASID for
 * more; Intel flushes the span.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { beginFault, type ListenerInit, neverEnds, RETRY_LIMIT, spend } from "./device.ts";
import type { AccessUnit, PageContent, PageVisitor } from "./device_access.ts";
import type { ListenerState } from "./listener.ts";
import { ENTRY_PRESENT, ENTRY_WRITE } from "./secondary_leaf.ts";
import { TableListener } from "./table_listener.ts";

/** Options of a device with shared virtual addressing. */
export interface SvaOptions {
  /** The IOMMU in front of it; "amd" if left out. */
  readonly iommu?: "amd" | "intel";
}

/** A device bound to one process by its PASID. */
export class SvaListener extends TableListener {
  /** Kind of driver. */
  override readonly kind: "sva" = "sva";
  /** The callbacks to register. */
  override readonly ops: MmuNotifierOps;
  /** What accesses go through. */
  protected override readonly unit: AccessUnit;
  readonly #pageFlush: boolean;

  /**
   * Binds a device to a process.
   *
   * @param init Name, process, policy and costs.
   * @param options The IOMMU.
   */
  constructor(init: ListenerInit, options: SvaOptions = {}) {
    super(init);
    this.#pageFlush = options.iommu === "intel";
    this.unit = { table: this.table, fault: (address, write) => this.#miss(address, write) };
    this.ops = {
      name: init.name,
      release: () => this.close(),
      invalidateRange: (_mm, start, end) => this.#invalidateRange(start, end),
    };
  }

  /**
   * Lets the device write pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0, or -EFAULT where the process has no such page.
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
   * @returns As {@linkcode SvaListener.deviceWrite}.
   */
  deviceRead(start: Vaddr, pages: number, visit: PageVisitor | null = null): Operation<number> {
    return this.read(start, pages, visit);
  }

  /**
   * Tells what is in front of the device.
   *
   * @returns The IOMMU.
   */
  state(): ListenerState {
    return { iommu: this.#pageFlush ? "intel" : "amd" };
  }

  /** Unbinds the device. */
  override close(): void {
    this.table.dropRange(0, Infinity, ENTRY_PRESENT, true, ignore);
    this.device.released = true;
  }

  /** mn_invalidate_range: amd_iommu_flush_page, or amd_iommu_flush_tlb of the PASID. */
  #invalidateRange(start: Vaddr, end: Vaddr): void {
    const { counters, costs } = this.device;
    const single = end - start === PAGE_SIZE;
    const part = single || this.#pageFlush;
    const [from, to] = part ? [start, end] : [0, Infinity];
    counters.windows++;
    counters.tlb_flushes++;
    counters.dropped += this.table.dropRange(from, to, ENTRY_PRESENT, false, ignore);
    spend(this.device, part ? costs.iotlb_flush_page : costs.iotlb_flush_pasid);
  }

  /**
   * A miss: a walk of the CPU's page table, at once cached; where that grants no access, a page
   * request (PRI) lets the CPU fault the page in, and the device walks again.
   */
  *#miss(address: Vaddr, write: boolean): Operation<number> {
    const device = this.device;
    const { user, costs } = device;
    for (let tries = 0; tries < RETRY_LIMIT; tries++) {
      if (device.released) return -ERRNO.EFAULT;
      if (this.#walk(address, write)) return 0;
      beginFault(device, address, write);
      const pfn = yield* user.getUserPage(address, write);
      if (pfn < 0) return pfn;
      user.putPage(pfn);
      user.mm.notifierContext.clock.advance(costs.iotlb_page_request);
      yield "before_retry_check";
    }
    throw neverEnds("do_fault", device, `on a page request at ${hex(address)}`);
  }

  #walk(address: Vaddr, write: boolean): boolean {
    const device = this.device;
    const { user, counters, costs } = device;
    let pfn = user.getUserPageFast(address, true);
    const writable = pfn >= 0;
    if (!writable && !write) pfn = user.getUserPageFast(address, false);
    if (pfn < 0) return false;
    user.putPage(pfn);
    const again = this.table.set(address, pfn, writable ? ENTRY_WRITE : 0);
    if (again) {
      counters.refaults++;
      spend(device, costs.iotlb_walk);
    } else {
      user.mm.notifierContext.clock.advance(costs.iotlb_walk);
    }
    return true;
  }
}

/** The IOMMU keeps no dirty state: it set the bits of the CPU's entry. */
function ignore(): void {}
