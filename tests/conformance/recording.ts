/**
 * The format of the recordings: what a real kernel did, step by step.
 *
 * Offsets are pages from the case's base address; an address outside the case's window, or one that
 * is not page aligned, is a hexadecimal text.
 *
 * @module
 */

/** A page offset from the case's base, or an address as hexadecimal text. */
export type Place = number | string;

/** A callback of the notifier chain. */
export interface RecordedEvent {
  /** Whose address space: `P`, `C` or `D`. */
  readonly mm: string;
  /** The callback, such as `invalidate_range_start`. */
  readonly cb: string;
  /** Event of a start or end. */
  readonly event?: string;
  readonly start: Place;
  readonly end: Place;
  /** Of a start or end: whether listeners may sleep. */
  readonly blockable?: boolean;
  /** Of a start: whether the range names a vma. */
  readonly vma?: boolean;
  /** Of an end: whether invalidate_range is not called. */
  readonly only_end?: boolean;
  /** False if the list of listeners was empty already. */
  readonly delivered?: boolean;
}

/** Consecutive pages whose entries look alike. */
export interface PageRun {
  readonly from: number;
  readonly to: number;
  /** Canonical number of the first page's frame; 0 is the zero page, -1 the huge zero page. */
  readonly id?: number;
  /** Increment of `id` a page: 1 or 0. */
  readonly step?: number;
  readonly st: string;
  readonly sd: number;
  readonly ex: number;
  readonly fs: number;
  readonly uw: number;
  /** Raw flags, such as `pwads`. */
  readonly pte: string;
}

/** Consecutive pages whose frames look alike. */
export interface PhysRun {
  readonly from: number;
  readonly to: number;
  /** Flags, joined by commas. */
  readonly fl: string;
  /** Mappings of the frame. */
  readonly mc: number;
  readonly node: number;
}

/** A mapping, as smaps shows it. */
export interface RecordedVma {
  readonly start: Place;
  readonly end: Place;
  readonly perms: string;
  readonly pgoff: number;
  readonly name?: string;
  readonly vmflags: string;
}

/** What a process looks like after a step. */
export interface ProcessState {
  readonly pages: readonly PageRun[];
  readonly phys: readonly PhysRun[];
  readonly vmas: readonly RecordedVma[];
}

/** Arguments of a step. */
export type StepArguments = Readonly<Record<string, string | number | boolean>>;

/** One operation and what came of it. */
export interface RecordedStep {
  readonly n: number;
  readonly op: string;
  /** Who does it: a process, `R` (the recorder) or a daemon. */
  readonly who: string;
  readonly args: StepArguments;
  /** Result; `page:N` is an address. */
  readonly ret: Place;
  /** Name of the error, if any. */
  readonly err?: string;
  readonly events: readonly RecordedEvent[];
  readonly state: Readonly<Record<string, ProcessState>>;
  /** Further results, such as the status of move_pages. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Which parts were the same in all runs. */
  readonly stable: Readonly<Record<string, boolean>>;
  /** Parts that varied in runs of another day. */
  readonly unstableInEarlierBatch?: readonly string[];
}

/** A run of steps from an empty window. */
export interface RecordedCase {
  readonly group: string;
  readonly case: string;
  readonly desc: string;
  /** Pages whose state is recorded. */
  readonly window: number;
  readonly steps: readonly RecordedStep[];
}

/** One file of recordings. */
export interface Recording {
  readonly group: string;
  readonly cases: readonly RecordedCase[];
}
