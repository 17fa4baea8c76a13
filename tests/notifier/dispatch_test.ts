import { assert, assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import type { FaultName } from "../../lib/kernel/faults.ts";
import {
  TRACE_BLOCKABLE,
  TRACE_ONLY_END,
  TRACE_UNDELIVERED,
  TRACE_USE_CHANGE_PTE,
  TRACE_VMA,
} from "../../lib/kernel/trace.ts";
import {
  mmuNotifierRegister,
  mmuNotifierRelease,
  mmuNotifierUnregister,
} from "../../lib/notifier/chain.ts";
import {
  mmuNotifierChangePte,
  mmuNotifierClearFlushYoung,
  mmuNotifierClearYoung,
  mmuNotifierInvalidateRange,
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeOnlyEnd,
  mmuNotifierInvalidateRangeStart,
  mmuNotifierInvalidateRangeStartNonblock,
  mmuNotifierTestYoung,
} from "../../lib/notifier/dispatch.ts";
import {
  MMU_NOTIFIER_RANGE_BLOCKABLE,
  MMU_NOTIFIER_USE_CHANGE_PTE,
  MMU_NOTIFY_CLEAR,
  MMU_NOTIFY_UNMAP,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
} from "../../lib/notifier/range.ts";
import { type FakeMm, fakeMm } from "../listeners/fake_user_pages.ts";
import { type Answers, recorder } from "./recorder.ts";

interface Chain {
  readonly mm: FakeMm;
  readonly log: string[];
  readonly range: MmuNotifierRange;
  take(): string[];
}

/** An mm with listeners a, b, c registered in this order, and a window. */
function chain(
  answers: Readonly<Record<string, Answers>>,
  profile = "v5.2",
  faults: readonly FaultName[] = [],
): Chain {
  const mm = fakeMm(profile, faults);
  const log: string[] = [];
  for (const [name, answer] of Object.entries(answers)) {
    mmuNotifierRegister(recorder(name, log, answer), mm);
  }
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, null, mm, 0x1000, 0x3000);
  return { mm, log, range, take: () => log.splice(0) };
}

const EAGAIN = -ERRNO.EAGAIN;
const EINTR = -ERRNO.EINTR;

Deno.test("start and end run in reverse order of registration", () => {
  const { range, take } = chain({ a: {}, b: {}, c: {} });
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(take(), ["c.start", "b.start", "a.start"]);
  mmuNotifierInvalidateRangeOnlyEnd(range);
  assertEquals(take(), ["c.end", "b.end", "a.end"]);
});

Deno.test("end calls invalidate_range and end of one listener before the next", () => {
  const { range, take } = chain({ a: {}, b: { without: ["invalidateRange"] }, c: {} });
  mmuNotifierInvalidateRangeStart(range);
  take();
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(take(), ["c.invalidate_range", "c.end", "b.end", "a.invalidate_range", "a.end"]);
});

Deno.test("end still flushes a listener that has invalidate_range alone", () => {
  const { range, take } = chain({
    sva: { without: ["invalidateRangeStart", "invalidateRangeEnd"] },
  });
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(take(), []);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(take(), ["sva.invalidate_range"]);
  mmuNotifierInvalidateRangeOnlyEnd(range);
  assertEquals(take(), []);
});

Deno.test("a blocking start goes on after a failure, logs it and ignores it", () => {
  const { mm, range, take } = chain({ a: {}, b: { start: EINTR }, c: {} });
  assertEquals(mmuNotifierInvalidateRangeStart(range), undefined);
  assertEquals(take(), ["c.start", "b.start", "a.start"]);
  assertEquals(mm.lines, ["b callback failed with EINTR in blockable context"]);
  assertEquals(mm.notifiers?.open, [range], "the window is open all the same");
  mmuNotifierInvalidateRangeOnlyEnd(range);
  assertEquals(take(), ["c.end", "b.end", "a.end"]);
});

Deno.test("a non-blocking start asks everybody and returns the last failure", () => {
  const { mm, range, take } = chain({ a: {}, b: { start: EINTR }, c: { start: EAGAIN } });
  assertEquals(mmuNotifierInvalidateRangeStartNonblock(range), EINTR);
  assertEquals(take(), ["c.start", "b.start", "a.start"]);
  assertEquals(mm.lines, [
    "c callback failed with EAGAIN in non-blockable context",
    "b callback failed with EINTR in non-blockable context",
  ]);
});

