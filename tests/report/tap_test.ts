import { assertEquals } from "@std/assert";
import { Parser, type Result } from "tap-parser";
import type { ReportDocument } from "../../lib/report/document.ts";
import { casesOf } from "../../lib/report/junit.ts";
import { tapText } from "../../lib/report/tap.ts";
import { documentOf, hostileDocument } from "./documents.ts";

const FAILING = `name: Two things fail
processes: { p: {} }
steps:
  - mmap: { process: p, name: ram, size: 2 pages }
    expect: { ret: 1 }
  - write: { range: ram }
    expect: { pages: { ram: { writable: false } } }
`;

/** The points that a parser of others finds, once it has found nothing wrong. */
function pointsOf(document: ReportDocument): Result[] {
  const found = Parser.parse(tapText(document), { strict: true });
  const of = (kind: string) => found.filter(([name]) => name === kind).map(([, what]) => what);
  assertEquals([of("extra"), of("child")], [[], []]);
  return of("assert") as Result[];
}

Deno.test("a parser of TAP finds a point per run, with all that is known of a failure", () => {
  const document = documentOf(FAILING);
  const [scenario] = document.scenarios;
  const [first, second] = scenario.failures;
  assertEquals(first.text.split("\n").length > 5, true);
  const diag = {
    message: first.message,
    at: "a.yaml:5:15",
    text: first.text,
    message_2: second.message,
    at_2: "a.yaml:7:31",
    text_2: second.text,
  };
  const wanted = casesOf(scenario).map(({ name }) => [`Two things fail: ${name}`, false, diag]);
  assertEquals(pointsOf(document).map(({ name, ok, diag }) => [name, ok, diag]), wanted);
});

Deno.test("a parser of TAP reads hostile text as text", () => {
  const points = pointsOf(hostileDocument(FAILING));
  const failed = [false, false, false];
  assertEquals(points.map(({ ok, skip, todo }) => [ok, skip, todo]), [failed, failed, failed]);
});

for (
  const name of ["a {", "a # SKIP b", "a # TODO", "a \\", "\\# TODO", "Bail out!", "- 1..3"]
) {
  Deno.test(`a parser of TAP takes the name "${name}" as it is`, () => {
    const document = documentOf(FAILING);
    const [scenario] = document.scenarios;
    const [point] = pointsOf({ ...document, scenarios: [{ ...scenario, name }] });
    assertEquals([point.name, point.skip, point.todo], [`${name}: v5.2 legacy`, false, false]);
  });
}
