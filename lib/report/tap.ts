/**
 * Reports in the Test Anything Protocol, version 14: a point per run and per comparison, with a YAML
 * block for what failed.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { ReportDocument, ReportFailure } from "./document.ts";
import { casesOf, type ReportCase } from "./junit.ts";
import { placeText } from "./source_text.ts";

/**
 * Renders a run as TAP.
 *
 * @param document The run.
 * @returns Text that ends in a newline.
 */
export function tapText({ scenarios }: ReportDocument): string {
  const points = scenarios.flatMap((scenario) =>
    casesOf(scenario).map((one) => ({ title: `${scenario.name}: ${one.name}`, one }))
  );
  const lines = points.flatMap(({ title, one }, index) => pointLines(title, one, index + 1));
  return ["TAP version 14", `1..${points.length}`, ...lines, ""].join("\n");
}

function pointLines(
  title: string,
  { status, failures, reason }: ReportCase,
  number: number,
): string[] {
  const verdict = status === "failed" ? "not ok" : "ok";
  const what = status === "inconclusive" ? "inconclusive: " : "";
  const directive = reason === undefined ? "" : ` # SKIP ${what}${plain(reason)}`;
  const line = `${verdict} ${number} - ${plain(title)}${directive}`;
  return failures.length === 0 ? [line] : [line, "  ---", ...failures.flatMap(yaml), "  ..."];
}

/** A failure in the YAML block of a point; of several, the keys are numbered from the second on. */
function yaml({ message, position, text }: ReportFailure, index: number): string[] {
  const key = index === 0 ? "" : `_${index + 1}`;
  return [
    `message${key}: ${quoted(message)}`,
    ...(position === null ? [] : [`at${key}: ${quoted(placeText(position))}`]),
    `text${key}: |2-`,
    ...text.split("\n").map((line) => `  ${printable(line)}`),
  ].map((line) => `  ${line}`);
}

function quoted(text: string): string {
  return JSON.stringify(printable(text));
}

/** On one line, and without what YAML forbids. */
function printable(text: string): string {
  return escapeControl(text.toWellFormed()).replace(/[\ufffe\uffff]/g, "\ufffd");
}

/** A description: on one line, without what would begin a directive. */
function plain(text: string): string {
  return printable(text).replace(/[\\#]/g, "\\$&");
}
