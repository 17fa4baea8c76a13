/**
 * Matchers in scenarios: `16`, `">= 16"`, `"3..5"`, `"< legacy / 2"`.
 *
 * Both ends of `..` are part of the range. Names inside a matcher get their values while running:
 * figures in an expectation, policy columns in a comparison.
 *
 * @module
 */

import type { Matcher, Quantity } from "../machine/expectation.ts";
import { quote } from "./diagnostics.ts";
import type { Node, ScalarNode } from "./document.ts";
import { dependsOnCaptures, withCaptures } from "./late_arguments.ts";
import { evaluate, type Expression, ExpressionError } from "../machine/expression.ts";
import { parseExpression } from "./expression_parser.ts";
import { figureProblem, type NameProblem } from "./figures.ts";
import type { Scope } from "./scope.ts";
import { readScalar, type ResolvedScalar, type Shape } from "./shape.ts";
import { suggestion } from "./suggest.ts";

/** Tells what is wrong with a name inside a matcher. */
export type NameRule = (name: string, scope: Scope) => NameProblem | undefined;

const WANTED = 'a number or a comparison such as ">= 3" or "3..5"';
const SIGN = /^\s*(==|!=|>=|<=|>|<)?/;

/** Captures and figures are known while running. */
const runRule: NameRule = (name, scope) =>
  scope.names.captures.has(name) ? undefined : figureProblem(name, scope);

/**
 * Makes the shape of a matcher.
 *
 * @param rule Judges names; figures are allowed unless told otherwise.
 * @returns The shape.
 */
export function matcher(rule: NameRule = runRule): Shape<Matcher> {
  return {
    read(node, scope) {
      const scalar = readText(node, scope);
      if (scalar === undefined) return undefined;
      const { value, text } = scalar;
      if (typeof value === "number") return { operator: "==", operand: value };
      if (typeof value === "boolean" || text.trim() === "") {
        scope.report(node, `Expected ${WANTED}, got ${quote(text)}`);
        return undefined;
      }
      if (rule !== kernelRule) return parseMatcher(scalar.node, text, scope, rule);
      const profiles = Object.keys(scope.vocabulary.profiles);
      const named = profiles.reduce((all, one) => all.replaceAll(one, asName(one)), text);
      const read = parseMatcher(scalar.node, named, scope, rule);
      return read && renamed(read, (name) => profiles.find((one) => asName(one) === name) ?? name);
    },
    schema: () => ({ type: ["number", "string"] }),
  };
}

/** Names of kernel profiles; where they have signs that names cannot have, these are underscores. */
export const kernelRule: NameRule = (name, scope) => {
  const profiles = Object.keys(scope.vocabulary.profiles);
  if (profiles.some((profile) => asName(profile) === name)) return undefined;
  const hint = suggestion(name, profiles);
  const message = `Unknown kernel profile ${quote(name)}`;
  return hint === undefined ? { message } : { message, hint };
};

/** Profiles such as v5.2 and v5-series as names of the same length. */
function asName(profile: string): string {
  return profile.replace(/\W/g, "_");
}

/** An expression with captures becomes part of the matcher; any other has its value now. */
function readText(node: Node, scope: Scope): ResolvedScalar | undefined {
  if (node.kind !== "scalar" || !dependsOnCaptures(node, scope)) {
    return readScalar(node, scope, WANTED);
  }
  const text = withCaptures(node.text, scope, (expression) => `(${expression})`);
  return { node, value: text, text };
}

/**
 * Makes the rule for names that are policy columns.
 *
 * @returns The rule.
 */
export function columnRule(): NameRule {
  return (name, scope) => {
    const { policies } = scope.names;
    if (policies.has(name)) return undefined;
    const hint = suggestion(name, policies);
    const message = `Unknown policy ${quote(name)}`;
    return hint === undefined ? { message } : { message, hint };
  };
}

function parseMatcher(
  node: ScalarNode,
  text: string,
  scope: Scope,
  rule: NameRule,
): Matcher | undefined {
  try {
    const sign = SIGN.exec(text);
    const from = sign === null ? 0 : sign[0].length;
    const operator = sign?.[1] as Exclude<Matcher["operator"], ".."> | undefined;
    const dots = text.indexOf("..", from);
    const quantity = (begin: number, end: number) => quantityOf(text, begin, end, scope, rule);
    if (dots < 0) return { operator: operator ?? "==", operand: quantity(from, text.length) };
    if (operator !== undefined) {
      const where = { at: 0, length: from };
      throw new ExpressionError(`Expected no ${quote(operator)} before a range`, where);
    }
    return boundsOf(text, quantity(0, dots), quantity(dots + 2, text.length));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    scope.reportPart(node, error.at, error.length, error.message, error.hint);
    return undefined;
  }
}

/** A matcher with other names in it. */
function renamed(matcher: Matcher, rename: (name: string) => string): Matcher {
  const quantity = (one: Quantity): Quantity => {
    if (typeof one === "number") return one;
    if ("name" in one) return { name: rename(one.name) };
    return { ...one, left: quantity(one.left), right: quantity(one.right) };
  };
  return matcher.operator === ".."
    ? { ...matcher, low: quantity(matcher.low), high: quantity(matcher.high) }
    : { ...matcher, operand: quantity(matcher.operand) };
}

function boundsOf(text: string, low: Quantity, high: Quantity): Matcher {
  if (typeof low !== "number" || typeof high !== "number" || low <= high) {
    return { operator: "..", low, high };
  }
  const where = { at: 0, length: text.length };
  throw new ExpressionError(`Range is empty: ${low} is above ${high}`, where);
}

function quantityOf(
  text: string,
  from: number,
  to: number,
  scope: Scope,
  rule: NameRule,
): Quantity {
  try {
    const part = text.slice(from, to);
    return toQuantity(parseExpression(part, scope.reporter.limits.expression), scope, rule);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const where = { at: error.at + from, length: error.length };
    throw new ExpressionError(error.message, where, error.hint);
  }
}

function toQuantity(expression: Expression, scope: Scope, rule: NameRule): Quantity {
  if (!hasNames(expression)) return constant(expression);
  if (expression.kind === "name") return named(expression, scope, rule);
  if (expression.kind === "binary") {
    const { operator } = expression;
    if (
      operator === "+" || operator === "-" || operator === "*" || operator === "/" ||
      operator === "%"
    ) {
      const left = toQuantity(expression.left, scope, rule);
      return { operator, left, right: toQuantity(expression.right, scope, rule) };
    }
  }
  const message = "Only + - * / % can be used with names that get their values while running";
  throw new ExpressionError(message, expression);
}

function constant(expression: Expression): number {
  const value = evaluate(expression, new Map());
  if (typeof value === "number") return value;
  throw new ExpressionError(`Expected a number, got ${quote(String(value))}`, expression);
}

function named(
  expression: Extract<Expression, { kind: "name" }>,
  scope: Scope,
  rule: NameRule,
): Quantity {
  const problem = rule(expression.name, scope);
  if (problem !== undefined) throw new ExpressionError(problem.message, expression, problem.hint);
  return { name: expression.name };
}

function hasNames(expression: Expression): boolean {
  switch (expression.kind) {
    case "literal":
      return false;
    case "name":
      return true;
    case "unary":
      return hasNames(expression.operand);
    case "binary":
      return hasNames(expression.left) || hasNames(expression.right);
    case "choice":
      return [expression.condition, expression.yes, expression.no].some(hasNames);
    case "call":
      return expression.args.some(hasNames);
  }
}
