import {
  bold,
  brightBlue,
  brightMagenta,
  dim,
  getColorEnabled,
  green,
  italic,
  red,
  setColorEnabled,
  yellow,
} from "./_std.ts";
import { dedent, parseArgument } from "./definition.ts";
import { flagOf } from "./errors.ts";
import { defaultOf } from "./flags.ts";
import {
  argsDefinitionOf,
  type ArgumentSpec,
  commandsOf,
  type CommandSpec,
  descriptionOf,
  type HelpOptions,
  lineOf,
  optionsOf,
  type OptionSpec,
  pathOf,
  typesOf,
  versionOf,
} from "./spec.ts";
import { layoutTable, type TableOptions } from "./table.ts";
import { Type } from "./value_types.ts";

/** The settings in force, none left out. */
type Settings = Required<HelpOptions>;

/** Spaces before each line of a section. */
const INDENT = 2;

/** The help of a command. */
export function helpText(spec: CommandSpec, options: HelpOptions): string {
  const own = [...lineOf(spec)].find((one) => one.help !== undefined)?.help;
  if (typeof own === "function") return own();
  const width = terminalWidth() ?? 150;
  const settings = { types: false, hints: true, colors: true, long: false, width };
  const all = { ...settings, ...own, ...options };
  const before = getColorEnabled();
  setColorEnabled(all.colors);
  const text = header(spec, all) + meta(spec) + description(spec, all) + args(spec, all) +
    optionTable(spec, all) + commands(spec, all) + examples(spec, all);
  setColorEnabled(before);
  return text;
}

/** Columns of the terminal, if there is one. */
function terminalWidth(): number | undefined {
  try {
    return Deno.consoleSize().columns || undefined;
  } catch {
    return undefined;
  }
}

/** A section with its label. */
function section(label: string, rows: string[][], options: TableOptions): string {
  return `\n${bold(`${label}:`)}\n\n${layoutTable(rows, { indent: INDENT, ...options })}\n`;
}

/** Usage and version. */
function header(spec: CommandSpec, settings: Settings): string {
  const usage = `${argsDefinitionOf(spec)} ${requiredOptions(spec)}`.trim();
  const path = pathOf(spec) + (usage ? ` ${highlight(usage, settings)}` : "");
  const rows = [[bold("Usage:"), brightMagenta(path)]];
  const version = versionOf(spec);
  if (version) rows.push([bold("Version:"), yellow(version)]);
  return `\n${layoutTable(rows, { padding: [1, 1] })}\n`;
}

/** The options that must be given, as the usage shows them. */
function requiredOptions(spec: CommandSpec): string {
  const required = optionsOf(spec, false).filter((option) => option.required);
  return required.map(({ flags, typeDefinition }) => {
    const flag = flags.find((one) => one.startsWith("--")) ?? flags[0];
    return `${flag} ${typeDefinition}`.trim();
  }).join(" ");
}

/** Facts about the program. */
function meta(spec: CommandSpec): string {
  const rows = Object.entries(spec.meta).map(([name, value]) => [bold(`${name}: `) + value]);
  return rows.length ? `\n${layoutTable(rows, { padding: [1] })}\n` : "";
}

/** The description, always whole. */
function description(spec: CommandSpec, { width }: Settings): string {
  const text = descriptionOf(spec);
  if (!text) return "";
  return section("Description", [[dedent(text)]], {
    padding: [1],
    maxColWidth: width - INDENT,
  });
}

/** The first line of a text or, for the long help, all of it. */
function brief(text: string, { long }: Settings): string {
  return long ? dedent(text) : firstLine(text);
}

/** The first line of a text. */
function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0].trim();
}

/** The arguments that have a description. */
function args(spec: CommandSpec, settings: Settings): string {
  const rows = spec.args.filter((arg) => arg.description).map((arg) => [
    highlight(arg.raw, settings),
    red(bold("-")),
    brief(arg.description!, settings),
    hints(settings, [
      ...(arg.optional ? [] : [yellow("required")]),
      ...valuesHint(spec, arg, settings),
    ]),
  ]);
  if (!rows.length) return "";
  const maxWidth = settings.width - INDENT;
  return section("Arguments", rows, { padding: [2, 1, 2], maxWidth, shrink: [0, 0, 1, 1] });
}

