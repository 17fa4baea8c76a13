import fc from "fast-check";
import { assert } from "@std/assert";
import { formatDiagnostic, ScenarioError } from "../../lib/scenario/diagnostics.ts";
import { check, parse, SAMPLE } from "./vocabulary.ts";

/** Pieces that mean something to the reader. */
const PIECES = [
  "${",
  "}",
  "[",
  "]",
  "{",
  ": ",
  "- ",
  "\n",
  "  ",
  "\t",
  '"',
  "'",
  "&a ",
  "*a",
  "!x ",
  "|\n",
  "> ",
  "..",
  "0x",
  "1e999",
  "-1",
  "null",
  "repeat: 3",
  "do:",
  "?",
  "#",
  "---\n",
  "%YAML 1.1\n",
  "\u0000",
  "\u202e",
  "__proto__",
  "constructor",
  "S CLEAR",
  ">= ",
  "ram[99999999999999999999]",
];

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(SAMPLE.length),
  remove: fc.oneof(fc.constant(0), fc.nat(12), fc.nat(200)),
  insert: fc.oneof(fc.constant(""), fc.constantFrom(...PIECES), fc.string({ maxLength: 8 })),
});

function apply(source: string, edits: readonly Edit[]): string {
  return edits.reduce(
    (text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove),
    source,
  );
}

Deno.test("a good file with any edits is read or refused with positions, never a crash", () => {
  const property = fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
    const source = apply(SAMPLE, edits);
    try {
      parse(source);
    } catch (error) {
      assert(error instanceof ScenarioError, `${error}`);
      const lines = source.split("\n");
      for (const diagnostic of error.diagnostics) {
        const { line, column, length } = diagnostic;
        assert(line >= 1 && line <= lines.length, `line ${line}`);
        assert(column >= 1 && column <= lines[line - 1].length + 1, `column ${column}`);
        const rest = Math.max(1, lines[line - 1].length - column + 1);
        assert(length >= 1 && length <= rest, `length ${length}`);
        formatDiagnostic(diagnostic, source, "t.yaml");
      }
    }
  });
  fc.assert(property, { numRuns: 1500, seed: 1 });
});

Deno.test("any text at all is read or refused", () => {
  const property = fc.property(
    fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6 })), { maxLength: 40 }),
    (parts) => {
      check(parts.join(""));
    },
  );
  fc.assert(property, { numRuns: 1500, seed: 1 });
});

Deno.test("a file that is cut off anywhere is read or refused", () => {
  for (let length = 0; length < SAMPLE.length; length += 7) check(SAMPLE.slice(0, length));
});

Deno.test("reading is the same every time", () => {
  const property = fc.property(fc.array(edit, { maxLength: 3 }), (edits) => {
    const source = apply(SAMPLE, edits);
    assert(JSON.stringify(check(source)) === JSON.stringify(check(source)));
  });
  fc.assert(property, { numRuns: 100, seed: 1 });
});
