/**
 * Scenarios, run as they are: from their text, or from an object that says the same.
 *
 * @module
 */

import type { Program } from "../machine/program.ts";
import { type RunOptions, runProgram, type RunResult } from "../machine/run.ts";
import { ScenarioError } from "../scenario/diagnostics.ts";
import { checkScenario, type ScenarioOptions } from "../scenario/scenario.ts";
import { type CompareOptions, comparePolicies, type Comparison } from "./compare.ts";

/**
 * A scenario: YAML text, or an object with the same keys (`{ name, steps, ... }`). Positions in an
 * object are those of its JSON text, indented by two.
 */
export type ScenarioSource = string | Readonly<Record<string, unknown>>;

/** How to read and run a scenario. */
export interface RunScenarioOptions extends ScenarioOptions, RunOptions {}

/** How to read a scenario and compare policies in it. */
export interface CompareScenarioOptions extends ScenarioOptions, CompareOptions {}

/**
 * Runs a scenario under one policy.
 *
 * @param source The scenario.
 * @param options Variables and file name; kernel, policy, seed and signal.
 * @returns What came of it.
 * @throws {ScenarioError} If something is wrong with the scenario.
 * @throws {TypeError} If it is neither text nor an object.
 * @throws {RangeError} If kernel or policy is unknown.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { runScenario } from "./run_scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { passed, figures } = runScenario({
 *   name: "Eight pages",
 *   processes: { app: {} },
 *   steps: [
 *     { mmap: { process: "app", name: "buf", size: "8 pages" } },
 *     { fill: { range: "buf" } },
 *   ],
 * });
 * assertEquals([passed, figures["app.rss"]], [true, 8]);
 * ```
 */
export function runScenario(
  source: ScenarioSource,
  options: RunScenarioOptions = {},
): RunResult {
  return runProgram(programsOf(source, options)[0], options);
}

/**
 * Runs a scenario once per policy and puts the results side by side.
 *
 * @param source The scenario.
 * @param options Variables and file name; kernel, policies, seed and signal.
 * @returns The comparison.
 * @throws {ScenarioError} If something is wrong with the scenario.
 * @throws {TypeError} If it is neither text nor an object.
 * @throws {RangeError} If kernel or policy is unknown.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { compareScenario } from "./run_scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { columns } = compareScenario("name: A nap\nsteps: [{ wait: { time: 20 ms } }]");
 * assertEquals(columns, ["legacy", "followup", "ideal"]);
 * ```
 */
export function compareScenario(
  source: ScenarioSource,
  options: CompareScenarioOptions = {},
): Comparison {
  return comparePolicies(programsOf(source, options)[0], options);
}

/**
 * Reads a scenario.
 *
 * @param source The scenario.
 * @param options Variables and file name.
 * @returns The programs of all cells of its matrix, one or more; one without a matrix.
 * @throws {ScenarioError} If something is wrong with it.
 * @throws {TypeError} If it is neither text nor an object, or an object that has no JSON text.
 */
export function programsOf(source: ScenarioSource, options: ScenarioOptions): readonly Program[] {
  const { programs, diagnostics } = checkScenario(textOf(source), options);
  if (programs.length > 0) return programs;
  throw new ScenarioError(options.file ?? "scenario", diagnostics);
}

function textOf(source: ScenarioSource): string {
  if (typeof source === "string") return source;
  if (typeof source === "object" && source !== null) return jsonOf(source);
  throw new TypeError(
    `Cannot read a scenario: expected YAML text or an object, got ${String(source)}`,
  );
}

function jsonOf(source: object): string {
  try {
    return JSON.stringify(source, null, 2);
  } catch (cause) {
    throw new TypeError(
      "Cannot read a scenario: expected an object that has a JSON text, without cycles and BigInts",
      { cause },
    );
  }
}
