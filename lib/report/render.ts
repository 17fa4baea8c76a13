/**
 * The kinds of reports by name.
 *
 * @module
 */

import { type ReportDocument, reportLines } from "./document.ts";
import { githubText } from "./github.ts";
import { htmlReport } from "./html.ts";
import { junitXml } from "./junit.ts";
import { tapText } from "./tap.ts";

const RENDERERS: Readonly<Record<string, (document: ReportDocument) => string>> = {
  junit: junitXml,
  tap: tapText,
  json: (document) => `${JSON.stringify(document, null, 2)}\n`,
  jsonl: reportLines,
  html: htmlReport,
  github: githubText,
};

/**
 * Renders a run.
 *
 * @param kind Name of the kind, such as `junit`.
 * @param document The run.
 * @returns The report.
 * @throws {RangeError} If there is no such kind.
 */
export function renderReport(kind: string, document: ReportDocument): string {
  if (!Object.hasOwn(RENDERERS, kind)) {
    throw new RangeError(`Cannot render report "${kind}": unknown kind`);
  }
  return RENDERERS[kind](document);
}
