/**
 * Evaluation of expectations on single numbers: figures, their changes, results, and events.
 *
 * @module
 */

import type { TraceRecord } from "../kernel/trace.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import type { Countable, Demand, Expectation, Matcher } from "./expectation.ts";
import { match, matcherTree } from "./matcher.ts";
import type { Mismatch, Observed } from "./observed.ts";
import { type ComparedValue, valueDiff } from "./value_diff.ts";

/** Figures as they were before a step. */
export type Baseline = ReadonlyMap<string, number>;

/** A demand on one number that has a name. */
export type NumberDemand = Extract<Demand, { kind: "value" | "figure" | "delta" | "events" }>;

/**
 * Tells whether a demand is on one number that has a name.
 *
 * @param demand The demand.
 * @returns True if so.
 */
export function isNumberDemand(demand: Demand): demand is NumberDemand {
  return ["value", "figure", "delta", "events"].includes(demand.kind);
}

/**
 * Checks one number.
 *
 * @param demand What it must be.
 * @param observed The machine.
 * @param baseline Figures from before the step.
 * @returns What differs, or undefined if all is well.
 */
export function checkNumberDemand(
  demand: NumberDemand,
  observed: Observed,
  baseline: Baseline,
): Mismatch | undefined {
  const { what, actual } = numberOf(demand, observed, baseline);
  return checkNumber(what, actual, demand.matcher, observed);
}

/**
 * Holds a number against a matcher.
 *
 * @param subject What the number is.
 * @param actual The number, or undefined where there is none of that name.
 * @param matcher What it must be.
 * @param observed The machine, which has values for names in the matcher.
 * @returns What differs, or undefined if all is well.
 */
export function checkNumber(
  subject: string,
  actual: number | undefined,
  matcher: Matcher,
  observed: Pick<Observed, "figure">,
): Mismatch | undefined {
  const lookup = (name: string) => observed.figure(name);
  const { holds, expected } = match(actual ?? NaN, matcher, lookup);
  if (holds && actual !== undefined) return undefined;
  const details = matcherTree(matcher, lookup);
  const mismatch = { subject, expected, actual: actualText(actual) };
  return details.length === 0 ? mismatch : { ...mismatch, details };
}

/**
 * Compares all numbers that one entry of a scenario speaks of.
 *
 * @param together The expectations of the entry.
 * @param observed The machine.
 * @param baseline Figures from before the step.
 * @returns Lines of a diff; none where it speaks of one number.
 */
export function numbersDiff(
  together: readonly Expectation[],
  observed: Observed,
  baseline: Baseline,
): string[] {
  const demands = together.flatMap(({ demand }) => isNumberDemand(demand) ? [demand] : []);
  if (demands.length < 2) return [];
  return valueDiff(demands.map((demand): ComparedValue => {
    const { what, actual } = numberOf(demand, observed, baseline);
    const result = match(actual ?? NaN, demand.matcher, (name) => observed.figure(name));
    const holds = result.holds && actual !== undefined;
    return { what, expected: result.expected, actual: actualText(actual), holds };
  }));
}

function numberOf(
  demand: NumberDemand,
  observed: Observed,
  baseline: Baseline,
): { readonly what: string; readonly actual: number | undefined } {
  switch (demand.kind) {
    case "value":
      return { what: demand.name, actual: observed.result?.values?.[demand.name] };
    case "figure":
      return { what: demand.name, actual: observed.figure(demand.name) };
    case "delta": {
      const now = observed.figure(demand.name);
      const actual = now === undefined ? undefined : now - (baseline.get(demand.name) ?? 0);
      return { what: `change of ${demand.name}`, actual };
    }
    case "events":
      return { what: demand.what, actual: countRecords(observed.records(), demand.what) };
  }
}

function actualText(actual: number | undefined): string {
  return actual === undefined ? "nothing of that name" : `${actual}`;
}

function countRecords(records: Iterable<TraceRecord>, what: Countable): number {
  let count = 0;
  for (const record of records) {
    if (record.kind === what) count++;
    else if (record.kind !== "invalidate_range_start") continue;
    else if (what === "windows" || WINDOW_EVENT_NAMES[record.event] === what) count++;
  }
  return count;
}
