/**
 * The dispatch functions: how a window, a changed entry or a young query reaches the listeners.
 *
 * From mm/mmu_notifier.c and include/linux/mmu_notifier.h. All of them do nothing for an mm that
 * never had a listener.
 *
 * @module
 */

import { ADDRESS_MAX, PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { TRACE_ONLY_END, TRACE_UNDELIVERED, TRACE_VMA, type TraceKind } from "../kernel/trace.ts";
import type { MmuNotifierChain, NotifierMm } from "./chain.ts";
import { MMU_NOTIFIER_RANGE_BLOCKABLE } from "./events.ts";
import type { MmuNotifierOps, NewPte } from "./ops.ts";
import { type MmuNotifierRange, mmuNotifierRangeBlockable } from "./range.ts";
import { errnoName } from "../kernel/errno.ts";

/**
 * Opens a window in which listeners may sleep. Their results are ignored, as in the kernel.
 *
 * @param range The window; BLOCKABLE is set on it.
 */
export function mmuNotifierInvalidateRangeStart(range: MmuNotifierRange): void {
  const chain = range.mm.notifiers;
  if (chain === null) return;
  range.flags |= MMU_NOTIFIER_RANGE_BLOCKABLE;
  start(chain, range);
}

/**
 * Opens a window in which listeners must not sleep (the oom reaper's form).
 *
 * On a failure the caller treats the window as not opened. Kernels before v5.12 leave the
 * listeners that had agreed without their end (B-2); later ones call end of every listener.
 *
 * @param range The window; BLOCKABLE is cleared on it.
 * @returns 0, or the last failure, such as -EAGAIN.
 */
export function mmuNotifierInvalidateRangeStartNonblock(range: MmuNotifierRange): number {
  const chain = range.mm.notifiers;
  if (chain === null) return 0;
  range.flags &= ~MMU_NOTIFIER_RANGE_BLOCKABLE;
  const result = start(chain, range);
  if (result !== 0) {
    closeWindow(chain, range);
    if (range.mm.notifierContext.profile.pairEndOnFailure) {
      for (const mn of chain.list) mn.invalidateRangeEnd?.(range);
    }
  }
  return result;
}

/**
 * Closes a window; listeners with invalidate_range get that call first.
 *
 * @param range The window.
 */
export function mmuNotifierInvalidateRangeEnd(range: MmuNotifierRange): void {
  if (range.mm.notifiers !== null) end(range.mm.notifiers, range, false);
}

/**
 * Closes a window whose invalidate_range was already sent under the page-table lock.
 *
 * @param range The window.
 */
export function mmuNotifierInvalidateRangeOnlyEnd(range: MmuNotifierRange): void {
  if (range.mm.notifiers !== null) end(range.mm.notifiers, range, true);
}

/**
 * Tells listeners that share the CPU page table to drop what they cached.
 *
 * @param mm The address space.
 * @param from First byte.
 * @param to First byte after.
 */
export function mmuNotifierInvalidateRange(mm: NotifierMm, from: Vaddr, to: Vaddr): void {
  const chain = mm.notifiers;
  if (chain === null || mm.notifierContext.faults.has("skip_invalidate_range")) return;
  record(chain, mm, "invalidate_range", 0, 0, from, to);
  for (const mn of chain.list) {
    if (mn.invalidateRange) {
      charge(mm);
      mn.invalidateRange(mm, from, to);
    }
  }
}

/**
 * Announces the entry that will replace the one just cleared and flushed.
 *
 * @param mm The address space.
 * @param addr The page.
 * @param pte The new entry.
 */
export function mmuNotifierChangePte(mm: NotifierMm, addr: Vaddr, pte: NewPte): void {
  const chain = mm.notifiers;
  if (chain === null || mm.notifierContext.faults.has("skip_change_pte")) return;
  record(chain, mm, "change_pte", 0, 0, addr, addr + PAGE_SIZE);
  for (const mn of chain.list) {
    if (mn.changePte) {
      charge(mm);
      mn.changePte(mm, addr, pte);
    }
  }
}

/**
 * Clears the secondary young bits of a range and flushes; every listener is asked.
 *
 * @param mm The address space.
 * @param from First byte.
 * @param to First byte after.
 * @returns True if any device used the range.
 */
export function mmuNotifierClearFlushYoung(mm: NotifierMm, from: Vaddr, to: Vaddr): boolean {
  return young(mm, "clear_flush_young", from, to, (mn) => mn.clearFlushYoung?.(mm, from, to));
}

/**
 * Clears the secondary young bits of a range; the flush may be left out.
 *
 * @param mm The address space.
 * @param from First byte.
 * @param to First byte after.
 * @returns True if any device used the range.
 */
export function mmuNotifierClearYoung(mm: NotifierMm, from: Vaddr, to: Vaddr): boolean {
  return young(mm, "clear_young", from, to, (mn) => mn.clearYoung?.(mm, from, to));
}

/**
 * Asks whether a device used a page; stops at the first that says so.
 *
 * @param mm The address space.
 * @param addr The page.
 * @returns True if any device used the page.
 */
export function mmuNotifierTestYoung(mm: NotifierMm, addr: Vaddr): boolean {
  const chain = mm.notifiers;
  if (chain === null) return false;
  record(chain, mm, "test_young", 0, 0, addr, addr + PAGE_SIZE);
  return chain.list.some((mn) => mn.testYoung?.(mm, addr) ?? false);
}

function start(chain: MmuNotifierChain, range: MmuNotifierRange): number {
  const { mm } = range;
  chain.open.push(range);
  record(chain, mm, "invalidate_range_start", range.event, flagsOf(range), range.start, range.end);
  const { faults, log } = mm.notifierContext;
  if (faults.has("skip_start")) return 0;
  const told = faults.has("short_range") ? shortened(range) : range;
  let result = 0;
  for (const mn of chain.list) {
    if (!mn.invalidateRangeStart) continue;
    charge(mm);
    const answer = mn.invalidateRangeStart(told);
    if (answer !== 0) {
      const mode = mmuNotifierRangeBlockable(range) ? "blockable" : "non-blockable";
      log(`${mn.name} callback failed with ${errnoName(answer)} in ${mode} context`);
      result = answer;
    }
  }
  return result;
}

function end(chain: MmuNotifierChain, range: MmuNotifierRange, onlyEnd: boolean): void {
  const { mm } = range;
  const { faults } = mm.notifierContext;
  closeWindow(chain, range);
  const flags = flagsOf(range) | (onlyEnd ? TRACE_ONLY_END : 0);
  record(chain, mm, "invalidate_range_end", range.event, flags, range.start, range.end);
  for (const mn of chain.list) {
    if (!onlyEnd && mn.invalidateRange && !faults.has("skip_invalidate_range")) {
      charge(mm);
      mn.invalidateRange(mm, range.start, range.end);
    }
    if (mn.invalidateRangeEnd && !faults.has("skip_end")) {
      charge(mm);
      mn.invalidateRangeEnd(range);
    }
  }
}

/** Takes a window off the list of open ones; it is nearly always the newest. */
function closeWindow(chain: MmuNotifierChain, range: MmuNotifierRange): void {
  const { open } = chain;
  if (open[open.length - 1] === range) {
    open.pop();
    return;
  }
  const at = open.lastIndexOf(range);
  if (at >= 0) open.splice(at, 1);
}

function young(
  mm: NotifierMm,
  kind: TraceKind,
  from: Vaddr,
  to: Vaddr,
  ask: (mn: MmuNotifierOps) => boolean | undefined,
): boolean {
  const chain = mm.notifiers;
  if (chain === null) return false;
  record(chain, mm, kind, 0, 0, from, to);
  let answer = false;
  for (const mn of chain.list) answer = (ask(mn) ?? false) || answer;
  return answer;
}

function shortened(range: MmuNotifierRange): MmuNotifierRange {
  return { ...range, end: range.end === ADDRESS_MAX ? range.end : range.end - PAGE_SIZE };
}

function flagsOf(range: MmuNotifierRange): number {
  return range.flags | (range.vma === null ? 0 : TRACE_VMA);
}

function charge(mm: NotifierMm): void {
  mm.notifierContext.clock.advance(mm.notifierContext.notifierCallCost);
}

function record(
  chain: MmuNotifierChain,
  mm: NotifierMm,
  kind: TraceKind,
  event: number,
  flags: number,
  from: Vaddr,
  to: Vaddr,
): void {
  const { trace, clock } = mm.notifierContext;
  const all = chain.list.length === 0 ? flags | TRACE_UNDELIVERED : flags;
  trace.record(clock.now, kind, mm.id, -1, event, all, from, to);
}
