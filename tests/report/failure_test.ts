import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Failure } from "../../lib/machine/observed.ts";
import { groupFailures } from "../../lib/report/failures.ts";
import { htmlReport } from "../../lib/report/html.ts";
import { runJson } from "../../lib/report/json.ts";
import { junitXml } from "../../lib/report/junit.ts";
import { ANSI, PLAIN } from "../../lib/report/palette.ts";
import { reportDocument } from "../../lib/report/report_document.ts";
import { runText } from "../../lib/report/run_text.ts";
import { excerpt, excerptLines } from "../../lib/report/source_text.ts";
import { tapText } from "../../lib/report/tap.ts";
import { judgeKernels } from "../../lib/compare/over_runs.ts";
import { comparisonsOf, resultOf } from "./results.ts";

const HEAD = `name: t
kernels: [v5.2, v6.1]
vars: { n: 4, half: "\${n / 2}", size: 16 KiB, pause: 20 ms, word: "a\\e[2Jb" }
processes: { p: {} }
listeners: { guest: { kind: kvm, process: p } }
steps:
  - mmap: { process: p, name: ram, size: "\${size}" }
    capture: { base: { address: ram }, mapped: ret }
  - memslot: { listener: guest, range: ram }
  - guest_write: { listener: guest, range: ram }
  - mprotect: { range: "ram[0..\${half}]", prot: r }
`;

/** What the names in the last step stand for. */
const STEP = ["half = 2", "ram[0..2] = 0x7f0000000000..0x7f0000002000, 2 pages of p"];

/** A scenario with an expectation of its last step, or of its end. */
function scenarioWith(expect: string, place: "step" | "end" = "step"): string {
  return HEAD + (place === "step" ? `    expect: ${expect}\n` : `expect: ${expect}\n`);
}

function failuresOf(source: string): Failure[] {
  const result = resultOf(source);
  const comparisons = judgeKernels(result.program, result.comparisons);
  return groupFailures({ ...result, comparisons }).map(({ failure }) => failure);
}

function failureOf(source: string): Failure {
  const [failure] = failuresOf(source);
  assert(failure !== undefined, "all expectations hold");
  return failure;
}

for (
  const [expect, diff, place] of [
    [
      "{ pages: { ram: { writable: false } } }",
      ["  ram[0..2] writable: false", "- ram[2..4] writable: false", "+ ram[2..4] writable: true"],
    ],
    [
      "{ pages: { 'ram[1..3]': { mapcount: '> 1' } } }",
      ["- ram[1..3] mapcount: > 1", "+ ram[1..3] mapcount: 1"],
    ],
    [
      "{ pages: { ram: { device: { guest: none } } } }",
      [
        "  ram[0..2] access of guest: none",
        "- ram[2..4] access of guest: none",
        "+ ram[2..4] access of guest: rw",
      ],
    ],
    [
      "{ vmas: { ram: { prot: r } } }",
      ["  ram[0..2] prot: r", "- ram[2..4] prot: r", "+ ram[2..4] prot: rw"],
    ],
    [
      "{ vmas: { ram: { count: 1 } } }",
      [
        "- count: 1",
        "+ count: 2",
        "  ram[0..2]: r, soft_dirty, account",
        "  ram[2..4]: rw, soft_dirty, account",
      ],
    ],
    [
      "{ events: { PROTECTION_VMA: 1, CLEAR: 2, windows: '>= 1' } }",
      ["  PROTECTION_VMA: 1", "- CLEAR: 2", "+ CLEAR: 0", "  windows: 1"],
    ],
    [
      "{ guest: { windows: 1, faults: '< 4' } }",
      ["  guest.windows: 1", "- guest.faults: < 4", "+ guest.faults: 4"],
    ],
    [
      "{ delta: { guest: { windows: 2, faults: 0 } } }",
      [
        "- change of guest.windows: 2",
        "+ change of guest.windows: 1",
        "  change of guest.faults: 0",
      ],
    ],
    [
      "{ sequence: 'S CLEAR ram[0..2] · E' }",
      ["- S CLEAR ram[0..2]", "+ S PROTECTION_VMA ram[0..2]", "  E PROTECTION_VMA ram[0..2]"],
    ],
    [
      "{ compare: { guest.windows: { legacy: '> ideal', followup: 1, ideal: 1 } } }",
      ["- legacy: > 1 (ideal)", "+ legacy: 1", "  followup: 1", "  ideal: 1"],
      "end",
    ],
    [
      "{ compare_kernels: { guest.faults: { v5.2: 3, v6.1: v5.2 } } }",
      ["- v5.2: 3", "+ v5.2: 4", "  v6.1: 4"],
      "end",
    ],
  ] as [string, string[], "end" | undefined][]
) {
  Deno.test(`a diff of ${expect}`, () => {
    assertEquals(failureOf(scenarioWith(expect, place)).diff, diff);
  });
}

