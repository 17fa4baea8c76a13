import { propertyOf } from "./definition.ts";
import { flagOf, unknownOption, ValidationError } from "./errors.ts";
import {
  type Action,
  type ArgumentSpec,
  type ArgumentValue,
  findOption,
  type OptionSpec,
} from "./spec.ts";
import { checkArguments, checkOptions } from "./validate.ts";

/** What is known of a command line so far; parsing may go on from one command to the next. */
export interface ParseState {
  /** Words not yet understood. */
  unknown: string[];
  /** Values by property. */
  flags: Record<string, unknown>;
  /** Arguments, once the command's own are parsed. */
  args?: unknown[];
  /** Words after `--`. */
  literal: string[];
  /** Words that were options or their values. */
  parsed: string[];
  /** Names of options whose value is the default. */
  defaults: Set<string>;
  /** Actions of the options given. */
  actions: Action[];
  /** The option that stands alone, if it was given. */
  standalone?: OptionSpec;
}

/** What is looked for in a command line. */
export interface ParseFlagsOptions {
  /** The options known. */
  options: OptionSpec[];
  /** The arguments known. */
  args: ArgumentSpec[];
  /** Whether to stop at the first word that is not understood. */
  stopOnUnknown: boolean;
  /** Turns a text into a value of its type. */
  parse(value: ArgumentValue): unknown;
}

/** A reader in the middle of a command line. */
interface Reader extends ParseFlagsOptions {
  state: ParseState;
  words: string[];
  index: number;
  argIndex: number;
}

/** Takes the words not yet understood as options and arguments, and checks the result. */
export function parseFlags(state: ParseState, wanted: ParseFlagsOptions): void {
  const reader: Reader = { ...wanted, state, words: state.unknown, index: 0, argIndex: 0 };
  state.unknown = [];
  const given = readWords(reader);
  checkOptions(state, wanted.options, given);
  checkArguments(state, wanted.args, given);
}

/** Reads all words; returns the options given, by property. */
function readWords(reader: Reader): Map<string, OptionSpec> {
  const { state } = reader;
  const given = new Map<string, OptionSpec>();
  let stopped = false;
  for (; reader.index < reader.words.length; reader.index++) {
    const word = reader.words[reader.index];
    if (word === "--") {
      state.literal.push(...reader.words.slice(reader.index + 1));
      break;
    }
    const isFlag = word.length > 1 && word[0] === "-";
    if (stopped || (!isFlag && !reader.args.length)) {
      stopped ||= reader.stopOnUnknown;
      state.unknown.push(word);
      continue;
    }
    const option = isFlag ? readFlag(reader, word, given) : undefined;
    if (option === "unknown" && reader.stopOnUnknown) {
      stopped = true;
      state.unknown.push(reader.words[reader.index]);
    } else if (!isFlag || option === "unknown") {
      readArgument(reader, word, isFlag);
    }
  }
  return given;
}

/** Splits `-abc` into `-a -b -c`, and `-n5` into `-n 5`. */
function splitShort(word: string): string[] {
  const equals = word.indexOf("=");
  const letters = [...(equals < 0 ? word.slice(1) : word.slice(1, equals))];
  const parts = isNaN(Number(word.at(-1)))
    ? letters.map((letter) => `-${letter}`)
    : [`-${letters[0]}`, ...(letters.length > 1 ? [letters.slice(1).join("")] : [])];
  if (equals >= 0) parts[parts.length - 1] += word.slice(equals);
  return parts;
}

