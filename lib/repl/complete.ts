/**
 * Completion, made from the table of commands and the names of the session.
 *
 * @module
 */

import { columnsOf } from "../machine/program.ts";
import { PROFILES } from "../kernel/profile.ts";
import { TRACE_KINDS } from "../kernel/trace.ts";
import { LISTENER_KINDS } from "../listeners/registry.ts";
import { EVENT_NAMES } from "../notifier/range.ts";
import { type ArgumentMeaning, type Command, COMMON_OPTIONS } from "./command.ts";
import { COMMANDS } from "./commands/mod.ts";
import { operationArguments } from "./commands/operations.ts";
import { SETTINGS } from "./commands/settings.ts";
import { figureNames } from "./conditions.ts";
import { FILTERS } from "./filters.ts";
import type { Session } from "./session.ts";
import { splitAt } from "./words.ts";

/** What may be typed next. */
export interface Completion {
  /** The words that fit, in order. */
  readonly words: readonly string[];
  /** The beginning that they replace. */
  readonly typed: string;
  /** Whether a word may go on, as a mapping by a page and a folder by a file. */
  readonly isOpenEnded: boolean;
}

/** Lists names of files that begin with a text; a folder ends in a slash. */
export type ListFiles = (beginning: string) => readonly string[];

/**
 * Completes a line.
 *
 * @param session The session.
 * @param line What was typed so far.
 * @param listFiles Lists files; none unless given.
 * @returns What may come next.
 * @example
 * ```ts
 * import { complete } from "./complete.ts";
 * import { Session } from "./session.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(complete(new Session(), "pagem").words, ["pagemap"]);
 * ```
 */
export function complete(
  session: Session,
  line: string,
  listFiles: ListFiles = () => [],
): Completion {
  const part = splitAt(line, ";").at(-1) ?? "";
  const isNext = /\s$/.test(line) && part !== "";
  const pipes = splitAt(part, "|");
  const words = pipes[pipes.length - 1].split(/\s+/).filter(Boolean);
  const typed = isNext || words.length === 0 ? "" : words[words.length - 1];
  const before = isNext ? words : words.slice(0, -1);
  if (pipes.length > 1) {
    return fitting(typed, before.length === 0 ? Object.keys(FILTERS) : []);
  }
  if (before.length === 0) return fitting(typed, commandNames());
  if (before.at(-1) === ">" || before.at(-1) === ">>") return fitting(typed, listFiles(typed));
  const command = COMMANDS.find(({ name, aliases }) =>
    name === before[0] || aliases?.includes(before[0])
  );
  if (command === undefined) return fitting(typed, []);
  if (typed.startsWith("-")) return fitting(typed, optionNames(command));
  return argumentWords(session, command, before.slice(1), typed, listFiles);
}

function argumentWords(
  session: Session,
  command: Command,
  before: readonly string[],
  typed: string,
  listFiles: ListFiles,
): Completion {
  const option = command.options?.find(({ name, value }) =>
    value !== undefined && (before.at(-1) === `--${name}` || before.at(-1) === `-${name}`)
  );
  if (option !== undefined) {
    return fitting(typed, wordsFor(session, option.means ?? "text", typed, listFiles));
  }
  const position = before.filter((word) => !word.startsWith("-")).length;
  if (command.group === "Operations") return operationWords(session, command, position, typed);
  if (command.name === "set") {
    const names = [...session.machine.processes.keys(), ...Object.keys(SETTINGS)];
    const means = SETTINGS[before[0]] ?? "text";
    return fitting(typed, position === 0 ? names : wordsFor(session, means, typed, listFiles));
  }
  if (command.expression === true) return fitting(typed, expressionWords(session, command.name));
  const last = command.args.at(-1);
  const arg = command.args[position] ?? (last?.rest === true ? last : undefined);
  if (arg === undefined) return fitting(typed, []);
  return fitting(typed, wordsFor(session, arg.means, typed, listFiles), isPlace(arg.means));
}

