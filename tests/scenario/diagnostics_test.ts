import { assert, assertEquals } from "@std/assert";
import { escapeControl } from "../../lib/kernel/escape.ts";
import { formatDiagnostic, Reporter } from "../../lib/scenario/diagnostics.ts";
import { SourceText } from "../../lib/scenario/source.ts";
import { nearest, suggestion } from "../../lib/scenario/suggest.ts";
import { check } from "./vocabulary.ts";

const END = "steps: [{ compact: }]\n";

function show(source: string): string {
  const [first] = check(source);
  return formatDiagnostic(first, source, "t.yaml");
}

Deno.test("formatDiagnostic() points at the word and suggests another", () => {
  assertEquals(
    show("name: t\nsteps:\n  - madvice:\n"),
    `t.yaml:3:5: Unknown operation or key "madvice" in a step
  3 |   - madvice:
    |     ^^^^^^^
    = Did you mean "madvise"?`,
  );
});

Deno.test("formatDiagnostic() cuts a long line around the mistake", () => {
  const text = show(
    `name: t\ntags: [${"abcdefgh, ".repeat(20)}[], ${"abcdefgh, ".repeat(20)}]\n${END}`,
  );
  const [, line, caret] = text.split("\n");
  assert(line.length < 130, line);
  assertEquals(line.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1), "[]");
});

Deno.test("formatDiagnostic() lets no control character through", () => {
  const text = show(`name: t\n"\x1b[31m\u202ekey": "\x07"\nsteps: []\n`);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(text), text);
});

Deno.test("formatDiagnostic() keeps the caret under the mistake after escaped characters", () => {
  const text = show('{ name: "\u2066\u2066", nmae: t, steps: [{ compact: }] }\n');
  const [, line, caret] = text.split("\n");
  assertEquals(line.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1), "nmae");
});

Deno.test("formatDiagnostic() keeps the caret under the mistake after tabs", () => {
  const text = show("name: t\nsteps: [{ compact: }]\ntags:\t\tksm\n");
  const [, line, caret] = text.split("\n");
  assertEquals(line, "  3 | tags:  ksm");
  assertEquals(line.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1), "ksm");
});

Deno.test("escapeControl() writes each character that a terminal acts on", () => {
  assertEquals(escapeControl("a\tb\r\n"), "a\\tb\\r\\n");
  assertEquals(escapeControl("\x1b[0m\x9b"), "\\x1b[0m\\x9b");
  assertEquals(escapeControl("\u202eabc\u2066"), "\\u202eabc\\u2066");
  assertEquals(escapeControl("grün 页"), "grün 页");
});

Deno.test("a source text finds lines and columns", () => {
  const source = new SourceText("ab\r\n\nc", "f");
  const places = [0, 1, 4, 5, 6].map((offset) => source.position(offset));
  assertEquals(places.map(({ line, column }) => [line, column]), [
    [1, 1],
    [1, 2],
    [2, 1],
    [3, 1],
    [3, 2],
  ]);
  assertEquals([1, 2, 3].map((line) => source.line(line)), ["ab", "", "c"]);
});

Deno.test("a reporter keeps the same message at the same place once", () => {
  const reporter = new Reporter("abc", "f");
  reporter.report({ offset: 0, length: 1 }, "Wrong");
  reporter.report({ offset: 0, length: 1 }, "Wrong");
  reporter.report({ offset: 1, length: 1 }, "Wrong");
  assertEquals(reporter.diagnostics.length, 2);
});

const WORDS = ["mmap", "munmap", "mprotect", "madvise", "guest_read"];

Deno.test("nearest() forgives letters that are swapped, missing, wrong or of another case", () => {
  assertEquals(
    ["mamp", "munap", "mprotext", "MADVISE", "guest-read"].map((word) => nearest(word, WORDS)),
    WORDS,
  );
});

Deno.test("nearest() finds nothing for a word that is far from all", () => {
  assertEquals(nearest("xyz", WORDS), undefined);
  assertEquals(nearest("x".repeat(5000), WORDS), undefined);
});

Deno.test("suggestion() lists what is known where nothing is near", () => {
  assertEquals(suggestion("xyz", ["a", "b"]), "Known: a, b");
  assertEquals(suggestion("xyz", []), undefined);
});
