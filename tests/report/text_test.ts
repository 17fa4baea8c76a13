import { assert, assertEquals } from "@std/assert";
import { checkText, diagnosticsText } from "../../lib/report/check_text.ts";
import { compareText } from "../../lib/report/compare_text.ts";
import { rerunText } from "../../lib/report/failure_text.ts";
import { groupFailures } from "../../lib/report/failures.ts";
import { ANSI, PLAIN } from "../../lib/report/palette.ts";
import { newProgram } from "../../lib/machine/program.ts";
import { runText } from "../../lib/report/run_text.ts";
import { checkScenario } from "../../lib/scenario/scenario.ts";
import { comparisonsOf, fixture, resultOf } from "./results.ts";

Deno.test("runText() of scenarios that pass", async (t) => {
  const source = fixture("mprotect");
  await t.assertSnapshot(runText(comparisonsOf(source)));
});

Deno.test("runText() of failures", async (t) => {
  const source = fixture("failing");
  await t.assertSnapshot(runText(comparisonsOf(source)));
});

Deno.test("runText() of violations", async (t) => {
  const source = fixture("unsafe");
  await t.assertSnapshot(runText(comparisonsOf(source)));
});

Deno.test("compareText() groups kernels that say the same", async (t) => {
  const source = fixture("mprotect").replace("[v5.0, v5.2]", "[v5.0, v5.2, v5-series]");
  await t.assertSnapshot(compareText(comparisonsOf(source)));
});

Deno.test("compareText() of a policy that is not safe", async (t) => {
  const source = fixture("unsafe");
  await t.assertSnapshot(compareText(comparisonsOf(source)));
});

Deno.test("compareText() leaves the meanings out where they do not fit", () => {
  const source = fixture("mprotect").replace("[v5.0, v5.2]", "[v5.2]");
  const text = compareText(comparisonsOf(source), { width: 75 });
  assert(!text.includes("translations removed"));
  assert(text.includes("    dropped"));
  assertEquals(text.split("\n").filter((line) => line.length > 75), []);
});

Deno.test("checkText() and diagnosticsText() of good and bad files", async (t) => {
  const source = fixture("misspelled");
  const files = [
    { file: "good.yaml", name: "Good", steps: 3, diagnostics: [] },
    { file: "a.yaml", diagnostics: checkScenario(source, { file: "a.yaml" }).diagnostics },
    { file: "gone.yaml", diagnostics: [{ message: "No such file", hint: "Look elsewhere" }] },
  ];
  const sources = new Map([["a.yaml", source]]);
  await t.assertSnapshot(checkText(files, PLAIN) + diagnosticsText(files, sources, PLAIN));
});

Deno.test("colours change no visible character of a report", () => {
  const source = fixture("failing");
  const results = comparisonsOf(source);
  const options = { palette: ANSI };
  // deno-lint-ignore no-control-regex
  const visible = (text: string) => text.replace(/\x1b\[\d+m/g, "");
  assertEquals(visible(runText(results, options)), runText(results));
  assertEquals(visible(compareText(results, options)), compareText(results));
});

Deno.test("no report passes control characters of a file on", () => {
  const source = fixture("failing")
    .replace(/^name: .*/m, 'name: "a\\e[2Jb\\u202e"')
    .replace(/^about: .*/m, 'about: "c\\e]0;d\\a"')
    .replace("v5.0, v5.2", "v5.2");
  const file = "e\x1b[2J.yaml";
  const results = comparisonsOf(source, file);
  const text = runText(results) + compareText(results);
  assertEquals(text.match(/[^\n\x20-\x7e]/g), null);
  assert(text.includes("a\\x1b[2Jb\\u202e"));
});

Deno.test("groupFailures() names every run of a failure once", () => {
  const groups = groupFailures(resultOf(fixture("failing")));
  assertEquals(groups.map(({ occurrences }) => occurrences.length), [8, 1]);
});

for (
  const [file, policy, settings, text] of [
    ["a.yaml", "ideal", [], "mmulab run a.yaml --kernel v5.2 --policy ideal"],
    ["a.yaml", null, [], "mmulab run a.yaml --kernel v5.2"],
    ["a b.yaml", null, [], "mmulab run 'a b.yaml' --kernel v5.2"],
    ["it's", null, [], "mmulab run 'it'\\''s' --kernel v5.2"],
    ["a", null, ["--var", "size=1 MiB"], "mmulab run a --kernel v5.2 --var 'size=1 MiB'"],
  ] as const
) {
  Deno.test(`rerunText() writes ${text}`, () => {
    const options = { invocation: "mmulab", settings };
    const program = newProgram({ name: "t" });
    assertEquals(rerunText({ kernel: "v5.2", policy }, { file, program }, options), text);
  });
}
