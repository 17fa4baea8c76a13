import { assertEquals } from "@std/assert";
import type { ReadInclude } from "../../lib/scenario/includes.ts";
import { checkScenario } from "../../lib/scenario/scenario.ts";
import { HEAD, VOCABULARY } from "./vocabulary.ts";

/** Checks a file among others; the paths of includes are names of files. */
function checkAll(source: string, files: Record<string, string> = {}) {
  const read: ReadInclude = (path) =>
    Object.hasOwn(files, path)
      ? { file: path, text: files[path] }
      : { problem: "no such file or folder" };
  return checkScenario(source, { vocabulary: VOCABULARY, file: "t.yaml", read });
}

function labels(source: string, files: Record<string, string> = {}): string[] {
  const { program, diagnostics } = checkAll(source, files);
  assertEquals(diagnostics, []);
  return program!.steps.map(({ label }) => label);
}

/** The first thing that is wrong: file, line, column and message. */
function first(source: string, files: Record<string, string> = {}): unknown[] {
  const { diagnostics: [one, ...others] } = checkAll(source, files);
  assertEquals(others, []);
  const { file = "t.yaml", line, column, message } = one;
  return [`${file}:${line}:${column}`, message];
}

const NAPS = `fragments:
  naps:
    params: { time: 5, count: 1 }
    steps:
      - wait: { time: "\${time} ns" }
        repeat: "\${count}"
`;

Deno.test("a fragment is carried out with its defaults or with what is given", () => {
  assertEquals(
    labels(
      `name: t\n${NAPS}steps:\n  - use: naps\n  - { use: naps, with: { count: 2, time: 7 } }\n`,
    ),
    ["wait time=5 ns", "wait time=7 ns", "wait time=7 ns"],
  );
});

Deno.test("a fragment can be used in a loop and under a condition", () => {
  const steps = 'steps:\n  - use: naps\n    with: { time: "${i}" }\n    if: i != 1\n' +
    "    for: { var: i, to: 3 }\n";
  assertEquals(labels(`name: t\n${NAPS}${steps}`), ["wait time=0 ns", "wait time=2 ns"]);
});

Deno.test("a fragment sees the variables of its file, not those of the place of its use", () => {
  const source =
    'name: t\nvars: { a: 3 }\nfragments:\n  f:\n    steps: [{ wait: { time: "${a}" } }]\n' +
    "steps:\n  - use: f\n    for: { var: a, to: 1 }\n";
  assertEquals(labels(source), ["wait time=3"]);
});

Deno.test("names that a fragment introduces can be used after it", () => {
  const source = `${HEAD}fragments:
  made:
    params: { name: }
    steps: [{ mmap: { process: qemu, name: "\${name}", size: 4 pages } }]
steps:
  - { use: made, with: { name: ram } }
  - madvise: { range: ram, advice: MERGEABLE }
`;
  assertEquals(labels(source).at(-1), "madvise range=ram advice=MERGEABLE");
});

Deno.test("a step says where the fragments are used that it is part of", () => {
  const source = `name: t\n${NAPS}  twice:\n    steps: [{ use: naps }, { use: naps }]\n` +
    "steps:\n  - use: twice\n";
  const { program } = checkAll(source);
  const [one] = program!.steps;
  assertEquals(one.position?.line, 6);
  assertEquals(one.via?.map(({ line, column }) => [line, column]), [[11, 10], [9, 20]]);
});

const PART = `about: Naps of another file
params: { time: }
steps:
  - wait: { time: "\${time} ns" }
`;

Deno.test("a file is included with parameters, and its steps name it", () => {
  const source = "name: t\nsteps:\n  - { include: a.part.yaml, with: { time: 3 } }\n";
  assertEquals(labels(source, { "a.part.yaml": PART }), ["wait time=3 ns"]);
  const { program, included } = checkAll(source, { "a.part.yaml": PART });
  assertEquals(program!.steps[0].position, { file: "a.part.yaml", line: 4, column: 5 });
  assertEquals([...included], [["a.part.yaml", PART]]);
});

Deno.test("the fragments of an included file can be used", () => {
  const source = "name: t\ninclude: naps.part.yaml\nsteps:\n  - use: naps\n";
  assertEquals(labels(source, { "naps.part.yaml": NAPS }), ["wait time=5 ns"]);
  const twice = "name: t\ninclude: [naps.part.yaml, naps.part.yaml]\nsteps:\n  - use: naps\n";
  assertEquals(labels(twice, { "naps.part.yaml": NAPS }), ["wait time=5 ns"]);
});

Deno.test("an included file uses its own fragments and those of others", () => {
  const files = {
    "naps.part.yaml": NAPS,
    "b.part.yaml": "include: [naps.part.yaml]\nsteps: [{ use: naps }]\n",
  };
  assertEquals(labels("name: t\nsteps:\n  - include: b.part.yaml\n", files), ["wait time=5 ns"]);
});

