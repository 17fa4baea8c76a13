import { assertEquals, assertThrows } from "@std/assert";
import { FIXED } from "../../lib/scenario/fixed_limits.ts";
import { RAISABLE } from "../../lib/scenario/raised_limits.ts";
import { checkScenario } from "../../lib/scenario/scenario.ts";
import { parseTags } from "../../lib/scenario/tag_expression.ts";

const NAP = "steps:\n  - wait: { time: 1 }\n    repeat: ";

const COVERED = new Set<string>();

function first(source: string): (string | number | undefined)[] {
  const read = (file: string) => ({ file, text: "fragments: {}\n" });
  const [found] = checkScenario(source, { read }).diagnostics;
  return found === undefined ? [] : [found.message, found.line, found.column, found.hint];
}

for (
  const [name, source, message, line, column, raised] of [
    [
      "steps",
      `name: t\n${NAP}90000\n  - compact:\n    repeat: 90000\n`,
      "Too many steps after expansion of loops: the limit is 100000",
      7,
      5,
      200000,
    ],
    [
      "loop",
      `name: t\n${NAP}100001\n`,
      "Loop has 100001 passes: the limit is 100000",
      5,
      13,
      100001,
    ],
    [
      "loop",
      "name: t\nsteps:\n  - wait: { time: 1 }\n    for: { var: i, to: 100001 }\n",
      "Loop has 100001 passes: the limit is 100000",
      5,
      5,
      100001,
    ],
    [
      "file_size",
      `name: t\n${NAP}1\n#${" ".repeat(2 ** 20)}\n`,
      "File has 1048621 characters: the limit is 1048576",
      1,
      1,
      "2 MiB",
    ],
    [
      "depth",
      `name: t\n${NAP}1\n# \nabout: ${"[".repeat(40)}${"]".repeat(40)}\n`,
      "Lists and maps are nested too deeply: the limit is 32 levels",
      7,
      40,
      64,
    ],
    [
      "memory",
      `name: t\nmachine: { memory: 65 GiB }\n${NAP}1\n`,
      "Machine has 69793218560 bytes of memory: the limit is 68719476736",
      3,
      10,
      "65 GiB",
    ],
    [
      "cells",
      `name: t\nmatrix: { a: [${Array.from({ length: 300 }, (_, at) => at)}] }\n${NAP}1\n`,
      "Matrix has 300 cells: the limit is 256",
      3,
      9,
      300,
    ],
    [
      "variables",
      `name: t\nvars: { ${
        Array.from({ length: 300 }, (_, at) => `v${at}: 1`).join(", ")
      } }\n${NAP}1\n`,
      "File has 300 variables: the limit is 256",
      3,
      2203,
      300,
    ],
    [
      "expression",
      `name: t\nabout: "\${1${"+1".repeat(600)}}"\n${NAP}1\n`,
      "Expression has more than 1000 characters",
      3,
      9,
      1201,
    ],
    [
      "expression",
      `name: t\n${NAP}1\n    expect: { that: ret${"+1".repeat(600)} > 0 }\n`,
      "Expression has 1207 characters: the limit is 1000",
      6,
      21,
      1207,
    ],
    [
      "expression",
      `name: t\n${NAP}1\n    expect: { ret: ">= 0${"+1".repeat(600)}-600" }\n`,
      "Expression has 1206 characters: the limit is 1000",
      6,
      23,
      2000,
    ],
    [
      "text",
      `name: t\nvars: { n: 1 }\nabout: "${"x".repeat(10_000)}\${n}"\n${NAP}1\n`,
      "Text has 10001 characters: the limit is 10000",
      4,
      9,
      10_001,
    ],
    [
      "include_depth",
      `name: t\nfragments:\n${
        Array.from({ length: 20 }, (_, at) => `  f${at}: { steps: [{ use: f${at + 1} }] }\n`).join(
          "",
        )
      }  f20: { steps: [{ wait: { time: 1 } }] }\nsteps: [{ use: f0 }]\n`,
      "Parts of the scenario use each other too deeply: the limit is 16 levels",
      19,
      25,
      21,
    ],
    [
      "includes",
      `name: t\ninclude: [${
        Array.from({ length: 70 }, (_, at) => `${at}.part.yaml`).join(", ")
      }]\n${NAP}1\n`,
      "Too many files are included: the limit is 64",
      3,
      897,
      70,
    ],
    [
      "nodes",
      `name: t\nabout: &a [${"1, ".repeat(999)}1]\nx: [${"*a, ".repeat(1000)}*a]\n${NAP}1\n`,
      "Aliases make the file too large: the limit is 1000000 nodes",
      4,
      3993,
      1_100_000,
    ],
  ] as const
) {
  COVERED.add(name);

  Deno.test(`the limit ${name} is kept and can be raised: ${message.slice(0, 30)}`, () => {
    const usual = first(`# limits\n${source}`);
    assertEquals(
      String(usual[0]).replace(/has \d{7} characters/, "has 1048621 characters"),
      message,
    );
    assertEquals(
      String(usual[3]).startsWith(`Raise it with limits: { ${name}: ... }, up to`),
      true,
    );
    if (name !== "file_size") assertEquals([usual[1], usual[2]], [line, column]);
    const again = first(`limits: { ${name}: ${raised} }\n${source}`);
    assertEquals(again[0] === message, false, String(again[0]));
    if (!["depth", "loop", "nodes"].includes(name)) assertEquals(again, []);
  });
}

