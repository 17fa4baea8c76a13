/**
 * The command `new`: its options and its help.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import type { CommandContext } from "./perform.ts";

/**
 * Makes the command.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command.
 */
export function newCommand(context: CommandContext) {
  return new Command()
    .description(
      "Write a scenario to begin with.\n\n" +
        "In it a device uses memory, an event happens, and the device uses the memory again. On a\n" +
        "terminal what is missing is asked for.\n\n" +
        "Needs --allow-write. A file is only replaced with --force, or where that is said when asked.\n\n" +
        "Exit code: 0 it is written, 2 it is not.",
    )
    .arguments("[file:file]", ["The file to write; it ends in .yaml."])
    .option("--name <text:string>", "Name of the scenario.")
    .option("--kind <name:string>", "Kind of listener.")
    .option("--event <name:string>", "Event that happens.")
    .option("--pages <n:integer>", "Size of the memory, in pages.")
    .option("--force", "Replace a file.")
    .example("Asked step by step:", "mmulab new")
    .example("Without questions:", "mmulab new a.yaml --kind odp --event CLEAR --pages 64")
    .action(async (options, file) => {
      const { writeNew } = await import("./new_command.ts");
      const given = { ...options, ...(file === undefined ? {} : { file }) };
      context.exitCode = await writeNew(given, context);
    });
}
