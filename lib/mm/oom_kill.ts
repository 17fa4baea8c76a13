/**
 * The oom reaper: taking the memory of a dying process away before it has exited.
 *
 * From mm/oom_kill.c. Listeners are asked not to block; where one would, the mapping is skipped and
 * the reaper comes again. Which listeners then miss their end is up to the kernel profile.
 *
 * @module
 */

import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStartNonblock,
} from "../notifier/dispatch.ts";
import { MMU_NOTIFY_UNMAP, mmuNotifierRangeInit, SITE } from "../notifier/range.ts";
import { type Mm, MMF_OOM_SKIP, MMF_UNSTABLE } from "./mm_struct.ts";
import { MmuGather } from "./mmu_gather.ts";
import { unmapPageRange } from "./zap.ts";
import { VM_HUGETLB, VM_LOCKED, VM_PFNMAP, VM_SHARED, type Vma } from "./vma.ts";

/** Times the reaper tries before it gives up. */
export const MAX_OOM_REAP_RETRIES = 10;
/** Time between two tries in ns (HZ/10). */
const OOM_REAP_INTERVAL: number = 100e6;

/**
 * Reaps a process, again and again if listeners would block (mm/oom_kill.c: oom_reap_task).
 *
 * @param mm The address space of the victim.
 * @returns Tries that were needed; one more than {@linkcode MAX_OOM_REAP_RETRIES} if none was
 * complete.
 */
export function* oomReapTask(mm: Mm): Operation<number> {
  let attempts = 1;
  while (attempts <= MAX_OOM_REAP_RETRIES && !(yield* oomReapTaskMm(mm))) {
    mm.host.clock.advance(OOM_REAP_INTERVAL);
    yield "daemon_step";
    attempts++;
  }
  if (attempts > MAX_OOM_REAP_RETRIES) mm.host.log(`oom_reaper: unable to reap ${mm.name}`);
  else mm.host.log(`oom_reaper: reaped process ${mm.name}`);
  mm.flags |= MMF_OOM_SKIP;
  return attempts;
}

/**
 * Reaps a dying process once (mm/oom_kill.c: process_mrelease).
 *
 * @param mm The address space; its process has been killed.
 * @returns 0, or -EAGAIN if it cannot be done without waiting.
 */
export function* processMrelease(mm: Mm): Operation<number> {
  if ((mm.flags & MMF_OOM_SKIP) !== 0) return 0;
  return (yield* oomReapTaskMm(mm)) ? 0 : -ERRNO.EAGAIN;
}

/**
 * Unmaps the private memory of a process, one non-blocking window per mapping (mm/oom_kill.c:
 * __oom_reap_task_mm).
 *
 * @param mm The address space.
 * @returns False if mmap_lock is held for writing, or a mapping was skipped because a listener would
 * have had to block.
 */
export function* oomReapTaskMm(mm: Mm): Operation<boolean> {
  if (mm.mmapLocked) return false;
  let complete = true;
  mm.flags |= MMF_UNSTABLE;
  for (const vma of mm.vmas.slice()) {
    if (!canReap(vma)) continue;
    const range = mmuNotifierRangeInit(
      MMU_NOTIFY_UNMAP,
      0,
      vma,
      mm,
      vma.start,
      vma.end,
      SITE.__oom_reap_task_mm,
    );
    if (mmuNotifierInvalidateRangeStartNonblock(range) !== 0) {
      complete = false;
      continue;
    }
    yield "window_open";
    const gather = new MmuGather(mm);
    yield* unmapPageRange(gather, vma, vma.start, vma.end);
    mmuNotifierInvalidateRangeEnd(range);
    yield "window_closed";
    gather.finish();
  }
  return complete;
}

/** Only memory that is gone with the process is worth the time. */
function canReap(vma: Vma): boolean {
  const locked = vma.mm.host.profile.oomReapsLocked ? 0 : VM_LOCKED;
  if ((vma.flags & (VM_HUGETLB | VM_PFNMAP | locked)) !== 0) return false;
  return vma.isAnonymous || (vma.flags & VM_SHARED) === 0;
}
