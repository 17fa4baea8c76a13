/**
 * Commands as data: one record is the source of parsing, help, completion and documentation.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import type { Breakpoints } from "./breakpoints.ts";
import type { Session } from "./session.ts";
import type { Breathe } from "./running.ts";
import type { ReadInclude } from "../scenario/includes.ts";
import { suggestion } from "../scenario/suggest.ts";
import { CommandError, wordsOf } from "./words.ts";

/** What an argument stands for; completion and prompts go by it. */
export type ArgumentMeaning =
  | "address"
  | "range"
  | "process"
  | "listener"
  | "listener kind"
  | "policy"
  | "kernel"
  | "switch"
  | "cell"
  | "scenario"
  | "file"
  | "command"
  | "count"
  | "text";

/** One argument of a command. */
export interface CommandArgument {
  /** Its name, as help shows it. */
  readonly name: string;
  /** What it stands for. */
  readonly means: ArgumentMeaning;
  /** One line about it. */
  readonly about: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  /** Whether it takes all that is left of the line. */
  readonly rest?: boolean;
}

/** One option of a command, such as `-p`. */
export interface CommandOption {
  /** Its letter or name, without dashes. */
  readonly name: string;
  /** One line about it. */
  readonly about: string;
  /** Name of its value; it has none unless given. */
  readonly value?: string;
  /** What the value stands for, where it can be completed. */
  readonly means?: ArgumentMeaning;
}

/** What a command was called with. */
export interface Input {
  /** Arguments by name. */
  readonly args: Readonly<Record<string, string>>;
  /** Options by name: the value, or `true`. */
  readonly options: Readonly<Record<string, string | true>>;
}

/** What commands work with beside their arguments. */
export interface Environment {
  /** The session. */
  readonly session: Session;
  /** Its breakpoints. */
  readonly breakpoints: Breakpoints;
  /**
   * Reads a file.
   *
   * @param path Its name.
   * @returns Its text.
   * @throws {CommandError} If it cannot be read.
   */
  readFile(path: string): string;
  /**
   * Makes a reader for the files that a scenario includes.
   *
   * @param file Name of the scenario file.
   * @returns The reader, or undefined where nothing can be included.
   */
  includesOf(file: string): ReadInclude | undefined;
  /**
   * Writes a file.
   *
   * @param path Its name.
   * @param text Its text.
   * @param append Whether the text is added to what is there.
   * @throws {CommandError} If it cannot be written.
   */
  writeFile(path: string, text: string, append: boolean): void;
  /** Lets others have a turn during long work. */
  readonly breathe: Breathe;
}

/** A command of the prompt. */
export interface Command {
  /** What is typed. */
  readonly name: string;
  /** Other names. */
  readonly aliases?: readonly string[];
  /** Heading in the list of commands. */
  readonly group: string;
  /** What it does, one line without a period. */
  readonly about: string;
  /** More about it, in sentences. */
  readonly details?: string;
  /** Its arguments, in order. */
  readonly args: readonly CommandArgument[];
  /** Its options. */
  readonly options?: readonly CommandOption[];
  /** Whether its argument is an expression: blanks do not part it, and `>` compares. */
  readonly expression?: boolean;
  /** Calls with what they do. */
  readonly examples: readonly (readonly [call: string, does: string])[];
  /**
   * Carries it out.
   *
   * @param environment The session and what is around it.
   * @param input Arguments and options.
   * @returns Text that ends in a newline unless it is empty.
   */
  run(environment: Environment, input: Input): string | Promise<string>;
  /**
   * Writes library code that does the same; `session` and `machine` are those of the prelude.
   *
   * @param environment The session and what is around it.
   * @param input Arguments and options.
   * @returns Statements that write the command's output to the console.
   */
  ts(environment: Environment, input: Input): string;
}

/** A command line taken apart. */
export interface ParsedCommand {
  /** Arguments and options. */
  readonly input: Input;
  /** Whether library code is wanted. */
  readonly ts: boolean;
  /** Whether help is wanted. */
  readonly help: boolean;
}

/** Options of every command. */
export const COMMON_OPTIONS: readonly CommandOption[] = [
  { name: "ts", about: "Print library code that does the same, and do nothing" },
  { name: "help", about: "Explain the command" },
];

