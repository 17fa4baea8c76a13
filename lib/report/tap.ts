/**
 * Reports in the Test Anything Protocol, version 14: a point per run and per comparison.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { ReportDocument, ReportFailure } from "./document.ts";
import { casesOf, type ReportCase } from "./junit.ts";

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

function yaml({ message, position }: ReportFailure, index: number): string[] {
  const key = index === 0 ? "" : `_${index + 1}`;
  const lines = [`  message${key}: ${JSON.stringify(escapeControl(message))}`];
  if (position === null) return lines;
  const { file, line, column } = position;
  return [...lines, `  at${key}: ${JSON.stringify(escapeControl(`${file}:${line}:${column}`))}`];
}

/** A description: on one line, without what would begin a directive. */
function plain(text: string): string {
  return escapeControl(text).replace(/[\\#]/g, "\\$&");
}
