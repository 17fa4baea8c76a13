/**
 * The lock of an address space: mmap_lock, mmap_sem before v5.8.
 *
 * Only who holds it for writing is kept account of, because only that keeps the faults of others out.
 * Accesses to pages that are mapped need no lock. Faults inside the holder's own work take it for
 * granted. From include/linux/mmap_lock.h.
 *
 * @module
 */

import type { Operation } from "../kernel/operation.ts";
import type { Mm } from "./mm_struct.ts";

/**
 * Waits until nobody holds the lock for writing (mmap_read_lock).
 *
 * @param mm The address space.
 */
export function* mmapReadLock(mm: Mm): Operation {
  while (mm.mmapLocked) yield "mmap_lock_wait";
}

/**
 * Carries work out while the lock is held for writing (mmap_write_lock).
 *
 * @typeParam T Type of the result.
 * @param mm The address space.
 * @param work The work; it begins once the lock is held.
 * @returns What the work returned.
 */
export function* whileMmapLocked<T>(mm: Mm, work: Operation<T>): Operation<T> {
  yield* mmapReadLock(mm);
  mm.mmapLocked = true;
  try {
    return yield* work;
  } finally {
    mm.mmapLocked = false;
  }
}
