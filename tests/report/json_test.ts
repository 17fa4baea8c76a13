import { assertEquals } from "@std/assert";
import { checkJson, compareJson, runJson } from "../../lib/report/json.ts";
import { comparisonsOf, fixture } from "./results.ts";

/** The shape of a value: names of members and types, of a list that of its first item. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shape(member)]));
}

const comparisons = comparisonsOf(fixture("failing"));

Deno.test("runJson() keeps its shape", async (t) => {
  const { scenarios: [{ runs: [{ figures: _, ...run }], ...scenario }], ...report } = runJson(
    comparisons,
  );
  await t.assertSnapshot(shape({ ...report, scenarios: [{ ...scenario, runs: [run] }] }));
});

Deno.test("compareJson() keeps its shape", async (t) => {
  await t.assertSnapshot(shape(compareJson(comparisons)));
});

Deno.test("runJson() and compareJson() are plain data", () => {
  for (const report of [runJson(comparisons), compareJson(comparisons)]) {
    assertEquals(JSON.parse(JSON.stringify(report)), report);
  }
});

Deno.test("runJson() has every run and every figure", () => {
  const { passed, scenarios: [{ runs, comparisons: judged }] } = runJson(comparisons);
  assertEquals(passed, false);
  assertEquals(runs.map(({ kernel, policy }) => `${kernel} ${policy}`), [
    ...["v5.0 legacy", "v5.0 followup", "v5.0 ideal", "v5.0 bold"],
    ...["v5.2 legacy", "v5.2 followup", "v5.2 ideal", "v5.2 bold"],
  ]);
  assertEquals(runs[0].figures["nic.faults"], 16);
  assertEquals(judged.map(({ failures }) => failures.length), [0, 1]);
});

Deno.test("checkJson() passes only if nothing is wrong", () => {
  const good = { file: "a.yaml", diagnostics: [] };
  assertEquals(checkJson([good]).passed, true);
  const bad = { file: "b.yaml", diagnostics: [{ message: "Wrong" }] };
  assertEquals(checkJson([good, bad]), {
    format: "mmulab.check/1",
    passed: false,
    files: [good, bad],
  });
});