for (
  const expect of ["{ guest.faults: 3 }", "{ ret: 1 }", "{ pages: { 'ram[0]': { pins: 1 } } }"]
) {
  Deno.test(`no diff of the single value in ${expect}`, () => {
    assertEquals(failureOf(scenarioWith(expect)).diff, undefined);
  });
}

Deno.test("the numbers of one entry are compared once, though several are wrong", () => {
  const failures = failuresOf(scenarioWith("{ events: { CLEAR: 2, UNMAP: 1 } }"));
  assertEquals(failures.map(({ diff }) => diff?.length), [4, undefined]);
});

for (
  const [expect, values] of [
    ['{ guest.faults: "${half + 1}" }', ["half + 1 = 3", "half = 2"]],
    ['{ guest.faults: "${size}" }', ["size = 16384 (16 KiB)"]],
    ['{ guest.faults: "${pause}" }', ["pause = 20000000 (20 ms)"]],
    ['{ guest.faults: "> ${base}" }', ["base = 0x7f0000000000"]],
    ['{ guest.faults: "> guest.windows * 9" }', ["guest.windows = 1"]],
    ["{ that: guest.faults > base + n }", ["n = 4"]],
    ['{ that: "ret == 1 && ${word == word}" }', ["word == word = true", 'word = "a\\x1b[2Jb"']],
    [
      '{ pages: { "ram[${half + 1}]": { pins: 1 } } }',
      ["half + 1 = 3", "half = 2", "ram[3] = 0x7f0000003000..0x7f0000004000, 1 page of p"],
    ],
  ] as [string, string[]][]
) {
  Deno.test(`the values of ${expect}`, () => {
    const found = failureOf(scenarioWith(expect)).values ?? [];
    const shown = found.map(({ name, value }) => `${name} = ${value}`);
    assertEquals(shown.filter((one) => values.includes(one) || !STEP.includes(one)), values);
  });
}

Deno.test("a step tells its own names and ranges where it fails without an expectation", () => {
  const source = HEAD.replace("prot: r }", "prot: r }\n    expect: { errno: EINVAL }");
  const { values } = failureOf(source);
  assertEquals(values, [
    { name: "half", value: "2" },
    { name: "ram[0..2]", value: "0x7f0000000000..0x7f0000002000, 2 pages of p" },
  ]);
});

Deno.test("a computed demand has a tree", () => {
  const { details } = failureOf(scenarioWith('{ guest.faults: "> guest.windows * 9 + 1" }'));
  assertEquals(details, [
    "guest.windows * 9 + 1 => 10",
    "└─ guest.windows * 9 => 9",
    "   └─ guest.windows => 1",
  ]);
});

Deno.test("an excerpt has the whole entry and marks the key that fails", () => {
  const source = scenarioWith(
    "\n      pages:\n        ram:\n          present: true\n          writable: false\n",
  );
  const { message, position, lines } = failureOf(source);
  assert(position !== null);
  assertEquals(excerpt({ message, position, lines }, new Map([["a.yaml", source]]), PLAIN), [
    "a.yaml:16:11: ram writable: expected false, got true on ram[2..4]",
    "  13 |       pages:",
    "  14 |         ram:",
    "  15 |           present: true",
    "  16 |           writable: false",
    "     |           ^^^^^^^^^^^^^^^",
  ]);
});