Deno.test("a failed non-blocking start leaves listeners without their end before v5.12 (B-2)", () => {
  const { mm, range, take } = chain({ a: {}, b: { start: EAGAIN }, c: {} }, "v5.2");
  mmuNotifierInvalidateRangeStartNonblock(range);
  assertEquals(take(), ["c.start", "b.start", "a.start"]);
  assertEquals(mm.notifiers?.open, [], "the caller treats the window as not opened");
});

Deno.test("v6.1 warns of a listener with end that refuses a window, and not of others", () => {
  const answers = {
    a: { start: EAGAIN },
    b: { start: EAGAIN, without: ["invalidateRangeEnd"] as const },
  };
  const { mm, range } = chain(answers, "v6.1");
  mmuNotifierInvalidateRangeStartNonblock(range);
  assertEquals(mm.lines, [
    "b callback failed with EAGAIN in non-blockable context",
    "a callback failed with EAGAIN in non-blockable context",
    "WARNING: mn_hlist_invalidate_range_start: a fails and has invalidate_range_end",
  ]);
});

Deno.test("a failed non-blocking start calls end of everybody since v5.12", () => {
  const answers = { a: {}, b: { start: EAGAIN, without: ["invalidateRangeEnd"] as const }, c: {} };
  const { mm, range, take } = chain(answers, "v6.1");
  assertEquals(mmuNotifierInvalidateRangeStartNonblock(range), EAGAIN);
  assertEquals(take(), ["c.start", "b.start", "a.start", "c.end", "a.end"]);
  assertEquals(mm.notifiers?.open, []);
});

Deno.test("a non-blocking start that all accept opens the window", () => {
  const { mm, range, take } = chain({ a: {}, b: {} });
  assertEquals(mmuNotifierInvalidateRangeStartNonblock(range), 0);
  assertEquals(mm.notifiers?.open, [range]);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(mm.notifiers?.open, []);
  assertEquals(take().filter((line) => line.endsWith("end")), ["b.end", "a.end"]);
});

Deno.test("start sets BLOCKABLE, start_nonblock clears it, other flags stay", () => {
  const { mm } = chain({ a: {} }, "v5-series");
  const change = MMU_NOTIFIER_USE_CHANGE_PTE;
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, change, null, mm, 0x1000, 0x2000);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(range.flags, change | MMU_NOTIFIER_RANGE_BLOCKABLE);
  mmuNotifierInvalidateRangeStartNonblock(range);
  assertEquals(range.flags, change);
});

Deno.test("flags stay untouched while the mm never had a listener", () => {
  const mm = fakeMm();
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, null, mm, 0x1000, 0x2000);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals([range.flags, mmuNotifierInvalidateRangeStartNonblock(range)], [0, 0]);
  mmuNotifierInvalidateRangeEnd(range);
  mmuNotifierInvalidateRangeOnlyEnd(range);
  mmuNotifierInvalidateRange(mm, 0x1000, 0x2000);
  mmuNotifierChangePte(mm, 0x1000, { pfn: 1, writable: false });
  assertEquals(mmuNotifierClearFlushYoung(mm, 0x1000, 0x2000), false);
  assertEquals(mmuNotifierClearYoung(mm, 0x1000, 0x2000), false);
  assertEquals(mmuNotifierTestYoung(mm, 0x1000), false);
  assertEquals(mm.notifierContext.trace.length, 0);
});

Deno.test("clear_flush_young and clear_young ask everybody and OR the answers", () => {
  const { mm, take } = chain({ a: { young: true }, b: {}, c: { young: true } });
  assert(mmuNotifierClearFlushYoung(mm, 0x1000, 0x2000));
  assertEquals(take(), ["c.clear_flush_young", "b.clear_flush_young", "a.clear_flush_young"]);
  assert(mmuNotifierClearYoung(mm, 0x1000, 0x2000));
  assertEquals(take(), ["c.clear_young", "b.clear_young", "a.clear_young"]);
  assert(!mmuNotifierClearYoung(chain({ a: {}, b: {} }).mm, 0x1000, 0x2000));
});

Deno.test("test_young stops at the first listener that says yes", () => {
  const { mm, take } = chain({ a: { young: true }, b: { young: true }, c: {} });
  assert(mmuNotifierTestYoung(mm, 0x1000));
  assertEquals(take(), ["c.test_young", "b.test_young"]);
});

