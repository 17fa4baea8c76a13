/**
 * Arguments of operations that depend on captures: `range: "ram[${first}]"`.
 *
 * They are read while the program runs, by the same shapes as all others.
 *
 * @module
 */

import { ExpressionError, namesIn, type Value } from "../machine/expression.ts";
import { expressionText } from "../machine/expression_text.ts";
import { LateError } from "../machine/late.ts";
import { withDefaults } from "../machine/arguments.ts";
import type { LateArguments } from "../machine/program.ts";
import type { ArgumentKind, ArgumentValue, OperationSpec } from "../machine/spec.ts";
import { argumentFields } from "./arguments.ts";
import { quote, Reporter } from "./diagnostics.ts";
import type { Entry, Node } from "./document.ts";
import { parseExpression } from "./expression_parser.ts";
import { replaced } from "./formula.ts";
import { interpolate } from "./interpolate.ts";
import type { Scope } from "./scope.ts";
import { record } from "./shape.ts";

/** Kinds of arguments that name something, which has to be known before the run. */
const NAMES: readonly ArgumentKind[] = ["process", "listener", "file", "name"];

/**
 * Finds the arguments that depend on captures.
 *
 * @param operation The operation.
 * @param value The value of its key.
 * @param scope The surroundings.
 * @returns Their entries.
 */
export function lateEntries(operation: OperationSpec, value: Node, scope: Scope): Entry[] {
  if (value.kind !== "map" || scope.names.captures.size === 0) return [];
  return value.entries.filter(({ key, value: { kind } }, at) => {
    const spec = Object.hasOwn(operation.args, key.text) ? operation.args[key.text] : undefined;
    if (spec === undefined || NAMES.includes(spec.kind) || kind !== "scalar") return false;
    return dependsOnCaptures(value.entries[at].value, scope);
  });
}

/**
 * Tells whether a text has an expression with a capture.
 *
 * @param node The text.
 * @param scope Its surroundings.
 * @returns True if so; false for an expression that cannot be read.
 */
export function dependsOnCaptures(node: Node, scope: Scope): boolean {
  if (node.kind !== "scalar" || typeof node.value !== "string") return false;
  const { expression: most } = scope.reporter.limits;
  return expressionsIn(node.value).some((text) => {
    try {
      return namesIn(parseExpression(text, most)).some((name) =>
        scope.names.captures.has(name) && !scope.variables.has(name)
      );
    } catch (error) {
      if (error instanceof ExpressionError) return false;
      throw error;
    }
  });
}

/**
 * Replaces the variables in the expressions of a text and leaves the captures.
 *
 * @param text The text.
 * @param scope Its surroundings.
 * @param write Writes an expression that is left.
 * @returns The text.
 * @throws {ExpressionError} If an expression cannot be read.
 */
export function withCaptures(
  text: string,
  scope: Scope,
  write: (expression: string) => string = (expression) => `\${${expression}}`,
): string {
  const { limits } = scope.reporter;
  return text.replace(EXPRESSION, (whole, inner: string | undefined) => {
    if (inner === undefined) return whole;
    const expression = replaced(parseExpression(inner, limits.expression), scope.variables);
    return namesIn(expression).length === 0
      ? String(interpolate(`\${${inner}}`, scope.variables, limits))
      : write(expressionText(expression));
  });
}

/**
 * Puts off the reading of arguments.
 *
 * @param operation The operation.
 * @param entry Its entry in the step.
 * @param late The entries that depend on captures.
 * @param scope The surroundings.
 * @returns What reads all arguments while the program runs.
 */
export function lateArguments(
  operation: OperationSpec,
  entry: Entry,
  late: readonly Entry[],
  scope: Scope,
): LateArguments {
  const what = `operation ${quote(operation.name)}`;
  const captures = [...scope.names.captures];
  const texts = late.map(({ key, value }) =>
    [key.text, value.kind === "scalar" ? withCaptures(value.text, scope) : ""] as const
  );
  return {
    texts: Object.fromEntries(texts),
    read(values) {
      const { main } = scope.reporter;
      const reporter = new Reporter(main.text, main.file);
      const known = captures.flatMap((name): [string, Value][] => {
        const value = values.get(name);
        return value === undefined ? [] : [[name, value]];
      });
      const inner = scope.reportingTo(reporter).with([...known, ...scope.variables]);
      const given = record(what, argumentFields(operation.args)).read(entry.value, inner) ?? {};
      const [wrong] = reporter.diagnostics;
      if (wrong === undefined) {
        return withDefaults(operation, given as Record<string, ArgumentValue>);
      }
      const { message, hint, line, column, file = main.file } = wrong;
      throw new LateError(message, { file, line, column }, hint);
    },
  };
}

/** An expression, or the mark of a literal one. */
const EXPRESSION = /\$\$\{|\$\{((?:[^}'"]|'[^']*'|"[^"]*")*)\}/g;

/**
 * Lists the expressions in a text.
 *
 * @param text The text.
 * @returns What stands between `${` and `}`, in order.
 */
export function expressionsIn(text: string): string[] {
  return [...text.matchAll(EXPRESSION)].flatMap(([, inner]) => inner === undefined ? [] : [inner]);
}
