import { bold, closestString } from "./_std.ts";

/** Options for {@linkcode ValidationError}. */
export interface ValidationErrorOptions extends ErrorOptions {
  /** Exit code of the process, 2 unless told. */
  exitCode?: number;
}

/**
 * A wrong command line. Unless the command throws its errors, the help goes to
 * standard output, the message to standard error, and the process exits.
 */
export class ValidationError extends Error {
  /** Exit code of the process. */
  readonly exitCode: number;

  /** Constructs the error. */
  constructor(message: string, { exitCode = 2, ...options }: ValidationErrorOptions = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** An option's name as it is typed: `--json`, `-j`. */
export function flagOf(name: string): string {
  if (name.startsWith("-")) return name;
  return name.length > 1 ? `--${name}` : `-${name}`;
}

/** The hint at the nearest of some names, or nothing if there are none. */
function didYouMean(kind: string, given: string, names: string[]): string {
  return names.length ? ` Did you mean ${kind} "${closestString(given, names)}"?` : "";
}

/** The error for an option nobody knows. */
export function unknownOption(given: string, names: string[]): ValidationError {
  const flag = flagOf(given);
  const hint = didYouMean("option", flag, names.map(flagOf));
  return new ValidationError(`Unknown option "${flag}".${hint}`);
}

/** The error for a subcommand nobody knows. */
export function unknownCommand(given: string, names: string[]): ValidationError {
  return new ValidationError(
    `Unknown command "${given}".${didYouMean("command", given, names)}`,
  );
}

/** The error for a type nobody registered: the program's fault, not the user's. */
export function unknownType(given: string, names: string[]): Error {
  return new Error(`Unknown type "${given}".${didYouMean("type", given, names)}`);
}

/** The error for an option registered twice: the program's fault, not the user's. */
export function duplicateOption(name: string, command: string): Error {
  return new Error(
    `An option with name '${bold(flagOf(name))}' is already registered on command '${
      bold(command)
    }'. If it is intended to override the option, set the '${bold("override")}' option of the '${
      bold("option")
    }' method to true.`,
  );
}
