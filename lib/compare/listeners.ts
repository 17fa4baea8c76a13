/**
 * What each listener saw, side by side.
 *
 * @module
 */

import { TRACE_UNDELIVERED } from "../kernel/trace.ts";
import { newCounters } from "../listeners/counters.ts";
import type { Machine } from "../machine/machine.ts";
import type { Program } from "../machine/program.ts";
import { WINDOW_EVENT_NAMES, type WindowEventName } from "../notifier/range.ts";

/** Values by column. */
export type ByColumn<T> = Readonly<Record<string, T>>;

/** How many windows there were, by event; events without a window are missing. */
export type WindowCounts = Readonly<Partial<Record<WindowEventName, number>>>;

/** One listener under every policy. */
export interface ListenerComparison {
  /** Its name. */
  readonly name: string;
  /** Kind of driver. */
  readonly kind: string;
  /** The process that it listens on. */
  readonly process: string;
  /** The policy that it keeps in every column, or null. */
  readonly policy: string | null;
  /** Whether it has callbacks on the notifier chain at all. */
  readonly notified: boolean;
  /** The windows on its process in the first column, by event. */
  readonly windows: WindowCounts;
  /** Every counter, by column. */
  readonly counters: Readonly<Record<string, ByColumn<number>>>;
  /** Every counter over that of the first column; null where that is 0 and this is not. */
  readonly ratios: Readonly<Record<string, ByColumn<number | null>>>;
}

/** What a comparison reads from a machine beside its figures. */
export interface ListenerFacts {
  /** Whether listeners learn why a window is opened. */
  readonly eventContext: boolean;
  /** Whether a listener has callbacks, by its name. */
  readonly notified: ReadonlyMap<string, boolean>;
  /** Windows by the name of the listener. */
  readonly windows: ReadonlyMap<string, WindowCounts>;
}

/** The little of a run that the table needs. */
interface Column {
  readonly policy: string;
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * Reads what is known of the listeners of a machine after its run.
 *
 * @param machine The machine.
 * @returns The facts.
 */
export function listenerFacts(machine: Machine): ListenerFacts {
  const counts = new Map<number, Partial<Record<WindowEventName, number>>>();
  for (const { kind, mm, event, flags } of machine.host.trace.records()) {
    if (kind !== "invalidate_range_start" || (flags & TRACE_UNDELIVERED) !== 0) continue;
    const found = counts.get(mm) ?? {};
    const name = WINDOW_EVENT_NAMES[event];
    found[name] = (found[name] ?? 0) + 1;
    counts.set(mm, found);
  }
  const placed = [...machine.listeners];
  return {
    eventContext: machine.host.profile.eventContext,
    notified: new Map(placed.map(([name, { listener }]) => [name, listener.ops !== null])),
    windows: new Map(
      placed.map(([name, { process }]) => {
        const mm = machine.processes.get(process)?.id ?? -1;
        return [name, counts.get(mm) ?? {}];
      }),
    ),
  };
}

/**
 * Puts the counters of each listener side by side.
 *
 * @param program The program.
 * @param columns The runs; the first is what the others are held against.
 * @param facts Facts of the first run; missing where there is none.
 * @returns One entry per listener of the program, in its order.
 */
export function compareListeners(
  program: Pick<Program, "listeners">,
  columns: readonly Column[],
  facts: ListenerFacts | undefined,
): ListenerComparison[] {
  return program.listeners.map(({ name, kind, process, policy }) => {
    const counters: Record<string, ByColumn<number>> = {};
    const ratios: Record<string, ByColumn<number | null>> = {};
    for (const counter of Object.keys(newCounters())) {
      const values = columns.map(({ figures }) => figures[`${name}.${counter}`] ?? 0);
      counters[counter] = byColumn(columns, values);
      ratios[counter] = byColumn(columns, values.map((value) => ratioOf(value, values[0])));
    }
    return {
      name,
      kind,
      process,
      policy: policy ?? null,
      notified: facts?.notified.get(name) ?? false,
      windows: facts?.windows.get(name) ?? {},
      counters,
      ratios,
    };
  });
}

/**
 * Divides a counter by that of the first column.
 *
 * @param value The counter.
 * @param base The counter of the first column.
 * @returns The ratio; 1 where both are 0, null where only the base is.
 */
export function ratioOf(value: number, base: number): number | null {
  if (value === base) return 1;
  return base === 0 ? null : value / base;
}

function byColumn<T>(columns: readonly Column[], values: readonly T[]): ByColumn<T> {
  return Object.fromEntries(columns.map(({ policy }, index) => [policy, values[index]]));
}
