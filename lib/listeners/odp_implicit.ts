/**
 * RDMA on-demand paging with an implicit MR: the whole address space, by leaf MRs of 1 GiB.
 *
 * From drivers/infiniband/hw/mlx5/odp.c (mlx5_ib_alloc_implicit_mr, implicit_mr_get_data,
 * mlx5_ib_invalidate_range, mr_leaf_free) of v5.2. A leaf is made when the device first faults in
 * its gigabyte. A leaf whose last page goes is marked dying and freed by a work item, whatever the
 * window was for: a page that only moved costs a leaf, and the next access makes it again. The work
 * item is taken to run at once.
 *
 * @module
 */

import { PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { type ListenerInit, neverEnds, requirePages, RETRY_LIMIT, spend } from "./device.ts";
import type { DeviceAccess, PageContent, PageVisitor } from "./device_access.ts";
import { OdpListener } from "./odp.ts";
import type { OdpMr } from "./odp_windows.ts";
import type { SecondaryTable } from "./secondary_table.ts";

/** Bytes of a leaf MR: MLX5_IMR_MTT_SIZE. */
export const LEAF_SIZE: number = 2 ** 30;

/** Options of an implicit MR. */
export interface OdpImplicitOptions {
  /** Whether peers may write; true if left out. */
  readonly writable?: boolean;
}

/** A NIC with one implicit MR over a whole process. */
export class OdpImplicitListener extends OdpListener {
  /** Kind of driver. */
  override readonly kind: "odp_implicit" = "odp_implicit";
  readonly #writable: boolean;
  /** What freed leaves had mapped, so that a rebuild can be told from a first fault. */
  readonly #freed = new Map<Vaddr, SecondaryTable>();

  /**
   * Makes a NIC context with an implicit MR.
   *
   * @param init Name, process, policy and costs.
   * @param options Access of the MR.
   */
  constructor(init: ListenerInit, options: OdpImplicitOptions = {}) {
    super(init);
    this.#writable = options.writable ?? true;
  }

  /** Number of leaf MRs. */
  get leaves(): number {
    return this.mrs.index.size;
  }

  /** Accesses pages leaf by leaf. */
  protected override *access(
    start: Vaddr,
    pages: number,
    content: PageContent | null,
    visit: PageVisitor | null,
  ): Operation<number> {
    requirePages("access an MR", start, pages);
    if (content !== null && !this.#writable) return -ERRNO.EACCES;
    const end = start + pages * PAGE_SIZE;
    for (let at = start; at < end;) {
      const last = Math.min(end, (Math.floor(at / LEAF_SIZE) + 1) * LEAF_SIZE);
      const skipped = (at - start) / PAGE_SIZE;
      const result = yield* this.#accessLeaf({
        start: at,
        pages: (last - at) / PAGE_SIZE,
        content: content && ((page) => content(skipped + page)),
        visit: visit && ((page, value) => visit(skipped + page, value)),
      });
      if (result < 0) return result;
      at = last;
    }
    return 0;
  }

  /** mr_leaf_free, by mr_leaf_free_action. */
  protected override emptied(leaf: OdpMr): void {
    const { counters, costs } = this.device;
    if (leaf.table !== null) this.#freed.set(leaf.start, leaf.table);
    this.removeMr(leaf);
    counters.tracking_freed++;
    spend(this.device, costs.odp_leaf_free);
  }

  /**
   * Accesses one leaf. One that is freed meanwhile is made again, and the access goes on with the
   * page that faulted.
   */
  *#accessLeaf({ start, pages, content, visit }: DeviceAccess): Operation<number> {
    let done = 0;
    for (let tries = 0; tries < RETRY_LIMIT; tries++) {
      if (this.device.released) return -ERRNO.EFAULT;
      const leaf = yield* this.#leafOf(start);
      const from = done;
      const result = yield* this.accessMr(leaf, {
        start: start + from * PAGE_SIZE,
        pages: pages - from,
        content: content && ((page) => {
          done = from + page + 1;
          return content(from + page);
        }),
        visit: (page, value) => {
          done = from + page + 1;
          visit?.(from + page, value);
        },
      });
      const answered = result === 0 || result === -ERRNO.ENOMEM;
      if (answered || this.mrs.get(leaf.key) !== undefined) return result;
      if (done > from) tries = 0;
    }
    throw neverEnds("implicit_mr_get_data", this.device, "to keep a leaf MR");
  }

  /** implicit_mr_get_data and implicit_mr_alloc. */
  *#leafOf(address: Vaddr): Operation<OdpMr> {
    const found = this.mrs.find(address, 1, false);
    if (found !== null) return found;
    yield* this.downWrite("ib_alloc_odp_umem");
    const { counters, costs, user } = this.device;
    const start = Math.floor(address / LEAF_SIZE) * LEAF_SIZE;
    const leaf = this.addMr(start, start + LEAF_SIZE, this.#writable);
    leaf.table = this.#freed.get(start) ?? null;
    if (leaf.table === null) {
      user.mm.notifierContext.clock.advance(costs.odp_leaf_alloc);
    } else {
      this.#freed.delete(start);
      counters.tracking_rebuilt++;
      spend(this.device, costs.odp_leaf_alloc);
    }
    return leaf;
  }
}
