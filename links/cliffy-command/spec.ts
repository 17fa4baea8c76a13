import type { Type, TypeHandler } from "./value_types.ts";

/** A text on the command line, together with what it is for. */
export interface ArgumentValue {
  /** `"Option"` or `"Argument"`. */
  label: string;
  /** Name of its type. */
  type: string;
  /** Name of the option or argument. */
  name: string;
  /** The text. */
  value: string;
}

/** One `<required>` or `[optional]` part of a definition. */
export interface ArgumentSpec {
  /** Name without the dots. */
  name: string;
  /** The part as it was written. */
  raw: string;
  /** Name of its type. */
  type: string;
  /** Whether it may be left out. */
  optional: boolean;
  /** Whether it takes all that follows. */
  variadic: boolean;
  /** Whether it is a list separated by commas. */
  list: boolean;
  /** Its line in the help, if any. */
  description?: string;
  /** Its value if it is not given. */
  default?: unknown;
}

/** One option of a command. */
export interface OptionSpec {
  /** Name without dashes. */
  name: string;
  /** Other names without dashes. */
  aliases: string[];
  /** All names as they are typed, in the order of the definition. */
  flags: string[];
  /** Its text in the help. */
  description: string;
  /** The `<value:type>` part of the definition, empty for a plain flag. */
  typeDefinition: string;
  /** The value it takes, if any. */
  arg?: ArgumentSpec;
  /** Whether the definition has an equals sign, which an optional value then needs. */
  equalsSign: boolean;
  /** Whether it must be given. */
  required?: boolean | undefined;
  /** Whether it may be repeated. */
  collect?: boolean | undefined;
  /** Whether subcommands have it too. */
  global?: boolean | undefined;
  /** Whether the help leaves it out. */
  hidden?: boolean | undefined;
  /** Whether it stands alone, as `--help` does. */
  standalone?: boolean | undefined;
  /** Options that must not be given with it. */
  conflicts?: string[] | undefined;
  /** Options that must be given with it. */
  depends?: string[] | undefined;
  /** Its value, or a function that makes it, if it is not given. */
  default?: unknown;
  /** What the help says instead of the default. */
  defaultText?: string | ((value: never) => string) | undefined;
  /** Maps its value. */
  value?: ((value: never, previous?: never) => unknown) | undefined;
  /** Runs before the command's action. */
  action?: Action | undefined;
}

/** What a command or an option does. */
// deno-lint-ignore no-explicit-any
export type Action = (this: any, options: any, ...args: any[]) => unknown;

/** Settings of the help text. */
export interface HelpOptions {
  /** Whether types are shown. */
  types?: boolean;
  /** Whether defaults, values and the like are shown. */
  hints?: boolean;
  /** Whether there are colours; never where `NO_COLOR` is set. */
  colors?: boolean;
  /** Whether descriptions are shown beyond their first line. */
  long?: boolean;
  /** Width to wrap at. */
  width?: number;
}

/** All that is known of one command. */
export interface CommandSpec {
  name: string;
  aliases: string[];
  description: string | (() => string);
  version?: string | (() => string);
  args: ArgumentSpec[];
  options: OptionSpec[];
  types: Map<string, { type: Type<unknown> | TypeHandler<unknown>; global: boolean }>;
  examples: { name: string; description: string }[];
  meta: Record<string, string>;
  commands: Map<string, CommandSpec>;
  parent?: CommandSpec;
  action?: Action;
  hidden: boolean;
  noGlobals: boolean;
  noExit: boolean;
  help?: HelpOptions | (() => string);
  hasDefaults: boolean;
  helpOption?: OptionSpec;
  versionOption?: OptionSpec;
  /** The arguments it was run with, for `this` in its action. */
  rawArgs: string[];
  /** The arguments after `--`. */
  literal: string[];
  /** The command whose subcommand this was run as. */
  runBy?: CommandSpec;
  /** The object that `this` is in an action. */
  self: object;
}

