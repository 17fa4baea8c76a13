/**
 * amdgpu userptr for graphics, and what it shares with compute.
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
 * @module
 */

import type { Operation } from "../kernel/operation.ts";
import { KernelBugError } from "../kernel/violation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { MmuNotifierRange } from "../notifier/range.ts";
import { decide, type PlainAction, reportRecorded } from "./actions.ts";
import { neverEnds, RETRY_LIMIT } from "./device.ts";
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
