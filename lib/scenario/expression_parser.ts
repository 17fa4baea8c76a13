/**
 * The parser of expressions: text to tree, by recursive descent.
 *
 * From loosest to tightest: `? :`, `||`, `&&`, one comparison, `+ -`, `* / %`, `- !`, then numbers
 * with an optional unit, text in quotes, names, calls and parentheses.
 *
 * @module
 */

import { quote } from "./diagnostics.ts";
import {
  type BinaryOperator,
  type Expression,
  ExpressionError,
  FUNCTIONS,
} from "../machine/expression.ts";
import { FIXED } from "./fixed_limits.ts";
import { MAX_EXPRESSION_LENGTH } from "./limits.ts";
import { raiseHint } from "./raised_limits.ts";
import { suggestion } from "./suggest.ts";
import { UNITS } from "./units.ts";

interface Token {
  readonly kind: "number" | "word" | "text" | "sign" | "end";
  readonly text: string;
  readonly at: number;
  readonly length: number;
}

const TOKEN =
  /\s*(?:(0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?)|([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)|('[^']*'|"[^"]*")|(\|\||&&|[=!<>]=|[-+*/%<>!?:(),]))/y;

const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "/", "%"],
];
const COMPARISONS = 2;

/**
 * Parses an expression.
 *
 * @param text The text between `${` and `}`.
 * @param most Most characters that it may have.
 * @returns The tree.
 * @throws {ExpressionError} If the text is no expression, is too long or nested too deeply.
 * @example
 * ```ts
 * import { evaluate } from "../machine/expression.ts";
 * import { parseExpression } from "./expression_parser.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const variables = new Map([["pages", 16]]);
 * assertEquals(evaluate(parseExpression("max(pages - 1, 4) * 1 KiB"), variables), 15360);
 * ```
 */
export function parseExpression(text: string, most: number = MAX_EXPRESSION_LENGTH): Expression {
  if (text.length > most) {
    const message = `Expression has ${text.length} characters: the limit is ${most}`;
    throw new ExpressionError(message, { at: 0, length: text.length }, raiseHint("expression"));
  }
  return new Parser(tokenize(text)).parse();
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  let at = 0;
  while (at < end) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) throw unreadable(text, at);
    const word = found[0].trimStart();
    at = TOKEN.lastIndex;
    tokens.push({ kind: kindOf(found), text: word, at: at - word.length, length: word.length });
  }
  tokens.push({ kind: "end", text: "", at: end, length: 1 });
  return tokens;
}

function unreadable(text: string, from: number): ExpressionError {
  const at = from + text.slice(from).search(/\S/);
  const character = text[at];
  if (character === "'" || character === '"') {
    return new ExpressionError("Expected a closing quote", { at, length: 1 });
  }
  const hint = character === "=" ? 'Write "==" to compare' : undefined;
  return new ExpressionError(`Unexpected ${quote(character)}`, { at, length: 1 }, hint);
}