/** A value after `name=` is completed by itself. */
function operationWords(
  session: Session,
  { name }: Command,
  position: number,
  typed: string,
): Completion {
  const args = operationArguments(name);
  const pair = /^(\w+)=(.*)$/.exec(typed);
  const arg = pair === null ? args[position] : args.find((one) => one.name === pair[1]);
  const values = arg === undefined
    ? []
    : arg.choices ?? wordsFor(session, arg.means, pair?.[2] ?? typed, () => []);
  const isOpen = arg !== undefined && isPlace(arg.means);
  if (pair !== null) return fitting(pair[2], values, isOpen);
  const names = args.slice(position).map((one) => `${one.name}=`);
  const all = typed === "" && values.length > 0 ? values : [...values, ...names];
  return fitting(typed, all, isOpen);
}

/**
 * Lists the words that an argument may be.
 *
 * @param session The session.
 * @param means What the argument stands for.
 * @param typed What was typed of it so far.
 * @param listFiles Lists files.
 * @returns The words; none where there is nothing to choose from.
 */
export function wordsFor(
  session: Session,
  means: ArgumentMeaning,
  typed: string,
  listFiles: ListFiles,
): readonly string[] {
  const { machine } = session;
  switch (means) {
    case "process":
      return [...machine.processes.keys()];
    case "listener":
      return [...machine.listeners.keys()];
    case "listener kind":
      return Object.keys(LISTENER_KINDS);
    case "policy":
      return columnsOf(session.program);
    case "kernel":
      return Object.keys(PROFILES);
    case "switch":
      return ["on", "off"];
    case "cell":
      return cellWords(session);
    case "command":
      return commandNames();
    case "address":
    case "range":
      return placeWords(session, typed);
    case "scenario":
    case "file":
      return listFiles(typed);
    default:
      return [];
  }
}

/** The values that tell the cells of the scenario apart, and their numbers. */
function cellWords({ source }: Session): string[] {
  const cells = source?.cells ?? [];
  const pairs = cells.flatMap((cell) => cell.slice(1, -1).split(", "));
  return [...pairs.filter((pair) => !/\s/.test(pair)), ...cells.map((_, at) => String(at + 1))];
}

/** Mappings by name; pages of the one whose bracket is open; addresses where digits were typed. */
function placeWords({ machine }: Session, typed: string): string[] {
  const open = /^((?:\w+:)?(\w+))\[/.exec(typed);
  const mapping = open === null ? undefined : machine.mappings.get(open[2]);
  if (open !== null && mapping !== undefined) {
    return [`${open[1]}[0]`, `${open[1]}[${mapping.pages - 1}]`, `${open[1]}[0..${mapping.pages}]`];
  }
  const names = [...machine.mappings.keys()];
  if (!/^(0x)?[0-9]/.test(typed)) return names;
  const prefix = typed.startsWith("0x") ? "0x" : "";
  const starts = [...machine.processes.values()].flatMap(({ vmas }) =>
    vmas.map(({ start }) => start)
  );
  return [...names, ...new Set(starts.map((start) => prefix + start.toString(16)))];
}

function expressionWords(session: Session, command: string): string[] {
  const names = figureNames(session);
  if (command === "break") return [...EVENT_NAMES, ...TRACE_KINDS, ...names];
  return command === "print" ? [...names, ...session.machine.mappings.keys()] : names;
}

function optionNames({ options = [] }: Command): string[] {
  return [...options, ...COMMON_OPTIONS].map(({ name }) =>
    name.length === 1 ? `-${name}` : `--${name}`
  );
}

function commandNames(): string[] {
  return COMMANDS.map(({ name }) => name);
}

function isPlace(means: ArgumentMeaning): boolean {
  return means === "address" || means === "range";
}

function fitting(typed: string, words: readonly string[], openEnded = false): Completion {
  const found = [...new Set(words)].filter((word) => word.startsWith(typed)).sort();
  return { typed, words: found, isOpenEnded: openEnded || found.some((one) => /[=/]$/.test(one)) };
}
