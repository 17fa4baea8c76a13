import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { evaluate, ExpressionError, type Value } from "../../lib/machine/expression.ts";
import { parseExpression } from "../../lib/scenario/expression_parser.ts";
import { interpolate } from "../../lib/scenario/interpolate.ts";

const VARIABLES = new Map<string, Value>([["pages", 16], ["mode", "same"], ["on", true]]);

const VALUES: readonly (readonly [string, Value])[] = [
  ["1 + 2 * 3", 7],
  ["(1 + 2) * 3", 9],
  ["10 - 2 - 3", 5],
  ["7 % 4 / 2", 1.5],
  ["-pages + 1", -15],
  ["- -1", 1],
  ["0x10 + 1", 17],
  ["1.5 KiB", 1536],
  ["2 pages", 8192],
  ["20 ms", 20e6],
  ["pages * 4 KiB", 65536],
  ["1 < 2", true],
  ["1 + 1 == 2", true],
  ["1 != 1 || 2 >= 2", true],
  ["1 > 2 && on", false],
  ["!on", false],
  ["on ? 1 : 2", 1],
  ["!on ? 1 : on ? 2 : 3", 2],
  ["mode == 'same'", true],
  ['mode == "other"', false],
  ["min(3, pages, 5)", 3],
  ["max(3, pages)", 16],
  ["ceil(7 / 2) + floor(7 / 2)", 7],
  ["round(2.4) + abs(-3)", 5],
  ["false || true", true],
  ["0" + "+(1)".repeat(40), 40],
];

for (const [text, value] of VALUES) {
  Deno.test(`evaluate() finds that ${text} is ${value}`, () => {
    assertEquals(evaluate(parseExpression(text), VARIABLES), value);
  });
}

Deno.test("evaluate() leaves the right side of && and || and the other choice alone", () => {
  for (const text of ["!on && 1 / 0", "on || 1 / 0", "on ? true : 1 / 0"]) {
    assertEquals(typeof evaluate(parseExpression(text), VARIABLES), "boolean");
  }
});

const BROKEN: readonly (readonly [string, string, number])[] = [
  ["", "Expected a number, a name or a parenthesis", 0],
  ["1 +", "got the end of the expression", 3],
  ["(1", 'Expected ")"', 2],
  ["1 2", "Expected an operator or the end", 2],
  ["1 < 2 < 3", "Comparisons cannot be chained", 6],
  ["page", 'Unknown variable "page"', 0],
  ["1 + page", 'Unknown variable "page"', 4],
  ["mn(1)", 'Unknown function "mn"', 0],
  ["floor(1, 2)", "Function floor expects 1 argument(s), got 2", 0],
  ["min()", "at least 1", 0],
  ["1 / (2 - 2)", "Cannot divide by zero", 0],
  ["mode * 2", "Expected a number", 0],
  ["on ? 1", 'Expected ":"', 6],
  ["1 && on", "Expected true or false, got 1", 0],
  ["'abc", "Expected a closing quote", 0],
  ["1 $ 2", 'Unexpected "$"', 2],
  ["a.b", 'Unknown variable "a.b"', 0],
  ["constructor", "Unknown variable", 0],
  ["toString(1)", "Unknown function", 0],
  ["1 toString", "Unknown unit", 2],
  ["(".repeat(40) + "1" + ")".repeat(40), "the limit is 32 levels", 33],
  ["-".repeat(40) + "1", "the limit is 32 levels", 33],
  ["1+".repeat(600) + "1", "the limit is 1000", 0],
  [`${"9".repeat(308)} * 100`, "Number is too large", 0],
];

for (const [text, message, at] of BROKEN) {
  Deno.test(`evaluate() refuses ${text.slice(0, 40) || "nothing"}`, () => {
    const error = assertThrows(
      () => evaluate(parseExpression(text), VARIABLES),
      ExpressionError,
    );
    assertStringIncludes(error.message, message);
    assertEquals(error.at, at);
  });
}

const TEXTS: readonly (readonly [string, Value])[] = [
  ["plain", "plain"],
  ["${pages}", 16],
  ["${on}", true],
  ["${pages} pages", "16 pages"],
  ["ram[${pages - 1}]", "ram[15]"],
  ["${pages}${pages}", "1616"],
  ["$${pages}", "${pages}"],
  ["$${a} ${pages}", "${a} 16"],
  ["${mode == '}' ? 1 : 2}", 2],
  ["$5 and }", "$5 and }"],
];

for (const [text, value] of TEXTS) {
  Deno.test(`interpolate() turns ${text} into ${value}`, () => {
    assertEquals(interpolate(text, VARIABLES), value);
  });
}

Deno.test("interpolate() counts the place of a mistake from the beginning of the text", () => {
  const error = assertThrows(() => interpolate("abc ${1 + x}", VARIABLES), ExpressionError);
  assertEquals([error.at, error.length], [10, 1]);
});

Deno.test("interpolate() refuses to build a text without end", () => {
  const long = new Map([["a", "x".repeat(6000)]]);
  const error = assertThrows(() => interpolate("${a}${a}", long), ExpressionError);
  assertStringIncludes(error.message, "the limit is 10000");
});
