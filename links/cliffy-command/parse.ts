import { bold, brightBlue, red } from "./_std.ts";
import { unknownCommand, unknownType, ValidationError } from "./errors.ts";
import { parseFlags, type ParseState } from "./flags.ts";
import { helpText } from "./help.ts";
import {
  type ArgumentValue,
  commandsOf,
  type CommandSpec,
  findCommand,
  findOption,
  lineOf,
  mainOf,
  optionsOf,
  type OptionSpec,
  pathOf,
  typesOf,
  versionOf,
} from "./spec.ts";
import {
  BooleanType,
  FileType,
  IntegerType,
  NumberType,
  parseWith,
  StringType,
} from "./value_types.ts";

/** What a command line came to. */
export interface ParseResult {
  /** Values of the options, by property. */
  options: Record<string, unknown>;
  /** Values of the arguments. */
  args: unknown[];
  /** The words after `--`. */
  literal: string[];
  /** The command that ran. */
  spec: CommandSpec;
}

/** Runs a command with the words of a command line. */
export function run(spec: CommandSpec, words: string[]): Promise<ParseResult> {
  return runCommand(spec, {
    unknown: words.slice(),
    flags: {},
    literal: [],
    parsed: [],
    defaults: new Set(),
    actions: [],
  });
}

/** Runs a command, or the subcommand that the words name. */
async function runCommand(spec: CommandSpec, state: ParseState): Promise<ParseResult> {
  try {
    addDefaults(mainOf(spec));
    spec.rawArgs = state.unknown.slice();
    const next = chooseCommand(spec, state);
    if (!next) return await runHere(spec, state);
    next.runBy = spec;
    return runCommand(next, state);
  } catch (error) {
    throwFrom(spec, error instanceof Error ? error : new Error(`[non-error-thrown] ${error}`));
  }
}

/** The subcommand that the words name; global options may stand before it. */
function chooseCommand(spec: CommandSpec, state: ParseState): CommandSpec | undefined {
  if (!state.unknown.length) return undefined;
  if (!findCommand(spec, state.unknown[0])) {
    const first = findOption(optionsOf(spec, true), state.unknown[0].split("=")[0]);
    if (!first?.global || first.standalone) return undefined;
    const options = [...spec.options, ...optionsOf(spec, true)].filter((one) => one.global);
    parse(spec, state, [...new Set(options)], true);
  }
  const command = findCommand(spec, state.unknown[0]);
  if (command) state.unknown.shift();
  return command;
}

/** Parses what is left for this very command and does it. */
async function runHere(spec: CommandSpec, state: ParseState): Promise<ParseResult> {
  parse(spec, state, optionsOf(spec, true), false);
  if (!spec.args.length && state.unknown.length) throw refuse(spec, state.unknown);
  const args = await Promise.all(state.args ?? []);
  spec.literal = state.literal;
  const result = { options: state.flags, args, literal: state.literal, spec };
  await Promise.all(state.actions.map((act) => act.call(spec.self, state.flags, ...args)));
  if (state.actions.length && state.standalone) return result;
  if (spec.commands.size && !state.parsed.length && !spec.action) {
    showHelp(spec);
    exit(spec);
  }
  await spec.action?.call(spec.self, state.flags, ...args);
  return result;
}

/** Parses options and, unless only the global ones are wanted, arguments. */
function parse(spec: CommandSpec, state: ParseState, options: OptionSpec[], early: boolean): void {
  const types = typesOf(spec);
  const toValue = (value: ArgumentValue) => {
    const type = types.get(value.type);
    if (!type) throw unknownType(value.type, [...types.keys()]);
    return parseWith(type, value);
  };
  const args = early ? [] : spec.args;
  parseFlags(state, { options, args, stopOnUnknown: early, parse: toValue });
}

/** The error for words that a command without arguments cannot take. */
function refuse(spec: CommandSpec, words: string[]): ValidationError {
  if (!spec.commands.size) {
    return new ValidationError(`No arguments allowed for command "${pathOf(spec)}".`);
  }
  if (findCommand(spec, words[0])) {
    return new ValidationError(`Too many arguments: ${words.join(" ")}`);
  }
  return unknownCommand(words[0], commandsOf(spec, false).map((command) => command.name));
}

/** Throws an error of a command, or tells the user about it and exits. */
export function throwFrom(spec: CommandSpec, error: Error): never {
  const throws = [...lineOf(spec)].some((one) => one.noExit);
  if (throws || !(error instanceof ValidationError)) throw error;
  showHelp(spec);
  console.error(red(`  ${bold("error")}: ${error.message}\n`));
  Deno.exit(error.exitCode);
}

/** Writes the help of a command. */
export function showHelp(spec: CommandSpec, options: { long?: boolean } = {}): void {
  addDefaults(mainOf(spec));
  console.log(helpText(spec, options));
}

/** Exits, unless the command was told not to. */
export function exit(spec: CommandSpec): void {
  if (![...lineOf(spec)].some((one) => one.noExit)) Deno.exit(0);
}

/** Adds `--help`, `--version` and the usual types to the command at the top. */
export function addDefaults(main: CommandSpec): void {
  if (main.hasDefaults) return;
  main.hasDefaults = true;
  const types = {
    string: new StringType(),
    number: new NumberType(),
    integer: new IntegerType(),
    boolean: new BooleanType(),
    file: new FileType(),
  };
  for (const [name, type] of Object.entries(types)) {
    if (!main.types.has(name)) main.types.set(name, { type, global: true });
  }
  const help = standalone("help", "h", "Show this help.", (spec, long) => showHelp(spec, { long }));
  help.global = true;
  main.helpOption = help;
  if (main.version !== undefined) {
    const text = "Show the version number for this program.";
    main.options.unshift(standalone("version", "V", text, showVersion));
  }
  main.options.unshift(help);
}

/** Writes the version; its long form has the program's name. */
function showVersion(spec: CommandSpec, long: boolean): void {
  const version = versionOf(spec) ?? "";
  if (!long) return console.log(version);
  const meta = Object.entries(spec.meta).map(([key, value]) =>
    `\n${bold(key)} ${brightBlue(value)}`
  );
  console.log(`${bold(mainOf(spec).name)} ${brightBlue(version)}${meta.join("")}`);
}

/** An option such as `--help`, which shows something and exits. */
function standalone(
  name: string,
  letter: string,
  description: string,
  show: (spec: CommandSpec, long: boolean) => void,
): OptionSpec {
  return {
    name,
    aliases: [letter],
    flags: [`-${letter}`, `--${name}`],
    description,
    typeDefinition: "",
    equalsSign: false,
    standalone: true,
    action(this: { spec: CommandSpec }) {
      show(this.spec, this.spec.rawArgs.includes(`--${name}`));
      exit(this.spec);
    },
  };
}
