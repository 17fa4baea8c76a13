/**
 * The command `mutate`: which scenarios notice injected mistakes.
 *
 * @module
 */

import { mutateRuns } from "../compare/mutate.ts";
import type { FaultName } from "../kernel/faults.ts";
import { hasNoHole, mutateJson, mutateText } from "../report/mutate_text.ts";
import { loadAll, reportProblems } from "./check_command.ts";
import { FAILED, PASSED } from "./exit_code.ts";
import { libraryOr } from "./library.ts";
import { isWrong } from "./load.ts";
import { refuse, type Streams } from "./output.ts";
import { withProgress } from "./progress.ts";
import { noKernelText, underKernels } from "./selection.ts";
import type { Settings } from "./settings.ts";

/**
 * Runs scenarios with every mistake injected, one at a time.
 *
 * @param paths Files and folders; the library of scenarios where there are none.
 * @param settings The options of the command line.
 * @param streams Where to write.
 * @param faults Only these mistakes; all where there are none.
 * @returns The exit code.
 */
export function mutate(
  paths: readonly string[],
  settings: Settings,
  streams: Streams,
  faults: readonly FaultName[] = [],
): number {
  const loaded = loadAll(libraryOr(paths), settings);
  if (isWrong(loaded)) return reportProblems(loaded, settings, streams);
  const nothing = noKernelText(loaded.scenarios, settings.kernels);
  if (nothing !== undefined) return refuse(nothing, streams.err);
  const { running, skipped } = underKernels(loaded.scenarios);
  const report = withProgress(
    streams.err,
    mutateRuns(
      running.map(({ program }) => program),
      faults.length === 0 ? {} : { faults },
    ),
    ({ index }) => `${index + 1} of ${running.length}: ${running[index].file}`,
  );
  const { out } = streams;
  const json = () => JSON.stringify(mutateJson(report, skipped), null, 2) + "\n";
  out.write(settings.json ? json() : mutateText(report, out.palette, skipped));
  return hasNoHole(report) ? PASSED : FAILED;
}