for (
  const [source, message, column, hint] of [
    ["limits: { stesp: 3 }\n", 'Unknown key "stesp" in limits', 11, 'Did you mean "steps"?'],
    ["limits: { steps: 1e99 }\n", 'Expected a number from 1 to 1000000, got "1e99"', 18],
    ["limits: { steps: [1] }\n", "Expected a number from 1 to 1000000, got a list", 18],
    ["limits: 3\n", "Expected a map of limits, got 3", 9],
    [
      "limits:\n  steps: 200000\n",
      'Limit "steps" comes too late',
      10,
      "Write limits: { steps: 200000 } on one line near the beginning of the file",
    ],
  ] as const
) {
  Deno.test(`limits are refused: ${message}`, () => {
    const found = first(`${source}name: t\n${NAP}1\n`);
    assertEquals([found[0], found[2]], [message, column]);
    if (hint !== undefined) assertEquals(found[3], hint);
  });
}

Deno.test("more errors than the limit are counted no further, and the limit says so", () => {
  const wrong = (head: string) =>
    checkScenario(`${head}name: t\nsteps:\n${"  - nap: {}\n".repeat(150)}`).diagnostics;
  const usual = wrong("");
  assertEquals(usual.length, 101);
  assertEquals([usual[100].message, usual[100].line], [
    "More is wrong from here on: the limit is 100 errors",
    103,
  ]);
  assertEquals(usual[100].hint, "Raise it with limits: { diagnostics: ... }, up to 1000");
  const all = wrong("limits: { diagnostics: 150 }\n");
  assertEquals([all.length, all[149].message], [150, 'Unknown operation or key "nap" in a step']);
  COVERED.add("diagnostics");
});

Deno.test("every limit that can be raised has a test here", () => {
  assertEquals(Object.keys(RAISABLE).filter((name) => !COVERED.has(name)), []);
});

const DEEP = `${"(".repeat(40)}1${")".repeat(40)}`;

for (
  const [name, source, message] of [
    ["expression_depth", `about: "\${${DEEP}}"\n${NAP}1\n`, "Expression is nested too deeply"],
    [
      "expression_depth",
      `processes: { p: {} }\nsteps:\n  - actors:\n      a: [{ wait: { time: 1 } }]\n` +
      `      b: [{ wait: { time: 1 } }]\n    schedule: "${"a@window_open(".repeat(40)}b${
        ")".repeat(40)
      }"\n`,
      "Schedule is nested too deeply",
    ],
    [
      "page_number",
      "processes: { p: {} }\nsteps:\n  - mmap: { process: p, name: a, size: 1 pages }\n" +
      '  - write: { range: "a[99999999999]" }\n',
      "Page number is too large: the limit is 34359738368",
    ],
  ] as const
) {
  Deno.test(`the fixed limit ${name} says what to do: ${message}`, () => {
    const [found, , , hint] = first(`name: t\n${source}`);
    assertEquals([String(found).slice(0, message.length), hint], [message, FIXED[name].advice]);
  });
}

Deno.test("tags that are nested too deeply are refused with the limit", () => {
  const deep = `${"(".repeat(40)}a${")".repeat(40)}`;
  assertThrows(
    () => parseTags(deep),
    SyntaxError,
    "nested more than 32 deep, a limit that is fixed",
  );
});
