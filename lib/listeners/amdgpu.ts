/**
 * amdgpu userptr for graphics and for compute (HSA).
 *
 * From drivers/gpu/drm/amd/amdgpu/amdgpu_mn.c (amdgpu_mn_read_lock,
 * amdgpu_mn_invalidate_range_start_gfx, amdgpu_mn_invalidate_range_end) of v5.2. The lock is held
 * for read from start to end; a submission takes it for write, so it stands still while a window is
 * open. A window waits for the fences of the objects that it meets and marks their pages dirty; the
 * next submission looks the pages up again.
 *
 * An object is spared while its own get_user_pages runs, as upstream for the task that runs it;
 * here the windows of others are spared as well.
 *
 * The user queues of compute run without submissions, so a window evicts them. From
 * amdgpu_mn_invalidate_range_start_hsa and amdgpu_amdkfd_gpuvm.c (amdgpu_amdkfd_evict_userptr,
 * amdgpu_amdkfd_restore_userptr_worker). The first eviction stops all queues of the process and
 * schedules a worker 1 ms later. The worker looks up the pages of every invalid object, again if a
 * window comes meanwhile, and starts the queues. Here it runs when the queues are next needed, never
 * before it is due.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { KernelBugError } from "../kernel/violation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { MmuNotifierRange } from "../notifier/range.ts";
import { decide, type PlainAction, reportRecorded } from "./actions.ts";
import { neverEnds, RETRY_LIMIT, spend } from "./device.ts";
import { markPages, type UserptrObject } from "./userptr.ts";
import { UserptrListener } from "./userptr_listener.ts";

/** An AMD GPU that works on memory of one process: struct amdgpu_mn. */
export abstract class AmdgpuListener extends UserptrListener {
  /** Windows that hold the lock for read. */
  #readers = 0;

  /** Windows that are open now for this listener. */
  get openWindows(): number {
    return this.#readers;
  }

  protected override moreOps(): Partial<MmuNotifierOps> {
    return {
      release: () => this.close(),
      invalidateRangeEnd: (range) => this.#end(range),
    };
  }

  protected override invalidateRangeStart(range: MmuNotifierRange): number {
    const { pairEndOnFailure } = this.device.user.mm.notifierContext.profile;
    const result = super.invalidateRangeStart(range);
    if (result === 0 || pairEndOnFailure) this.#readers++;
    return result;
  }

  protected override overlapping(range: MmuNotifierRange): UserptrObject[] {
    return super.overlapping(range).filter((object) => !object.getting);
  }

  /** amdgpu_mn_lock: waits until no window holds the lock. */
  protected *lock(): Operation<void> {
    if (this.#readers > 0) this.counters.stalls++;
    for (let tries = 0; this.#readers > 0; tries++) {
      if (tries === RETRY_LIMIT) {
        const what = `to lock for a submission (${this.#readers} windows hold the lock)`;
        throw neverEnds("amdgpu_mn_lock", this.device, what);
      }
      yield "before_retry_check";
    }
  }

  #end(range: MmuNotifierRange): void {
    const { device } = this;
    this.#readers--;
    if (this.#readers < 0) {
      throw new KernelBugError(
        "amdgpu_mn_invalidate_range_end",
        `"${this.name}" sees an end without its start: the lock is not held`,
      );
    }
    if (!device.recording) return;
    for (const object of super.overlapping(range)) {
      if (decide(device, range, !object.writable) !== "record_writes") continue;
      reportRecorded(device, object.table, range);
    }
  }
}

/** Graphics: jobs are submitted with the list of their objects. */
export class AmdgpuGfxListener extends AmdgpuListener {
  /** Kind of driver. */
  override readonly kind: "amdgpu_gfx" = "amdgpu_gfx";

  /** amdgpu_cs_parser_bos: looks the pages of invalid objects up again. */
  protected override *prepare(object: UserptrObject): Operation<number> {
    yield* this.lock();
    for (let tries = 0; object.state !== "bound"; tries++) {
      if (tries === RETRY_LIMIT) throw neverEnds("amdgpu_cs_ioctl", this.device, "to submit a job");
      const result = yield* this.bind(object);
      if (result < 0) return result;
      yield* this.lock();
    }
    return 0;
  }

  /** amdgpu_mn_invalidate_node: the pages stay until the next submission lets them go. */
  protected override take(object: UserptrObject, action: PlainAction): number {
    this.waitIdle(object);
    if (action !== "invalidate") return this.unbind(object, action);
    const usable = object.state === "bound" ? object.table.count : 0;
    markPages(this.device, object);
    object.state = "invalid";
    return usable;
  }
}

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
