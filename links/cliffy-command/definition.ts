import type { ArgumentSpec } from "./spec.ts";

/** A definition such as `-o, --out <file:file>` taken apart. */
export interface Definition {
  /** The names: `-o` and `--out`, or a command's name and its aliases. */
  names: string[];
  /** The rest: `<file:file>`. */
  values: string;
  /** Whether there is an equals sign. */
  equalsSign: boolean;
}

/** Takes a definition apart. */
export function splitDefinition(text: string): Definition {
  const parts = text.trim().split(/[, =] */);
  const values: string[] = [];
  while (/^[<[].+[\]>]$/.test(parts.at(-1) ?? "")) values.unshift(parts.pop()!);
  return { names: parts, values: values.join(" "), equalsSign: text.includes("=") };
}

/** Reads one `<name:type>`, `[name:type]`, `<...names:type[]>`; anything else gives nothing. */
export function parseArgument(raw: string): ArgumentSpec | undefined {
  const [, name, type] = raw.split(/[<[:>\]]/);
  if (!name) return undefined;
  return {
    name: name.length > 3 ? name.replace(/^\.\.\.|\.\.\.$/, "") : name,
    raw,
    type: type || "string",
    optional: raw[0] === "[",
    variadic: name.length > 3 && /^\.\.\.|\.\.\.$/.test(name),
    list: raw.includes(`${type || "string"}[]`),
  };
}

/**
 * Reads the arguments of a command or the value of an option.
 *
 * @throws {Error} If nothing may stand where an argument stands.
 */
export function parseArguments(text: string): ArgumentSpec[] {
  const args = text.split(/ +/).map(parseArgument).filter((arg) => arg !== undefined);
  for (const [index, arg] of args.entries()) {
    const before = args[index - 1];
    if (before?.variadic) {
      throw new Error(`An argument cannot follow an variadic argument, but got "${arg.raw}".`);
    }
    if (before?.optional && !arg.optional) {
      throw new Error(
        "An required argument cannot follow an optional argument, " +
          `but "${arg.name}"  is defined as required.`,
      );
    }
  }
  return args;
}

/** `dry-run` as a property: `dryRun`. */
export function propertyOf(name: string): string {
  return name.replace(/-([a-z])/g, (pair) => pair[1].toUpperCase());
}

/** Takes away empty lines around a text and the indentation of its first line. */
export function dedent(text: string): string {
  const lines = text.split(/\r?\n|\r/);
  while (lines.length && !lines[0].trim()) lines.shift();
  if (!lines.length) return "";
  const indent = lines[0].length - lines[0].trimStart().length;
  return lines.map((line) => line.slice(indent)).join("\n").trimEnd();
}
