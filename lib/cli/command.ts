/**
 * The command line: commands, options and help.
 *
 * What a command needs beside its options is imported when it runs.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { HelpCommand } from "@cliffy/command/help";
import { completionsCommand, type DescribedCommand } from "./completions_definition.ts";
import { WRONG } from "./exit_code.ts";
import { eventsCommand, mutateCommand } from "./gauge_commands.ts";
import type { TextStream } from "./output.ts";
import { listCommand, mergeCommand, schemaCommand, showCommand } from "./library_definitions.ts";
import { newCommand } from "./new_definition.ts";
import {
  ABOUT_FILES,
  ABOUT_VARIABLE_FILE,
  type CommandContext,
  FILES,
  perform,
  runningCommand,
} from "./perform.ts";
import { runCommand } from "./run_definition.ts";
import { VERSION } from "./version.ts";

export type { CommandContext } from "./perform.ts";

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
    .help({ colors, width: helpWidth(context.streams.out) })
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
    .command("repl", replCommand(context))
    .command("new", newCommand(context))
    .command("list", listCommand(context))
    .command("show", showCommand(context))
    .command("schema", schemaCommand(context))
    .command("events", eventsCommand(context))
    .command("mutate", mutateCommand(context))
    .command("merge-reports", mergeCommand(context))
    .command("completions", completionsCommand(context, () => allCommands(context)))
    .command("help", new HelpCommand())
    .reset();
}

/** Columns of the help: those of the terminal, but never so few that words are broken up. */
function helpWidth({ isTerminal, width = 80 }: TextStream): number {
  return isTerminal ? Math.max(60, width) : 100;
}

function allCommands(context: CommandContext): readonly DescribedCommand[] {
  return makeCommand(context).getCommands();
}

function compareCommand(context: CommandContext) {
  return runningCommand("Only legacy and this policy; may be repeated.")
    .description(
      "Show what each listener did under every policy, side by side.\n\n" +
        "There is a table for each listener under each kernel that the scenario names; kernels with\n" +
        "the same numbers share one. The policies are legacy (every window is taken for munmap),\n" +
        "followup (the patches posted for the series), ideal (each event is acted on) and the\n" +
        "scenario's own. The last column holds ideal, or the last policy, against legacy.\n\n" +
        "Exit codes are those of run.",
    )
    .arguments(FILES, ABOUT_FILES)
    .example("One scenario:", "mmulab compare scenarios/ksm-merge-kvm.yaml")
    .example("Under one kernel:", "mmulab compare a.yaml --kernel v5-series")
    .action(async function (options, ...files) {
      const { compare } = await import("./run_command.ts");
      await perform(this, context, options, files, compare);
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
    .option("--var-from-file <file:string>", ABOUT_VARIABLE_FILE, { collect: true })
    .option("--json", "Write JSON.")
    .example("All scenarios of a folder:", "mmulab check scenarios")
    .action(async function (options, ...files) {
      const { check } = await import("./check_command.ts");
      await perform(this, context, options, files, check);
    });
}

function replCommand(context: CommandContext) {
  return new Command()
    .description(
      "Open a session: a kernel debugger's prompt on a simulated machine, with time travel.\n\n" +
        "The scenario is loaded and not yet run. Lines that come from a pipe are a script.\n\n" +
        "Exit code: 0, or 1 if a command of a script failed, or something that the scenario expects\n" +
        "of the steps walked through or of its end.",
    )
    .arguments("[file:file]", ["A scenario to load."])
    .option("-e, --execute <commands:string>", "Carry commands out, separated by ;, and end.")
    .example("A scenario, step by step:", "mmulab repl scenarios/ksm-merge-kvm.yaml")
    .example("Without a prompt:", "mmulab repl a.yaml -e 'continue; counters'")
    .action(async (options, file) => {
      const { repl } = await import("./repl_command.ts");
      const { execute } = options;
      context.exitCode = await repl({
        ...(file === undefined ? {} : { file }),
        ...(execute === undefined ? {} : { execute }),
      }, context.streams);
    });
}
