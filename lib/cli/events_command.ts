/**
 * The command `events`: who consumes what, over a set of scenarios.
 *
 * @module
 */

import { StepError } from "../compare/step_error.ts";
import { tabulateRuns } from "../compare/event_table.ts";
import { eventsJson } from "../report/events_json.ts";
import { eventTableText } from "../report/events_text.ts";
import { heatMapHtml, heatMapSvg } from "../report/heat_map.ts";
import { loadAll, reportProblems } from "./check_command.ts";
import { writeFile, writeProblems } from "./destinations.ts";
import { PASSED } from "./exit_code.ts";
import { libraryOr } from "./library.ts";
import { isWrong } from "./load.ts";
import { refuse, type Streams } from "./output.ts";
import { withProgress } from "./progress.ts";
import { problemOf } from "./run_one.ts";
import { noKernelText, underKernels } from "./selection.ts";
import type { Settings } from "./settings.ts";

/** Files to write beside the report. */
export interface EventsFiles {
  /** Where an SVG image goes. */
  readonly svg?: string;
  /** Where an HTML page goes. */
  readonly html?: string;
}

/**
 * Makes the table of events.
 *
 * @param paths Files and folders; the library of scenarios where there are none.
 * @param settings The options of the command line.
 * @param streams Where to write.
 * @param files Files to write as well.
 * @returns The exit code.
 */
export function events(
  paths: readonly string[],
  settings: Settings,
  streams: Streams,
  { svg, html }: EventsFiles = {},
): number {
  const [forbidden] = writeProblems([{ kind: "svg", file: svg }, { kind: "html", file: html }]);
  if (forbidden !== undefined) return refuse(forbidden, streams.err);
  const loaded = loadAll(libraryOr(paths), settings);
  if (isWrong(loaded)) return reportProblems(loaded, settings, streams);
  const nothing = noKernelText(loaded.scenarios, settings.kernels);
  if (nothing !== undefined) return refuse(nothing, streams.err);
  const { running, skipped } = underKernels(loaded.scenarios);
  const [kernel] = settings.kernels;
  let table;
  try {
    const work = tabulateRuns(running.map(({ program }) => program), {
      ...(kernel === undefined ? {} : { kernel }),
      ...(settings.seed === undefined ? {} : { seed: settings.seed }),
    });
    table = withProgress(
      streams.err,
      work,
      ({ index }) => `${index + 1} of ${running.length}: ${running[index].file}`,
    );
  } catch (error) {
    if (!(error instanceof StepError) && !(error instanceof RangeError)) throw error;
    const at = error instanceof StepError ? error.position?.file : undefined;
    const scenario = running.find(({ file }) => file === at) ?? running[0];
    const files = [problemOf(scenario, error)];
    return reportProblems({ ...loaded, files }, settings, streams);
  }
  const { out } = streams;
  const json = () => JSON.stringify(eventsJson(table, skipped), null, 2) + "\n";
  out.write(settings.json ? json() : eventTableText(table, out.palette, skipped));
  const trouble = (svg === undefined ? undefined : writeFile(svg, heatMapSvg(table))) ??
    (html === undefined ? undefined : writeFile(html, heatMapHtml(table)));
  return trouble === undefined ? PASSED : refuse(trouble, streams.err);
}
