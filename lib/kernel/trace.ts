/**
 * The trace: everything observable that happened on a machine, in order.
 *
 * Records live in growing typed arrays and become objects only when read, so that recording a
 * window costs no allocation. A full trace stops recording and counts what it dropped.
 *
 * @module
 */

import type { Clock } from "./costs.ts";

/** Kinds of trace records. */
export const TRACE_KINDS = [
  "invalidate_range_start",
  "invalidate_range_end",
  "invalidate_range",
  "change_pte",
  "clear_flush_young",
  "clear_young",
  "test_young",
  "release",
  "operation_begin",
  "operation_end",
  "device_fault",
  "device_retry",
] as const;

/** The kind of a trace record: a notifier callback, an operation's border or a device's doing. */
export type TraceKind = typeof TRACE_KINDS[number];

const KIND_CODE: Readonly<Record<TraceKind, number>> = Object.fromEntries(
  TRACE_KINDS.map((kind, code) => [kind, code]),
) as Record<TraceKind, number>;

/** Bits of {@linkcode TraceRecord.flags}. */
export const TRACE_BLOCKABLE = 1;
/** The window promises that every change goes through change_pte. */
export const TRACE_USE_CHANGE_PTE = 2;
/** The range names a vma. */
export const TRACE_VMA = 4;
/** The end did not call invalidate_range. */
export const TRACE_ONLY_END = 8;
/** The chain had no listener any more. */
export const TRACE_UNDELIVERED = 16;

/** One record of the trace, as read back. */
export interface TraceRecord {
  /** Position in the trace, from 0. */
  readonly index: number;
  /** Virtual time in ns. */
  readonly time: number;
  /** What happened. */
  readonly kind: TraceKind;
  /** Event code of the window, from 0 (UNMAP) to 4 (SOFT_DIRTY); 0 for other kinds. */
  readonly event: number;
  /** TRACE_ bits. */
  readonly flags: number;
  /** Number of the mm, or -1. */
  readonly mm: number;
  /** Number of the listener or operation concerned, or -1. */
  readonly subject: number;
  /** First byte of the range. */
  readonly start: number;
  /** First byte after the range. */
  readonly end: number;
  /** Where a window was opened: a number of CALL_SITES; 0 for other kinds. */
  readonly site: number;
}

/** What the trace keeps of an invalidation window. */
export interface TracedWindow {
  /** First byte. */
  readonly start: number;
  /** First byte after. */
  readonly end: number;
  /** Event code. */
  readonly event: number;
  /** Call site, if known. */
  readonly site?: number;
}

/** Most records of a trace unless it is told otherwise. */
export const DEFAULT_TRACE_LIMIT: number = 1 << 20;

/** A growing record of what happened. */
export class Trace {
  /** Records lost because the trace was full. */
  dropped = 0;
  #length = 0;
  #capacity = 1024;
  #limit: number;
  #subscribers: readonly ((record: TraceRecord) => void)[] = [];
  #kind = new Uint8Array(this.#capacity);
  #event = new Uint8Array(this.#capacity);
  #flags = new Uint8Array(this.#capacity);
  #mm = new Int16Array(this.#capacity);
  #site = new Uint8Array(this.#capacity);
  #subject = new Int32Array(this.#capacity);
  #time = new Float64Array(this.#capacity);
  #start = new Float64Array(this.#capacity);
  #end = new Float64Array(this.#capacity);

  /**
   * Makes an empty trace.
   *
   * @param limit Most records kept; 0 switches recording off.
   */
  constructor(limit: number = DEFAULT_TRACE_LIMIT) {
    this.#limit = limit;
  }

