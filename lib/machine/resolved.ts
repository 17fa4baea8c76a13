/**
 * What the names in an expectation stand for, told where it does not hold.
 *
 * @module
 */

import { hex, PAGE_SIZE } from "../kernel/address.ts";
import { quote } from "../kernel/escape.ts";
import type { Demand, Expectation, Matcher, NamedValue, PlacedRange } from "./expectation.ts";
import { placedText } from "./expect_pages.ts";
import { evaluate, ExpressionError, type NameValues, type Value } from "./expression.ts";
import { matcherNames } from "./matcher.ts";
import type { FoundRange, Observed, ResolvedValue } from "./observed.ts";
import type { Step } from "./program.ts";
import type { Arguments } from "./spec.ts";

/**
 * Lists what the names in an expectation stand for, and those in its step.
 *
 * @param expectation What must hold.
 * @param observed The machine.
 * @param step The step, unless it must hold at the end.
 * @returns Variables and expressions, figures that the number is held against, and ranges; each
 * once.
 */
export function resolvedValues(
  { demand, uses = [] }: Pick<Expectation, "demand" | "uses">,
  observed: Pick<Observed, "figure" | "captured" | "resolve">,
  step?: Pick<Step, "uses" | "args">,
): ResolvedValue[] {
  const values: NameValues = {
    get: (name) => observed.captured?.(name) ?? observed.figure(name),
  };
  const figures = "matcher" in demand ? matcherNames(demand.matcher) : [];
  const named = [
    ...[...uses, ...step?.uses ?? []].map((use) => resolved(use, values)),
    ...figuresOf(figures, values),
  ];
  const ranges = [...rangesOf(demand), ...rangesIn(step?.args ?? {})].flatMap(
    (where): ResolvedValue[] => {
      const found = observed.resolve(where);
      return found === undefined ? [] : [{ name: placedText(where), value: rangeText(found) }];
    },
  );
  return once([...named, ...ranges]);
}

/**
 * Lists what names stand for.
 *
 * @param uses Variables and expressions of a scenario.
 * @param matcher The demand, whose names are figures or columns.
 * @param values Values of names that are known only now.
 * @returns Name and value of each, once.
 */
export function resolvedNames(
  uses: readonly NamedValue[],
  matcher: Matcher | undefined,
  values: NameValues,
): ResolvedValue[] {
  const figures = matcher === undefined ? [] : matcherNames(matcher);
  return once([...uses.map((use) => resolved(use, values)), ...figuresOf(figures, values)]);
}

/**
 * Writes a value for readers.
 *
 * @param value The value.
 * @returns Text in quotes; a number that can be an address in hexadecimal as well.
 * @example
 * ```ts
 * import { valueText } from "./resolved.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(valueText(16), "16");
 * assertEquals(valueText(0x7f0000000000), "0x7f0000000000");
 * assertEquals(valueText("same"), '"same"');
 * ```
 */
export function valueText(value: Value): string {
  if (typeof value === "string") return quote(value);
  const isPage = typeof value === "number" && value >= LIKELY_ADDRESS && value % PAGE_SIZE === 0;
  return isPage ? hex(value) : String(value);
}

/** From here on a multiple of the page size is rather an address than a number. */
const LIKELY_ADDRESS = 2 ** 32;

function resolved({ name, value }: NamedValue, values: NameValues): ResolvedValue {
  if (typeof value === "string") return { name, value };
  try {
    return { name, value: valueText(evaluate(value, values)) };
  } catch (error) {
    if (error instanceof ExpressionError) return { name, value: "no value" };
    throw error;
  }
}

function figuresOf(names: readonly string[], values: NameValues): ResolvedValue[] {
  return names.map((name) => {
    const value = values.get(name);
    return { name, value: value === undefined ? "no value" : valueText(value) };
  });
}

function rangesOf(demand: Demand): PlacedRange[] {
  switch (demand.kind) {
    case "vmas":
      return [demand.where];
    case "pages":
      return "frames" in demand.demand ? [demand.where, demand.demand.as] : [demand.where];
    case "sequence":
    case "unordered":
    case "subsequence":
      return demand.items.flatMap(({ range }) =>
        range === undefined || "start" in range ? [] : [range]
      );
    default:
      return [];
  }
}

function rangesIn(args: Arguments): PlacedRange[] {
  const { process } = args;
  return Object.values(args).flatMap((range) => {
    if (typeof range !== "object") return [];
    return typeof process === "string" ? [{ process, range }] : [{ range }];
  });
}

function rangeText({ process, start, pages }: FoundRange): string {
  const end = hex(start + pages * PAGE_SIZE);
  return `${hex(start)}..${end}, ${pages} ${pages === 1 ? "page" : "pages"} of ${process}`;
}

function once(values: readonly ResolvedValue[]): ResolvedValue[] {
  return [...new Map(values.map((one) => [one.name, one])).values()];
}
