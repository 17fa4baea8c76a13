import { assertEquals, assertThrows } from "@std/assert";
import type { CustomListener } from "@mmulab/mmulab";
import { report, runText } from "@mmulab/mmulab/report";
import { type ScenarioTest, testScenario, testSteps } from "@mmulab/mmulab/scenario";
import { run } from "../cli/fake_streams.ts";
import { withFolder } from "../cli/temporary.ts";

const SOURCE = `name: t
matrix: { pages: [1, 2] }
kernels: [v5.2, v5.0]
processes: { p: {} }
steps:
  - mmap: { process: p, name: ram, size: "\${pages} pages" }
  - write: { range: ram }
  - munmap: { range: ram }
`;

const FAILING = `${SOURCE}expect:
  - p.rss: 1
  - sometimes: { p.rss: 3 }
  - compare_kernels: { p.rss: { v5.0: "> v5.2" } }
`;

/** Cell, kernel and policies of all comparisons. */
function runsOf({ results }: ScenarioTest): string[] {
  return results.flatMap(({ program, comparisons }) =>
    comparisons.map(({ kernel, columns }) => `${program.name} ${kernel} ${columns.join("/")}`)
  );
}

Deno.test("a test runs every cell under every kernel with every policy", () => {
  assertEquals(runsOf(testScenario(SOURCE)), [
    "t [pages=1] v5.2 legacy/followup/ideal",
    "t [pages=1] v5.0 legacy/followup/ideal",
    "t [pages=2] v5.2 legacy/followup/ideal",
    "t [pages=2] v5.0 legacy/followup/ideal",
  ]);
});

Deno.test("a test runs the variables, kernels and policies that are chosen", () => {
  const options = { kernels: ["v6.1"], policies: ["ideal"], variables: { pages: 7 } };
  assertEquals(runsOf(testScenario(SOURCE, options)), ["t [pages=7] v6.1 ideal"]);
});

for (const text of [SOURCE, FAILING]) {
  Deno.test(`a test of a scenario that ${text === SOURCE ? "passes" : "fails"} is what run says`, async () => {
    await withFolder({ "t.yaml": text }, async (folder) => {
      const file = `${folder}/t.yaml`;
      const tested = testScenario(text, { file });
      const { stdout, code } = await run("run", file);
      assertEquals(runText(tested), stdout);
      assertEquals(tested.passed, code === 0);
    });
  });
}

Deno.test("a report of a test has a scenario for each cell", () => {
  const { scenarios } = JSON.parse(report("json", testScenario(FAILING)));
  assertEquals(
    scenarios.map((one: { name: string; status: string }) => [one.name, one.status]),
    [["t [pages=1]", "failed"], ["t [pages=2]", "failed"]],
  );
});

Deno.test("a listener of one's own takes part in every run of a test", () => {
  const seen: string[] = [];
  const factory = (
    { name, policy }: { name: string; policy: { name: string } },
  ): CustomListener => {
    seen.push(`${name} ${policy.name}`);
    return { name };
  };
  testScenario(SOURCE, { listeners: [{ factory }], kernels: ["v5.2"], variables: { pages: 1 } });
  assertEquals(seen, ["mine legacy", "mine followup", "mine ideal"]);
});

Deno.test("a test in parts says which cell, kernel and policy runs", () => {
  const ended = [...testSteps(SOURCE, { policies: ["ideal"] })].filter(({ result }) => result)
    .map(({ cell, cells, kernel, steps }) => [cell, cells, kernel, steps]);
  assertEquals(ended, [[0, 2, "v5.2", 3], [0, 2, "v5.0", 3], [1, 2, "v5.2", 3], [1, 2, "v5.0", 3]]);
});

Deno.test("a test ends before the next step once it is aborted", () => {
  const controller = new AbortController();
  let cells = 0;
  const error = assertThrows(() => {
    for (const { cell, steps } of testSteps(SOURCE, { signal: controller.signal })) {
      cells = cell + 1;
      if (cell === 1 && steps === 2) controller.abort();
    }
  }, DOMException);
  assertEquals([error.name, cells], ["AbortError", 2]);
});
