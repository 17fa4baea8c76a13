/**
 * The command `check`, and what all commands do with files that cannot be used.
 *
 * @module
 */

import { checkText, diagnosticsText } from "../report/check_text.ts";
import { checkJson } from "../report/json.ts";
import { PASSED, WRONG } from "./exit_code.ts";
import { isWrong, load, type Loaded } from "./load.ts";
import type { Streams } from "./output.ts";
import type { Settings } from "./settings.ts";

/**
 * Checks scenarios without running them.
 *
 * @param paths Files and folders.
 * @param settings The options of the command line.
 * @param streams Where to write.
 * @returns The exit code.
 */
export function check(paths: readonly string[], settings: Settings, streams: Streams): number {
  const loaded = loadAll(paths, settings);
  if (!settings.json) streams.out.write(checkText(loaded.files, streams.out.palette));
  if (isWrong(loaded)) return reportProblems(loaded, settings, streams);
  if (settings.json) streams.out.write(jsonOf(loaded));
  return PASSED;
}

/**
 * Reads and checks the files of a command line.
 *
 * @param paths Files and folders.
 * @param settings The options of the command line.
 * @returns What came of it.
 */
export function loadAll(
  paths: readonly string[],
  { variables, ...settings }: Settings,
): Loaded {
  return load(paths, { ...settings, variables: Object.fromEntries(variables) });
}

/**
 * Says what is wrong with files.
 *
 * @param loaded The files.
 * @param settings The options of the command line.
 * @param streams Where to write: text to the errors, JSON to the output as well.
 * @returns The exit code.
 */
export function reportProblems(loaded: Loaded, settings: Settings, { out, err }: Streams): number {
  if (settings.json) out.write(jsonOf(loaded));
  err.write(diagnosticsText(loaded.files, loaded.sources, err.palette));
  return WRONG;
}

function jsonOf({ files }: Loaded): string {
  return JSON.stringify(checkJson(files), null, 2) + "\n";
}