/**
 * Takes the words after a command's name apart.
 *
 * @param command The command.
 * @param text What follows the name.
 * @returns Arguments and options.
 * @throws {CommandError} If something is missing, too much or unknown.
 */
export function parseInput(command: Command, text: string): ParsedCommand {
  if (command.expression === true) return parseExpressionInput(command, text);
  const known = [...command.options ?? [], ...COMMON_OPTIONS];
  const unknown: string[] = [];
  const parsed = parseArgs(wordsOf(text), {
    boolean: known.filter(({ value }) => value === undefined).map(({ name }) => name),
    string: ["_", ...known.filter(({ value }) => value !== undefined).map(({ name }) => name)],
    unknown: (word) => {
      if (word.startsWith("-")) unknown.push(word);
    },
  });
  if (unknown.length > 0) throw unknownOption(unknown[0], command, known);
  const words = parsed._.map(String);
  const options: Record<string, string | true> = {};
  for (const { name, value } of command.options ?? []) {
    const given: unknown = parsed[name];
    if (value === undefined ? given === true : typeof given === "string") {
      options[name] = typeof given === "string" ? given : true;
    }
  }
  const [ts, help] = [parsed.ts === true, parsed.help === true];
  const args = help ? {} : assign(command, words);
  return { input: { args, options }, ts, help };
}

/**
 * Writes the call of a command as help shows it.
 *
 * @param command The command.
 * @returns Text such as `vm [-p] [PROCESS]`.
 */
export function usageOf({ name, args, options = [] }: Command): string {
  const flags = options.map((option) => `[${flagOf(option)}]`);
  const words = args.map((arg) => {
    const text = arg.name.toUpperCase() + (arg.rest === true ? "..." : "");
    return arg.optional === true ? `[${text}]` : text;
  });
  return [name, ...flags, ...words].join(" ");
}

/**
 * Writes an option as it is typed.
 *
 * @param option The option.
 * @returns Text such as `-p` or `-n COUNT`.
 */
export function flagOf({ name, value }: CommandOption): string {
  const dashes = name.length === 1 ? "-" : "--";
  return `${dashes}${name}${value === undefined ? "" : ` ${value.toUpperCase()}`}`;
}

function parseExpressionInput(command: Command, text: string): ParsedCommand {
  const flag = /(?:^|\s)--(ts|help)\s*$/.exec(text);
  const rest = (flag === null ? text : text.slice(0, flag.index)).trim();
  const help = flag?.[1] === "help";
  const words = rest === "" ? [] : [rest];
  const args = help ? {} : assign(command, words);
  return { input: { args, options: {} }, ts: flag?.[1] === "ts", help };
}

function assign(command: Command, words: readonly string[]): Record<string, string> {
  const args: Record<string, string> = {};
  let at = 0;
  for (const arg of command.args) {
    const { name, optional, rest } = arg;
    const text = rest === true
      ? words.slice(at).map(command.expression === true ? String : quoted).join(" ")
      : words[at];
    at = rest === true ? words.length : at + 1;
    if (text !== undefined && text !== "") args[name] = text;
    else if (optional !== true) throw new MissingArgumentError(command, arg);
  }
  if (at < words.length) {
    throw new CommandError(
      `Cannot use "${words[at]}": expected ${usageOf(command)}`,
    );
  }
  return args;
}

/** A word that is taken apart again later keeps its spaces. */
function quoted(word: string): string {
  return /\s/.test(word) ? JSON.stringify(word) : word;
}

/** An argument is missing that must be given. */
export class MissingArgumentError extends CommandError {
  /** The command. */
  readonly command: Command;
  /** What the argument stands for. */
  readonly means: ArgumentMeaning;

  /**
   * Makes the error.
   *
   * @param command The command.
   * @param argument The argument.
   */
  constructor(command: Command, { name, means }: Pick<CommandArgument, "name" | "means">) {
    super(`Missing argument ${name.toUpperCase()}: expected ${usageOf(command)}`);
    this.command = command;
    this.means = means;
  }
}

function unknownOption(
  word: string,
  command: Command,
  known: readonly CommandOption[],
): CommandError {
  const names = known.map(({ name }) => name.length === 1 ? `-${name}` : `--${name}`);
  const hint = suggestion(word, names) ?? `Try "help ${command.name}"`;
  return new CommandError(`Unknown option "${word}" of ${command.name}. ${hint}`);
}
