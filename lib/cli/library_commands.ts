/**
 * What `list`, `show` and `schema` do.
 *
 * @module
 */

import { cellText } from "../machine/program.ts";
import { listJson, listText } from "../report/list_text.ts";
import { showText } from "../report/show_text.ts";
import { VOCABULARY } from "../scenario/builtin_vocabulary.ts";
import { scenarioSchema } from "../scenario/schema.ts";
import { loadAll, reportProblems } from "./check_command.ts";
import { PASSED } from "./exit_code.ts";
import { isWrong } from "./load.ts";
import type { Streams } from "./output.ts";
import { type RawRunnerOptions, runnerSettingsOf } from "./runner_settings.ts";
import { isSelected } from "./selection.ts";
import type { Settings } from "./settings.ts";

/**
 * Lists scenarios.
 *
 * @param paths Files, folders and patterns.
 * @param settings The options that all commands have.
 * @param raw Tags and text to select by.
 * @param streams Where to write.
 * @returns The exit code.
 * @throws {ValidationError} If an option is wrong.
 */
export function list(
  paths: readonly string[],
  settings: Settings,
  raw: Pick<RawRunnerOptions, "tags" | "filter">,
  streams: Streams,
): number {
  const selection = runnerSettingsOf(raw);
  const loaded = loadAll(paths, settings);
  if (isWrong(loaded)) return reportProblems(loaded, settings, streams);
  const { out } = streams;
  const found = loaded.scenarios.filter((scenario) => isSelected(scenario, selection));
  out.write(
    settings.json ? `${JSON.stringify(listJson(found), null, 2)}\n` : listText(found, out.palette),
  );
  return PASSED;
}

/**
 * Says what scenarios do.
 *
 * @param paths Files, folders and patterns.
 * @param settings The options that all commands have.
 * @param streams Where to write.
 * @returns The exit code.
 */
export function show(paths: readonly string[], settings: Settings, streams: Streams): number {
  const loaded = loadAll(paths, settings);
  if (isWrong(loaded)) return reportProblems(loaded, settings, streams);
  const { palette, width } = streams.out;
  const texts = loaded.scenarios.filter(({ cell }) => cell === 0).map(({ file, program }) => {
    const others = loaded.scenarios.filter((one) => one.file === file).slice(1);
    const cells = others.map(({ program }) => cellText(program));
    return showText(program, { palette, cells, ...(width === undefined ? {} : { width }) });
  });
  streams.out.write(texts.join("\n"));
  return PASSED;
}

/**
 * Writes the JSON Schema of scenario files.
 *
 * @param streams Where to write.
 * @returns The exit code.
 */
export function schema({ out }: Streams): number {
  out.write(`${JSON.stringify(scenarioSchema(VOCABULARY), null, 2)}\n`);
  return PASSED;
}
