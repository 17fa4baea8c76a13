/**
 * The report of a comparison as text: per listener a verdict and a table.
 *
 * @module
 */

import type { Comparison } from "../compare/compare.ts";
import type { ListenerComparison } from "../compare/listeners.ts";
import { escapeControl } from "../kernel/escape.ts";
import { COUNTER_MEANINGS, counterLabel } from "./counters_text.ts";
import { type Cell, indent, layout, wrap } from "./layout.ts";
import { amount, changeText, countText, timeText } from "./numbers.ts";
import { type Rendering, renderingOf, type ReportOptions } from "./options.ts";
import type { Palette } from "./palette.ts";
import {
  hasPassed,
  isSkipped,
  type Reported,
  type ScenarioResult,
  scenarioResults,
  skipText,
} from "./results.ts";
import { failureLines } from "./run_text.ts";
import { verdicts } from "./verdict.ts";

/** Most characters in a line of prose. */
const PROSE_WIDTH = 96;

/**
 * Renders comparisons.
 *
 * @param reported What was run or compared.
 * @param options Colours, width and the way to rerun.
 * @returns Text that ends in a newline.
 */
export function compareText(reported: Reported, options: ReportOptions = {}): string {
  const results = scenarioResults(reported);
  const rendering = renderingOf(options);
  const blocks = results.map((result) => scenarioLines(result, rendering));
  const failures = results.flatMap((result) => failureLines(result, rendering));
  const lines = blocks.flatMap((block, index) => index === 0 ? block : ["", ...block]);
  return [...lines, ...failures, "", sumText(results, rendering.palette)].join("\n") + "\n";
}

/**
 * Renders the comparison of one scenario, without what was expected of it.
 *
 * @param reported What was compared.
 * @param options Colours and width.
 * @returns Text that ends in a newline.
 */
export function comparisonText(reported: Reported, options: ReportOptions = {}): string {
  const lines = scenarioResults(reported).flatMap((result) =>
    scenarioLines(result, renderingOf(options))
  );
  return lines.join("\n") + "\n";
}

function scenarioLines(result: ScenarioResult, options: Rendering): string[] {
  const { program, file, comparisons } = result;
  const { bold, dim } = options.palette;
  const width = options.width ?? Infinity;
  const about = wrap(
    escapeControl(program.about.replace(/\s+/g, " ")),
    Math.min(PROSE_WIDTH, width - 2),
  );
  return [
    `${bold(escapeControl(program.name))}  ${dim(escapeControl(file))}`,
    ...indent(about.map(dim), 2),
    ...(isSkipped(result) ? ["", `  skipped: ${skipText(result)}`] : []),
    ...groupKernels(comparisons).flatMap((group) => {
      return ["", ...indent(kernelLines(group, options.palette, width - 2), 2)];
    }),
  ];
}

/** Puts comparisons together that say the same of every listener. */
function groupKernels(comparisons: readonly Comparison[]): Comparison[][] {
  const groups = new Map<string, Comparison[]>();
  for (const comparison of comparisons) {
    const unsafe = comparison.runs.map(({ violations }) => violations.length);
    const { listeners, eventContext, columns } = comparison;
    const key = JSON.stringify([listeners, eventContext, columns, unsafe]);
    groups.set(key, [...groups.get(key) ?? [], comparison]);
  }
  return [...groups.values()];
}

function kernelLines(
  group: readonly Comparison[],
  palette: Palette,
  width: number,
): string[] {
  const [comparison] = group;
  const kernels = group.map(({ kernel }) => kernel).join(", ");
  return [
    palette.bold(`kernel ${escapeControl(kernels)}`),
    ...unsafeLines(comparison, palette),
    ...comparison.listeners.flatMap((listener) =>
      listenerLines(listener, comparison, palette, width)
    ),
    ...(comparison.listeners.length === 0 ? ["no listeners"] : []),
  ];
}

