/**
 * Expressions that may depend on the run: on captures, on the result of a step and on figures.
 *
 * Variables are replaced while the scenario is read. An expression without any other name has its
 * value then; one with others becomes a {@linkcode Formula}.
 *
 * @module
 */

import {
  evaluate,
  type Expression,
  ExpressionError,
  namesIn,
  type NameValues,
  type Value,
} from "../machine/expression.ts";
import { expressionText } from "../machine/expression_text.ts";
import type { Formula } from "../machine/program.ts";
import type { ScalarNode } from "./document.ts";
import { parseExpression } from "./expression_parser.ts";
import { figureProblem, groupNames, valueProblem } from "./figures.ts";
import type { Scope } from "./scope.ts";
import { suggestion } from "./suggest.ts";

/** Whether the result of a step may be asked for. */
export interface FormulaPlace {
  /** Whether `ret` and `values.NAME` have a meaning. */
  readonly result: boolean;
}

/**
 * Reads an expression; `${...}` may stand in it, or around it.
 *
 * @param node The scalar.
 * @param scope Its surroundings.
 * @param place What may be asked for.
 * @returns Its value where that is known, else the formula; undefined if something was reported.
 */
export function readFormula(
  node: ScalarNode,
  scope: Scope,
  place: FormulaPlace,
): Value | Formula | undefined {
  if (typeof node.value === "number" || typeof node.value === "boolean") return node.value;
  try {
    const { expression: most } = scope.reporter.limits;
    const expression = bound(parseExpression(withoutMarks(node.text), most), scope, place);
    return namesIn(expression).length === 0
      ? evaluate(expression, NOTHING)
      : { expression, text: expressionText(expression) };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    scope.reportPart(node, error.at, error.length, error.message, error.hint);
    return undefined;
  }
}

/**
 * Tells whether a value is a formula.
 *
 * @param value The value.
 * @returns True if it is.
 */
export function isFormula(value: Value | Formula): value is Formula {
  return typeof value === "object";
}

/**
 * Replaces the variables of an expression by their values.
 *
 * @param expression The tree.
 * @param variables The variables.
 * @returns A tree without them.
 */
export function replaced(expression: Expression, variables: NameValues): Expression {
  const part = (one: Expression) => replaced(one, variables);
  switch (expression.kind) {
    case "literal":
      return expression;
    case "name": {
      const value = variables.get(expression.name);
      const { at, length } = expression;
      return value === undefined ? expression : { kind: "literal", value, at, length };
    }
    case "unary":
      return { ...expression, operand: part(expression.operand) };
    case "binary":
      return { ...expression, left: part(expression.left), right: part(expression.right) };
    case "choice": {
      const { condition, yes, no } = expression;
      return { ...expression, condition: part(condition), yes: part(yes), no: part(no) };
    }
    case "call":
      return { ...expression, args: expression.args.map(part) };
  }
}

const NOTHING: NameValues = { get: () => undefined };

/**
 * Turns `${...}` into parentheses, so that every place in the text stays the same.
 *
 * @param text An expression.
 * @returns The expression without marks.
 */
export function withoutMarks(text: string): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, inner: string) => ` (${inner})`);
}

function bound(expression: Expression, scope: Scope, place: FormulaPlace): Expression {
  const rest = replaced(expression, scope.variables);
  visitNames(rest, (name) => requireName(name, scope, place));
  return rest;
}

function visitNames(
  expression: Expression,
  visit: (name: Extract<Expression, { kind: "name" }>) => void,
): void {
  if (expression.kind === "name") visit(expression);
  else if (expression.kind === "unary") visitNames(expression.operand, visit);
  else if (expression.kind === "binary") {
    for (const part of [expression.left, expression.right]) visitNames(part, visit);
  } else if (expression.kind === "choice") {
    const { condition, yes, no } = expression;
    for (const part of [condition, yes, no]) visitNames(part, visit);
  } else if (expression.kind === "call") {
    for (const part of expression.args) visitNames(part, visit);
  }
}

function requireName(
  expression: Extract<Expression, { kind: "name" }>,
  scope: Scope,
  { result }: FormulaPlace,
): void {
  const { name } = expression;
  if (scope.names.captures.has(name)) return;
  if (result && name === "ret") return;
  if (name.includes(".")) {
    const isValue = result && name.startsWith("values.");
    const problem = isValue
      ? valueProblem(name.slice("values.".length), scope)
      : figureProblem(name, scope);
    if (problem === undefined) return;
    throw new ExpressionError(problem.message, expression, problem.hint);
  }
  const known = [
    ...scope.variables.keys(),
    ...scope.names.captures,
    ...groupNames(scope),
    ...(result ? ["ret"] : []),
  ];
  const message = `Unknown variable "${name}"`;
  throw new ExpressionError(message, expression, suggestion(name, known));
}
