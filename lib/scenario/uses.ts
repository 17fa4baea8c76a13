/**
 * Which variables and expressions a part of a scenario uses, for those who read of its failure.
 *
 * @module
 */

import type { LineRange, NamedValue } from "../machine/expectation.ts";
import {
  evaluate,
  type Expression,
  ExpressionError,
  namesIn,
  type NameValues,
  type Value,
} from "../machine/expression.ts";
import { valueText } from "../machine/resolved.ts";
import type { Entry, Node } from "./document.ts";
import { parseExpression } from "./expression_parser.ts";
import { replaced, withoutMarks } from "./formula.ts";
import { expressionsIn } from "./late_arguments.ts";
import type { Scope } from "./scope.ts";
import { measureText } from "./units.ts";

/**
 * Lists the variables and expressions in some nodes, each once.
 *
 * @param nodes The nodes.
 * @param scope Their surroundings.
 * @returns Each `${...}`, followed by the names in it.
 */
export function usesOf(nodes: readonly Node[], scope: Scope): NamedValue[] {
  const texts = nodes.flatMap(textsIn).filter((text) => text.includes("${"));
  return usesIn(texts.flatMap(expressionsIn), scope);
}

/**
 * Lists the variables of an expression that needs no `${...}` around it.
 *
 * @param text The expression.
 * @param scope Its surroundings.
 * @returns The variables; captures and figures are left to its tree.
 */
export function variablesOf(text: string, scope: Scope): NamedValue[] {
  const names = namesIn(parsed(withoutMarks(text), scope) ?? NOTHING);
  return usesIn(names.filter((name) => scope.variables.has(name)), scope);
}

/**
 * Finds the lines of an entry.
 *
 * @param entry The entry.
 * @param scope Its surroundings.
 * @returns From the line of its key to the last one of its value; one for an alias.
 */
export function linesOf({ key, value }: Entry, scope: Scope): LineRange {
  const { line: first } = scope.position(key);
  const { offset, length, source = scope.reporter.main } = value.span;
  if (offset < key.span.offset) return { first, last: first };
  const written = source.text.slice(offset, offset + length).trimEnd().length;
  return { first, last: source.position(offset + Math.max(0, written - 1)).line };
}

const NOTHING: Expression = { kind: "literal", value: 0, at: 0, length: 1 };

function textsIn(node: Node): string[] {
  if (node.kind === "scalar") return typeof node.value === "string" ? [node.value] : [];
  if (node.kind === "list") return node.items.flatMap(textsIn);
  return node.entries.flatMap(({ key, value }) => [...textsIn(key), ...textsIn(value)]);
}

function usesIn(expressions: readonly string[], scope: Scope): NamedValue[] {
  const found = new Map<string, NamedValue>();
  for (const text of expressions) {
    const expression = parsed(text, scope);
    if (expression === undefined) continue;
    for (const name of [text.trim(), ...namesIn(expression)]) {
      if (!found.has(name)) found.set(name, { name, value: valueOf(name, scope) });
    }
  }
  return [...found.values()];
}

function valueOf(text: string, scope: Scope): NamedValue["value"] {
  const expression = replaced(parsed(text, scope) ?? NOTHING, scope.variables);
  const value = known(expression);
  if (value === undefined) return expression;
  const unit = scope.names.units.get(text);
  const plain = valueText(value);
  return typeof value !== "number" || unit === undefined
    ? plain
    : `${plain} (${measureText(value, unit)})`;
}

/** Its value, where it does not depend on the run. */
function known(expression: Expression): Value | undefined {
  const none: NameValues = { get: () => undefined };
  try {
    return evaluate(expression, none);
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}

/** An expression that cannot be read has been reported where it is used. */
function parsed(text: string, { reporter }: Scope): Expression | undefined {
  try {
    return parseExpression(text, reporter.limits.expression);
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}
