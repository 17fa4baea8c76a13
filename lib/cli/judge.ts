/**
 * Judging files as a whole: what must happen in some run of a file.
 *
 * @module
 */

import { judgeSometimes } from "../compare/over_runs.ts";
import type { ScenarioResult } from "../report/results.ts";
import type { LoadedScenario } from "./load.ts";
import type { Settings } from "./settings.ts";

/**
 * Adds the failures of files in which something never happened that must happen in some run.
 *
 * A file is judged only where all its cells ran, under all kernels and policies that it names.
 *
 * @param results What came of the scenarios.
 * @param loaded All scenarios, those that were not selected included.
 * @param settings Kernels and policies that were asked for.
 * @returns The results; the failures are those of the last one of each file.
 */
export function judgeFiles(
  results: readonly ScenarioResult[],
  loaded: readonly LoadedScenario[],
  { kernels, policies }: Pick<Settings, "kernels" | "policies">,
): ScenarioResult[] {
  if (kernels.length > 0 || policies.length > 0) return [...results];
  return results.map((result) => {
    if (result.program.sometimes.length === 0) return result;
    const { file } = result;
    const all = results.filter((one) => one.file === file);
    if (result !== all.at(-1)) return result;
    if (all.length < loaded.filter((one) => one.file === file).length) return result;
    return judgeSometimes(all).at(-1) ?? result;
  });
}
