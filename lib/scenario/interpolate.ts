/**
 * Replacing `${...}` in a scalar by the value of the expression.
 *
 * A scalar that is nothing but one `${...}` takes the type of the value; otherwise the values become
 * part of the text. `$${` stands for a literal `${`.
 *
 * @module
 */

import { evaluate, type Expression, ExpressionError, type Value } from "../machine/expression.ts";
import { parseExpression } from "./expression_parser.ts";
import { expressionHint } from "./suggest.ts";
import { MAX_EXPRESSION_LENGTH, MAX_TEXT_LENGTH } from "./limits.ts";
import { type Limits, raiseHint } from "./raised_limits.ts";

/** Most characters of an expression, and of a text that is made with some. */
export type TextLimits = Pick<Limits, "expression" | "text">;

/**
 * Replaces all expressions in a text.
 *
 * @param text The text.
 * @param variables Values of the names.
 * @param limits Most characters of an expression and of the result.
 * @returns The value of the only expression, or text.
 * @throws {ExpressionError} If an expression is broken; positions count from the text's beginning.
 * @example
 * ```ts
 * import { interpolate } from "./interpolate.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const variables = new Map([["pages", 16]]);
 * assertEquals(interpolate("${pages / 2}", variables), 8);
 * assertEquals(interpolate("${pages} pages", variables), "16 pages");
 * ```
 */
export function interpolate(
  text: string,
  variables: ReadonlyMap<string, Value>,
  limits: TextLimits = { expression: MAX_EXPRESSION_LENGTH, text: MAX_TEXT_LENGTH },
): Value {
  if (!text.includes("${")) return text;
  let result = "";
  let at = 0;
  for (let open = text.indexOf("${"); open >= 0; open = text.indexOf("${", at)) {
    if (open > 0 && text[open - 1] === "$") {
      result += text.slice(at, open - 1) + "${";
      at = open + 2;
      continue;
    }
    const close = closing(text, open, limits);
    const value = valueAt(text, { from: open + 2, to: close }, variables, limits);
    if (open === 0 && close === text.length - 1) return value;
    result += text.slice(at, open) + String(value);
    at = close + 1;
  }
  result += text.slice(at);
  if (result.length <= limits.text) return result;
  const message = `Text has ${result.length} characters: the limit is ${limits.text}`;
  throw new ExpressionError(message, { at: 0, length: text.length }, raiseHint("text"));
}

/** Finds the bracket that ends an expression. */
function closing(text: string, open: number, { expression: most }: TextLimits): number {
  const near = text.slice(open + 2, open + 3 + most);
  const inside = /^(?:[^}'"]|'[^']*'|"[^"]*")*\}/.exec(near);
  if (inside !== null) return open + 1 + inside[0].length;
  if (near.length > most) {
    const message = `Expression has more than ${most} characters`;
    throw new ExpressionError(message, { at: open, length: 2 }, raiseHint("expression"));
  }
  throw new ExpressionError('Expected "}" after "${"', { at: open, length: 2 });
}

function valueAt(
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
  variables: ReadonlyMap<string, Value>,
  limits: TextLimits,
): Value {
  try {
    const expression: Expression = parseExpression(text.slice(from, to), limits.expression);
    return evaluate(expression, variables);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const where = { at: error.at + from, length: error.length };
    throw new ExpressionError(error.message, where, expressionHint(error, variables.keys()));
  }
}
