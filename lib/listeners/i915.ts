/**
 * i915 userptr: a window unbinds every object that it meets, whole.
 *
 * From drivers/gpu/drm/i915/i915_gem_userptr.c (userptr_mn_invalidate_range_start,
 * i915_gem_userptr_get_pages). v5.0 queues a cancel work per object and waits for it; v5.2 unbinds
 * at once under struct_mutex, which a signal may interrupt: start then returns -EINTR although it
 * was allowed to block, the caller goes on, and the GPU keeps the pages (B-26). The interval
 * notifier of later kernels cannot fail. There is neither end nor release.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { type MmuNotifierRange, mmuNotifierRangeBlockable } from "../notifier/range.ts";
import type { PlainAction } from "./actions.ts";
import { type ListenerInit, spend } from "./device.ts";
import type { UserptrObject } from "./userptr.ts";
import { UserptrListener } from "./userptr_listener.ts";

/** Options of an i915 listener. */
export interface I915Options {
  /** A signal is pending whenever start takes struct_mutex; false if left out. */
  readonly signal?: boolean;
}

/** An Intel GPU that works on memory of one process. */
export class I915Listener extends UserptrListener {
  /** Kind of driver. */
  override readonly kind: "i915" = "i915";
  readonly #form: "worker" | "direct" | "interval";
  readonly #signal: boolean;

  /**
   * Makes a driver without objects.
   *
   * @param init Name, process, policy and costs.
   * @param options Whether a signal is pending.
   */
  constructor(init: ListenerInit, options: I915Options = {}) {
    super(init);
    this.#form = init.user.mm.notifierContext.profile.i915Userptr;
    this.#signal = options.signal ?? false;
  }

  protected override moreOps(): Partial<MmuNotifierOps> {
    return {};
  }

  /** Only active objects are in the tree: bound ones and those with a pending worker. */
  protected override refuses(range: MmuNotifierRange): boolean {
    return this.overlapping(range).some(isActive);
  }

  protected override invalidateRangeStart(range: MmuNotifierRange): number {
    const interrupted = this.#signal && this.#form === "direct" &&
      mmuNotifierRangeBlockable(range) && this.overlapping(range).some(isActive);
    if (!interrupted) return super.invalidateRangeStart(range);
    this.counters.windows++;
    this.counters.refused++;
    return -ERRNO.EINTR;
  }

  protected override take(object: UserptrObject, action: PlainAction): number {
    if (this.#form === "worker") {
      this.counters.waits++;
      spend(this.device, this.device.costs.i915_cancel_work);
    }
    this.waitIdle(object);
    return this.unbind(object, action);
  }

  /**
   * Binds an object: at once if every page is mapped, else by a worker, for which the caller gets
   * -EAGAIN and repeats its request. From i915_gem_userptr_get_pages.
   */
  protected override *prepare(object: UserptrObject): Operation<number> {
    if (object.state === "bound") return 0;
    if (!this.#allMapped(object)) {
      this.counters.retries++;
      yield "before_retry_check";
    }
    return yield* this.bind(object);
  }

  /** Whether __get_user_pages_fast would find every page. */
  #allMapped({ start, end, writable }: UserptrObject): boolean {
    const { user } = this.device;
    for (let at = start; at < end; at += PAGE_SIZE) {
      const pfn = user.getUserPageFast(at, writable);
      if (pfn < 0) return false;
      user.putPage(pfn);
    }
    return true;
  }
}

function isActive(object: UserptrObject): boolean {
  return object.getting || object.table.count > 0;
}
