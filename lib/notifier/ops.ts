/**
 * The callbacks of a listener.
 *
 * From include/linux/mmu_notifier.h: struct mmu_notifier_ops.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import type { NotifierMm } from "./chain.ts";
import type { MmuNotifierRange } from "./range.ts";

/** The new entry that change_pte announces. */
export interface NewPte {
  /** The frame it will map. */
  readonly pfn: Pfn;
  /** Whether it will be writable. */
  readonly writable: boolean;
}

/** What a listener implements; every callback is optional. */
export interface MmuNotifierOps {
  /** Name in traces and messages. */
  readonly name: string;
  /**
   * The mm goes away, or the listener is being unregistered. May sleep.
   *
   * @param mm The address space.
   */
  release?(mm: NotifierMm): void;
  /**
   * The primary young bit was cleared under the page-table lock: clear and flush the secondary one.
   *
   * @param mm The address space.
   * @param start First byte.
   * @param end First byte after.
   * @returns True if the device used the range.
   */
  clearFlushYoung?(mm: NotifierMm, start: Vaddr, end: Vaddr): boolean;
  /**
   * As {@linkcode MmuNotifierOps.clearFlushYoung}, but the flush may be skipped.
   *
   * @param mm The address space.
   * @param start First byte.
   * @param end First byte after.
   * @returns True if the device used the range.
   */
  clearYoung?(mm: NotifierMm, start: Vaddr, end: Vaddr): boolean;
  /**
   * Asks for the secondary young bit without changing it.
   *
   * @param mm The address space.
   * @param addr The page.
   * @returns True if the device used the page.
   */
  testYoung?(mm: NotifierMm, addr: Vaddr): boolean;
  /**
   * The primary entry was cleared and flushed, and will be set to `pte` next. Must not sleep.
   *
   * @param mm The address space.
   * @param addr The page.
   * @param pte The new entry.
   */
  changePte?(mm: NotifierMm, addr: Vaddr, pte: NewPte): void;
  /**
   * A window opens: the page tables will change until the matching end. May sleep iff blockable.
   *
   * @param range The window.
   * @returns 0, or a negative errno: -EAGAIN where it would have to wait.
   */
  invalidateRangeStart?(range: MmuNotifierRange): number;
  /**
   * A window closes.
   *
   * @param range The window.
   */
  invalidateRangeEnd?(range: MmuNotifierRange): void;
  /**
   * Between start and end, after the primary clear and flush. Must not sleep.
   *
   * @param mm The address space.
   * @param start First byte.
   * @param end First byte after.
   */
  invalidateRange?(mm: NotifierMm, start: Vaddr, end: Vaddr): void;
}
