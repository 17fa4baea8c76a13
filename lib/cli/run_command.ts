/**
 * The command `compare`.
 *
 * @module
 */

import { BUILT_IN_COLUMNS } from "../machine/program.ts";
import { compareText } from "../report/compare_text.ts";
import { type CheckedFile, compareJson } from "../report/json.ts";
import type { ReportOptions } from "../report/options.ts";
import { hasPassed, type ScenarioResult } from "../report/results.ts";
import { FAILED, PASSED } from "./exit_code.ts";
import { isWrong, type Loaded } from "./load.ts";
import { refuse, type Streams } from "./output.ts";
import { judgeFiles } from "./judge.ts";
import { newProgress, type Progress } from "./progress.ts";
import { loadAll, reportProblems } from "./check_command.ts";
import { runOne } from "./run_one.ts";
import { noKernelText } from "./selection.ts";
import type { Settings } from "./settings.ts";

/**
 * Runs scenarios and shows the policies side by side.
 *
 * @param paths Files and folders.
 * @param settings The options of the command line.
 * @param streams Where to write.
 * @returns The exit code.
 */
export function compare(paths: readonly string[], settings: Settings, streams: Streams): number {
  const { policies } = settings;
  const base = BUILT_IN_COLUMNS[0];
  const columns = policies.length === 0 ? [] : [...new Set([base, ...policies])];
  return execute(
    paths,
    { ...settings, policies: columns },
    streams,
    (results, options) =>
      settings.json ? json(compareJson(results, options)) : compareText(results, options),
  );
}

type Render = (results: readonly ScenarioResult[], options: ReportOptions) => string;

function execute(
  paths: readonly string[],
  settings: Settings,
  streams: Streams,
  render: Render,
): number {
  const loaded = loadAll(paths, settings);
  if (isWrong(loaded)) return reportProblems(loaded, settings, streams);
  const nothing = noKernelText(loaded.scenarios, settings.kernels);
  if (nothing !== undefined) return refuse(nothing, streams.err);
  const ran = runAll(loaded.scenarios, settings, newProgress(streams.err));
  const { problems } = ran;
  const results = judgeFiles(ran.results, loaded.scenarios, settings);
  if (problems.length > 0) {
    return reportProblems({ ...loaded, files: problems }, settings, streams);
  }
  const { palette, width } = streams.out;
  streams.out.write(render(results, {
    palette,
    invocation: settings.invocation,
    settings: settings.rerun,
    ...(width === undefined ? {} : { width }),
  }));
  return results.every(hasPassed) ? PASSED : FAILED;
}

function runAll(scenarios: Loaded["scenarios"], settings: Settings, progress: Progress) {
  const results: ScenarioResult[] = [];
  const problems: CheckedFile[] = [];
  for (const [index, scenario] of scenarios.entries()) {
    const title = `${index + 1} of ${scenarios.length}: ${scenario.file}`;
    const outcome = runOne(
      scenario,
      settings,
      (at) => progress.update(() => `${title}, ${at()}`),
    );
    if ("problem" in outcome) problems.push(outcome.problem);
    else results.push({ ...scenario, comparisons: outcome.comparisons });
  }
  progress.done();
  return { results, problems };
}

function json(document: unknown): string {
  return JSON.stringify(document, null, 2) + "\n";
}
