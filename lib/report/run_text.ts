/**
 * The report of a run as text: a line per scenario, then every failure, then the sum.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import { countRuns, groupFailures } from "./failures.ts";
import { failureText } from "./failure_text.ts";
import { type Cell, indent, layout } from "./layout.ts";
import { amount, timeText } from "./numbers.ts";
import { type Rendering, renderingOf, type ReportOptions } from "./options.ts";
import type { Palette } from "./palette.ts";
import {
  hasPassed,
  isInconclusive,
  isSkipped,
  type Reported,
  type ScenarioResult,
  scenarioResults,
  skipText,
} from "./results.ts";

/**
 * Renders the results of a run.
 *
 * @param reported What was run or compared.
 * @param options Colours and the way to rerun.
 * @returns Text that ends in a newline.
 */
export function runText(reported: Reported, options: ReportOptions = {}): string {
  const results = scenarioResults(reported);
  const rendering = renderingOf(options);
  const { palette } = rendering;
  const lines = layout(results.map((result) => scenarioCells(result, palette)), [2, 3, 4]);
  for (const result of results) lines.push(...failureLines(result, rendering));
  lines.push("", sumText(results, palette));
  return lines.join("\n") + "\n";
}

/**
 * Renders the failures of a scenario.
 *
 * @param result The scenario.
 * @param options Colours and the way to rerun.
 * @returns Lines, none if it passed; the first one is empty.
 */
export function failureLines(result: ScenarioResult, options: Rendering): string[] {
  return groupFailures(result).flatMap((group) => [
    "",
    `${options.palette.red("failed")}  ${escapeControl(result.program.name)}`,
    ...indent(failureText(group, result, options), 2),
  ]);
}

function scenarioCells(result: ScenarioResult, palette: Palette): Cell[] {
  const { program, comparisons } = result;
  const { dim } = palette;
  return [
    statusCell(result, palette),
    { text: escapeControl(program.name) },
    { text: amount(program.steps.length, "step") },
    { text: amount(countRuns(comparisons), "run") },
    { text: isSkipped(result) ? "" : timesText(result) },
    {
      text: isSkipped(result) ? skipText(result) : escapeControl(settingsText(result)),
      paint: dim,
    },
  ];
}

function statusCell(result: ScenarioResult, { green, red, yellow }: Palette): Cell {
  if (isSkipped(result)) return { text: "skipped", paint: yellow };
  if (isInconclusive(result)) return { text: "unclear", paint: yellow };
  const passed = hasPassed(result);
  return { text: passed ? "passed" : "failed", paint: passed ? green : red };
}

/** Virtual time of the runs: one, or from the least to the most. */
function timesText({ comparisons }: ScenarioResult): string {
  const times = comparisons.flatMap(({ runs }) => runs.map(({ time_ns }) => time_ns));
  const [least, most] = [timeText(Math.min(...times)), timeText(Math.max(...times))];
  return least === most ? least : `${least} to ${most}`;
}

function settingsText({ comparisons }: ScenarioResult): string {
  const kernels = comparisons.map(({ kernel }) => kernel).join(", ");
  const policies = new Set(comparisons.flatMap(({ columns }) => columns));
  return `${kernels} with ${[...policies].join(", ")}`;
}

function sumText(results: readonly ScenarioResult[], { green, red, yellow }: Palette): string {
  const failed = results.filter((result) => !hasPassed(result)).length;
  const unclear = results.filter(isInconclusive).length;
  const skipped = results.filter(isSkipped).length;
  const passed = results.length - failed - unclear - skipped;
  const runs = results.reduce((sum, { comparisons }) => sum + countRuns(comparisons), 0);
  const of = `${amount(results.length, "scenario")}, ${amount(runs, "run")}`;
  return `${of}: ${green(`${passed} passed`)}, ${
    failed === 0 ? "0 failed" : red(`${failed} failed`)
  }${skipped === 0 ? "" : `, ${yellow(`${skipped} skipped`)}`}${
    unclear === 0
      ? ""
      : `, ${yellow(`${unclear} unclear because the trace was full (--trace-limit keeps more)`)}`
  }`;
}
