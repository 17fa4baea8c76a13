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
  const found = new Map<string, NamedValue>();
  for (const node of nodes) {
    for (const [name, expression] of expressionsOf(node, scope)) {
      if (!found.has(name)) found.set(name, { name, value: valueOf(name, expression, scope) });
    }
  }
  return [...found.values()];
}

/**
 * Lists the variables of an expression that needs no `${...}` around it.
 *
 * @param text The expression.
 * @param scope Its surroundings.
 * @returns The variables; captures and figures are left to its tree.
 */
export function variablesOf(text: string, scope: Scope): NamedValue[] {
  const names = new Set(namesIn(parsed(withoutMarks(text), scope) ?? NOTHING));
  return [...names].filter((name) => scope.variables.has(name))
    .map((name) => ({ name, value: valueOf(name, nameOf(name), scope) }));
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

type Expressions = ReadonlyMap<string, Expression>;

/** The expressions of nodes, which a loop asks for in every pass. */
const KNOWN = new WeakMap<Node, Expressions>();

/** Each expression in a node and each name in it, by its text. */
function expressionsOf(node: Node, scope: Scope): Expressions {
  const known = KNOWN.get(node);
  if (known !== undefined) return known;
  const found = new Map<string, Expression>();
  for (const text of textsIn(node).flatMap(expressionsIn)) {
    const expression = parsed(text, scope);
    if (expression === undefined) continue;
    found.set(text.trim(), expression);
    for (const name of namesIn(expression)) found.set(name, nameOf(name));
  }
  KNOWN.set(node, found);
  return found;
}

function nameOf(name: string): Expression {
  return { kind: "name", name, at: 0, length: name.length };
}

function textsIn(node: Node): string[] {
  if (node.kind === "scalar") {
    return typeof node.value === "string" && node.value.includes("${") ? [node.value] : [];
  }
  if (node.kind === "list") return node.items.flatMap(textsIn);
  return node.entries.flatMap(({ key, value }) => [...textsIn(key), ...textsIn(value)]);
}

function valueOf(text: string, written: Expression, scope: Scope): NamedValue["value"] {
  const expression = replaced(written, scope.variables);
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
