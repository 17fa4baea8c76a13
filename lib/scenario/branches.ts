/**
 * Conditions of steps: `if: pages > 8`.
 *
 * @module
 */

import type { Entry, ScalarNode } from "./document.ts";
import { quote } from "./diagnostics.ts";
import { evaluate, ExpressionError, type Value } from "./expression.ts";
import { parseExpression } from "./expression_parser.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { Scope } from "./scope.ts";
import { readScalar } from "./shape.ts";

const WANTED = 'a condition such as "pages > 8"';

/**
 * Decides whether a step is part of the scenario.
 *
 * @param entries The entries of the step.
 * @param scope Its surroundings.
 * @returns False where its `if:` does not hold, or something was reported.
 */
export function isWanted(entries: readonly Entry[], scope: Scope): boolean {
  const entry = entries.find(({ key }) => key.text === "if");
  if (entry === undefined) return true;
  const scalar = readScalar(entry.value, scope, WANTED);
  if (scalar === undefined) return false;
  const value = typeof scalar.value === "string"
    ? computed(scalar.node, scalar.text, scope)
    : scalar.value;
  if (value === undefined || typeof value === "boolean") return value ?? false;
  scope.report(entry.value, `Expected true or false, got ${quote(String(value))}`);
  return false;
}

/**
 * Describes a condition for editors.
 *
 * @returns A JSON Schema.
 */
export function conditionTextSchema(): JsonSchema {
  return { type: ["string", "boolean"] };
}

function computed(node: ScalarNode, text: string, scope: Scope): Value | undefined {
  try {
    return evaluate(parseExpression(text), scope.variables);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    scope.reportPart(node, error.at, error.length, error.message, error.hint);
    return undefined;
  }
}
