/**
 * What all commands share: their words, their context and how one is carried out.
 *
 * @module
 */

import { PROFILES } from "../kernel/profile.ts";
import type { Streams } from "./output.ts";
import { type RawOptions, type Settings, settingsOf } from "./settings.ts";

/** What the commands work with. */
export interface CommandContext {
  /** Where to write. */
  readonly streams: Streams;
  /** How the program is called. */
  readonly invocation: string;
  /** Exit code; set by the command that ran. */
  exitCode: number;
}

/** Carries a command out and gives its exit code. */
export type Work = (
  paths: readonly string[],
  settings: Settings,
  streams: Streams,
) => number | Promise<number>;

/** The argument of commands that work on files. */
export const FILES = "<files...:file>";
/** What that argument is. */
export const ABOUT_FILES: string[] = [
  "Scenario files; a folder stands for all .yaml files below it, and patterns such as " +
  "'**/ksm-*.yaml' for all that fit.",
];
/** Options of commands that run scenarios. */
export const RUN_OPTIONS: readonly string[] = [
  "kernel",
  "policy",
  "seed",
  "var",
  "var-from-file",
  "listener",
  "json",
];
/** What --kernel is. */
export const ABOUT_KERNEL: string = `Kernel profile: ${Object.keys(PROFILES).join(", ")}; may be ` +
  "repeated. Scenarios of a folder or pattern that do not name it are skipped.";
/** What --var-from-file is. */
export const ABOUT_VARIABLE_FILE =
  "Set the variables of a YAML or JSON file, a map of names; may be repeated. --var goes before.";
/** What --listener is. */
export const ABOUT_LISTENER =
  "Module of a listener of your own: FILE, NAME=FILE or NAME@PROCESS=FILE; may be repeated.";

/**
 * Checks the options of a command and carries it out.
 *
 * @param context Where the exit code goes.
 * @param options The options.
 * @param files The files.
 * @param known Names of the options that the command has.
 * @param work The command.
 */
export async function perform(
  context: CommandContext,
  options: RawOptions,
  files: readonly string[],
  known: readonly string[],
  work: Work,
): Promise<void> {
  const flags = ["--help", ...known.map((name) => `--${name}`)];
  const settings = await settingsOf(options, files, flags, context.invocation);
  context.exitCode = await work(files, settings, context.streams);
}
