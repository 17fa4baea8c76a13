/**
 * Coverage of the domain: which call sites, events, listeners and kernel switches runs have reached.
 *
 * @module
 */

import { type KernelProfile, kernelProfile, PROFILES } from "../kernel/profile.ts";
import type { Machine } from "../machine/machine.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import { eventName } from "./consumers.ts";
import { type EventTallies, meterEvents } from "./event_meter.ts";

/** Windows of one event that listeners of one kind were told of. */
export interface EventCoverage {
  /** How many there were. */
  readonly windows: number;
  /** In how many of them a listener did something. */
  readonly acted: number;
}

/** What runs have reached; all members are in an order that does not depend on that of the runs. */
export interface Coverage {
  /** Windows by number of the call site. */
  readonly sites: Readonly<Record<string, number>>;
  /** Windows by event. */
  readonly events: Readonly<Record<string, number>>;
  /** The kinds of listener that took part, with what they were told of by event. */
  readonly listeners: Readonly<Record<string, Readonly<Record<string, EventCoverage>>>>;
  /** The settings that were asked for, by switch of the kernel profiles. */
  readonly switches: Readonly<Record<string, readonly string[]>>;
}

/** Nothing reached. */
export const NO_COVERAGE: Coverage = { sites: {}, events: {}, listeners: {}, switches: {} };

/** Every switch of the kernel profiles with its settings in any of them. */
export const SWITCH_SETTINGS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.keys(kernelProfile("v5.2")).filter((name) => name !== "name").map((name) => {
    const all = Object.values(PROFILES).map((profile) => settingOf(profile, name));
    return [name, [...new Set(all)].sort()];
  }),
);

/** Watches one run. */
export class CoverageMeter {
  readonly #machine: Machine;
  readonly #tallies: EventTallies = new Map();
  readonly #asked: ReadonlySet<string>;

  /**
   * Begins to watch.
   *
   * @param machine A machine before its first step.
   * @param asked Receives the names of the switches that are asked for.
   */
  constructor(machine: Machine, asked: ReadonlySet<string>) {
    this.#machine = machine;
    this.#asked = asked;
    const meter = meterEvents(this.#tallies);
    for (const { listener } of machine.listeners.values()) {
      if (listener.ops !== null) Object.assign(listener.ops, meter(listener));
    }
  }

  /**
   * Ends.
   *
   * @returns What the run has reached.
   */
  finish(): Coverage {
    const { host, listeners } = this.#machine;
    const sites: Record<string, number> = {};
    const events: Record<string, number> = {};
    for (const { kind, site, event } of host.trace.records()) {
      if (kind !== "invalidate_range_start") continue;
      add(sites, String(site));
      add(events, eventName(event));
    }
    const switches = [...this.#asked].map((name) => [name, [settingOf(host.profile, name)]]);
    const told = [...listeners].map(([name, { listener }]): Coverage => ({
      ...NO_COVERAGE,
      listeners: { [listener.kind]: Object.fromEntries(this.#tallies.get(name) ?? []) },
    }));
    const own = { sites, events, listeners: {}, switches: Object.fromEntries(switches) };
    return joinCoverage([own, ...told]);
  }
}

/**
 * Joins what several runs have reached.
 *
 * @param parts What each has reached, in any order.
 * @returns What they have reached together.
 * @example
 * ```ts
 * import { joinCoverage, NO_COVERAGE } from "./coverage.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const one = { ...NO_COVERAGE, sites: { 3: 1 } };
 * assertEquals(joinCoverage([one, { ...one, sites: { 1: 2, 3: 4 } }]).sites, { 1: 2, 3: 5 });
 * ```
 */
export function joinCoverage(parts: readonly Coverage[]): Coverage {
  const kinds = [...new Set(parts.flatMap(({ listeners }) => Object.keys(listeners)))].sort();
  return {
    sites: sum(parts.map(({ sites }) => sites)),
    events: inOrder(sum(parts.map(({ events }) => events)), WINDOW_EVENT_NAMES),
    listeners: Object.fromEntries(
      kinds.map((kind) => [kind, joinEvents(parts.map(({ listeners }) => listeners[kind] ?? {}))]),
    ),
    switches: inOrder(union(parts.map(({ switches }) => switches)), Object.keys(SWITCH_SETTINGS)),
  };
}

function joinEvents(parts: readonly Readonly<Record<string, EventCoverage>>[]) {
  const count = (what: keyof EventCoverage) =>
    sum(
      parts.map((part) =>
        Object.fromEntries(Object.entries(part).map(([event, found]) => [event, found[what]]))
      ),
    );
  const [windows, acted] = [count("windows"), count("acted")];
  const all = Object.keys(windows).map((event) =>
    [event, { windows: windows[event], acted: acted[event] }] as const
  );
  return inOrder(Object.fromEntries(all), WINDOW_EVENT_NAMES);
}

function sum(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const part of parts) {
    for (const [key, count] of Object.entries(part)) add(all, key, count);
  }
  return all;
}

function add(counts: Record<string, number>, key: string, count = 1): void {
  counts[key] = (counts[key] ?? 0) + count;
}

function union(
  parts: readonly Readonly<Record<string, readonly string[]>>[],
): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [key, values] of parts.flatMap((part) => Object.entries(part))) {
    all[key] = [...new Set([...all[key] ?? [], ...values])].sort();
  }
  return all;
}

function inOrder<Value>(
  record: Readonly<Record<string, Value>>,
  order: readonly string[],
): Record<string, Value> {
  const place = (key: string) => order.includes(key) ? order.indexOf(key) : order.length;
  return Object.fromEntries(
    Object.entries(record).sort(([one], [other]) =>
      place(one) - place(other) || (one < other ? -1 : 1)
    ),
  );
}

function settingOf(profile: KernelProfile, name: string): string {
  return String(profile[name as keyof KernelProfile]);
}
