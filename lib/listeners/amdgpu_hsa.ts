/**
 * amdgpu userptr for compute (HSA): user queues run without submissions, so a window evicts them.
 *
 * From drivers/gpu/drm/amd/amdgpu/amdgpu_mn.c (amdgpu_mn_invalidate_range_start_hsa) and
 * amdgpu_amdkfd_gpuvm.c (amdgpu_amdkfd_evict_userptr, amdgpu_amdkfd_restore_userptr_worker) of
 * v5.2. The first eviction stops all queues of the process and schedules a worker 1 ms later. The
 * worker looks up the pages of every invalid object, again if a window comes meanwhile, and starts
 * the queues. Here it runs when the queues are next needed, never before it is due.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { PlainAction } from "./actions.ts";
import { AmdgpuListener } from "./amdgpu.ts";
import { neverEnds, RETRY_LIMIT, spend } from "./device.ts";
import type { UserptrObject } from "./userptr.ts";

/** Compute: queues in user memory work on every object at any time. */
export class AmdgpuHsaListener extends AmdgpuListener {
  /** Kind of driver. */
  override readonly kind: "amdgpu_hsa" = "amdgpu_hsa";
  #evicted = false;
  /** Virtual time at which the restore worker is due. */
  #restoreAt = 0;

  /** Whether the queues are stopped now. */
  get evicted(): boolean {
    return this.#evicted;
  }

  /**
   * Registers user memory and binds it at once. From init_user_pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param writable Whether the device may write.
   * @returns The key of the object, positive; or the negative errno of a page.
   */
  override *register(start: Vaddr, pages: number, writable: boolean): Operation<number> {
    const key = yield* super.register(start, pages, writable);
    if (key < 0) return key;
    const result = yield* this.bind(this.objects.get(key)!);
    if (result === 0) return key;
    this.objects.delete(key);
    return result;
  }

  /** Waits for the queues; an object whose memory was gone is tried once more. */
  protected override *prepare(object: UserptrObject): Operation<number> {
    if (this.#evicted) yield* this.#restore();
    if (object.state === "bound") return 0;
    return object.tracked ? -ERRNO.EFAULT : yield* this.bind(object);
  }

  /** amdgpu_amdkfd_evict_userptr; an object whose memory is gone leaves for good. */
  protected override take(object: UserptrObject, action: PlainAction): number {
    if (action === "drop_and_free") return this.unbind(object, action);
    const usable = object.state === "bound" ? object.table.count : 0;
    object.state = "invalid";
    if (!this.#evicted) {
      const { costs, counters, user } = this.device;
      this.#evicted = true;
      counters.stalls++;
      spend(this.device, costs.hsa_stop_queues);
      this.#restoreAt = user.mm.notifierContext.clock.now + costs.hsa_restore_delay;
    }
    return usable;
  }

  /** amdgpu_amdkfd_restore_userptr_worker. */
  *#restore(): Operation<void> {
    const { device } = this;
    const early = this.#restoreAt - device.user.mm.notifierContext.clock.now;
    if (early > 0) spend(device, early);
    for (let tries = 0; tries < RETRY_LIMIT; tries++) {
      const invalid = this.objects.list().filter(({ state }) => state === "invalid");
      if (invalid.length === 0) {
        this.#evicted = false;
        spend(device, device.costs.hsa_resume_queues);
        return;
      }
      // A page that is gone is no reason to leave the queues stopped: its use will be a VM fault
      for (const object of invalid) yield* this.bind(object);
    }
    throw neverEnds("amdgpu_amdkfd_restore_userptr_worker", device, "to restore the queues");
  }
}
