import { assertEquals } from "@std/assert";
import { Reporter } from "../../lib/scenario/diagnostics.ts";
import { type Node, readDocument } from "../../lib/scenario/document.ts";

/** The plain value of a text, and what was reported. */
function read(source: string): { value: unknown; messages: string[] } {
  const reporter = new Reporter(source, "t.yaml");
  const node = readDocument(reporter);
  const messages = reporter.diagnostics.map(({ message }) => message);
  return { value: node && plain(node), messages };
}

function plain(node: Node): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plain);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key.text, plain(value)]));
}

/** What each scalar, list and map covers, keys left out. */
function covered(source: string): string[] {
  const texts: string[] = [];
  const visit = (node: Node) => {
    texts.push(source.slice(node.span.offset, node.span.offset + node.span.length));
    if (node.kind === "list") node.items.forEach(visit);
    if (node.kind === "map") node.entries.forEach(({ value }) => visit(value));
  };
  visit(readDocument(new Reporter(source, "t.yaml"))!);
  return texts;
}

for (
  const [source, value] of [
    ["a: 0x10\nb: 1e3\nc: 1_000\nd: ~\n", { a: 16, b: 1000, c: "1_000", d: null }],
    ["a: TRUE\nb: yes\nc: 5.10\nd: '5'\n", { a: true, b: "yes", c: 5.1, d: "5" }],
    ["a: !!str 5\nb: ! 6\n", { a: "5", b: "6" }],
    ["a:\nb: 1", { a: null, b: 1 }],
    ["{ a, b: }", { a: null, b: null }],
    ["a: |\n  x\n  y\nb: >-\n  x\n  y\n", { a: "x\ny\n", b: "x y" }],
    ["a: &x [1]\nb: *x\n", { a: [1], b: [1] }],
    ["%YAML 1.2\n---\na: 1\n...\n", { a: 1 }],
    ["\uFEFFa: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
    ["<<: 1", { "<<": 1 }],
    ["- {\n  a: [\n    1\n  ],\n}\n- 2\n", [{ a: [1] }, 2]],
    ["b: |\n  x\n  }\na:\n  c: {\n    d: 1\n  }\n", { b: "x\n}\n", a: { c: { d: 1 } } }],
  ] as [string, unknown][]
) {
  Deno.test(`readDocument() reads ${JSON.stringify(source)}`, () => {
    assertEquals(read(source), { value, messages: [] });
  });
}

Deno.test("readDocument() knows where each node is written", () => {
  const source = "- {\n  a: [ 'x y' ],\n}\n- b: {\n    c: 1\n  }\n  d: \"e\"\n- []\n";
  assertEquals(covered(source), [
    source.slice(0, source.lastIndexOf("\n")),
    "{\n  a: [ 'x y' ],\n}",
    "[ 'x y' ]",
    "'x y'",
    'b: {\n    c: 1\n  }\n  d: "e"',
    "{\n    c: 1\n  }",
    "1",
    '"e"',
    "[]",
  ]);
});

Deno.test("readDocument() wants what is within brackets further right than the key", () => {
  const { messages } = read("a:\n  b: {\n    c: 1\n  }\n  d: {\n  e: 1\n  }\n");
  assertEquals(messages.length, 1);
});
