import type { AnyCommand } from "./command.ts";
import { parseArguments, splitDefinition } from "./definition.ts";
import { duplicateOption } from "./errors.ts";
import { type CommandSpec, isNamed, type OptionSpec, pathOf } from "./spec.ts";

/** Settings of an option. */
export interface OptionOptions<Value, Required, Default, Collect, Mapped> {
  /** Value, or function that makes it, if the option is not given. */
  default?: Default | (() => Default);
  /** What the help says instead of the default. */
  defaultText?: string | ((value: Default) => string);
  /** Whether it must be given. */
  required?: Required;
  /** Whether it may be repeated; its value is then an array. */
  collect?: Collect;
  /** Maps its value; with `collect`, also the value before. */
  value?: (value: Value, previous?: Mapped) => Mapped;
  /** Whether subcommands have it too. */
  global?: boolean;
  /** Whether the help leaves it out. */
  hidden?: boolean;
  /** Whether it stands alone, as `--help` does. */
  standalone?: boolean;
  /** Options that must not be given with it. */
  conflicts?: string[];
  /** Options that must be given with it. */
  depends?: string[];
  /** Runs before the command's action. */
  // deno-lint-ignore no-explicit-any
  action?: (this: AnyCommand, options: any, ...args: any[]) => unknown;
}

/** Adds an option to a command. */
export function addOption(
  spec: CommandSpec,
  definition: string,
  description: string,
  settings: Partial<OptionSpec>,
): void {
  const { names: flags, values, equalsSign } = splitDefinition(definition);
  const args = values ? parseArguments(values) : [];
  if (args.length > 1 || args[0]?.variadic) {
    throw new Error(`The stand-in for Cliffy takes one value for an option: "${definition}"`);
  }
  const names = flags.map((flag) => flag.replace(/^--?/, ""));
  const long = flags.findIndex((flag) => flag.startsWith("--"));
  for (const name of names) {
    if (spec.options.some((option) => isNamed(option, name))) {
      throw duplicateOption(name, pathOf(spec));
    }
  }
  spec.options.push({
    ...settings,
    name: names[long] ?? "",
    aliases: names.filter((_, index) => index !== long),
    flags,
    description,
    typeDefinition: values,
    equalsSign,
    ...(args[0] && { arg: args[0] }),
  });
}