  /** Number of records. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends a record.
   *
   * @param time Virtual time in ns.
   * @param kind What happened.
   * @param mm Number of the mm, or -1.
   * @param subject Number of the listener or operation, or -1.
   * @param event Event code.
   * @param flags TRACE_ bits.
   * @param start First byte of the range.
   * @param end First byte after the range.
   * @param site Call site of a window, or 0.
   */
  record(
    time: number,
    kind: TraceKind,
    mm: number,
    subject: number,
    event: number,
    flags: number,
    start: number,
    end: number,
    site = 0,
  ): void {
    const at = this.#next();
    if (at < 0) return;
    this.#kind[at] = KIND_CODE[kind];
    this.#event[at] = event;
    this.#flags[at] = flags;
    this.#mm[at] = mm;
    this.#subject[at] = subject;
    this.#time[at] = time;
    this.#start[at] = start;
    this.#end[at] = end;
    this.#site[at] = site;
    if (this.#subscribers.length > 0) this.#tell(at);
  }

  /**
   * Appends a record of a window; numbers are read from where they are, which costs no allocation.
   *
   * @param clock The virtual clock.
   * @param kind What happened.
   * @param mm Number of the mm.
   * @param flags TRACE_ bits.
   * @param window The window.
   */
  recordWindow(
    clock: Clock,
    kind: TraceKind,
    mm: number,
    flags: number,
    window: TracedWindow,
  ): void {
    const at = this.#next();
    if (at < 0) return;
    this.#kind[at] = KIND_CODE[kind];
    this.#event[at] = window.event;
    this.#flags[at] = flags;
    this.#mm[at] = mm;
    this.#subject[at] = -1;
    this.#time[at] = clock.now;
    this.#start[at] = window.start;
    this.#end[at] = window.end;
    this.#site[at] = window.site ?? 0;
    if (this.#subscribers.length > 0) this.#tell(at);
  }

  /**
   * Has a function called with every record from now on, as soon as it is appended; not with those
   * that are lost because the trace is full.
   *
   * @param subscriber The function.
   * @returns Ends the subscription.
   * @throws {TypeError} If it is no function.
   * @example
   * ```ts
   * import { Trace } from "./trace.ts";
   * import { assertEquals } from "@std/assert";
   *
   * const trace = new Trace();
   * const kinds: string[] = [];
   * const unsubscribe = trace.subscribe(({ kind }) => kinds.push(kind));
   * trace.record(0, "operation_begin", -1, -1, 0, 0, 0, 0);
   * unsubscribe();
   * trace.record(5, "operation_end", -1, -1, 0, 0, 0, 0);
   * assertEquals(kinds, ["operation_begin"]);
   * ```
   */
  subscribe(subscriber: (record: TraceRecord) => void): () => void {
    if (typeof subscriber !== "function") {
      throw new TypeError(`Cannot subscribe to the trace: expected a function`);
    }
    const one = (record: TraceRecord) => subscriber(record);
    this.#subscribers = [...this.#subscribers, one];
    return () => {
      this.#subscribers = this.#subscribers.filter((other) => other !== one);
    };
  }

  #tell(index: number): void {
    const record = this.at(index);
    for (const subscriber of this.#subscribers) subscriber(record);
  }

  /**
   * Takes the first records of another trace in place of its own, and the room it has.
   *
   * For a machine that carries out again, unrecorded, what another one recorded.
   *
   * @param other The other trace, which must not be used any more.
   * @param length How many of its records.
   */
  adopt(other: Trace, length: number): void {
    this.dropped = length < other.#length ? 0 : other.dropped;
    this.#length = Math.min(length, other.#length);
    this.#capacity = other.#capacity;
    this.#limit = other.#limit;
    this.#kind = other.#kind;
    this.#event = other.#event;
    this.#flags = other.#flags;
    this.#mm = other.#mm;
    this.#site = other.#site;
    this.#subject = other.#subject;
    this.#time = other.#time;
    this.#start = other.#start;
    this.#end = other.#end;
  }

  /**
   * Finds the records of an address space whose range holds a page.
   *
   * @param mm Number of the mm.
   * @param address The page.
   * @param from First position.
   * @param to First position after; all unless given.
   * @returns Their positions in order.
   */
  covering(mm: number, address: number, from = 0, to: number = this.#length): number[] {
    const found: number[] = [];
    for (let at = from; at < to; at++) {
      if (this.#start[at] > address || this.#end[at] <= address || this.#mm[at] !== mm) continue;
      found.push(at);
    }
    return found;
  }

  /**
   * Reads one record.
   *
   * @param index Position, from 0 to `length - 1`.
   * @returns The record.
   * @throws {RangeError} If there is no such record.
   */
  at(index: number): TraceRecord {
    if (index < 0 || index >= this.#length) {
      throw new RangeError(
        `Cannot read trace record ${index}: the trace has ${this.#length} records`,
      );
    }
    return {
      index,
      time: this.#time[index],
      kind: TRACE_KINDS[this.#kind[index]],
      event: this.#event[index],
      flags: this.#flags[index],
      mm: this.#mm[index],
      subject: this.#subject[index],
      start: this.#start[index],
      end: this.#end[index],
      site: this.#site[index],
    };
  }

  /**
   * Reads the records from a position on.
   *
   * @param from First position.
   * @yields The records in order.
   */
  *records(from = 0): Generator<TraceRecord> {
    for (let index = from; index < this.#length; index++) yield this.at(index);
  }

  /** Makes room for a record; -1 if the trace is full. */
  #next(): number {
    const at = this.#length;
    if (at >= this.#limit) {
      this.dropped++;
      return -1;
    }
    if (at === this.#capacity) this.#grow();
    this.#length = at + 1;
    return at;
  }

  #grow(): void {
    this.#capacity *= 2;
    const wider = <T extends Uint8Array | Int16Array | Int32Array | Float64Array>(
      old: T,
      next: T,
    ): T => {
      next.set(old);
      return next;
    };
    this.#kind = wider(this.#kind, new Uint8Array(this.#capacity));
    this.#event = wider(this.#event, new Uint8Array(this.#capacity));
    this.#flags = wider(this.#flags, new Uint8Array(this.#capacity));
    this.#site = wider(this.#site, new Uint8Array(this.#capacity));
    this.#mm = wider(this.#mm, new Int16Array(this.#capacity));
    this.#subject = wider(this.#subject, new Int32Array(this.#capacity));
    this.#time = wider(this.#time, new Float64Array(this.#capacity));
    this.#start = wider(this.#start, new Float64Array(this.#capacity));
    this.#end = wider(this.#end, new Float64Array(this.#capacity));
  }
}
