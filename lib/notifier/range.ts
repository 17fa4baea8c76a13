/**
 * The range handed to start and end, and the questions a listener may ask of it.
 *
 * From include/linux/mmu_notifier.h: struct mmu_notifier_range and its helpers.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import {
  MMU_NOTIFIER_RANGE_BLOCKABLE,
  MMU_NOTIFIER_USE_CHANGE_PTE,
  MMU_NOTIFY_PROTECTION_VMA,
  MMU_NOTIFY_UNMAP,
  type MmuNotifierEvent,
} from "./events.ts";
import type { NotifierMm } from "./chain.ts";

/** vm_flags bit: the vma may be read. */
export const VM_READ = 0x1;

/** What a listener may know of a vma: its bounds and flags at the time of the call. */
export interface NotifierVma {
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** VM_ bits of the kernel. */
  readonly flags: number;
}

/** An invalidation window: `[start, end)` of one mm, with its reason. */
export interface MmuNotifierRange {
  /** The vma concerned, or null where the caller names none. */
  readonly vma: NotifierVma | null;
  /** The address space. */
  readonly mm: NotifierMm;
  /** First byte. */
  readonly start: Vaddr;
  /** First byte after. */
  readonly end: Vaddr;
  /** Bits of {@linkcode MMU_NOTIFIER_RANGE_BLOCKABLE} and {@linkcode MMU_NOTIFIER_USE_CHANGE_PTE}. */
  flags: number;
  /** The reason. */
  readonly event: MmuNotifierEvent;
  /** Where the window was opened: a number of CALL_SITES, for reports; listeners ignore it. */
  readonly site?: number;
}

/**
 * Fills in a range as the kernel profile of the mm allows.
 *
 * Without event context (v5.0) every range says UNMAP and names no vma; without patch 9 the
 * USE_CHANGE_PTE flag is dropped. From include/linux/mmu_notifier.h: mmu_notifier_range_init.
 *
 * @param event The reason.
 * @param flags USE_CHANGE_PTE or 0; BLOCKABLE is the start helper's business.
 * @param vma The vma concerned, or null.
 * @param mm The address space.
 * @param start First byte.
 * @param end First byte after.
 * @param site The call site: a number of CALL_SITES, or 0.
 * @returns The range.
 */
export function mmuNotifierRangeInit(
  event: MmuNotifierEvent,
  flags: number,
  vma: NotifierVma | null,
  mm: NotifierMm,
  start: Vaddr,
  end: Vaddr,
  site = 0,
): MmuNotifierRange {
  const { eventContext, changePteFlag } = mm.notifierContext.profile;
  return {
    vma: eventContext ? vma : null,
    mm,
    start,
    end,
    flags: changePteFlag ? flags : flags & ~MMU_NOTIFIER_USE_CHANGE_PTE,
    event: eventContext ? event : MMU_NOTIFY_UNMAP,
    site,
  };
}

/**
 * Asks whether the listener may sleep (patch 1).
 *
 * @param range The window.
 * @returns True if start and end may block.
 */
export function mmuNotifierRangeBlockable(range: MmuNotifierRange): boolean {
  return (range.flags & MMU_NOTIFIER_RANGE_BLOCKABLE) !== 0;
}

/**
 * Asks whether the range only becomes read-only (patch 8).
 *
 * True iff the range names a vma, the event is PROTECTION_VMA and the vma may be read. It looks
 * neither at VM_WRITE nor at the old flags nor at page tables, so an upgrade and a NUMA-hinting
 * pass answer true as well. From mm/mmu_notifier.c: mmu_notifier_range_update_to_read_only.
 *
 * @param range The window.
 * @returns True if the pages stay readable as far as the vma says.
 */
export function mmuNotifierRangeUpdateToReadOnly(range: MmuNotifierRange): boolean {
  if (range.vma === null || range.event !== MMU_NOTIFY_PROTECTION_VMA) return false;
  return (range.vma.flags & VM_READ) !== 0;
}

/**
 * Asks whether every change of the window goes through change_pte (patch 9).
 *
 * @param range The window.
 * @returns True if a listener that implements change_pte may ignore start and end.
 */
export function mmuNotifierRangeUseChangePte(range: MmuNotifierRange): boolean {
  return (range.flags & MMU_NOTIFIER_USE_CHANGE_PTE) !== 0;
}
