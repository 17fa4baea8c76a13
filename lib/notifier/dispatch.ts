/**
 * The dispatch functions: how a window, a changed entry or a young query reaches the listeners; and the
 * shape of every window in which page tables change: open, change, close.
 *
 * From mm/mmu_notifier.c and include/linux/mmu_notifier.h. All of them do nothing for an mm that
 * never had a listener.
 *
 * @module
 */

import { ADDRESS_MAX, PAGE_SIZE, type Vaddr } from "../kernel/address.ts";
import { ERRNO, errnoName } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { TRACE_ONLY_END, TRACE_UNDELIVERED, TRACE_VMA, type TraceKind } from "../kernel/trace.ts";
import type { MmuNotifierChain, NotifierMm } from "./chain.ts";
import type { MmuNotifierOps, NewPte } from "./ops.ts";
import {
  MMU_NOTIFIER_RANGE_BLOCKABLE,
  MMU_NOTIFY_SOFT_DIRTY,
  type MmuNotifierRange,
  mmuNotifierRangeBlockable,
  SITE,
} from "./range.ts";

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
  if (chain === null) return;
  const { faults } = mm.notifierContext;
  if (faults.size > 0 && chain.list.some((mn) => mn.invalidateRange)) {
    if (faults.has("skip_invalidate_range")) return;
  }
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
  if (chain === null) return;
  const { faults } = mm.notifierContext;
  if (faults.size > 0 && chain.list.some((mn) => mn.changePte)) {
    if (faults.has("skip_change_pte", innermostSite(chain))) return;
  }
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
  if (isLeftOut(range)) return 0;
  chain.open.push(range);
  recordWindow(chain, range, "invalidate_range_start", 0);
  const { faults } = mm.notifierContext;
  if (faults.size > 0 && chain.list.some((mn) => mn.invalidateRangeStart)) {
    if (faults.has("skip_start", range.site)) return 0;
    if (mmuNotifierRangeBlockable(range) && faults.has("late_start", range.site)) return 0;
  }
  return deliverStart(chain, range);
}

function deliverStart(chain: MmuNotifierChain, range: MmuNotifierRange): number {
  const { mm } = range;
  const told = toldRange(range);
  let result = 0;
  for (const mn of chain.list) {
    if (!mn.invalidateRangeStart) continue;
    charge(mm);
    const answer = mn.invalidateRangeStart(told);
    if (answer !== 0) {
      const mode = mmuNotifierRangeBlockable(range) ? "blockable" : "non-blockable";
      const { log } = mm.notifierContext;
      log(`${mn.name} callback failed with ${errnoName(answer)} in ${mode} context`);
      warn(mn, range, answer);
      result = answer;
    }
  }
  return result;
}

/**
 * What later kernels call a mistake of the listener: any failure but -EAGAIN without leave to sleep,
 * and one of a listener with end, which cannot know whether it counts (mm/mmu_notifier.c:
 * mn_hlist_invalidate_range_start).
 */
function warn(mn: MmuNotifierOps, range: MmuNotifierRange, answer: number): void {
  const { profile, log } = range.mm.notifierContext;
  const where = `WARNING: mn_hlist_invalidate_range_start: ${mn.name}`;
  const allowed = !mmuNotifierRangeBlockable(range) && answer === -ERRNO.EAGAIN;
  if (profile.warnsOnFailedStart && !allowed) log(`${where} must not fail so`);
  if (profile.warnsOnFailedStart && profile.pairEndOnFailure && mn.invalidateRangeEnd) {
    log(`${where} fails and has invalidate_range_end`);
  }
}

function end(chain: MmuNotifierChain, range: MmuNotifierRange, onlyEnd: boolean): void {
  const { mm } = range;
  const { faults, windowCheck } = mm.notifierContext;
  if (isLeftOut(range)) return;
  closeWindow(chain, range);
  recordWindow(chain, range, "invalidate_range_end", onlyEnd ? TRACE_ONLY_END : 0);
  windowCheck?.(range);
  const { site } = range;
  const faulty = faults.size > 0;
  if (faulty && mmuNotifierRangeBlockable(range) && faults.has("late_start", site)) {
    deliverStart(chain, range);
  }
  for (const mn of chain.list) {
    if (!onlyEnd && mn.invalidateRange && !(faulty && faults.has("skip_invalidate_range"))) {
      charge(mm);
      mn.invalidateRange(mm, range.start, range.end);
    }
    if (mn.invalidateRangeEnd && !(faulty && faults.has("skip_end", site))) {
      charge(mm);
      mn.invalidateRangeEnd(range);
    }
  }
}

/** Whether the injected mistake skip_split_clear leaves a window out. */
function isLeftOut({ site, mm }: MmuNotifierRange): boolean {
  return site === SITE.__split_huge_pmd && mm.notifierContext.faults.has("skip_split_clear", site);
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

/** What start is told: the window, unless an injected mistake distorts it. */
function toldRange(range: MmuNotifierRange): MmuNotifierRange {
  const { faults } = range.mm.notifierContext;
  if (faults.size === 0) return range;
  const { site, start, end } = range;
  if (end !== ADDRESS_MAX) {
    if (faults.has("short_range", site)) return { ...range, end: end - PAGE_SIZE };
    if (faults.has("wrong_range", site)) {
      return { ...range, start: start + PAGE_SIZE, end: end + PAGE_SIZE };
    }
  }
  const distorts = range.event !== MMU_NOTIFY_SOFT_DIRTY && faults.has("wrong_event", site);
  return distorts ? { ...range, event: MMU_NOTIFY_SOFT_DIRTY } : range;
}

/** The site of the newest open window; 0 where none is open. */
function innermostSite({ open }: MmuNotifierChain): number {
  return open[open.length - 1]?.site ?? 0;
}

function charge(mm: NotifierMm): void {
  mm.notifierContext.clock.advance(mm.notifierContext.notifierCallCost);
}

function recordWindow(
  chain: MmuNotifierChain,
  range: MmuNotifierRange,
  kind: TraceKind,
  extra: number,
): void {
  const { mm } = range;
  const { trace, clock } = mm.notifierContext;
  const vma = range.vma === null ? 0 : TRACE_VMA;
  const undelivered = chain.list.length === 0 ? TRACE_UNDELIVERED : 0;
  trace.recordWindow(clock, kind, mm.id, range.flags | vma | undelivered | extra, range);
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

/**
 * Carries out an operation inside a window. Another CPU may run right after the window has opened
 * and right after it has closed.
 *
 * @typeParam T Type of the result.
 * @param range The window.
 * @param changes Changes the page tables; begins once the window is open.
 * @returns What the changes returned.
 */
export function* insideWindow<T>(range: MmuNotifierRange, changes: Operation<T>): Operation<T> {
  mmuNotifierInvalidateRangeStart(range);
  yield "window_open";
  const result = yield* changes;
  mmuNotifierInvalidateRangeEnd(range);
  yield "window_closed";
  return result;
}

/**
 * Carries out a change inside a window that cannot be interrupted itself.
 *
 * @typeParam T Type of the result.
 * @param range The window.
 * @param change Changes the page tables.
 * @param close Closes the window: mmuNotifierInvalidateRangeOnlyEnd where the change sends
 * invalidate_range itself.
 * @returns What the change returned.
 */
export function* changeInWindow<T>(
  range: MmuNotifierRange,
  change: () => T,
  close: (range: MmuNotifierRange) => void = mmuNotifierInvalidateRangeEnd,
): Operation<T> {
  mmuNotifierInvalidateRangeStart(range);
  yield "window_open";
  const result = change();
  close(range);
  yield "window_closed";
  return result;
}
