/**
 * What all commands share: their words, their context and how one is carried out.
 *
 * @module
 */

import { Command } from "@cliffy/command";
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
/** The kernel profiles, for the help. */
const KERNELS = Object.keys(PROFILES).join(", ");
/** What --kernel is, but how often it may be given. */
export const ABOUT_KERNEL: string =
  `Kernel profile: ${KERNELS}. Scenarios of a folder or pattern that do not name it are skipped.`;
/** What --var-from-file is. */
export const ABOUT_VARIABLE_FILE =
  "Set the variables of a YAML or JSON file, a map of names; may be repeated. --var goes before.";

/**
 * Makes a command that runs scenarios, with the options that all of these have.
 *
 * @param aboutPolicy What `--policy` does to it.
 * @returns The command.
 */
export function runningCommand(aboutPolicy: string) {
  return new Command()
    .option("--kernel <name:string>", `${ABOUT_KERNEL} May be repeated.`, { collect: true })
    .option("--policy <name:string>", aboutPolicy, { collect: true })
    .option("--seed <n:integer>", "Seed of everything left to chance.")
    .option("--var <assignment:string>", "Set a variable, name=value; may be repeated.", {
      collect: true,
    })
    .option("--var-from-file <file:string>", ABOUT_VARIABLE_FILE, { collect: true })
    .option(
      "--listener <module:string>",
      "Module of a listener of your own: FILE, NAME=FILE or NAME@PROCESS=FILE; may be repeated.",
      { collect: true },
    )
    .option("--json", "Write JSON.");
}

/** The little of a command that is needed to carry it out. */
interface Optioned {
  getOptions(): readonly { readonly flags: readonly string[] }[];
}

/**
 * Checks the options of a command and carries it out.
 *
 * @param command The command, for the options that it has.
 * @param context Where the exit code goes.
 * @param options The options as they were given.
 * @param files The files.
 * @param work The command.
 */
export async function perform(
  command: Optioned,
  context: CommandContext,
  options: RawOptions,
  files: readonly string[],
  work: Work,
): Promise<void> {
  const flags = command.getOptions().flatMap(({ flags }) => flags);
  const known = flags.filter((flag) => flag.startsWith("--"));
  const settings = await settingsOf(options, files, known, context.invocation);
  context.exitCode = await work(files, settings, context.streams);
}
