/**
 * The GUP (get_user_pages) interface: all that a driver may ask of an address space.
 *
 * A listener sees the mm through the notifier callbacks and through this, as in the kernel.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import type { NotifierMm } from "../notifier/chain.ts";

/** What a device does to pages of a process. Negative results are error numbers. */
export interface UserPages {
  /** The address space, for registering on its notifier chain. */
  readonly mm: NotifierMm;
  /**
   * Takes a reference on a page if it is mapped with the access wanted; never faults, never sleeps.
   *
   * From mm/gup.c: get_user_pages_fast_only.
   *
   * @param addr The page.
   * @param write Whether the device will write.
   * @returns The frame, or -EFAULT if a fault would be needed.
   */
  getUserPageFast(addr: Vaddr, write: boolean): Pfn;
  /**
   * Takes a reference on a page, faulting it in where needed.
   *
   * From mm/gup.c: get_user_pages_remote.
   *
   * @param addr The page.
   * @param write Whether the device will write (FOLL_WRITE).
   * @returns The frame, or a negative errno: -EFAULT where the process has no such access.
   */
  getUserPage(addr: Vaddr, write: boolean): Operation<Pfn>;
  /**
   * As {@linkcode UserPages.getUserPage} where a page that is not mapped takes no more than a plain
   * fault, which nobody can interrupt.
   *
   * @param addr The page, not mapped with the access wanted.
   * @param write Whether the device will write.
   * @returns The frame, or -EFAULT if it takes more; then nothing was done.
   */
  getUserPageAtOnce(addr: Vaddr, write: boolean): Pfn;
  /**
   * Drops a reference taken by GUP.
   *
   * @param pfn The frame.
   */
  putPage(pfn: Pfn): void;
  /**
   * Pins a page for long (FOLL_LONGTERM with FOLL_WRITE), breaking copy-on-write first.
   *
   * From mm/gup.c: pin_user_pages; kernels without FOLL_PIN take a plain reference.
   *
   * @param addr The page.
   * @returns The frame, or a negative errno.
   */
  pinUserPage(addr: Vaddr): Operation<Pfn>;
  /**
   * Drops a long-term pin.
   *
   * @param pfn The frame.
   * @param dirty Whether the device has written to it.
   */
  unpinUserPage(pfn: Pfn, dirty: boolean): void;
  /**
   * Marks a frame dirty, as a driver does when it drops a writable translation.
   *
   * @param pfn The frame.
   */
  setPageDirty(pfn: Pfn): void;
  /**
   * Reads a frame by DMA.
   *
   * @param pfn The frame.
   * @returns Its content: the value in the low 8 bits is its first byte, the rest names the fill.
   */
  readFrame(pfn: Pfn): number;
  /**
   * Writes a whole frame by DMA; no page-table bit changes.
   *
   * @param pfn The frame.
   * @param content The new content, an unsigned 32-bit number.
   */
  writeFrame(pfn: Pfn, content: number): void;
  /**
   * Marks a mapped page soft-dirty: what a context-aware listener does after SOFT_DIRTY for pages
   * that its device has written.
   *
   * @param addr The page.
   */
  markSoftDirty(addr: Vaddr): void;
}
