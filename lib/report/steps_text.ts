/**
 * Steps of a session as text: the list of a program, and what came of a step.
 *
 * @module
 */

import type { Failure } from "../machine/observed.ts";
import { errnoName } from "../kernel/errno.ts";
import { hex } from "../kernel/address.ts";
import { escapeControl } from "../kernel/escape.ts";
import type { Step } from "../machine/program.ts";
import type { StepResult } from "../machine/run.ts";
import type { OperationResult } from "../machine/spec.ts";
import type { Violation } from "../kernel/violation.ts";
import { table } from "./layout.ts";
import { timeText } from "./numbers.ts";

/** Results from here on are addresses. */
const LEAST_ADDRESS = 2 ** 32;

/**
 * Writes what an operation gave back.
 *
 * @param result The result.
 * @returns Text such as `0`, `-EINVAL`, `0x7f0000000000` or `0 (merged 15)`.
 */
export function resultText({ ret, values }: OperationResult): string {
  const code = ret < 0 ? `-${errnoName(ret)}` : ret >= LEAST_ADDRESS ? hex(ret) : String(ret);
  const named = Object.entries(values ?? {}).map(([name, value]) => `${name} ${value}`);
  return named.length === 0 ? code : `${code} (${named.join(", ")})`;
}

/**
 * Writes what came of a step.
 *
 * @param tick Number of the tick, from 1.
 * @param result What came of it.
 * @param violations Breaches found after it.
 * @returns Text that ends in a newline.
 */
export function tickText(
  tick: number,
  result: StepResult,
  violations: readonly Violation[] = [],
): string {
  const title = result.name === undefined ? "" : `${escapeControl(result.name)}: `;
  const lines = [
    `#${tick} ${title}${escapeControl(result.label)} = ${resultText(result.result)}, ${
      timeText(result.time_ns)
    }`,
    ...failedLines(result.failures),
    ...violations.map(({ invariant, message }) =>
      `  violation of ${invariant}: ${escapeControl(message)}`
    ),
  ];
  return lines.join("\n") + "\n";
}

/**
 * Writes what does not hold.
 *
 * @param failures The failures.
 * @returns A line each, or nothing; text that ends in a newline.
 */
export function failuresText(failures: readonly Failure[]): string {
  return failedLines(failures).map((line) => `${line}\n`).join("");
}

function failedLines(failures: readonly Failure[]): string[] {
  return failures.map(({ message }) => `  failed: ${escapeControl(message)}`);
}

/**
 * Lists steps; an arrow stands before the one that is next.
 *
 * @param steps All steps.
 * @param tick Number of steps carried out.
 * @param from First step shown, from 0.
 * @param to First step not shown.
 * @returns Text that ends in a newline.
 */
export function stepListText(
  steps: readonly Step[],
  tick: number,
  from = 0,
  to: number = steps.length,
): string {
  const rows = steps.slice(from, to).map(({ label, position, name }, at) => {
    const index = from + at;
    const mark = index === tick ? "=>" : index < tick ? "ok" : "";
    const line = position === null ? "typed" : `line ${position.line}`;
    const title = name === undefined ? label : `${name}: ${label}`;
    return [mark, `#${index + 1}`, line, escapeControl(title)];
  });
  if (tick >= steps.length && to >= steps.length) rows.push(["=>", "", "", "end"]);
  return table(rows).join("\n") + "\n";
}
