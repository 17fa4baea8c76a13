/** Results of real runs for the tests of the reports. */

import { comparePolicies, type Comparison } from "../../lib/compare/compare.ts";
import { type ScenarioResult, scenarioResults } from "../../lib/report/results.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

/** Reads a fixture of the command line's tests. */
export function fixture(name: string): string {
  return Deno.readTextFileSync(new URL(`../cli/fixtures/${name}.yaml`, import.meta.url));
}

/** Runs a scenario under every kernel that it names. */
export function comparisonsOf(source: string, file = "a.yaml"): Comparison[] {
  const program = parseScenario(source, { file });
  return program.kernels.map((kernel) => comparePolicies(program, { kernel }));
}

/** The same, as the texts of failures take it. */
export function resultOf(source: string): ScenarioResult {
  return scenarioResults(comparisonsOf(source))[0];
}
