/**
 * Interruptible operations.
 *
 * Every mm operation, kernel thread step and device fault is a generator that yields at named
 * points where another CPU or device could run. A plain run drains it. Bulk loops yield per range
 * or per page table, never per page.
 *
 * @module
 */

/** The points at which an operation may be interrupted, with what has happened by then. */
export const PREEMPTIONS = {
  window_open: "A notifier window has just been opened; the page tables are unchanged yet",
  ptl_dropped: "A page-table lock was dropped between two tables",
  before_retry_check: "A device has the page and has not yet checked for invalidations",
  mmap_lock_wait:
    "A fault or a call waits for mmap_lock (mmap_sem), which somebody holds for writing",
  migration_wait: "An access waits for a page that somebody else is moving",
  window_closed: "A notifier window has just been closed",
  daemon_step: "A daemon finished one unit of work",
} as const;

/** A point at which an operation may be interrupted. */
export type Preemption = keyof typeof PREEMPTIONS;

/**
 * An interruptible piece of work with a result. Resumed with `"undisturbed"`, it may take for granted
 * that nobody comes between at any of its points, and pass by those ahead.
 */
export type Operation<T = void> = Generator<Preemption, T, void | "undisturbed">;

/**
 * Runs an operation to its end without interruption.
 *
 * @typeParam T Type of the result.
 * @param operation The operation, or other work that yields; it is used up.
 * @returns What the operation returned.
 */
export function drain<T>(operation: Generator<unknown, T, void | "undisturbed">): T {
  for (;;) {
    const step = operation.next("undisturbed");
    if (step.done) return step.value;
  }
}
