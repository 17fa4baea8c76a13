/**
 * Where the time goes: virtual and real, by scenario and step.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import { countRuns } from "./failures.ts";
import { type Cell, layout } from "./layout.ts";
import { amount, timeText } from "./numbers.ts";
import type { Palette } from "./palette.ts";
import type { ScenarioResult } from "./results.ts";

/** A scenario and how long its steps took. */
export interface MeasuredResult {
  /** The scenario. */
  readonly result: ScenarioResult;
  /** Real time of each step over all runs, in ms. */
  readonly wall_ms: readonly number[];
}

/**
 * Renders times as a tree; every line is the sum over all runs of its scenario.
 *
 * @param measured The scenarios.
 * @param palette Colours.
 * @returns Text that ends in a newline.
 */
export function profileText(measured: readonly MeasuredResult[], palette: Palette): string {
  const total = measured.reduce((sum, { wall_ms }) => sum + sumOf(wall_ms), 0);
  const head = ["profile", "virtual", "real", ""].map((text) => ({ text, paint: palette.dim }));
  const rows = measured.flatMap((one) => scenarioRows(one, total, palette));
  return layout([head, ...rows], [1, 2, 3]).map((line) => `${line.trimEnd()}\n`).join("");
}

function scenarioRows(
  { result, wall_ms }: MeasuredResult,
  total: number,
  palette: Palette,
): Cell[][] {
  const { program, comparisons } = result;
  const runs = comparisons.flatMap(({ runs }) => runs);
  const virtual = sumOf(runs.map(({ time_ns }) => time_ns));
  const title = `${escapeControl(program.name)}, ${amount(countRuns(comparisons), "run")}`;
  const steps = program.steps.map(({ label, name }, index) => {
    const passed = sumOf(runs.map(({ steps }) => steps[index]?.time_ns ?? 0));
    const text = `  ${index + 1} ${escapeControl(name ?? label)}`;
    return timeRow(text, passed, wall_ms[index] ?? 0, total, palette.dim);
  });
  return [timeRow(title, virtual, sumOf(wall_ms), total, palette.bold), ...steps];
}

function timeRow(
  text: string,
  virtual_ns: number,
  wall_ms: number,
  total: number,
  paint: (text: string) => string,
): Cell[] {
  const share = total === 0 ? 0 : Math.round((100 * wall_ms) / total);
  return [
    { text, paint },
    { text: timeText(virtual_ns) },
    { text: timeText(wall_ms * 1e6) },
    { text: `${share}%` },
  ];
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
