/**
 * Evaluation of matchers: does a number satisfy `>= 16`?
 *
 * @module
 */

import type { Matcher, Quantity } from "./expectation.ts";
import type { Expression } from "./expression.ts";
import { treeLines } from "./expression_text.ts";

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
 * Lists the names in a matcher.
 *
 * @param matcher The demand.
 * @returns The names, as often as they occur.
 */
export function matcherNames(matcher: Matcher): string[] {
  return operandsOf(matcher).flatMap(quantityNames);
}

/**
 * Writes what the parts of a computed demand came to.
 *
 * @param matcher The demand.
 * @param lookup Gives values to names in it.
 * @returns A tree per computed operand; nothing where none is computed.
 */
export function matcherTree(matcher: Matcher, lookup: NameLookup): string[] {
  return operandsOf(matcher)
    .filter((operand) => typeof operand === "object" && "operator" in operand)
    .flatMap((operand) => treeLines(expressionOf(operand), { get: lookup }));
}

/**
 * Computes a quantity.
 *
 * @param quantity The quantity.
 * @param lookup Gives values to names.
 * @returns The number; NaN where a name has no value, which no comparison accepts.
 */
function evaluate(quantity: Quantity, lookup: NameLookup): number {
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
function quantityText(quantity: Quantity): string {
  if (typeof quantity === "number") return String(quantity);
  if ("name" in quantity) return quantity.name;
  const { left, operator, right } = quantity;
  return `${operandText(left)} ${operator} ${operandText(right)}`;
}

function operandText(quantity: Quantity): string {
  const text = quantityText(quantity);
  return typeof quantity === "object" && "operator" in quantity ? `(${text})` : text;
}

function operandsOf(matcher: Matcher): Quantity[] {
  return matcher.operator === ".." ? [matcher.low, matcher.high] : [matcher.operand];
}

function quantityNames(quantity: Quantity): string[] {
  if (typeof quantity === "number") return [];
  if ("name" in quantity) return [quantity.name];
  return [...quantityNames(quantity.left), ...quantityNames(quantity.right)];
}

function expressionOf(quantity: Quantity): Expression {
  const place = { at: 0, length: 1 };
  if (typeof quantity === "number") return { kind: "literal", value: quantity, ...place };
  if ("name" in quantity) return { kind: "name", name: quantity.name, ...place };
  const { operator, left, right } = quantity;
  return {
    kind: "binary",
    operator,
    left: expressionOf(left),
    right: expressionOf(right),
    ...place,
  };
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
