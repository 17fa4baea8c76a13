/**
 * Evaluation of expected notifier callbacks: in order, in any order, or among others.
 *
 * Windows (`S`, `E`, `e`), `cp` and `rel` are compared always; `ir` and the young-bit callbacks only
 * where the sequence names at least one of the kind, because a TLB gather may add them anywhere.
 * The `ir` that the end helper issues is part of `E`.
 *
 * @module
 */

import { hex, PAGE_SIZE } from "../kernel/address.ts";
import { TRACE_ONLY_END, type TraceKind, type TraceRecord } from "../kernel/trace.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import type { SequenceItem } from "./expectation.ts";
import { placedText } from "./expect_pages.ts";
import { diffLines } from "./sequence_diff.ts";
import type { Mismatch, Observed } from "./observed.ts";

type Callback = SequenceItem["callback"];

const CALLBACK_OF: Readonly<Partial<Record<TraceKind, Callback>>> = {
  invalidate_range_start: "S",
  invalidate_range_end: "E",
  invalidate_range: "ir",
  change_pte: "cp",
  clear_flush_young: "cfy",
  clear_young: "cy",
  test_young: "ty",
  release: "rel",
};

const ALWAYS: readonly Callback[] = ["S", "E", "e", "cp", "rel"];
const MOST_SHOWN = 24;

/** How callbacks are held against those wanted. */
export type SequenceOrder = "sequence" | "unordered" | "subsequence";

/**
 * Checks the callbacks of a step.
 *
 * @param items The callbacks wanted.
 * @param observed The machine.
 * @param order Whether they must be exactly those, those in any order, or among others in order.
 * @returns What differs, or undefined if all is well.
 */
export function checkSequence(
  items: readonly SequenceItem[],
  observed: Observed,
  order: SequenceOrder = "sequence",
): Mismatch | undefined {
  const compared = new Set<Callback>([...ALWAYS, ...items.map((item) => item.callback)]);
  const records: TraceRecord[] = [];
  for (const record of observed.records()) {
    const callback = callbackOf(record);
    if (callback !== undefined && compared.has(callback)) records.push(record);
  }
  const isSame = (item: number, record: number) => matches(items[item], records[record], observed);
  const at = DIFFERENCES[order](items, records.length, isSame);
  return at === undefined ? undefined : mismatch(`${order}${at}`, items, records, observed);
}

type IsSame = (item: number, record: number) => boolean;

/** Where callbacks differ from those wanted, in words; undefined where they do not. */
const DIFFERENCES: Readonly<
  Record<
    SequenceOrder,
    (items: readonly SequenceItem[], records: number, isSame: IsSame) => string | undefined
  >
> = {
  sequence(items, records, isSame) {
    const length = Math.max(items.length, records);
    for (let at = 0; at < length; at++) {
      if (at >= items.length || at >= records || !isSame(at, at)) return `, callback ${at + 1}`;
    }
    return undefined;
  },
  unordered(items, records, isSame) {
    if (items.length !== records) return `, ${records} callbacks in place of ${items.length}`;
    const taken = new Set<number>();
    // The most particular ones choose first
    const order = items.keys().toArray().sort((one, other) =>
      weight(items[other]) - weight(items[one])
    );
    for (const at of order) {
      const found = Array.from({ length: records }, (_, record) => record)
        .find((record) => !taken.has(record) && isSame(at, record));
      if (found === undefined) return `, ${sequenceItemText(items[at])}`;
      taken.add(found);
    }
    return undefined;
  },
  subsequence(items, records, isSame) {
    let record = 0;
    for (const [at, item] of items.entries()) {
      while (record < records && !isSame(at, record)) record++;
      if (record++ >= records) return `, ${sequenceItemText(item)}`;
    }
    return undefined;
  },
};

function weight({ event, range }: SequenceItem): number {
  return (event === undefined ? 0 : 1) + (range === undefined ? 0 : 2);
}

/**
 * Writes a callback in the notation of scenarios.
 *
 * @param item The callback.
 * @returns Text such as `S CLEAR ram[3]`.
 */
function sequenceItemText(item: SequenceItem): string {
  const words: string[] = [item.callback];
  if (item.event !== undefined) words.push(item.event);
  if (item.range !== undefined) {
    words.push("start" in item.range ? bytes(item.range) : placedText(item.range));
  }
  return words.join(" ");
}

function callbackOf(record: TraceRecord): Callback | undefined {
  const callback = CALLBACK_OF[record.kind];
  return callback === "E" && (record.flags & TRACE_ONLY_END) !== 0 ? "e" : callback;
}

function matches(item: SequenceItem, record: TraceRecord, observed: Observed): boolean {
  if (callbackOf(record) !== item.callback) return false;
  if (item.event !== undefined && WINDOW_EVENT_NAMES[record.event] !== item.event) return false;
  if (item.range === undefined) return true;
  if ("start" in item.range) {
    return record.start === item.range.start && record.end === item.range.end;
  }
  const found = observed.resolve(item.range);
  if (found === undefined) return false;
  if (item.range.process !== undefined && observed.mmOf(found.process) !== record.mm) return false;
  return record.start === found.start && record.end === found.start + found.pages * PAGE_SIZE;
}

function mismatch(
  subject: string,
  items: readonly SequenceItem[],
  records: readonly TraceRecord[],
  observed: Observed,
): Mismatch {
  const actual = records.slice(0, MOST_SHOWN).map((record) => recordText(record, observed));
  if (records.length > MOST_SHOWN) actual.push(`${records.length - MOST_SHOWN} more`);
  const wanted = items.map(sequenceItemText);
  const found = records.map((record) => recordText(record, observed));
  return {
    subject,
    expected: wanted.join(" · ") || "nothing",
    actual: actual.join(" · ") || "nothing",
    diff: diffLines(
      wanted,
      found,
      (item, record) => matches(items[item], records[record], observed),
    ),
  };
}

function recordText(record: TraceRecord, observed: Observed): string {
  const callback = callbackOf(record) ?? record.kind;
  if (callback === "rel") return callback;
  const words: string[] = [callback];
  if (callback === "S" || callback === "E" || callback === "e") {
    words.push(WINDOW_EVENT_NAMES[record.event]);
  }
  words.push(observed.nameOf?.(record.mm, record.start, record.end) ?? bytes(record));
  return words.join(" ");
}

function bytes(range: { readonly start: number; readonly end: number }): string {
  return `[${hex(range.start)},${hex(range.end)})`;
}
