/**
 * radeon userptr: a start callback that waits for the GPU and unbinds, and nothing else.
 *
 * From drivers/gpu/drm/radeon/radeon_mn.c (radeon_mn_invalidate_range_start) of v5.2. There is no
 * end: nothing keeps a job from binding an object again inside the window. The reservation of an
 * object that is being bound is modelled by binding it once more.
 *
 * @module
 */

import type { Operation } from "../kernel/operation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { PlainAction } from "./actions.ts";
import type { UserptrObject } from "./userptr.ts";
import { UserptrListener } from "./userptr_listener.ts";

/** A radeon GPU that works on memory of one process. */
export class RadeonListener extends UserptrListener {
  /** Kind of driver. */
  override readonly kind: "radeon" = "radeon";

  protected override moreOps(): Partial<MmuNotifierOps> {
    return { release: () => this.close() };
  }

  /** radeon_ttm_tt_pin_userptr, by way of the validation of a command stream. */
  protected override *prepare(object: UserptrObject): Operation<number> {
    return object.state === "bound" ? 0 : yield* this.bind(object);
  }

  /** Waits for all fences, then moves the object to the CPU domain. */
  protected override take(object: UserptrObject, action: PlainAction): number {
    this.waitIdle(object);
    return this.unbind(object, action);
  }
}
