/**
 * The verdict on a comparison: what a policy is worth to a listener, or why it is worth nothing.
 *
 * @module
 */

import type { Comparison } from "../compare/compare.ts";
import type { ListenerComparison } from "../compare/listeners.ts";
import { amount, timeText } from "./numbers.ts";

/** What a verdict speaks of, in this order. */
const HEADLINES: Readonly<Record<string, readonly [singular: string, plural: string]>> = {
  faults: ["fault", "faults"],
  tracking_rebuilt: ["tracking object rebuilt", "tracking objects rebuilt"],
  soft_dirty_marked: ["device write reported", "device writes reported"],
  diverged: ["diverged page", "diverged pages"],
};

/**
 * Judges the policies for one listener.
 *
 * @param listener The listener.
 * @param comparison The comparison it is part of.
 * @returns Sentences without a final period, at least one.
 */
export function verdicts(listener: ListenerComparison, comparison: Comparison): string[] {
  const [base, ...others] = comparison.columns;
  const byText = new Map<string, string[]>();
  for (const column of others) {
    const text = differences(listener, column, base);
    byText.set(text, [...byText.get(text) ?? [], column]);
  }
  const same = byText.get(SAME) ?? [];
  if (same.length === others.length) {
    const why = reason(listener, comparison);
    const what = others.length === 0 ? "nothing to hold it against" : "no policy differs";
    return [why === undefined ? what : `${what}: ${why}`];
  }
  return [...byText].map(([text, columns]) => {
    const names = columns.map((column) =>
      isSafe(comparison, column) ? column : `${column} (unsafe)`
    );
    return `${names.join(", ")}: ${text === SAME ? `as ${base}` : text}`;
  });
}

const SAME = "";

function isSafe({ runs }: Comparison, column: string): boolean {
  return runs.every(({ policy, violations }) => policy !== column || violations.length === 0);
}

/** What differs between two columns, or SAME. */
function differences(listener: ListenerComparison, column: string, base: string): string {
  const parts: string[] = [];
  const change = (counter: string) =>
    listener.counters[counter][column] - listener.counters[counter][base];
  for (const [counter, [singular, plural]] of Object.entries(HEADLINES)) {
    const by = change(counter);
    if (by !== 0) {
      parts.push(
        amount(Math.abs(by), `${moreOrFewer(by)} ${singular}`, `${moreOrFewer(by)} ${plural}`),
      );
    }
  }
  const time = change("time_ns");
  if (time !== 0) parts.push(`${timeText(Math.abs(time))} ${time < 0 ? "less" : "more"}`);
  if (parts.length > 0) return parts.join(", ");
  const differs = Object.values(listener.counters).some((row) => row[column] !== row[base]);
  return differs ? "other work, same faults and time" : SAME;
}

function moreOrFewer(by: number): string {
  return by < 0 ? "fewer" : "more";
}

/**
 * Says why no policy makes a difference to a listener, as far as the run shows it.
 *
 * @param listener The listener.
 * @param comparison The comparison it is part of.
 * @returns A clause, or undefined where the run does not show it.
 */
function reason(listener: ListenerComparison, comparison: Comparison): string | undefined {
  const { counters, windows, policy } = listener;
  const base = comparison.columns[0];
  if (policy !== null) return `it keeps the policy ${policy} in every column`;
  if (!listener.notified) return "it has no notifier callbacks, it pins its pages";
  const events = Object.keys(windows);
  if (events.length === 0) return "no invalidation reached it";
  if (!comparison.eventContext) {
    return `${comparison.kernel} passes no context, every window looks like munmap`;
  }
  if (counters.dropped[base] + counters.kept[base] + counters.pinned[base] === 0) {
    return "no invalidation touched what it had mapped";
  }
  const said = `every window says ${events.join(" or ")}`;
  if (events.every((event) => event === "UNMAP" || event === "CLEAR")) {
    return `${said}, the pages really go, so every listener must drop them`;
  }
  if (comparison.columns.includes("ideal") && counters.dropped[base] > 0) {
    return `${said}, and what it dropped was writable, so the next write has to fault in any case`;
  }
  return undefined;
}
