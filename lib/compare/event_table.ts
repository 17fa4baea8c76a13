/**
 * The table of events: for a set of programs, what each kind of listener did about each event under
 * each policy, what that saved, and which call sites sent windows.
 *
 * A listener spends time in its callbacks, which is booked to the event, and later, when its device
 * faults on what was removed. That rest is divided among the events by the translations removed.
 *
 * @module
 */

import { drain } from "../kernel/operation.ts";
import { kernelProfile } from "../kernel/profile.ts";
import { BUILT_IN_COLUMNS, type Program, requirePrograms } from "../machine/program.ts";
import { type RunOptions, runProgram } from "../machine/run.ts";
import { WINDOW_EVENT_NAMES, type WindowEventName } from "../notifier/range.ts";
import { consumers, type Consumption } from "./consumers.ts";
import { type EventTallies, type EventTally, meterEvents, newTally } from "./event_meter.ts";
import { placeErrors } from "./step_error.ts";

/** One cell row: a kind of listener under a policy, about one event. */
export interface EventRow extends Readonly<EventTally> {
  /** Kind of listener. */
  readonly kind: string;
  /** The event. */
  readonly event: WindowEventName;
  /** The policy. */
  readonly policy: string;
  /** Time spent because of the event, device faults included, in ns. */
  readonly time_ns: number;
  /** Translations removed less than under the first policy. */
  readonly entries_saved: number;
  /** Time spent less than under the first policy, in ns. */
  readonly time_saved_ns: number;
}

/** Windows of one call site. */
export type SiteCounts = ReadonlyMap<number, number>;

/** The table. */
export interface EventTable {
  /** The policies; savings are against the first. */
  readonly policies: readonly string[];
  /** Kinds of listener that took part, in the order of their first use. */
  readonly kinds: readonly string[];
  /** Rows with at least one window, by kind, event and policy. */
  readonly rows: readonly EventRow[];
  /** What events and flags are good for. */
  readonly consumption: readonly Consumption[];
  /** Windows under the first policy, by number of the call site. */
  readonly sites: SiteCounts;
  /** Programs that ran. */
  readonly programs: number;
  /** Names of programs left out: no kernel of theirs has events. */
  readonly leftOut: readonly string[];
}

/** How to make the table. */
export interface EventTableOptions {
  /** Kernel profile; of each program the first that has events unless given. */
  readonly kernel?: string;
  /** Seed; the program's unless given. */
  readonly seed?: number;
  /** Ends the work before the next step of a run once it is aborted. */
  readonly signal?: AbortSignal;
}

/** One program that ran under one policy. */
export interface EventProgress {
  /** Index of the program. */
  readonly index: number;
  /** The policy. */
  readonly policy: string;
}

/** What was summed up for one kind, event and policy. */
type Sum = EventTally & { time_ns: number };

/**
 * Runs programs under the built-in policies and makes the table of events.
 *
 * @param programs The programs.
 * @param options Kernel, seed and signal.
 * @returns The table.
 * @throws {RangeError} If the kernel is unknown, or a machine cannot be made.
 * @throws {TypeError} If one of them is no program.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { tabulateEvents } from "./event_table.ts";
 * import { parseScenario } from "../scenario/scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const program = parseScenario(`
 * name: A fork under an ODP region
 * processes: { app: {} }
 * listeners: { nic: { kind: odp, process: app } }
 * steps:
 *   - mmap: { process: app, name: buf, size: 8 pages }
 *   - fill: { range: buf }
 *   - reg_mr: { listener: nic, range: buf, access: ro }
 *   - rdma_read: { listener: nic, range: buf }
 *   - fork: { process: app, child: child }
 * `);
 * const { rows } = tabulateEvents([program]);
 * assertEquals(rows.map(({ event, policy, entries_saved }) => [event, policy, entries_saved]), [
 *   ["PROTECTION_PAGE", "legacy", 0],
 *   ["PROTECTION_PAGE", "followup", 0],
 *   ["PROTECTION_PAGE", "ideal", 8],
 * ]);
 * ```
 */
export function tabulateEvents(
  programs: readonly Program[],
  options: EventTableOptions = {},
): EventTable {
  return drain(tabulateRuns(programs, options));
}