function kindOf(found: RegExpExecArray): Token["kind"] {
  if (found[1] !== undefined) return "number";
  if (found[2] !== undefined) return "word";
  return found[3] !== undefined ? "text" : "sign";
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expression {
    const expression = this.#choice();
    const token = this.#peek();
    if (token.kind !== "end") throw unexpected(token, "an operator or the end of the expression");
    return expression;
  }

  #choice(): Expression {
    const condition = this.#binary(0);
    if (!this.#accept("?")) return condition;
    const yes = this.#nested(() => this.#choice());
    this.#demand(":");
    const no = this.#nested(() => this.#choice());
    return { kind: "choice", condition, yes, no, ...between(condition, no) };
  }

  #binary(level: number): Expression {
    if (level === LEVELS.length) return this.#unary();
    let left = this.#binary(level + 1);
    for (let passes = 0;; passes++) {
      const token = this.#peek();
      const operator = LEVELS[level].find((one) => token.kind === "sign" && token.text === one);
      if (operator === undefined) return left;
      if (passes > 0 && level === COMPARISONS) {
        throw new ExpressionError("Comparisons cannot be chained", token, "Join them with &&");
      }
      this.#next++;
      const right = this.#binary(level + 1);
      left = { kind: "binary", operator, left, right, ...between(left, right) };
    }
  }

  #unary(): Expression {
    const token = this.#peek();
    if (token.kind !== "sign" || (token.text !== "-" && token.text !== "!")) return this.#primary();
    this.#next++;
    const operand = this.#nested(() => this.#unary());
    return { kind: "unary", operator: token.text, operand, ...between(token, operand) };
  }

  #primary(): Expression {
    const token = this.#peek();
    this.#next++;
    if (token.kind === "number") return this.#number(token);
    if (token.kind === "word") return this.#word(token);
    if (token.kind === "text") {
      return {
        kind: "literal",
        value: token.text.slice(1, -1),
        at: token.at,
        length: token.length,
      };
    }
    if (token.text !== "(") throw unexpected(token, "a number, a name or a parenthesis");
    const inner = this.#nested(() => this.#choice());
    this.#demand(")");
    return inner;
  }

  #number(token: Token): Expression {
    const unit = this.#peek();
    const value = Number(token.text);
    if (unit.kind !== "word") return { kind: "literal", value, at: token.at, length: token.length };
    if (!Object.hasOwn(UNITS, unit.text)) {
      const units = Object.keys(UNITS).join(", ");
      throw new ExpressionError(`Unknown unit ${quote(unit.text)}`, unit, `Known: ${units}`);
    }
    this.#next++;
    return { kind: "literal", value: value * UNITS[unit.text].factor, ...between(token, unit) };
  }

  #word(token: Token): Expression {
    const { text, at, length } = token;
    if (text === "true" || text === "false") {
      return { kind: "literal", value: text === "true", at, length };
    }
    if (!this.#accept("(")) return { kind: "name", name: text, at, length };
    const args: Expression[] = [];
    if (!this.#accept(")")) {
      do args.push(this.#nested(() => this.#choice())); while (this.#accept(","));
      this.#demand(")");
    }
    return checked({ kind: "call", name: text, args, at, length });
  }

  #nested(parse: () => Expression): Expression {
    const { value: most, advice } = FIXED.expression_depth;
    if (++this.#depth > most) {
      const message = `Expression is nested too deeply: the limit is ${most} levels`;
      throw new ExpressionError(message, this.#peek(), advice);
    }
    const expression = parse();
    this.#depth--;
    return expression;
  }

  #peek(): Token {
    return this.#tokens[this.#next];
  }

  #accept(sign: string): boolean {
    const token = this.#peek();
    const isThere = token.kind === "sign" && token.text === sign;
    if (isThere) this.#next++;
    return isThere;
  }

  #demand(sign: string): void {
    if (!this.#accept(sign)) throw unexpected(this.#peek(), quote(sign));
  }
}

/** A call of a function that exists, with as many arguments as it takes. */
function checked(call: Extract<Expression, { kind: "call" }>): Expression {
  const { name, args } = call;
  if (!Object.hasOwn(FUNCTIONS, name)) {
    const hint = suggestion(name, Object.keys(FUNCTIONS));
    throw new ExpressionError(`Unknown function ${quote(name)}`, call, hint);
  }
  const { least, most } = FUNCTIONS[name];
  if (args.length >= least && args.length <= most) return call;
  const wanted = least === most ? `${least}` : `at least ${least}`;
  const message = `Function ${name} expects ${wanted} argument(s), got ${args.length}`;
  throw new ExpressionError(message, call);
}

function unexpected(token: Token, wanted: string): ExpressionError {
  const came = token.kind === "end" ? "the end of the expression" : quote(token.text);
  return new ExpressionError(`Expected ${wanted}, got ${came}`, token);
}

type Place = { readonly at: number; readonly length: number };

function between(first: Place, last: Place): Place {
  return { at: first.at, length: last.at + last.length - first.at };
}