/** The options. */
function optionTable(spec: CommandSpec, settings: Settings): string {
  const options = optionsOf(spec, false);
  if (!options.length) return "";
  const typed = options.some((option) => option.typeDefinition);
  const rows = options.map((option) => [
    option.flags.map(brightBlue).join(", "),
    ...(typed ? [highlight(option.typeDefinition, settings)] : []),
    red(bold("-")),
    brief(option.description, settings),
    hints(settings, optionHints(spec, option, settings)),
  ]);
  const maxWidth = settings.width - INDENT;
  return section("Options", rows, {
    maxWidth,
    padding: typed ? [2, 2, 1, 2] : [2, 1, 2],
    shrink: typed ? [0, 0, 0, 1, 1] : [0, 0, 1, 1],
  });
}

/** The subcommands. */
function commands(spec: CommandSpec, settings: Settings): string {
  const all = commandsOf(spec, false);
  if (!all.length) return "";
  const typed = all.some((command) => command.args.length);
  const rows = all.map((command) => [
    [command.name, ...command.aliases].map(brightBlue).join(", "),
    ...(typed ? [highlight(argsDefinitionOf(command), settings)] : []),
    red(bold("-")),
    firstLine(descriptionOf(command)),
  ]);
  const maxWidth = settings.width - INDENT;
  return section("Commands", rows, {
    maxWidth,
    padding: typed ? [2, 2, 1, 2] : [2, 1, 2],
    shrink: typed ? [0, 0, 0, 1] : [0, 0, 1],
  });
}

/** The examples. */
function examples(spec: CommandSpec, { width }: Settings): string {
  if (!spec.examples.length) return "";
  const rows = spec.examples.map(({ name, description }) => [dim(bold(name)), dedent(description)]);
  return section("Examples", rows, { padding: [1, 1], maxWidth: width - INDENT, shrink: [0, 1] });
}

/** Hints in parentheses. */
function hints(settings: Settings, list: string[]): string {
  return settings.hints && list.length ? `(${list.join(", ")})` : "";
}

/** What there is to say about an option beside its description. */
function optionHints(spec: CommandSpec, option: OptionSpec, settings: Settings): string[] {
  const list: string[] = [];
  if (option.required) list.push(yellow("required"));
  if (option.default !== undefined || option.defaultText !== undefined) {
    const value = defaultOf(option);
    const text = typeof option.defaultText === "function"
      ? option.defaultText(value as never)
      : option.defaultText ?? value;
    if (text !== undefined) list.push(bold("Default: ") + inspect(text, settings));
  }
  if (option.depends?.length) {
    list.push(yellow(bold("Depends: ")) + italic(option.depends.map(flagOf).join(", ")));
  }
  if (option.conflicts?.length) {
    list.push(red(bold("Conflicts: ")) + italic(option.conflicts.map(flagOf).join(", ")));
  }
  if (option.arg) list.push(...valuesHint(spec, option.arg, settings));
  return list;
}

/** The values that a type lists. */
function valuesHint(spec: CommandSpec, arg: ArgumentSpec, settings: Settings): string[] {
  const type = typesOf(spec).get(arg.type);
  const values = type instanceof Type ? type.values?.() ?? [] : [];
  if (!values.length) return [];
  return [bold("Values: ") + values.map((value) => inspect(value, settings)).join(", ")];
}

/** A value as it would be written in a program. */
function inspect(value: unknown, { colors }: Settings): string {
  return Deno.inspect(value, { depth: 1, colors, trailingComma: false });
}

/** Colours a definition; types are taken out unless they are wanted. */
function highlight(definition: string, { types }: Settings): string {
  if (!definition) return "";
  return definition.split(/ +/).map((part) => {
    const arg = parseArgument(part);
    if (!arg) return part;
    const name = brightMagenta(arg.name + (arg.variadic ? "..." : ""));
    const type = types ? yellow(":") + red(arg.type) + (arg.list ? green("[]") : "") : "";
    return yellow(arg.optional ? "[" : "<") + name + type + yellow(arg.optional ? "]" : ">");
  }).join(" ");
}
