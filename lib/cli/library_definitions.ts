/**
 * The commands that look at scenarios without running them: `list`, `show`, `schema` and `merge-reports`.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import {
  ABOUT_FILES,
  ABOUT_VARIABLE_FILE,
  type CommandContext,
  FILES,
  perform,
} from "./perform.ts";

/**
 * Makes the command `list`.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command.
 */
export function listCommand(context: CommandContext) {
  return new Command()
    .description("List scenarios: name, tags, kernels and number of steps.")
    .arguments(FILES, ABOUT_FILES)
    .option("--tags <expression:string>", 'Only these tags, such as "ksm and not (slow or huge)".')
    .option("--filter <text:string>", "Only scenarios with this text in their name or file.")
    .option("--json", "Write JSON.")
    .example("What there is on KSM:", "mmulab list scenarios --tags ksm")
    .action(async function (options, ...files) {
      const { list } = await import("./library_commands.ts");
      await perform(
        this,
        context,
        options,
        files,
        (paths, settings, to) => list(paths, settings, options, to),
      );
    });
}

/**
 * Makes the command `show`.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command.
 */
export function showCommand(context: CommandContext) {
  return new Command()
    .description("Say in plain words what scenarios do and what they expect.")
    .arguments(FILES, ABOUT_FILES)
    .option("--var <assignment:string>", "Set a variable, name=value; may be repeated.", {
      collect: true,
    })
    .option("--var-from-file <file:string>", ABOUT_VARIABLE_FILE, { collect: true })
    .example("One scenario:", "mmulab show scenarios/ksm-merge-kvm.yaml")
    .action(async function (options, ...files) {
      const { show } = await import("./library_commands.ts");
      await perform(this, context, options, files, show);
    });
}

/**
 * Makes the command `schema`.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command.
 */
export function schemaCommand(context: CommandContext) {
  return new Command()
    .description("Write the JSON Schema of scenario files, for editors.")
    .example("Keep it in a file:", "mmulab schema > scenario.schema.json")
    .action(async () => {
      const { schema } = await import("./library_commands.ts");
      context.exitCode = schema(context.streams);
    });
}

/**
 * Makes the command `merge-reports`.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command.
 */
export function mergeCommand(context: CommandContext) {
  return new Command()
    .description(
      "Join the reports of all shards of a run into one, as if it had not been divided.\n\n" +
        "The files are those that run --report json=FILE or jsonl=FILE wrote. OUT is KIND=FILE, or\n" +
        "a file that ends in .xml, .tap, .json, .jsonl or .html; - stands for JSON on the output.\n\n" +
        "Exit code: that of the whole run, or 2 if the reports cannot be joined.",
    )
    .arguments("<out:string> <files...:file>", ["The report to write.", "The reports to join."])
    .example("Two shards:", "mmulab merge-reports junit=all.xml one.json two.json")
    .action(async (_, out, ...files) => {
      const { mergeReportFiles } = await import("./merge_command.ts");
      context.exitCode = mergeReportFiles(out, files, context.streams);
    });
}
