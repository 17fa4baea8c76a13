import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { comparePolicies } from "../../lib/compare/compare.ts";
import { runScenario } from "../../lib/compare/run_scenario.ts";
import { htmlReport } from "../../lib/report/html.ts";
import { recordComparison } from "../../lib/report/record.ts";
import { report, type ReportKind } from "../../lib/report/render.ts";
import { renderTrace, type TraceFormat } from "../../lib/report/render_trace.ts";
import { reportDocument } from "../../lib/report/report_document.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";
import { fixture } from "./results.ts";

const program = parseScenario(fixture("failing"), { file: "a.yaml" });

Deno.test("report() of a run, of a comparison and of a list has a scenario for each program", () => {
  const run = runScenario("name: A nap\nsteps: [{ wait: { time: 1 ms } }]");
  assertEquals(reportDocument(run).scenarios.map(({ name }) => name), ["A nap"]);
  const comparisons = program.kernels.map((kernel) => comparePolicies(program, { kernel }));
  const { scenarios, selected } = reportDocument([...comparisons, run]);
  assertEquals(scenarios.map(({ order, kernels }) => [order, kernels.length]), [[0, 2], [1, 1]]);
  assertEquals(selected, 2);
});

Deno.test("a run is reported with its kernel, policy, seed and time", () => {
  const run = runScenario("name: A nap\nsteps: [{ wait: { time: 1 ms } }]", {
    kernel: "v6.1",
    policy: "ideal",
    seed: 7,
  });
  const [{ kernels: [{ kernel, columns, runs: [{ seed, time_ns }] }] }] =
    reportDocument(run).scenarios;
  assertEquals([kernel, columns, seed, time_ns], ["v6.1", ["ideal"], 7, 1e6]);
});

Deno.test("failures show the text that was parsed, without being given it again", () => {
  const text = report("junit", comparePolicies(program));
  assertStringIncludes(text, "a.yaml:");
  assertStringIncludes(text, "^^^");
});

Deno.test("a page has charts where the comparison was recorded", () => {
  const page = report("html", recordComparison(program));
  assertEquals(page, htmlReport(reportDocument(recordComparison(program))));
  assertStringIncludes(page, "Windows over time");
  assert(!report("html", comparePolicies(program)).includes("Windows over time"));
});

Deno.test("recordComparison() records what is asked for", () => {
  const options = { timelines: false, traces: false, coverage: true, policies: ["ideal"] };
  const { timelines, traces, coverage } = recordComparison(program, options);
  assertEquals([timelines, traces], [[], []]);
  assert(Object.keys(coverage?.events ?? {}).length > 0);
});

Deno.test("unknown kinds of reports and traces are refused with those that there are", () => {
  assertThrows(
    () => report("pdf" as ReportKind, []),
    RangeError,
    'Cannot make report "pdf": expected one of junit, tap, json, jsonl, html, github',
  );
  assertThrows(
    () => renderTrace("pdf" as TraceFormat, []),
    RangeError,
    'Cannot make trace "pdf": expected one of perfetto, ftrace, jsonl',
  );
});