Deno.test("an excerpt of an alias goes from its key to where it is used", () => {
  const source = `${HEAD}    expect: { guest: &all { windows: 1 } }\n` +
    "  - mprotect: { range: ram, prot: rw }\n    expect:\n      guest: *all\n";
  const { message, position, lines } = failureOf(source);
  assert(position !== null);
  const shown = excerpt({ message, position, lines }, new Map([["a.yaml", source]]), PLAIN);
  assertEquals(shown.slice(1).map((line) => line.slice(0, 6).trim()), [
    "12 |",
    "|",
    "13 |",
    "14 |",
    "15 |",
  ]);
});

Deno.test("an excerpt that is cut keeps the keys around the place", () => {
  const facts = (
    name: string,
  ) => [`  ${name}:`, ...Array.from({ length: 9 }, (_, at) => `    f${at}: 1`)];
  const source = ["pages:", ...facts("one"), "", ...facts("two")].join("\n");
  const shown = excerptLines(source, { first: 1, last: 22 }, 19).map(({ text }) => text.trim());
  assertEquals(shown, [
    "pages:",
    "...",
    "two:",
    "...",
    "f3: 1",
    "f4: 1",
    "f5: 1",
    "f6: 1",
    "f7: 1",
    "f8: 1",
  ]);
});

Deno.test("what to do about a failure stands below its excerpt", () => {
  const source = `${HEAD}  - wait: { time: 1 }\n    until: guest.faults > 99\n    repeat: 2\n`;
  assertStringIncludes(
    runText(comparisonsOf(source)),
    '            ^^^^^^^^^^^^^^^^^\n       = "repeat" sets this limit: let it give more passes',
  );
});

Deno.test("lines of an excerpt are safe, and long ones are cut", () => {
  const source = `a: "\u001b[2J"\nb:\t1\r\nc: ${"x".repeat(200)}`;
  assertEquals(excerptLines(source, { first: 1, last: 3 }, 2), [
    { line: 1, text: 'a: "\\x1b[2J"' },
    { line: 2, text: "b: 1" },
    { line: 3, text: `c: ${"x".repeat(97)}...` },
  ]);
});

Deno.test("a diff is red and green on a terminal alone", () => {
  const source = scenarioWith("{ vmas: { ram: { count: 1 } } }");
  const comparisons = comparisonsOf(source);
  const coloured = runText(comparisons, { palette: ANSI });
  assertStringIncludes(coloured, "\x1b[31m- count: 1\x1b[39m");
  assertStringIncludes(coloured, "\x1b[32m+ count: 2\x1b[39m");
  assert(!runText(comparisons).includes("\x1b"));
});

Deno.test("every report has lines, values, tree, diff and the command", () => {
  const source = scenarioWith(
    '\n      guest:\n        windows: 1\n        faults: "< ${half} - 1"\n',
  )
    .replace("< ${half} - 1", "> guest.windows * ${half + 7}");
  const comparisons = comparisonsOf(source);
  const document = reportDocument(comparisons);
  const wanted = [
    "windows: 1",
    "half + 7 = 9",
    "guest.windows * 9 =&gt; 9",
    "- guest.faults: &gt; 9",
    "+ guest.faults: 4",
    "mmulab run a.yaml --kernel v5.2 --policy legacy",
  ];
  for (const text of [junitXml(document), htmlReport(document)]) {
    for (const part of wanted) assertStringIncludes(text, part);
  }
  for (const text of [JSON.stringify(document), runText(comparisons), tapText(document)]) {
    for (const part of wanted) assertStringIncludes(text, part.replaceAll("&gt;", ">"));
  }
  const [failure] = runJson(comparisons).scenarios[0].runs[0].failures;
  assertEquals(failure.source?.map(({ line }) => line), [13, 14, 15]);
  assertEquals(failure.values?.[0], { name: "half + 7", value: "9" });
  assertEquals(failure.details?.length, 2);
  assertEquals(failure.diff?.length, 3);
  assertEquals(failure.rerun, "mmulab run a.yaml --kernel v5.2 --policy legacy");
});
