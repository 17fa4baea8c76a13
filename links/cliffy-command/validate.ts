import { propertyOf } from "./definition.ts";
import { flagOf, ValidationError } from "./errors.ts";
import { defaultOf, type ParseState } from "./flags.ts";
import { type ArgumentSpec, findOption, type OptionSpec } from "./spec.ts";

/** Fills in defaults and checks that the options given go together. */
export function checkOptions(
  state: ParseState,
  options: OptionSpec[],
  given: Map<string, OptionSpec>,
): void {
  setDefaults(state, options);
  if (state.standalone) return checkStandalone(state, state.standalone, given);
  for (const option of given.values()) {
    checkConflicts(state, option, options);
    checkDepends(state, option);
  }
  checkRequired(state, options, given);
}

/** Fills in the defaults; `--no-x` without `--x` makes `x` true by default. */
function setDefaults(state: ParseState, options: OptionSpec[]): void {
  for (const option of options) {
    let value = option.default === undefined ? undefined : defaultOf(option);
    let name = option.name;
    if (name.startsWith("no-")) {
      name = name.slice(3);
      if (state.flags[name] !== undefined || findOption(options, name)) continue;
      value ??= true;
    }
    const property = propertyOf(name);
    if (value === undefined || state.flags[property] !== undefined) continue;
    state.flags[property] = option.value ? option.value(value as never) : value;
    state.defaults.add(option.name);
  }
}

/** Checks that `--help` and the like stand alone. */
function checkStandalone(
  state: ParseState,
  standalone: OptionSpec,
  given: Map<string, OptionSpec>,
): void {
  for (const option of given.values()) {
    if (option !== standalone && !state.defaults.has(option.name)) {
      throw new ValidationError(
        `Option "${flagOf(standalone.name)}" cannot be combined with other options.`,
      );
    }
  }
}

/** Checks that nothing given conflicts with an option. */
function checkConflicts(state: ParseState, option: OptionSpec, options: OptionSpec[]): void {
  const names = state.parsed.map((word) => word.replace(/^-+/, "").split("=")[0]);
  for (const name of option.conflicts ?? []) {
    const other = findOption(options, name);
    if ([name, ...(other?.aliases ?? [])].some((one) => names.includes(one))) {
      throw new ValidationError(
        `Option "${flagOf(option.name)}" conflicts with option "${flagOf(name)}".`,
      );
    }
  }
}

/** Checks that all that an option depends on is there. */
function checkDepends(state: ParseState, option: OptionSpec): void {
  for (const name of option.depends ?? []) {
    if (state.flags[propertyOf(name)] === undefined && !state.defaults.has(option.name)) {
      throw new ValidationError(
        `Option "${flagOf(option.name)}" depends on option "${flagOf(name)}".`,
      );
    }
  }
}

/** Checks that required options are there, or one that conflicts with them. */
function checkRequired(
  state: ParseState,
  options: OptionSpec[],
  given: Map<string, OptionSpec>,
): void {
  for (const option of options) {
    if (!option.required || propertyOf(option.name) in state.flags) continue;
    if (option.conflicts?.some((name) => state.flags[name])) continue;
    if ([...given.values()].some(({ conflicts }) => conflicts?.includes(option.name))) continue;
    throw new ValidationError(`Missing required option "${flagOf(option.name)}".`);
  }
}

/** Fills in defaults of arguments and checks that the required ones are there. */
export function checkArguments(
  state: ParseState,
  args: ArgumentSpec[],
  given: Map<string, OptionSpec>,
): void {
  if (!args.length) return;
  if (!state.args?.length && !args.some((arg) => arg.default !== undefined)) {
    const missing = args.filter((arg) => !arg.optional).map((arg) => arg.name);
    if (missing.length && ![...given.values()].some((option) => option.standalone)) {
      throw new ValidationError(`Missing argument(s): ${missing.join(", ")}`);
    }
    return;
  }
  const values = state.args ??= [];
  for (const [index, arg] of args.entries()) {
    if (values[index] !== undefined) continue;
    if (arg.default !== undefined) {
      const value = defaultOf(arg);
      if (arg.variadic && Array.isArray(value)) values.splice(index, 0, ...value);
      else values[index] = value;
    } else if (!arg.optional) {
      throw new ValidationError(`Missing argument: ${arg.name}`);
    }
  }
}
