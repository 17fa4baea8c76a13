import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { reportLines } from "../../lib/report/document.ts";
import { parseReport } from "../../lib/report/document_shape.ts";
import { githubText } from "../../lib/report/github.ts";
import { junitXml } from "../../lib/report/junit.ts";
import { escapeMarkup } from "../../lib/report/markup.ts";
import { mergeReports } from "../../lib/report/merge.ts";
import { renderReport } from "../../lib/report/render.ts";
import { tapText } from "../../lib/report/tap.ts";
import { documentOf, elementsOf, hostileDocument } from "./documents.ts";
import { fixture } from "./results.ts";

const failing = documentOf(fixture("failing"));

Deno.test("junitXml() of failures", async (t) => {
  await t.assertSnapshot(junitXml(failing));
});

Deno.test("tapText() of failures", async (t) => {
  await t.assertSnapshot(tapText(failing));
});

Deno.test("githubText() of failures", async (t) => {
  await t.assertSnapshot(githubText(failing));
});

Deno.test("junitXml() counts what it holds", () => {
  const xml = junitXml(failing);
  const names = elementsOf(xml);
  const count = (name: string) => names.filter((one) => one === name).length;
  const [, tests, failures] = /tests="(\d+)" failures="(\d+)"/.exec(xml) ?? [];
  assertEquals(Number(tests), count("testcase"));
  assertEquals(Number(failures), count("failure"));
});

Deno.test("an inconclusive run is skipped in JUnit and TAP, and a warning on GitHub", () => {
  const [scenario] = documentOf(fixture("mprotect")).scenarios;
  const kernels = scenario.kernels.map((one) => ({
    ...one,
    runs: one.runs.map((run) => ({ ...run, status: "inconclusive" as const })),
  }));
  const unclear = { ...scenario, status: "inconclusive" as const, kernels };
  const document = { ...failing, scenarios: [unclear] };
  assertEquals(elementsOf(junitXml(document)).filter((name) => name === "skipped").length, 8);
  assertMatch(tapText(document), /^ok 1 - .* # SKIP inconclusive: the trace was full$/m);
  assertMatch(githubText(document), /^::warning file=a\.yaml,title=/);
});

Deno.test("no report lets hostile text out", () => {
  const document = hostileDocument(fixture("failing"));
  const xml = junitXml(document);
  assertEquals(
    [...new Set(elementsOf(xml))].sort(),
    ["failure", "testcase", "testsuite", "testsuites"],
  );
  for (const kind of ["junit", "tap", "github", "html"]) {
    const text = renderReport(kind, document);
    // deno-lint-ignore no-control-regex
    assertEquals(text.match(/[\u0000-\u0009\u000b-\u001f\u202e]/g), null, kind);
  }
  const tap = tapText(document).split("\n");
  assert(tap.every((line) => /^(TAP|1\.\.|ok|not ok| {2}|$)/.test(line)));
  assertEquals(tap.filter((line) => /^(not )?ok.*[^\\]#/.test(line)), []);
  const annotations = githubText(document).trimEnd().split("\n");
  assertEquals(annotations.length, document.scenarios[0].failures.length);
  for (const line of annotations) {
    assertMatch(line, /^::error file=[^,:]*,line=\d+,col=\d+,title=[^,:]*::/);
  }
});

Deno.test("escapeMarkup() leaves nothing that XML forbids", () => {
  assertEquals(escapeMarkup("a\ud800\uffff\u0000\n<"), "a\ufffd\ufffd\\x00\n&lt;");
});

Deno.test("parseReport() reads JSON and JSON lines back", () => {
  assertEquals(parseReport(JSON.stringify(failing)), JSON.parse(JSON.stringify(failing)));
  assertEquals(parseReport(reportLines(failing)), JSON.parse(JSON.stringify(failing)));
});

for (
  const [text, message] of [
    ["", "expected JSON or JSON lines"],
    ["{", "expected JSON or JSON lines"],
    ["{}", "expected mmulab.report/1 at report.format"],
    ["null", "expected an object at report"],
    ['{"format":"mmulab.run/1"}', "expected mmulab.report/1 at report.format"],
    ['{"format":"mmulab.report/1","shard":3}', "expected an object at report.shard"],
    [
      '{"format":"mmulab.report/1","shard":null,"selected":1,"scenarios":[{"order":"x"}]}',
      "expected a number at report.scenarios[0].order",
    ],
  ] as const
) {
  Deno.test(`parseReport() refuses ${text || "nothing"}`, () => {
    assertThrows(() => parseReport(text), SyntaxError, message);
  });
}

Deno.test("mergeReports() refuses what are not all the shards of one run", () => {
  const shard = (index: number, of: number) => ({
    ...failing,
    scenarios: [],
    shard: { index, of },
  });
  for (
    const [documents, message] of [
      [[], "there is none"],
      [[failing, failing], "one is of a whole run"],
      [[shard(1, 2)], "missing shard 2/2"],
      [[shard(1, 2), shard(1, 2)], "shard 1/2 is there twice"],
      [[shard(1, 2), shard(2, 3)], "they are of different runs"],
      [[shard(1, 2), { ...shard(2, 2), selected: 9 }], "they are of different runs"],
      [
        [{ ...failing, shard: { index: 1, of: 2 } }, { ...failing, shard: { index: 2, of: 2 } }],
        "shares its place",
      ],
    ] as const
  ) {
    assertThrows(() => mergeReports(documents), RangeError, message);
  }
});
