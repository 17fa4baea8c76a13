import { ValidationError } from "./errors.ts";
import type { ArgumentValue } from "./spec.ts";

/** Turns the text of an option or argument into a value, or throws a `ValidationError`. */
export type TypeHandler<T> = (value: ArgumentValue) => T;

/** Base class of value types that do more than parse. */
export abstract class Type<T> {
  /** Turns a text into a value, or throws a `ValidationError`. */
  abstract parse(value: ArgumentValue): T;

  /** The values that the help lists. */
  values?(): (string | number | boolean)[];
}

/** The error for a text that is not of its type. */
function invalid(
  { label, name, value, type }: ArgumentValue,
  expected?: readonly (string | number | boolean)[],
): ValidationError {
  const list = expected?.map((value) => `"${value}"`).join(", ");
  return new ValidationError(
    `${label} "${name}" must be of type "${type}", but got "${value}".` +
      (list === undefined ? "" : ` Expected values: ${list}`),
  );
}

/** Any text. */
export class StringType extends Type<string> {
  /** Returns the text. */
  parse({ value }: ArgumentValue): string {
    return value;
  }
}

/** The path of a file; shells complete it. */
export class FileType extends StringType {}

/** Any finite number. */
export class NumberType extends Type<number> {
  /** Parses the number. */
  parse(value: ArgumentValue): number {
    const number = value.value ? Number(value.value) : NaN;
    if (!Number.isFinite(number)) throw invalid(value);
    return number;
  }
}

/** Any integer. */
export class IntegerType extends Type<number> {
  /** Parses the integer. */
  parse(value: ArgumentValue): number {
    const number = Number(value.value);
    if (!Number.isInteger(number)) throw invalid(value);
    return number;
  }
}

/** `true`, `false`, `1` or `0`. */
export class BooleanType extends Type<boolean> {
  /** Parses the truth value. */
  parse(value: ArgumentValue): boolean {
    if (value.value === "1" || value.value === "true") return true;
    if (value.value === "0" || value.value === "false") return false;
    throw invalid(value, ["true", "false", "1", "0"]);
  }
}

/** One of some values. */
export class EnumType<const T extends string | number | boolean> extends Type<T> {
  readonly #values: readonly T[];

  /** Constructs the type from its values. */
  constructor(values: readonly T[] | Record<string, T>) {
    super();
    this.#values = Array.isArray(values) ? values : Object.values(values);
  }

  /** Finds the value that is written so. */
  parse(value: ArgumentValue): T {
    const found = this.#values.find((allowed) => allowed.toString() === value.value);
    if (found === undefined) throw invalid(value, this.#values);
    return found;
  }

  /** The values that the help lists. */
  override values(): T[] {
    return this.#values.slice();
  }
}

/** Calls a type, be it a class or a function. */
export function parseWith(type: Type<unknown> | TypeHandler<unknown>, value: ArgumentValue) {
  return type instanceof Type ? type.parse(value) : type(value);
}
