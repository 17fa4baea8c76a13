/**
 * Expressions as text, and as trees of what each part came to.
 *
 * @module
 */

import { evaluate, type Expression, ExpressionError, type NameValues } from "./expression.ts";

/** Operators from the loosest to the tightest; unary ones are tighter, then names and numbers. */
const LEVELS: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
};
const UNARY = 6;

/**
 * Writes an expression.
 *
 * @param expression The tree.
 * @returns Text that parses to the same tree.
 */
export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case "literal":
      return literalText(expression.value);
    case "name":
      return expression.name;
    case "unary":
      return expression.operator + within(expression.operand, UNARY);
    case "call":
      return `${expression.name}(${expression.args.map(expressionText).join(", ")})`;
    case "choice": {
      const { condition, yes, no } = expression;
      return `${within(condition, 1)} ? ${expressionText(yes)} : ${expressionText(no)}`;
    }
    case "binary": {
      const { operator, left, right } = expression;
      const level = LEVELS[operator];
      const leftLevel = level === LEVELS["=="] ? level + 1 : level;
      return `${within(left, leftLevel)} ${operator} ${within(right, level + 1)}`;
    }
  }
}

/**
 * Writes what an expression and its parts come to, one line each, parts below the whole.
 *
 * @param expression The tree.
 * @param values Values of its names.
 * @returns Lines such as `guest.faults >= 4   false`; numbers that stand in the text have none.
 * @example
 * ```ts
 * import { treeLines } from "./expression_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const place = { at: 0, length: 1 };
 * const left = { kind: "name", name: "faults", ...place } as const;
 * const right = { kind: "literal", value: 4, ...place } as const;
 * const tree = { kind: "binary", operator: ">", left, right, ...place } as const;
 * assertEquals(treeLines(tree, new Map([["faults", 3]])), [
 *   "faults > 4 => false",
 *   "└─ faults => 3",
 * ]);
 * ```
 */
export function treeLines(expression: Expression, values: NameValues): string[] {
  const parts = partsOf(expression).filter(({ kind }) => kind !== "literal");
  const below = parts.flatMap((part, index) => {
    const isLast = index === parts.length - 1;
    const [head, ...rest] = treeLines(part, values);
    return [
      `${isLast ? "└─" : "├─"} ${head}`,
      ...rest.map((line) => `${isLast ? "  " : "│ "} ${line}`),
    ];
  });
  return [`${expressionText(expression)} => ${valueText(expression, values)}`, ...below];
}

function valueText(expression: Expression, values: NameValues): string {
  try {
    return literalText(evaluate(expression, values));
  } catch (error) {
    if (error instanceof ExpressionError) return error.unknown === undefined ? "?" : "no value";
    throw error;
  }
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "literal":
    case "name":
      return [];
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "choice":
      return [expression.condition, expression.yes, expression.no];
    case "call":
      return expression.args;
  }
}

/** In parentheses where it is looser than its place. */
function within(expression: Expression, level: number): string {
  const text = expressionText(expression);
  const own = expression.kind === "choice"
    ? 0
    : expression.kind === "binary"
    ? LEVELS[expression.operator]
    : expression.kind === "literal" && typeof expression.value === "number" && expression.value < 0
    ? UNARY
    : UNARY + 1;
  return own < level ? `(${text})` : text;
}

function literalText(value: number | string | boolean): string {
  if (typeof value !== "string") return String(value);
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
