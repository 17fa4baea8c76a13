import { assertEquals } from "@std/assert";
import { comparePolicies } from "../../lib/compare/compare.ts";
import { judgeKernels } from "../../lib/compare/over_runs.ts";
import { testScenario } from "../../lib/compare/test_scenario.ts";
import { checkScenario, parseScenario } from "../../lib/scenario/scenario.ts";

const SOURCE = `name: t
matrix: { pages: [1, 2] }
kernels: [v5.2, v5.0]
processes: { p: {} }
steps:
  - mmap: { process: p, name: ram, size: "\${pages} pages" }
  - write: { range: ram }
expect:
`;

for (
  const [expect, missing] of [
    ["  sometimes: { p.rss: 2 }\n", []],
    ["  sometimes: { that: p.rss == 1 }\n", []],
    ["  - { when: { kernel: v5.0 }, sometimes: { p.rss: 1 } }\n", []],
    ["  - { when: { kernel: v6.1 }, sometimes: { p.rss: 1 } }\n", ["p.rss: 1"]],
    ["  sometimes: { p.rss: 3, p.vmas: 1 }\n", ["p.rss: 3"]],
    ['  sometimes: { p.rss: "${pages + 5}" }\n', ["p.rss: ${pages + 5}"]],
  ] as const
) {
  Deno.test(`over all runs, ${expect.trim()} is judged`, () => {
    const { passed, results } = testScenario(SOURCE + expect);
    assertEquals(passed, missing.length === 0);
    const failures = results.flatMap(({ comparisons }) => comparisons.map((one) => one.failures));
    assertEquals(failures.slice(0, -1).flat(), []);
    const last = failures.at(-1) ?? [];
    assertEquals(last.map(({ expectation }) => expectation), [...missing]);
    assertEquals(last.every(({ over }) => over === "file"), true);
  });
}

for (const choice of [{ kernels: ["v5.2", "v5.0"] }, { policies: ["ideal"] }]) {
  Deno.test(`where ${Object.keys(choice)} are chosen, nothing has to come up in some run`, () => {
    assertEquals(testScenario(`${SOURCE}  sometimes: { p.rss: 3 }\n`, choice).passed, true);
  });
}

Deno.test("kernels are held against each other under each policy", () => {
  const expect = '  compare_kernels: { p.rss: { v5.0: "> v5.2 + 1", v5.2: "v5.0" } }\n';
  const { passed, results: [{ comparisons }] } = testScenario(SOURCE + expect);
  assertEquals(passed, false);
  assertEquals(comparisons.map(({ passed }) => passed), [true, false]);
  assertEquals(comparisons[1].failures.map(({ message }) => message), [
    "p.rss under v5.0 (legacy): expected > 2 (v5.2 + 1), got 1",
    "p.rss under v5.0 (followup): expected > 2 (v5.2 + 1), got 1",
    "p.rss under v5.0 (ideal): expected > 2 (v5.2 + 1), got 1",
  ]);
});

Deno.test("an expectation on a kernel that did not run is left out", () => {
  const program = parseScenario(`${SOURCE}  compare_kernels: { p.rss: { v5.0: "> v5-series" } }\n`);
  const one = comparePolicies(program, { kernel: "v5.0" });
  assertEquals(judgeKernels(program, [one]), [one]);
});

for (
  const [expect, message, column] of [
    ["  compare_kernels: { p.rss: { v5.1: 3 } }\n", 'Unknown kernel profile "v5.1"', 31],
    ["  compare_kernels: { p.rss: { v5.0: '> legacy' } }\n", 'Unknown kernel profile "legacy"', 40],
    ["  sometimes: { compare: { p.rss: 1 } }\n", 'Key "compare" is not allowed in "sometimes"', 16],
    ["  sometimes: { ret: 1 }\n", 'Key "ret" is allowed only after a step', 16],
    ["  sometimes: 3\n", "Expected a map of expectations, got 3", 14],
  ] as const
) {
  Deno.test(`${expect.trim()} is refused`, () => {
    const { diagnostics: [found] } = checkScenario(SOURCE + expect);
    assertEquals([found.message, found.column], [message, column]);
  });
}