Deno.test("change_pte and invalidate_range reach those that implement them", () => {
  const { mm, take } = chain({ a: {}, b: { without: ["changePte", "invalidateRange"] }, c: {} });
  mmuNotifierChangePte(mm, 0x1000, { pfn: 7, writable: true });
  mmuNotifierInvalidateRange(mm, 0x1000, 0x2000);
  assertEquals(take(), [
    "c.change_pte",
    "a.change_pte",
    "c.invalidate_range",
    "a.invalidate_range",
  ]);
});

Deno.test("a listener unregistered inside a window never sees the end", () => {
  const { mm, range, take } = chain({ a: {} });
  const log: string[] = [];
  const late = recorder("late", log);
  mmuNotifierRegister(late, mm);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierUnregister(late, mm);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(log, ["late.start", "late.release"]);
  assertEquals(take(), ["a.start", "a.invalidate_range", "a.end"]);
});

Deno.test("windows after release are recorded and reach nobody", () => {
  const { mm, range, take } = chain({ a: {} });
  mmuNotifierRelease(mm);
  take();
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(take(), []);
  const [, start] = [...mm.notifierContext.trace.records()];
  assertEquals(start.kind, "invalidate_range_start");
  assertEquals(start.flags & TRACE_UNDELIVERED, TRACE_UNDELIVERED);
});

Deno.test("windows nest and overlap; the list of open ones follows", () => {
  const { mm, range: outer } = chain({ a: {} });
  const inner = mmuNotifierRangeInit(MMU_NOTIFY_UNMAP, 0, null, mm, 0x1000, 0x2000);
  mmuNotifierInvalidateRangeStart(outer);
  mmuNotifierInvalidateRangeStart(inner);
  assertEquals(mm.notifiers?.open, [outer, inner]);
  mmuNotifierInvalidateRangeEnd(outer);
  assertEquals(mm.notifiers?.open, [inner]);
  mmuNotifierInvalidateRangeEnd(inner);
  assertEquals(mm.notifiers?.open, []);
});

Deno.test("the trace tells the flags of a window and the form of its end", () => {
  const { mm } = chain({ a: {} }, "v5-series");
  const vma = { start: 0, end: 0x9000, flags: 1 };
  const flags = MMU_NOTIFIER_USE_CHANGE_PTE;
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, flags, vma, mm, 0x1000, 0x2000);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeOnlyEnd(range);
  const [start, end] = [...mm.notifierContext.trace.records()];
  const all = TRACE_BLOCKABLE | TRACE_USE_CHANGE_PTE | TRACE_VMA;
  assertEquals([start.flags, start.event, start.start, start.end], [all, 1, 0x1000, 0x2000]);
  assertEquals([end.kind, end.flags], ["invalidate_range_end", all | TRACE_ONLY_END]);
});

for (
  const { fault, expected } of [
    { fault: "skip_start", expected: ["a.invalidate_range", "a.end"] },
    { fault: "skip_end", expected: ["a.start", "a.invalidate_range"] },
    { fault: "skip_invalidate_range", expected: ["a.start", "a.end"] },
  ] as const
) {
  Deno.test(`injected ${fault} leaves that call out`, () => {
    const { range, take } = chain({ a: {} }, "v5.2", [fault]);
    mmuNotifierInvalidateRangeStart(range);
    mmuNotifierInvalidateRangeEnd(range);
    assertEquals(take(), [...expected]);
  });
}

Deno.test("injected skip_change_pte and short_range do what they say", () => {
  const mm = fakeMm("v5.2", ["skip_change_pte", "short_range"]);
  const told: number[] = [];
  const mn = {
    name: "a",
    changePte: () => void told.push(-1),
    invalidateRangeStart: (range: MmuNotifierRange) => {
      told.push(range.end);
      return 0;
    },
  };
  mmuNotifierRegister(mn, mm);
  mmuNotifierChangePte(mm, 0x1000, { pfn: 1, writable: false });
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, null, mm, 0x1000, 0x3000);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(told, [0x3000 - PAGE_SIZE]);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(mm.notifiers?.open, []);
});

Deno.test("each callback of start, end and change_pte is charged to the clock", () => {
  const mm = { ...fakeMm() };
  const context = { ...mm.notifierContext, notifierCallCost: 50 };
  const charged = { ...mm, notifierContext: context, notifiers: null };
  for (const name of ["a", "b"]) mmuNotifierRegister(recorder(name, []), charged);
  const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, null, charged, 0x1000, 0x2000);
  mmuNotifierInvalidateRangeStart(range);
  assertEquals(context.clock.now, 100);
  mmuNotifierInvalidateRangeEnd(range);
  assertEquals(context.clock.now, 300, "two times invalidate_range and end");
});
