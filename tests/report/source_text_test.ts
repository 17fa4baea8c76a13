import { assertEquals } from "@std/assert";
import { ANSI, PLAIN } from "../../lib/report/palette.ts";
import { excerpt } from "../../lib/report/source_text.ts";

/** The caret line below a place in a file of one line. */
function caret(line: string, column: number): string {
  const sources = new Map([["a.yaml", `${line}\n`]]);
  const position = { file: "a.yaml", line: 1, column };
  return excerpt({ message: "Wrong", position }, sources, PLAIN)[2].slice("    | ".length);
}

for (
  const [line, column, marked] of [
    ["ret: 1", 1, "^^^^^^"],
    ["ret: 1   # comment", 1, "^^^^^^"],
    ["expect: { ret: 1, errno: EAGAIN }", 11, "          ^^^^^^"],
    ["expect: { ret: 1 }", 11, "          ^^^^^^"],
    ["a: { b: { c: 1, d: 2 }, e: 3 }", 6, "     ^^^^^^^^^^^^^^^^^"],
    ['a: { b: "x, y }", c: 1 }', 6, "     ^^^^^^^^^^^"],
    ["- [1, 2]", 9, "        ^"],
    ["", 1, "^"],
  ] as const
) {
  Deno.test(`excerpt() marks column ${column} of ${JSON.stringify(line)} up to its end`, () => {
    assertEquals(caret(line, column), marked);
  });
}

Deno.test("excerpt() has a hint and colours", () => {
  const sources = new Map([["a.yaml", "nmae: x\n"]]);
  const position = { file: "a.yaml", line: 1, column: 1 };
  const placed = { message: "Wrong", position, length: 4, hint: "Better" };
  assertEquals(excerpt(placed, sources, ANSI), [
    "\x1b[1ma.yaml:1:1: Wrong\x1b[22m",
    "\x1b[2m  1 |\x1b[22m nmae: x",
    "\x1b[2m    |\x1b[22m \x1b[31m^^^^\x1b[39m",
    "\x1b[33m    = Better\x1b[39m",
  ]);
});

Deno.test("excerpt() gives the place alone where the file is not known", () => {
  const position = { file: "b\x1b[2J.yaml", line: 3, column: 5 };
  assertEquals(excerpt({ message: "Wr\nong", position }, new Map(), ANSI), [
    "b\\x1b[2J.yaml:3:5: Wr\\nong",
  ]);
});
