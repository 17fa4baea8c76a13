/** Results of real runs for the tests of the reports. */

import { comparePolicies } from "../../lib/compare/compare.ts";
import { PLAIN } from "../../lib/report/palette.ts";
import type { ReportOptions } from "../../lib/report/failure_text.ts";
import type { ScenarioResult } from "../../lib/report/results.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

/** Reads a fixture of the command line's tests. */
export function fixture(name: string): string {
  return Deno.readTextFileSync(new URL(`../cli/fixtures/${name}.yaml`, import.meta.url));
}

/** Runs a scenario under every kernel that it names. */
export function resultOf(source: string, file = "a.yaml"): ScenarioResult {
  const program = parseScenario(source, { file });
  const comparisons = program.kernels.map((kernel) => comparePolicies(program, { kernel }));
  return { file, program, comparisons };
}

/** Options without colours. */
export function plain(source: string, file = "a.yaml"): ReportOptions {
  return {
    sources: new Map([[file, source]]),
    palette: PLAIN,
    invocation: "mmulab",
    settings: [],
  };
}