/**
 * Makes the table as {@linkcode tabulateEvents} does, and stops after each run until it is asked on.
 *
 * @param programs The programs.
 * @param options Kernel, seed and signal.
 * @yields What ran.
 * @returns The table.
 * @throws {RangeError} If the kernel is unknown, or a machine cannot be made.
 * @throws {TypeError} If one of them is no program.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 */
export function* tabulateRuns(
  programs: readonly Program[],
  { kernel: asked, ...options }: EventTableOptions = {},
): Generator<EventProgress, EventTable> {
  requirePrograms(programs);
  const sums = new Map<string, Sum>();
  const sites = new Map<number, number>();
  const kinds: string[] = [];
  const leftOut: string[] = [];
  for (const [index, program] of programs.entries()) {
    const kernel = asked ?? kernelWithEvents(program);
    if (kernel === undefined) {
      leftOut.push(program.name);
      continue;
    }
    for (const policy of BUILT_IN_COLUMNS) {
      addRun(program, { ...options, kernel, policy }, sums, sites);
      yield { index, policy };
    }
    for (const { kind } of program.listeners) if (!kinds.includes(kind)) kinds.push(kind);
  }
  return {
    policies: BUILT_IN_COLUMNS,
    kinds,
    rows: rowsOf(kinds, sums),
    consumption: consumers(kinds, BUILT_IN_COLUMNS),
    sites,
    programs: programs.length - leftOut.length,
    leftOut,
  };
}

function kernelWithEvents({ kernels, switches }: Program): string | undefined {
  return kernels.find((name) => ({ ...kernelProfile(name), ...switches }).eventContext);
}

function addRun(
  program: Program,
  options: RunOptions & { readonly policy: string },
  sums: Map<string, Sum>,
  sites: Map<number, number>,
): void {
  const { policy } = options;
  const tallies: EventTallies = new Map();
  const { figures, machine } = runProgram(placeErrors(program), {
    ...options,
    watch: meterEvents(tallies),
  });
  for (const { name, kind } of program.listeners) {
    addListener(sums, kind, policy, tallies.get(name), figures[`${name}.time_ns`] ?? 0);
  }
  if (policy !== BUILT_IN_COLUMNS[0]) return;
  for (const { kind, site } of machine.host.trace.records()) {
    if (kind === "invalidate_range_start") sites.set(site, (sites.get(site) ?? 0) + 1);
  }
}

/** Adds a listener; time outside its callbacks follows the translations removed. */
function addListener(
  sums: Map<string, Sum>,
  kind: string,
  policy: string,
  tallies: ReadonlyMap<WindowEventName, EventTally> | undefined,
  time: number,
): void {
  if (tallies === undefined) return;
  const all = [...tallies.values()];
  const rest = time - all.reduce((sum, { callback_ns }) => sum + callback_ns, 0);
  const removed = all.reduce((sum, { dropped }) => sum + dropped, 0);
  for (const [event, tally] of tallies) {
    const share = removed === 0 ? 0 : tally.dropped / removed;
    const sum = sums.get(keyOf(kind, event, policy)) ?? { ...newTally(), time_ns: 0 };
    for (const name of Object.keys(tally) as (keyof EventTally)[]) sum[name] += tally[name];
    sum.time_ns += tally.callback_ns + Math.round(rest * share);
    sums.set(keyOf(kind, event, policy), sum);
  }
}

function rowsOf(kinds: readonly string[], sums: ReadonlyMap<string, Sum>): EventRow[] {
  const [base] = BUILT_IN_COLUMNS;
  return kinds.flatMap((kind) =>
    WINDOW_EVENT_NAMES.flatMap((event) =>
      BUILT_IN_COLUMNS.flatMap((policy) => {
        const sum = sums.get(keyOf(kind, event, policy));
        const against = sums.get(keyOf(kind, event, base)) ?? sum;
        if (sum === undefined || against === undefined) return [];
        const entries_saved = against.dropped - sum.dropped;
        return [{
          kind,
          event,
          policy,
          ...sum,
          entries_saved,
          time_saved_ns: against.time_ns - sum.time_ns,
        }];
      })
    )
  );
}

function keyOf(kind: string, event: WindowEventName, policy: string): string {
  return `${kind} ${event} ${policy}`;
}
