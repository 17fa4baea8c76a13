/**
 * Failures as annotations of GitHub Actions, which are lines on the output.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { ReportDocument, ReportFailure, ReportScenario } from "./document.ts";

/**
 * Renders the failures of a run as annotations.
 *
 * @param document The run.
 * @returns A line per failure, and per scenario that is inconclusive or skipped, or nothing.
 */
export function githubText({ scenarios }: ReportDocument): string {
  return scenarios.flatMap((scenario) => [
    ...scenario.failures.map((failure) => failureLine(scenario, failure)),
    ...(scenario.status === "inconclusive" ? [unclearLine(scenario)] : []),
    ...(scenario.status === "skipped" ? [skippedLine(scenario)] : []),
  ]).join("");
}

function failureLine({ name, file }: ReportScenario, failure: ReportFailure): string {
  const { position, message, text } = failure;
  const place = position === null
    ? `file=${property(file)}`
    : `file=${property(position.file)},line=${position.line},col=${position.column}`;
  const body = text.split("\n").map(escapeControl).join("\n");
  return `::error ${place},title=${property(name)}::${
    data(`${escapeControl(message)}\n${body}`)
  }\n`;
}

function unclearLine({ name, file }: ReportScenario): string {
  return `::warning file=${property(file)},title=${property(name)}::` +
    "Inconclusive: the trace was full\n";
}

function skippedLine({ name, file, reason = "" }: ReportScenario): string {
  return `::notice file=${property(file)},title=${property(name)}::` +
    `Skipped: ${data(escapeControl(reason))}\n`;
}

function data(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

function property(text: string): string {
  return data(escapeControl(text)).replace(/:/g, "%3A").replace(/,/g, "%2C");
}
