/**
 * Help, made from the table of commands.
 *
 * @module
 */

import { table } from "../report/layout.ts";
import { nearest } from "../scenario/suggest.ts";
import { type Command, COMMON_OPTIONS, flagOf, usageOf } from "./command.ts";
import { CommandError } from "./words.ts";

/** How a file is told from a number where `>` compares. */
const COMPARES =
  'As > compares here, a file is written in quotes, or with a dot or slash first: > "a.txt".';

/**
 * Lists commands by their groups.
 *
 * @param commands The commands.
 * @returns Text that ends in a newline.
 */
export function helpText(commands: readonly Command[]): string {
  const groups = [...new Set(commands.map(({ group }) => group))];
  const blocks = groups.map((group) => {
    const members = commands.filter((command) => command.group === group);
    return [`${group}:`, ...table(members.map((one) => [namesOf(one), one.about]), 2)].join("\n");
  });
  const foot = [
    '"help COMMAND" explains one; every command takes --ts, which prints library code for it.',
    "Commands are separated by ;. Output goes through | grep, head, tail, sort, uniq or wc, and",
    "into a file with > or >>. A line that begins with # is a remark.",
  ];
  return `${[...blocks, foot.join("\n")].join("\n\n")}\n`;
}

/**
 * Explains a command.
 *
 * @param command The command.
 * @returns Text that ends in a newline.
 */
export function commandHelp(command: Command): string {
  const { about, details, args, options = [], examples } = command;
  const flags = [...options, ...COMMON_OPTIONS].map((option) => [flagOf(option), option.about]);
  const words = args.map(({ name, about }) => [name.toUpperCase(), about]);
  const compares = command.expression === true ? [COMPARES] : [];
  const others = command.aliases === undefined ? [] : [`Also: ${command.aliases.join(", ")}.`];
  const more = [...(details === undefined ? [] : details.split("\n")), ...compares, ...others];
  const lines = [
    usageOf(command),
    `  ${about}`,
    ...(more.length === 0 ? [] : ["", ...more.map((line) => `  ${line}`)]),
    "",
    ...table([...words, ...flags], 2),
    "",
    "Examples:",
    ...table(examples.map(([call, does]) => [call, does]), 2),
  ];
  return lines.join("\n") + "\n";
}

/**
 * Finds a command by its name or another name.
 *
 * @param commands The commands.
 * @param name What was typed; a beginning that only one command has will do.
 * @returns The command.
 * @throws {CommandError} If there is none, or more than one.
 */
export function findCommand(commands: readonly Command[], name: string): Command {
  const exact = commands.find((one) => one.name === name || one.aliases?.includes(name));
  if (exact !== undefined) return exact;
  const begun = commands.filter((one) => one.name.startsWith(name));
  if (begun.length === 1) return begun[0];
  if (begun.length > 1) {
    throw new CommandError(
      `Ambiguous command "${name}": ${begun.map((one) => one.name).join(", ")}`,
    );
  }
  const near = nearest(name, commands.map((one) => one.name));
  const hint = near === undefined ? 'Try "help"' : `Did you mean "${near}"?`;
  throw new CommandError(`Unknown command "${name}". ${hint}`);
}

function namesOf({ name, aliases = [] }: Command): string {
  return [name, ...aliases].join(", ");
}
