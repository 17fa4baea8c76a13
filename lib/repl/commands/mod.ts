/**
 * The table of all commands: the one source of parsing, help, completion and documentation.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { commandHelp, findCommand, helpText } from "../help.ts";
import { literal, printing, snippet } from "../snippet.ts";
import { MEMORY_COMMANDS } from "./memory.ts";
import { NOTIFIER_COMMANDS } from "./notifier.ts";
import { OPERATION_COMMANDS } from "./operations.ts";
import { SAVE } from "./save.ts";
import { SET } from "./settings.ts";
import { SETUP_COMMANDS } from "./setup.ts";
import { TRAVEL_COMMANDS } from "./travel.ts";
import { WALK_COMMANDS } from "./walk.ts";

/** Name of the command that ends a session. */
export const QUIT = "quit";

const HELP: Command = {
  name: "help",
  aliases: ["h"],
  group: "Session",
  about: "List the commands, or explain one",
  args: [{ name: "command", means: "command", about: "The command", optional: true }],
  examples: [["help", "all commands"], ["help vtop", "one"]],
  run: (_, { args }) => sessionHelp(args.command),
  ts: (_, { args }) =>
    printing(
      ["sessionHelp"],
      `sessionHelp(${args.command === undefined ? "" : literal(args.command)})`,
    ),
};

const QUITTING: Command = {
  name: QUIT,
  aliases: ["q"],
  group: "Session",
  about: "End the session",
  args: [],
  examples: [["quit", "so does Ctrl-D, and exit without a process"]],
  run: () => "",
  ts: () => snippet([], []),
};

/** Every command, by groups in the order of help. */
export const COMMANDS: readonly Command[] = [
  ...WALK_COMMANDS,
  ...TRAVEL_COMMANDS,
  ...NOTIFIER_COMMANDS,
  ...MEMORY_COMMANDS,
  ...SETUP_COMMANDS,
  SET,
  SAVE,
  HELP,
  QUITTING,
  ...OPERATION_COMMANDS,
];

/**
 * Writes the help of the prompt.
 *
 * @param name Name of a command; all are listed unless given.
 * @returns Text that ends in a newline.
 * @throws {CommandError} If there is no such command.
 */
export function sessionHelp(name?: string): string {
  return name === undefined ? helpText(COMMANDS) : commandHelp(findCommand(COMMANDS, name));
}
