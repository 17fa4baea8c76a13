import { parseArguments, splitDefinition } from "./definition.ts";
import { helpText } from "./help.ts";
import type { Arguments, OptionProperty, OptionValue, ValueOf, ValueTypes } from "./infer.ts";
import { addOption, type OptionOptions } from "./options.ts";
import { addDefaults, run } from "./parse.ts";
import {
  commandsOf,
  type CommandSpec,
  type HelpOptions,
  mainOf,
  newSpec,
  optionsOf,
  type OptionSpec,
} from "./spec.ts";
import type { Type, TypeHandler } from "./value_types.ts";

/** Any command, whatever its options. */
// deno-lint-ignore no-explicit-any
export type AnyCommand = Command<any, any, any, any, any>;

/** What `parse` resolves to. */
export interface CommandResult {
  /** Values of the options, by property. */
  options: Record<string, unknown>;
  /** Values of the arguments. */
  args: unknown[];
  /** The words after `--`. */
  literal: string[];
  /** The command that ran. */
  cmd: AnyCommand;
}

/**
 * A command with its options, arguments and subcommands.
 *
 * Only the first type parameter is the same as the genuine one's: the global
 * options of the command this one becomes a subcommand of.
 */
export class Command<
  ParentGlobals = void,
  Options = Record<never, never>,
  Args extends unknown[] = [],
  Types = ValueTypes,
  Globals = Record<never, never>,
> {
  /** All that is known of the command; not part of the genuine class. */
  readonly spec: CommandSpec = newSpec(this);

  /** What the methods below describe: this command or the subcommand added last. */
  #at: CommandSpec = this.spec;

  /** Names the command. */
  name(name: string): this {
    this.#at.name = name;
    return this;
  }

  /** Gives the version, and with it the option `--version`. */
  version(version: string | (() => string)): this {
    this.#at.version = version;
    return this;
  }

  /** Describes the command; the list of subcommands shows the first line. */
  description(description: string | (() => string)): this {
    this.#at.description = description;
    return this;
  }

  /** Adds a fact to the help and to `--version`. */
  meta(name: string, value: string): this {
    this.#at.meta[name] = value;
    return this;
  }

  /** Sets how the help looks, or what it is. */
  help(help: HelpOptions | string | (() => string)): this {
    this.#at.help = typeof help === "string" ? () => help : help;
    return this;
  }

  /** Leaves the command out of the help. */
  hidden(): this {
    this.#at.hidden = true;
    return this;
  }

  /** Makes `parse` reject with errors instead of exiting; `--help` and `--version` do not exit. */
  noExit(): this {
    this.#at.noExit = true;
    return this;
  }

  /** Adds an example to the help. */
  example(name: string, description: string): this {
    this.#at.examples.push({ name, description });
    return this;
  }

  /** Registers a value type for options and arguments. */
  type<const Name extends string, T extends Type<unknown> | TypeHandler<unknown>>(
    name: Name,
    type: T,
    { global = false }: { global?: boolean } = {},
  ): Command<ParentGlobals, Options, Args, Types & { [K in Name]: ValueOf<T> }, Globals> {
    this.#at.types.set(name, { type, global });
    return this as AnyCommand;
  }

  /** Says which arguments the command takes. */
  arguments<const S extends string>(
    definition: S,
    descriptions: string[] = [],
  ): Command<ParentGlobals, Options, Arguments<S, Types>, Types, Globals> {
    this.#at.args = parseArguments(definition);
    for (const [index, description] of descriptions.entries()) {
      if (this.#at.args[index]) this.#at.args[index].description = description;
    }
    return this as AnyCommand;
  }

  /** Adds an option that subcommands have too. */
  globalOption<
    const S extends string,
    Required extends boolean | undefined = undefined,
    Collect extends boolean | undefined = undefined,
    const Default = undefined,
    Mapped = undefined,
  >(
    flags: S,
    description: string,
    options: OptionOptions<OptionValue<S, Types>, Required, Default, Collect, Mapped> = {},
  ): Command<
    ParentGlobals,
    Options,
    Args,
    Types,
    Globals & OptionProperty<S, Types, Required, Default, Collect, Mapped>
  > {
    return this.option(flags, description, { ...options, global: true }) as AnyCommand;
  }

  /** Adds an option. */
  option<
    const S extends string,
    Required extends boolean | undefined = undefined,
    Collect extends boolean | undefined = undefined,
    const Default = undefined,
    Mapped = undefined,
  >(
    flags: S,
    description: string,
    options:
      | OptionOptions<OptionValue<S, Types>, Required, Default, Collect, Mapped>
      | ((value: OptionValue<S, Types>, previous?: Mapped) => Mapped) = {},
  ): Command<
    ParentGlobals,
    Options & OptionProperty<S, Types, Required, Default, Collect, Mapped>,
    Args,
    Types,
    Globals
  > {
    const settings = typeof options === "function" ? { value: options } : options;
    addOption(this.#at, flags, description, settings as Partial<OptionSpec>);
    return this as AnyCommand;
  }

  /** Says what the command does. */
  action(
    fn: (
      this: Command<ParentGlobals, Options, Args, Types, Globals>,
      options: (ParentGlobals extends void ? unknown : ParentGlobals) & Globals & Options,
      ...args: Args
    ) => unknown,
  ): this {
    this.#at.action = fn;
    return this;
  }

  /**
   * Adds a subcommand; what is said from here on is said of the subcommand,
   * until `reset`.
   */
  command(definition: string, command: AnyCommand): AnyCommand {
    const { names: [name, ...aliases], values } = splitDefinition(definition);
    if (!name) throw new Error("Missing command name.");
    if (this.spec.commands.has(name)) throw new Error(`Duplicate command name "${name}".`);
    const { spec } = command.reset();
    spec.name = name;
    spec.parent = this.spec;
    spec.aliases.push(...aliases);
    if (values) spec.args = parseArguments(values);
    this.spec.commands.set(name, spec);
    this.#at = spec;
    return this;
  }

  /** Goes back from the subcommand added last to this command. */
  reset(): this {
    this.#at = this.spec;
    return this;
  }

  /** Parses a command line and runs the command that it names. */
  async parse(args: string[] = Deno.args): Promise<CommandResult> {
    const { spec, ...result } = await run(this.reset().spec, args);
    return { ...result, cmd: spec.self as AnyCommand };
  }

  /** The help; that of a subcommand names `--help` once the main command has been asked or run. */
  getHelp(options: HelpOptions = {}): string {
    if (mainOf(this.spec) === this.spec) addDefaults(this.spec);
    return helpText(this.spec, options);
  }

  /** The name. */
  getName(): string {
    return this.spec.name;
  }

  /** The options, those of parents first. */
  getOptions(hidden = false): OptionSpec[] {
    return optionsOf(this.spec, hidden);
  }

  /** The subcommands. */
  getCommands(hidden = false): AnyCommand[] {
    return commandsOf(this.spec, hidden).map((spec) => spec.self as AnyCommand);
  }

  /** The subcommand of a name. */
  getCommand(name: string): AnyCommand | undefined {
    return this.spec.commands.get(name)?.self as AnyCommand | undefined;
  }

  /** The words after `--`. */
  getLiteralArgs(): string[] {
    return this.spec.literal;
  }
}
