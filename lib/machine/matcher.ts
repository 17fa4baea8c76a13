/**
 * Evaluation of matchers: does a number satisfy `>= 16`?
 *
 * @module
 */

import type { Matcher, Quantity } from "./expectation.ts";

/** Finds the value of a name in a quantity; undefined if there is none. */
export type NameLookup = (name: string) => number | undefined;

/** What came of holding a number against a matcher. */
export interface MatchResult {
  /** Whether it holds; false also where a name has no value. */
  readonly holds: boolean;
  /** The demand with all names replaced, such as `>= 16`. */
  readonly expected: string;
}

/**
 * Holds a number against a matcher.
 *
 * @param actual The number.
 * @param matcher The demand.
 * @param lookup Gives values to names in the matcher.
 * @returns Whether it holds, and the demand in figures.
 * @example
 * ```ts
 * import { match } from "./matcher.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const result = match(3, { operator: ">=", operand: { name: "legacy" } }, () => 4);
 * assertEquals(result, { holds: false, expected: ">= 4 (legacy)" });
 * ```
 */
export function match(actual: number, matcher: Matcher, lookup: NameLookup): MatchResult {
  if (matcher.operator === "..") {
    const low = evaluate(matcher.low, lookup);
    const high = evaluate(matcher.high, lookup);
    const expected = `${side(matcher.low, low)}..${side(matcher.high, high)}`;
    return { holds: actual >= low && actual <= high, expected };
  }
  const operand = evaluate(matcher.operand, lookup);
  const sign = matcher.operator === "==" ? "" : `${matcher.operator} `;
  return {
    holds: compare(actual, matcher.operator, operand),
    expected: sign + side(matcher.operand, operand),
  };
}

/**
 * Computes a quantity.
 *
 * @param quantity The quantity.
 * @param lookup Gives values to names.
 * @returns The number; NaN where a name has no value, which no comparison accepts.
 */
export function evaluate(quantity: Quantity, lookup: NameLookup): number {
  if (typeof quantity === "number") return quantity;
  if ("name" in quantity) return lookup(quantity.name) ?? NaN;
  const left = evaluate(quantity.left, lookup);
  const right = evaluate(quantity.right, lookup);
  switch (quantity.operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
  }
}

/**
 * Writes a quantity as a scenario would.
 *
 * @param quantity The quantity.
 * @returns Text such as `legacy * 2`.
 */
export function quantityText(quantity: Quantity): string {
  if (typeof quantity === "number") return String(quantity);
  if ("name" in quantity) return quantity.name;
  const { left, operator, right } = quantity;
  return `${operandText(left)} ${operator} ${operandText(right)}`;
}

function operandText(quantity: Quantity): string {
  const text = quantityText(quantity);
  return typeof quantity === "object" && "operator" in quantity ? `(${text})` : text;
}

function side(quantity: Quantity, value: number): string {
  if (typeof quantity === "number") return String(quantity);
  const known = Number.isNaN(value) ? "unknown" : String(value);
  return `${known} (${quantityText(quantity)})`;
}

function compare(left: number, operator: Exclude<Matcher["operator"], "..">, right: number) {
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right && !Number.isNaN(right);
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}
