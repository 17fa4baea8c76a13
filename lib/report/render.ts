/**
 * The kinds of reports by name.
 *
 * @module
 */

import { type ReportDocument, reportLines } from "./document.ts";
import { githubText } from "./github.ts";
import { htmlReport } from "./html.ts";
import { junitXml } from "./junit.ts";
import { type DocumentOptions, reportDocument } from "./report_document.ts";
import type { Reported } from "./results.ts";
import { tapText } from "./tap.ts";

/** A kind of report; `jsonl` is JSON with a line per scenario, `github` are annotations. */
export type ReportKind = "html" | "junit" | "tap" | "json" | "jsonl" | "github";

const RENDERERS: Readonly<Record<ReportKind, (document: ReportDocument) => string>> = {
  junit: junitXml,
  tap: tapText,
  json: (document) => `${JSON.stringify(document, null, 2)}\n`,
  jsonl: reportLines,
  html: htmlReport,
  github: githubText,
};

/**
 * Makes a report of what was run or compared.
 *
 * @param kind The kind of report.
 * @param reported One or several runs or comparisons; those of one program are one scenario.
 * @param options The way to rerun, for the commands in the report.
 * @returns The report.
 * @throws {RangeError} If there is no such kind.
 * @example
 * ```ts
 * import { report } from "./render.ts";
 * import { compareScenario } from "../compare/run_scenario.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const comparison = compareScenario("name: A nap\nsteps: [{ wait: { time: 1 ms } }]");
 * assertStringIncludes(report("tap", comparison), "ok 1 - A nap");
 * assertStringIncludes(report("html", comparison), "<h2");
 * ```
 */
export function report(
  kind: ReportKind,
  reported: Reported,
  options: DocumentOptions = {},
): string {
  return renderReport(kind, reportDocument(reported, options));
}

/**
 * Renders a document.
 *
 * @param kind Name of the kind, such as `junit`.
 * @param document The document.
 * @returns The report.
 * @throws {RangeError} If there is no such kind.
 */
export function renderReport(kind: string, document: ReportDocument): string {
  if (!isKind(kind)) {
    const known = Object.keys(RENDERERS).join(", ");
    throw new RangeError(`Cannot make report "${kind}": expected one of ${known}`);
  }
  return RENDERERS[kind](document);
}

function isKind(kind: string): kind is ReportKind {
  return Object.hasOwn(RENDERERS, kind);
}
