/**
 * Arguments of operations as code gives them: defaults, checks, and how they are written.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { quote } from "../kernel/escape.ts";
import type {
  ArgumentKind,
  Arguments,
  ArgumentSpec,
  ArgumentValue,
  OperationSpec,
  RangeRef,
} from "./spec.ts";

/** What a name of a variable, process, listener or mapping looks like. */
export const NAME_PATTERN = "[A-Za-z_][A-Za-z0-9_]*";
/** What a range is, in words. */
export const RANGE_WANTED = 'a range such as "ram", "ram[3]" or "ram[0..8]"';

const RANGE = new RegExp(`^(${NAME_PATTERN})(?:\\[([0-9]+)(?:(\\.\\.)([0-9]*))?\\])?$`);

/** What values an argument of each kind may have. */
const MAY_BE: Readonly<Record<ArgumentKind, (value: unknown, spec: ArgumentSpec) => boolean>> = {
  process: isText,
  listener: isText,
  file: isText,
  name: isText,
  range: isRange,
  size: (value) => isCount(value) && value % PAGE_SIZE === 0,
  address: (value) => isCount(value) && value % PAGE_SIZE === 0,
  count: isCount,
  flag: (value) => typeof value === "boolean",
  choice: (value, { choices }) => isText(value) && choices!.includes(value),
  fill: (value) =>
    isCount(value) || (isText(value) && ["same", "unique", "random"].includes(value)),
  duration: isCount,
};

/** What each kind of argument is, in words. */
const WANTED: Readonly<Record<ArgumentKind, string>> = {
  process: "the name of a process",
  listener: "the name of a listener",
  file: "the name of a file",
  name: "a name",
  range: 'a range such as "ram" or "ram[0..8]", or { mapping, firstPage, pages }',
  size: "a number of bytes, page aligned",
  address: "an address in bytes, page aligned",
  count: "a whole number, not negative",
  flag: "true or false",
  choice: "one of",
  fill: 'a number, "same", "unique" or "random"',
  duration: "a number of ns",
};

/**
 * Checks the arguments of an operation and fills in its defaults.
 *
 * @param spec The operation.
 * @param args The arguments given.
 * @returns All arguments that have a value, with ranges written out.
 * @throws {RangeError} If there is no such argument, or a range cannot be read.
 * @throws {TypeError} If an argument is missing, or is of another type.
 */
export function completeArguments(spec: OperationSpec, args: Arguments): Arguments {
  const { name } = spec;
  for (const key of Object.keys(args)) {
    if (Object.hasOwn(spec.args, key)) continue;
    const known = Object.keys(spec.args).join(", ") || "none";
    throw new RangeError(`Cannot perform ${name} with argument "${key}": it has ${known}`);
  }
  const complete: Record<string, ArgumentValue> = { ...withDefaults(spec, args) };
  for (const [key, argument] of Object.entries(spec.args)) {
    const value = complete[key];
    if (argument.kind === "range" && isText(value)) {
      complete[key] = rangeOf(value);
      continue;
    }
    if (value === undefined ? argument.required !== true : MAY_BE[argument.kind](value, argument)) {
      continue;
    }
    const wanted = [WANTED[argument.kind], argument.choices?.join(", ")].filter(Boolean).join(" ");
    const got = value === undefined ? "nothing" : valueText(value);
    throw new TypeError(`Cannot perform ${name}: expected ${wanted} as "${key}", got ${got}`);
  }
  return complete;
}

/**
 * Reads a range of a mapping, as {@linkcode argumentText} writes it.
 *
 * @param text Such as `ram`, `ram[3]`, `ram[0..8]` or `ram[4..]`, in pages.
 * @returns The range.
 * @throws {RangeError} If it is none, or has no page.
 * @example
 * ```ts
 * import { rangeOf } from "./arguments.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rangeOf("ram[2..8]"), { mapping: "ram", firstPage: 2, pages: 6 });
 * ```
 */
export function rangeOf(text: string): RangeRef {
  const parts = rangeParts(text);
  if (parts === null) throw new RangeError(`Expected ${RANGE_WANTED}, got ${quote(text)}`);
  const range = pagesIn(parts);
  if (typeof range === "string") throw new RangeError(range);
  return range;
}

/** A range as it is written, taken apart. */
export interface RangeParts {
  /** Name of the mapping. */
  readonly mapping: string;
  /** First page; undefined for the whole mapping. */
  readonly first: string | undefined;
  /** The dots, if there are any. */
  readonly dots: string | undefined;
  /** First page after; empty for the rest of the mapping. */
  readonly end: string | undefined;
}

/**
 * Takes a range apart.
 *
 * @param text The range.
 * @returns Its parts, or null if it is none.
 */
export function rangeParts(text: string): RangeParts | null {
  const parts = RANGE.exec(text);
  if (parts === null) return null;
  const [, mapping, first, dots, end] = parts;
  return { mapping, first, dots, end };
}

/**
 * Finds the pages of a range.
 *
 * @param parts The range, taken apart.
 * @returns The range, or what is wrong with it.
 */
export function pagesIn({ mapping, first, dots, end }: RangeParts): RangeRef | string {
  if (first === undefined) return { mapping, firstPage: 0, pages: null };
  const firstPage = Number(first);
  if (dots !== undefined && end === "") return { mapping, firstPage, pages: null };
  const lastPage = end ? Number(end) : firstPage + 1;
  if (lastPage > firstPage) return { mapping, firstPage, pages: lastPage - firstPage };
  return `Range is empty: expected a page above ${firstPage} after "..", got ${lastPage}`;
}

/**
 * Fills in the defaults of an operation.
 *
 * @param operation The operation.
 * @param args The arguments given.
 * @returns All arguments that have a value.
 */
export function withDefaults(operation: OperationSpec, args: Arguments): Arguments {
  const complete: Record<string, ArgumentValue> = {};
  for (const [name, spec] of Object.entries(operation.args)) {
    const value = Object.hasOwn(args, name) ? args[name] : spec.default;
    if (value !== undefined) complete[name] = value;
  }
  return complete;
}

/**
 * Writes an operation and its arguments in short.
 *
 * @param operation The operation.
 * @param args Its arguments.
 * @returns Text such as `madvise range=ram[0..8] advice=MERGEABLE`.
 */
export function labelOf(operation: OperationSpec, args: Arguments): string {
  const words = Object.entries(args).map(([name, value]) => `${name}=${argumentText(value)}`);
  return [operation.name, ...words].join(" ");
}

/**
 * Writes an argument as a scenario would.
 *
 * @param value The argument.
 * @returns Text such as `16` or `ram[0..8]`.
 */
export function argumentText(value: ArgumentValue): string {
  if (typeof value !== "object") return String(value);
  const { mapping, firstPage, pages } = value;
  if (pages === null) return firstPage === 0 ? mapping : `${mapping}[${firstPage}..]`;
  return pages === 1
    ? `${mapping}[${firstPage}]`
    : `${mapping}[${firstPage}..${firstPage + pages}]`;
}

function isRange(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { mapping, firstPage, pages } = value as Partial<RangeRef>;
  return isText(mapping) && isCount(firstPage) && (pages === null || isCount(pages));
}

function valueText(value: unknown): string {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
