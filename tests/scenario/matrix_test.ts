import { assertEquals } from "@std/assert";
import { cellText } from "../../lib/machine/program.ts";
import { checkScenario } from "../../lib/scenario/scenario.ts";
import { check, VOCABULARY } from "./vocabulary.ts";

const END = 'steps:\n  - wait: { time: "${pages} ns" }\n';

/** Checks a file with a matrix, given as the lines below `matrix:`. */
function programs(matrix: string, variables = {}, steps = END) {
  const source = `name: t\nmatrix:\n${matrix}${steps}`;
  const options = { vocabulary: VOCABULARY, file: "t.yaml", variables };
  const checked = checkScenario(source, options);
  assertEquals(checked.diagnostics, []);
  return checked.programs;
}

function cells(matrix: string, variables = {}): string[] {
  return programs(matrix, variables).map(cellText);
}

Deno.test("lists of a matrix are crossed, the last one fastest", () => {
  assertEquals(cells("  pages: [1, 2]\n  fill: [a, b]\n"), [
    "[pages=1, fill=a]",
    "[pages=1, fill=b]",
    "[pages=2, fill=a]",
    "[pages=2, fill=b]",
  ]);
});

Deno.test("a cell gives its values to the whole file and its name to the program", () => {
  const [one, other] = programs("  pages: [1, 2]\n");
  assertEquals([one.name, other.name], ["t [pages=1]", "t [pages=2]"]);
  assertEquals([one, other].map(({ steps }) => steps[0].args.time), [1, 2]);
  assertEquals(other.cell, { pages: 2 });
});

Deno.test("lists under zip advance together and are crossed with the others", () => {
  assertEquals(cells("  zip: { pages: [1, 2], fill: [a, b] }\n  more: [true]\n"), [
    "[pages=1, fill=a, more=true]",
    "[pages=2, fill=b, more=true]",
  ]);
  const two = "  zip:\n    - { pages: [1, 2], fill: [a, b] }\n    - { x: [5], y: [6] }\n";
  assertEquals(cells(two), ["[pages=1, fill=a, x=5, y=6]", "[pages=2, fill=b, x=5, y=6]"]);
});

Deno.test("exclude leaves out the cells that have all its values", () => {
  const rules = "  exclude: [{ pages: 2, fill: a }, { fill: b, pages: 1 }]\n";
  assertEquals(cells(`  pages: [1, 2]\n  fill: [a, b]\n${rules}`), [
    "[pages=1, fill=a]",
    "[pages=2, fill=b]",
  ]);
});

Deno.test("include adds values to cells that it does not contradict, else a cell", () => {
  const rules = "  include: [{ pages: 2, slow: true }, { pages: 9, fill: c }]\n";
  assertEquals(cells(`  pages: [1, 2]\n  fill: [a]\n${rules}`), [
    "[pages=1, fill=a]",
    "[pages=2, fill=a, slow=true]",
    "[pages=9, fill=c]",
  ]);
});

Deno.test("include adds values without a list to every cell, and a later rule replaces them", () => {
  const rules = "  include: [{ slow: false }, { pages: 2, slow: true }]\n";
  assertEquals(cells(`  pages: [1, 2]\n${rules}`), [
    "[pages=1, slow=false]",
    "[pages=2, slow=true]",
  ]);
});

Deno.test("a matrix can be written cell by cell", () => {
  assertEquals(cells("  include: [{ pages: 1 }, { pages: 5 }]\n"), ["[pages=1]", "[pages=5]"]);
});

Deno.test("a value from outside stands for a whole list", () => {
  assertEquals(cells("  pages: [1, 2]\n  fill: [a, b]\n", { pages: 7 }), [
    "[pages=7, fill=a]",
    "[pages=7, fill=b]",
  ]);
  assertEquals(cells("  zip: { pages: [1, 2], fill: [a, b] }\n", { pages: 2 }), [
    "[pages=2, fill=b]",
  ]);
});

Deno.test("values of a matrix replace those of vars, which may use them", () => {
  const steps = 'vars: { pages: 1, half: "${pages / 2}" }\nsteps:\n' +
    '  - wait: { time: "${half} ns" }\n';
  const found = programs("  pages: [4 pages, 8]\n", {}, steps);
  assertEquals(found.map((one) => one.steps[0].args.time), [8192, 4]);
});

Deno.test("a mistake of one cell is reported once and with its place", () => {
  const source = "name: t\nmatrix: { pages: [1, x] }\n" + END;
  const [one, ...others] = check(source);
  assertEquals([one.line, one.column, others.length], [4, 19, 0]);
});

for (
  const [matrix, message, line, column, hint] of [
    ["  pages: 3\n", "Expected a list of values, got 3", 3, 10],
    ["  pages: []\n", "Expected a list of values, got an empty list", 3, 10],
    [
      "  zip: { pages: [1], b: [1, 2] }\n",
      'Expected 1 values as "pages" has, got 2',
      3,
      22,
    ],
    [
      "  pages: [1]\n  exclude: [{ page: 1 }]\n",
      'Unknown variable "page" of the matrix',
      4,
      15,
      'Did you mean "pages"?',
    ],
    ["  pages: [1]\n  exclude: [{ pages: 1 }]\n", "Matrix has no cell", 3, 3],
    ["  pages: [1]\n  include: { pages: 1 }\n", "Expected a list of cells, got a map", 4, 12],
    [
      "  pages: [1]\n  zip: { pages: [1] }\n",
      'Variable "pages" has two lists in the matrix',
      4,
      3,
    ],
    [
      `  pages: [${Array.from({ length: 20 }, (_, at) => at)}]\n  b: [${
        Array.from({ length: 20 }, (_, at) => at)
      }]\n`,
      "Matrix has 400 cells: the limit is 256",
      3,
      3,
    ],
  ] as const
) {
  Deno.test(`a matrix is refused: ${message}`, () => {
    const found = check(`name: t\nmatrix:\n${matrix}${END}`)[0];
    assertEquals([found.message, found.line, found.column], [message, line, column]);
    if (hint !== undefined) assertEquals(found.hint, hint);
  });
}
