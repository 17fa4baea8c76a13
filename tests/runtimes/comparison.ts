/**
 * What the tests run in every runtime: scenarios to JSON, through the public entry points.
 *
 * @module
 */

import { comparePolicies, parseScenario } from "@mmulab/mmulab/scenario";
import { compareJson, runJson } from "@mmulab/mmulab/report";

/**
 * Compares the policies of a scenario under each of its kernels.
 *
 * @param source The scenario.
 * @returns The documents of `run --json` and `compare --json`, as text.
 */
export function comparisonJson(source: string): string {
  const program = parseScenario(source, { file: "scenario.yaml" });
  const comparisons = program.kernels.map((kernel) => comparePolicies(program, { kernel }));
  return JSON.stringify([runJson(comparisons), compareJson(comparisons)]);
}
