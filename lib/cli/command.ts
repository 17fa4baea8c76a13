/**
 * The command line: commands, options and help.
 *
 * What a command needs beside its options is imported when it runs.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { HelpCommand } from "@cliffy/command/help";
import { PROFILES } from "../kernel/profile.ts";
import { WRONG } from "./exit_code.ts";
import { eventsCommand, mutateCommand } from "./library_commands.ts";
import type { Streams } from "./output.ts";
import { type RawOptions, type Settings, settingsOf } from "./settings.ts";
import { VERSION } from "./version.ts";

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
type Work = (paths: readonly string[], settings: Settings, streams: Streams) => number;

const FILES = "<files...:file>";
const ABOUT_FILES = ["Scenario files; a folder stands for all .yaml files below it."];
const RUN_OPTIONS = ["kernel", "policy", "seed", "var", "listener", "json"];
const KERNELS = Object.keys(PROFILES).join(", ");

/**
 * Makes the command line.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command; parse it with the words of a command line.
 */
export function makeCommand(context: CommandContext) {
  const colors = context.streams.out.isTerminal && !Deno.noColor;
  return new Command()
    .name("mmulab")
    .version(VERSION)
    .description(
      "A laboratory for Linux MMU notifiers: which invalidations a listener sees, which it could\n" +
        "skip, whether skipping is safe and what it saves.",
    )
    .help({ colors, ...(context.streams.out.isTerminal ? {} : { width: 100 }) })
    .noExit()
    .example("Run a scenario:", "mmulab run scenarios/ksm-merge-kvm.yaml")
    .example("See what each policy costs:", "mmulab compare scenarios/ksm-merge-kvm.yaml")
    .example("Look for mistakes in all scenarios:", "mmulab check scenarios")
    .action(() => {
      context.streams.out.write(`${makeCommand(context).getHelp()}\n`);
      context.exitCode = WRONG;
    })
    .command("run", runCommand(context))
    .command("compare", compareCommand(context))
    .command("check", checkCommand(context))
    .command("events", eventsCommand(context))
    .command("mutate", mutateCommand(context))
    .command("help", new HelpCommand())
    .reset();
}

function runCommand(context: CommandContext) {
  return new Command()
    .description(
      "Run scenarios and check all that they expect.\n\n" +
        "Each scenario runs under every kernel that it names and every policy: legacy, followup,\n" +
        "ideal and its own. Where the policies are compared, that is checked too.\n\n" +
        "Exit code: 0 all passed, 1 something expected does not hold, 2 a scenario or the command\n" +
        "line is wrong; then nothing runs.",
    )
    .arguments(FILES, ABOUT_FILES)
    .option("--kernel <name:string>", `Kernel profile: ${KERNELS}; may be repeated.`, {
      collect: true,
    })
    .option("--policy <name:string>", "Only this policy; may be repeated.", { collect: true })
    .option("--seed <n:integer>", "Seed of everything left to chance.")
    .option("--var <assignment:string>", "Set a variable, name=value; may be repeated.", {
      collect: true,
    })
    .option(
      "--listener <module:string>",
      "Module of a listener of your own: FILE, NAME=FILE or NAME@PROCESS=FILE; may be repeated.",
      { collect: true },
    )
    .option("--json", "Write JSON.")
    .example("All scenarios of a folder:", "mmulab run scenarios")
    .example("One run:", "mmulab run a.yaml --kernel v5.2 --policy legacy")
    .example("More pages:", "mmulab run a.yaml --var pages=512")
    .action(async (options, ...files) => {
      const { run } = await import("./run_command.ts");
      await perform(context, options, files, [...RUN_OPTIONS], run);
    });
}

function compareCommand(context: CommandContext) {
  return new Command()
    .description(
      "Run scenarios under every policy and show what each listener did, side by side.\n\n" +
        "There is a table for each listener under each kernel that the scenario names; kernels with\n" +
        "the same numbers share one. The policies are legacy (every window is taken for munmap),\n" +
        "followup (the patches posted for the series), ideal (each event is acted on) and the\n" +
        "scenario's own. The last column holds ideal, or the last policy, against legacy.\n\n" +
        "Exit codes are those of run.",
    )
    .arguments(FILES, ABOUT_FILES)
    .option("--kernel <name:string>", `Kernel profile: ${KERNELS}; may be repeated.`, {
      collect: true,
    })
    .option("--policy <name:string>", "Only legacy and this policy; may be repeated.", {
      collect: true,
    })
    .option("--seed <n:integer>", "Seed of everything left to chance.")
    .option("--var <assignment:string>", "Set a variable, name=value; may be repeated.", {
      collect: true,
    })
    .option(
      "--listener <module:string>",
      "Module of a listener of your own: FILE, NAME=FILE or NAME@PROCESS=FILE; may be repeated.",
      { collect: true },
    )
    .option("--json", "Write JSON.")
    .example("One scenario:", "mmulab compare scenarios/ksm-merge-kvm.yaml")
    .example("Under one kernel:", "mmulab compare a.yaml --kernel v5-series")
    .action(async (options, ...files) => {
      const { compare } = await import("./run_command.ts");
      await perform(context, options, files, [...RUN_OPTIONS], compare);
    });
}

function checkCommand(context: CommandContext) {
  return new Command()
    .description(
      "Look for mistakes in scenarios without running them.\n\n" +
        "Exit code: 0 there are none, 2 there are.",
    )
    .arguments(FILES, ABOUT_FILES)
    .option("--var <assignment:string>", "Set a variable, name=value; may be repeated.", {
      collect: true,
    })
    .option("--json", "Write JSON.")
    .example("All scenarios of a folder:", "mmulab check scenarios")
    .action(async (options, ...files) => {
      const { check } = await import("./check_command.ts");
      await perform(context, options, files, ["var", "json"], check);
    });
}

async function perform(
  context: CommandContext,
  options: RawOptions,
  files: readonly string[],
  known: readonly string[],
  work: Work,
): Promise<void> {
  const flags = ["--help", ...known.map((name) => `--${name}`)];
  const settings = await settingsOf(options, files, flags, context.invocation);
  context.exitCode = work(files, settings, context.streams);
}