/** A command with nothing in it. */
export function newSpec(self: object): CommandSpec {
  return {
    name: "COMMAND",
    aliases: [],
    description: "",
    args: [],
    options: [],
    types: new Map(),
    examples: [],
    meta: {},
    commands: new Map(),
    hidden: false,
    noGlobals: false,
    noExit: false,
    hasDefaults: false,
    rawArgs: [],
    literal: [],
    self,
  };
}

/** The parents of a command, nearest first. */
function* parentsOf(spec: CommandSpec): Generator<CommandSpec> {
  for (let at = spec.parent; at; at = at.parent) yield at;
}

/** The command itself, then its parents. */
export function* lineOf(spec: CommandSpec): Generator<CommandSpec> {
  yield spec;
  yield* parentsOf(spec);
}

/** The command at the top. */
export function mainOf(spec: CommandSpec): CommandSpec {
  return [...lineOf(spec)].at(-1)!;
}

/** The names from the top command down to this one. */
export function pathOf(spec: CommandSpec): string {
  return [...lineOf(spec)].map((one) => one.name).reverse().join(" ");
}

/** Whether an option goes by a name. */
export function isNamed(option: OptionSpec, name: string): boolean {
  return option.name === name || option.aliases.includes(name);
}

/** Finds an option by name or as typed. */
export function findOption(options: OptionSpec[], flag: string): OptionSpec | undefined {
  const name = flag.replace(/^-+/, "");
  return options.find((option) => isNamed(option, name));
}

/** The `--help` option that holds for a command. */
export function helpOptionOf(spec: CommandSpec): OptionSpec | undefined {
  return mainOf(spec).helpOption;
}

/** The options of a command: those it has from its parents, then its own. */
export function optionsOf(spec: CommandSpec, hidden: boolean): OptionSpec[] {
  const inherited: OptionSpec[] = [];
  const taken = new Set(spec.options.map((option) => option.name));
  let cut = spec.noGlobals;
  for (const parent of parentsOf(spec)) {
    for (const option of parent.options) {
      if (!option.global || taken.has(option.name)) continue;
      if (cut && option !== helpOptionOf(spec)) continue;
      taken.add(option.name);
      inherited.push(option);
    }
    cut ||= parent.noGlobals;
  }
  return [...inherited, ...spec.options].filter((option) => hidden || !option.hidden);
}

/** The subcommands of a command. */
export function commandsOf(spec: CommandSpec, hidden: boolean): CommandSpec[] {
  return [...spec.commands.values()].filter((command) => hidden || !command.hidden);
}

/** Finds a subcommand by name or alias, hidden ones too. */
export function findCommand(spec: CommandSpec, name: string): CommandSpec | undefined {
  return commandsOf(spec, true).find((one) => one.name === name || one.aliases.includes(name));
}

/** The types a command knows: its own, then the global ones of its parents. */
export function typesOf(spec: CommandSpec): Map<string, Type<unknown> | TypeHandler<unknown>> {
  const types = new Map<string, Type<unknown> | TypeHandler<unknown>>();
  for (const one of lineOf(spec)) {
    for (const [name, { type, global }] of one.types) {
      if ((global || one === spec) && !types.has(name)) types.set(name, type);
    }
  }
  return types;
}

/** The version that holds for a command. */
export function versionOf(spec: CommandSpec): string | undefined {
  for (const { version } of lineOf(spec)) {
    if (version !== undefined) return typeof version === "function" ? version() : version;
  }
  return undefined;
}

/** The description of a command. */
export function descriptionOf(spec: CommandSpec): string {
  return typeof spec.description === "function" ? spec.description() : spec.description;
}

/** The arguments of a command, as they were written. */
export function argsDefinitionOf(spec: CommandSpec): string {
  return spec.args.map((arg) => arg.raw).join(" ");
}
