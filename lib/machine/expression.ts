/**
 * Expressions inside `${...}`: their tree and their evaluation.
 *
 * @module
 */

import { quote } from "../kernel/escape.ts";

/** A value of an expression or a variable. */
export type Value = number | string | boolean;

/** Operators between two operands. */
export type BinaryOperator =
  | "||"
  | "&&"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "+"
  | "-"
  | "*"
  | "/"
  | "%";

/** The tree of an expression; `at` and `length` say where in its text a node is written. */
export type Expression =
  & {
    /** Offset in the expression's text. */
    readonly at: number;
    /** Characters. */
    readonly length: number;
  }
  & (
    | { readonly kind: "literal"; readonly value: Value }
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "unary"; readonly operator: "-" | "!"; readonly operand: Expression }
    | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
    | {
      readonly kind: "choice";
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
    | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  );

/** Thrown for an expression that cannot be parsed or has no value. */
export class ExpressionError extends SyntaxError {
  /** Name of the class. */
  override readonly name = "ExpressionError";
  /** Offset in the expression's text. */
  readonly at: number;
  /** Characters concerned. */
  readonly length: number;
  /** What to do about it, if known. */
  readonly hint: string | undefined;
  /** The name that has no value, where that is the reason. */
  readonly unknown: string | undefined;

  /**
   * Makes the error.
   *
   * @param message What was expected and what came.
   * @param where Where in the text.
   * @param hint What to do about it.
   * @param unknown The name that has no value.
   */
  constructor(
    message: string,
    where: { readonly at: number; readonly length: number },
    hint?: string,
    unknown?: string,
  ) {
    super(message);
    this.at = where.at;
    this.length = where.length;
    this.hint = hint;
    this.unknown = unknown;
  }
}

/** The functions that an expression may call, with the least number of arguments. */
export const FUNCTIONS: Readonly<Record<string, FunctionSpec>> = {
  min: { least: 1, most: Infinity, apply: (values) => Math.min(...values) },
  max: { least: 1, most: Infinity, apply: (values) => Math.max(...values) },
  floor: { least: 1, most: 1, apply: ([value]) => Math.floor(value) },
  ceil: { least: 1, most: 1, apply: ([value]) => Math.ceil(value) },
  round: { least: 1, most: 1, apply: ([value]) => Math.round(value) },
  abs: { least: 1, most: 1, apply: ([value]) => Math.abs(value) },
};

/** A function of expressions. */
export interface FunctionSpec {
  /** Least number of arguments. */
  readonly least: number;
  /** Most arguments. */
  readonly most: number;
  /** Computes the value. */
  readonly apply: (values: readonly number[]) => number;
}

/** Values of names. */
export interface NameValues {
  /**
   * Looks a name up.
   *
   * @param name The name.
   * @returns Its value, or undefined if it has none.
   */
  get(name: string): Value | undefined;
}

/**
 * Computes an expression.
 *
 * @param expression The tree.
 * @param variables Values of the names.
 * @returns The value; numbers are finite.
 * @throws {ExpressionError} If a name has no value or an operand has the wrong type.
 */
export function evaluate(expression: Expression, variables: NameValues): Value {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "name":
      return lookUp(expression, variables);
    case "unary":
      return expression.operator === "!"
        ? !truth(expression.operand, variables)
        : -number(expression.operand, variables);
    case "choice":
      return truth(expression.condition, variables)
        ? evaluate(expression.yes, variables)
        : evaluate(expression.no, variables);
    case "call":
      return call(expression, variables);
    case "binary":
      return binary(expression, variables);
  }
}

/**
 * Lists the names of an expression.
 *
 * @param expression The tree.
 * @returns The names, as often as they occur.
 */
export function namesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case "literal":
      return [];
    case "name":
      return [expression.name];
    case "unary":
      return namesIn(expression.operand);
    case "binary":
      return [...namesIn(expression.left), ...namesIn(expression.right)];
    case "choice":
      return [expression.condition, expression.yes, expression.no].flatMap(namesIn);
    case "call":
      return expression.args.flatMap(namesIn);
  }
}

type Kind<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

function lookUp(expression: Kind<"name">, variables: NameValues): Value {
  const value = variables.get(expression.name);
  if (value !== undefined) return value;
  throw new ExpressionError(
    `Unknown variable ${quote(expression.name)}`,
    expression,
    undefined,
    expression.name,
  );
}

function call({ name, args }: Kind<"call">, variables: NameValues): number {
  return FUNCTIONS[name].apply(args.map((arg) => number(arg, variables)));
}

function binary(expression: Kind<"binary">, variables: NameValues): Value {
  const { operator, left, right } = expression;
  switch (operator) {
    case "||":
      return truth(left, variables) || truth(right, variables);
    case "&&":
      return truth(left, variables) && truth(right, variables);
    case "==":
      return evaluate(left, variables) === evaluate(right, variables);
    case "!=":
      return evaluate(left, variables) !== evaluate(right, variables);
    case "<":
      return number(left, variables) < number(right, variables);
    case "<=":
      return number(left, variables) <= number(right, variables);
    case ">":
      return number(left, variables) > number(right, variables);
    case ">=":
      return number(left, variables) >= number(right, variables);
    default:
      return arithmetic(expression, operator, number(left, variables), number(right, variables));
  }
}

function arithmetic(
  where: Expression,
  operator: "+" | "-" | "*" | "/" | "%",
  left: number,
  right: number,
): number {
  if (right === 0 && (operator === "/" || operator === "%")) {
    throw new ExpressionError("Cannot divide by zero", where);
  }
  const value = {
    "+": left + right,
    "-": left - right,
    "*": left * right,
    "/": left / right,
    "%": left % right,
  }[operator];
  if (!Number.isFinite(value)) throw new ExpressionError("Number is too large", where);
  return value;
}

function number(expression: Expression, variables: NameValues): number {
  const value = evaluate(expression, variables);
  if (typeof value === "number") return value;
  throw new ExpressionError(`Expected a number, got ${describe(value)}`, expression);
}

function truth(expression: Expression, variables: NameValues): boolean {
  const value = evaluate(expression, variables);
  if (typeof value === "boolean") return value;
  throw new ExpressionError(`Expected true or false, got ${describe(value)}`, expression);
}

function describe(value: Value): string {
  return typeof value === "string" ? `text ${quote(value)}` : `${value}`;
}