/** Reads one option with its value, or says that it is not known. */
function readFlag(
  reader: Reader,
  word: string,
  given: Map<string, OptionSpec>,
): "known" | "unknown" {
  const { state } = reader;
  let current = word;
  if (word[1] !== "-" && word.length > 2 && word[2] !== ".") {
    const parts = splitShort(word);
    current = parts[0];
    if (!findOption(reader.options, current.split("=")[0])) {
      // As a whole it may still be an argument.
      if (reader.stopOnUnknown || reader.argIndex >= reader.args.length) {
        reader.words.splice(reader.index, 1, ...parts);
      }
      return "unknown";
    }
    reader.words.splice(reader.index, 1, ...parts);
  }
  const equals = current.indexOf("=");
  const inline = equals < 0 ? undefined : current.slice(equals + 1);
  if (equals >= 0) current = current.slice(0, equals);
  const option = findOption(reader.options, current);
  if (!option) return "unknown";

  const negated = current.startsWith("--no-");
  const property = propertyOf(negated ? option.name.replace(/^no-?/, "") : option.name);
  state.parsed.push(reader.words[reader.index]);
  if (option.standalone) state.standalone = option;
  const previous = state.flags[property];
  if (previous !== undefined && !option.collect && !state.defaults.has(option.name)) {
    const name = flagOf(current).replace(/^--no-/, "--");
    throw new ValidationError(
      `Option "${name}" can only occur once, but was found several times.`,
    );
  }
  if (!option.arg && inline !== undefined) {
    throw new ValidationError(
      `Option "${flagOf(option.name)}" doesn't take a value, but got "${inline}".`,
    );
  }
  const value = negated ? false : readValue(reader, option, inline);
  if (value === SKIP) return "known";
  state.flags[property] = mapValue(option, value, previous);
  state.defaults.delete(property);
  given.set(property, option);
  if (option.action) state.actions.push(option.action);
  return "known";
}

/** An optional value that is given as an empty text: as if the option were not there. */
const SKIP = Symbol("skip");

/** Reads the value of an option. */
function readValue(reader: Reader, option: OptionSpec, inline: string | undefined): unknown {
  const { arg } = option;
  let value: unknown;
  if (arg) {
    const next = inline ?? reader.words[reader.index + 1];
    if (next !== undefined && takesValue(reader, option, arg, next, inline !== undefined)) {
      if (inline === undefined) {
        reader.state.parsed.push(next);
        reader.index++;
      }
      if (next === "" && (!option.required || arg.optional)) return SKIP;
      value = parseValue(reader, arg, "Option", `--${option.name}`, next);
    } else if (arg.optional && arg.type === "boolean") {
      value = true;
    }
    if (value === undefined && !arg.optional) {
      throw new ValidationError(`Missing value for option "${flagOf(option.name)}".`);
    }
  }
  if (value !== undefined) return value;
  if (option.default !== undefined && (option.value || arg)) return defaultOf(option);
  return true;
}

/** Whether the next word is the value of an option. */
function takesValue(
  reader: Reader,
  option: OptionSpec,
  arg: ArgumentSpec,
  next: string,
  inline: boolean,
): boolean {
  if (!arg.optional) return true;
  if (option.equalsSign && !inline) return false;
  if (findOption(reader.options, next)) return false;
  return next[0] !== "-" || inline || (arg.type === "number" && !isNaN(Number(next)));
}

/** Reads one argument; a word that looks like an option is one too while a place is free. */
function readArgument(reader: Reader, word: string, isFlag: boolean): void {
  const arg = reader.args[reader.argIndex];
  if (!arg) {
    if (!isFlag) throw new ValidationError(`Too many arguments: ${word}`);
    const names = reader.options.flatMap(({ name, aliases }) => [name, ...aliases]);
    throw unknownOption(reader.words[reader.index].split("=")[0], names);
  }
  reader.state.args ??= [];
  if (arg.optional && word === "") {
    if (!arg.variadic) reader.state.args[reader.argIndex++] = undefined;
    return;
  }
  reader.state.args.push(parseValue(reader, arg, "Argument", arg.name, word));
  if (!arg.variadic) reader.argIndex++;
}

/** Parses a text as one value or, for a list, as several. */
function parseValue(
  reader: Reader,
  { type, list }: ArgumentSpec,
  label: string,
  name: string,
  value: string,
): unknown {
  if (!list) return reader.parse({ label, name, type, value });
  return value.split(",").map((item) => reader.parse({ label, name, type, value: item }));
}

/** Calls an option's own function on its value, or adds the value to those before. */
function mapValue(option: OptionSpec, value: unknown, previous: unknown): unknown {
  if (option.value) return option.value(value as never, previous as never);
  if (!option.collect) return value;
  const before = previous === undefined ? [] : Array.isArray(previous) ? previous : [previous];
  return [...before, value];
}

/** The default value of an option or argument. */
export function defaultOf(spec: { default?: unknown }): unknown {
  return typeof spec.default === "function" ? spec.default() : spec.default;
}