/** A policy that breaks an invariant is worth nothing, whatever it saves. */
function unsafeLines({ runs }: Comparison, { red }: Palette): string[] {
  return runs.filter(({ violations }) => violations.length > 0).map(({ policy, violations }) => {
    const { invariant, message } = violations[0];
    const what = `${policy} is not safe: ${amount(violations.length, "violation")}`;
    return red(escapeControl(`${what}, first ${invariant}: ${message}`));
  });
}

function listenerLines(
  listener: ListenerComparison,
  comparison: Comparison,
  palette: Palette,
  width: number,
): string[] {
  const { name, kind, process } = listener;
  const found = verdicts(listener, comparison).flatMap((verdict) => {
    const [first, ...rest] = wrap(escapeControl(verdict), Math.min(PROSE_WIDTH, width - 4));
    return [first, ...indent(rest, 2)].map(palette.green);
  });
  const table = tableRows(listener, comparison.columns, palette);
  return [
    escapeControl(`${name}: ${kind} of ${process}`),
    ...indent([...found, ...tableLines(table, width - 2)], 2),
  ];
}

/** Lays a table out, without the meanings in the last column where they do not fit. */
function tableLines(rows: readonly (readonly Cell[])[], width: number): string[] {
  const right = rows[0].map((_, column) => column).slice(1, -1);
  const plain = rows.map((row) => row.map(({ text }) => ({ text })));
  const fits = layout(plain, right).every((line) => line.length <= width);
  return layout(fits ? rows : rows.map((row) => row.slice(0, -1)), right);
}

/** The counters that are not 0 in every column; one column where all are the same. */
function tableRows(
  { counters }: ListenerComparison,
  columns: readonly string[],
  palette: Palette,
): Cell[][] {
  const shown = Object.entries(COUNTER_MEANINGS).filter(([counter]) =>
    columns.some((column) => counters[counter][column] !== 0)
  );
  if (shown.length === 0) {
    return [[{ text: "nothing happened to it", paint: palette.dim }, { text: "" }]];
  }
  const base = columns[0];
  const differs = shown.some(([counter]) =>
    columns.some((column) => counters[counter][column] !== counters[counter][base])
  );
  const last = columns.findLast((column) => column === "ideal") ?? columns[columns.length - 1];
  const rows = shown.map(([counter, meaning]): Cell[] => {
    const values = (differs ? columns : [base]).map((column) => counters[counter][column]);
    return [
      { text: counterLabel(counter) },
      ...values.map((value) => ({ text: valueText(counter, value) })),
      ...(differs ? [changeCell(counters[counter][last], counters[counter][base], palette)] : []),
      { text: meaning, paint: palette.dim },
    ];
  });
  const all = columns.length === 1 ? base : "every policy";
  const head = ["", ...(differs ? [...columns, `${last}/${base}`] : [all]), ""];
  const header = head.map((text) => ({ text: escapeControl(text), paint: palette.dim }));
  return [header, ...rows];
}

function changeCell(value: number, base: number, { bold, dim }: Palette): Cell {
  return { text: changeText(value, base), paint: value === base ? dim : bold };
}

function valueText(counter: string, value: number): string {
  return counter === "time_ns" ? timeText(value) : countText(value);
}

function sumText(results: readonly ScenarioResult[], { green, red, yellow }: Palette): string {
  const failed = results.filter((result) => !hasPassed(result)).length;
  const skipped = results.filter(isSkipped).length;
  const wanted = results.flatMap(({ comparisons }) => comparisons)
    .reduce((sum, { expectations }) => sum + expectations, 0);
  const of = `${amount(results.length, "scenario")}, ${amount(wanted, "compare expectation")}`;
  const passed = green(`${results.length - failed - skipped} passed`);
  const rest = skipped === 0 ? "" : `, ${yellow(`${skipped} skipped`)}`;
  return `${of}: ${passed}, ${failed === 0 ? "0 failed" : red(`${failed} failed`)}${rest}`;
}