Deno.test("a mistake in an included file is reported with that file's name", () => {
  const files = { "a.part.yaml": "steps:\n  - wiat: { time: 3 }\n" };
  const { diagnostics } = checkAll("name: t\nsteps:\n  - include: a.part.yaml\n", files);
  assertEquals(diagnostics, [{
    message: 'Unknown operation or key "wiat" in a step',
    line: 2,
    column: 5,
    length: 4,
    hint: 'Did you mean "wait"?',
    file: "a.part.yaml",
  }]);
});

Deno.test("mistakes of several files are reported in the order of the files", () => {
  const files = { "a.part.yaml": "steps:\n  - wiat: { time: 3 }\n" };
  const source = "name: t\nsteps:\n  - include: a.part.yaml\n  - wait: { time: no }\n";
  const found = checkAll(source, files).diagnostics.map(({ file, line }) => [file, line]);
  assertEquals(found, [[undefined, 4], ["a.part.yaml", 2]]);
});

const USE = `name: t\n${NAPS}steps:\n`;

for (
  const [name, source, files, place, message] of [
    ["an unknown fragment", `${USE}  - use: nap\n`, {}, "t.yaml:9:10", 'Unknown fragment "nap"'],
    [
      "an unknown parameter",
      `${USE}  - use: naps\n    with: { tiem: 3 }\n`,
      {},
      "t.yaml:10:13",
      'Unknown parameter "tiem" of "naps"',
    ],
    [
      "a missing parameter",
      "name: t\nsteps:\n  - include: a\n",
      { a: PART },
      "t.yaml:3:14",
      'Missing parameter "time" of "a"',
    ],
    [
      "a key beside a fragment",
      `${USE}  - use: naps\n    expect: { ret: 0 }\n`,
      {},
      "t.yaml:10:5",
      'Unexpected key "expect" beside "use"',
    ],
    [
      "a missing file",
      "name: t\nsteps:\n  - include: a\n",
      {},
      "t.yaml:3:14",
      'Cannot include "a": no such file or folder',
    ],
    [
      "files in a circle",
      "name: t\nsteps:\n  - include: a\n",
      { a: "steps: [{ include: b }]\n", b: "steps:\n  - include: a\n" },
      "b:2:14",
      "Parts of the scenario use each other in a circle: a -> b -> a",
    ],
    [
      "fragments in a circle",
      "name: t\nfragments:\n  a: { steps: [{ use: b }] }\n  b: { steps: [{ use: a }] }\n" +
      "steps:\n  - use: a\n",
      {},
      "t.yaml:4:23",
      "Parts of the scenario use each other in a circle: a -> b -> a",
    ],
    [
      "files whose fragments are in a circle",
      "name: t\ninclude: a\nsteps: [{ compact: }]\n",
      { a: "include: b\n", b: "include: a\n" },
      "b:1:10",
      "Parts of the scenario use each other in a circle: a -> b -> a",
    ],
    [
      "a file without steps among the steps",
      "name: t\nsteps:\n  - include: a\n",
      { a: NAPS },
      "t.yaml:3:14",
      'File "a" has no steps to include',
    ],
    [
      "an unknown key in a file",
      "name: t\nsteps:\n  - include: a\n",
      { a: "name: x\nsteps: [{ compact: }]\n" },
      "a:1:1",
      'Unknown key "name" in a file to include',
    ],
    [
      "a name that two fragments have",
      `name: t\ninclude: a\n${NAPS}steps:\n  - use: naps\n`,
      { a: NAPS },
      "t.yaml:4:3",
      'There are two fragments named "naps"',
    ],
    [
      "broken YAML in a file",
      "name: t\nsteps:\n  - include: a\n",
      { a: 'about: "x\n' },
      "a:2:1",
      "Invalid YAML: a quote or a bracket is open above, and this line is not within it",
    ],
  ] as const
) {
  Deno.test(`a scenario with ${name} is refused`, () => {
    assertEquals(first(source, files), [place, message]);
  });
}

Deno.test("fragments that multiply without end are stopped", () => {
  const levels = Array.from(
    { length: 15 },
    (_, at) => `  f${at}: { steps: [{ use: f${at + 1}, repeat: 9 }] }\n`,
  );
  const source =
    `name: t\nfragments:\n${levels.join("")}  f15: { steps: [{ compact: , if: false }] }\n` +
    "steps:\n  - use: f0\n";
  const [, message] = first(source);
  assertEquals(message, "Too many steps after expansion of loops: the limit is 100000");
});

Deno.test("fragments within each other are limited in depth", () => {
  const levels = Array.from(
    { length: 20 },
    (_, at) => `  f${at}: { steps: [{ use: f${at + 1} }] }\n`,
  );
  const source = `name: t\nfragments:\n${levels.join("")}  f20: { steps: [{ compact: }] }\n` +
    "steps:\n  - use: f0\n";
  assertEquals(first(source), [
    "t.yaml:18:25",
    "Parts of the scenario use each other too deeply: the limit is 16 levels",
  ]);
});
