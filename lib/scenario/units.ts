/**
 * Sizes and durations: `64 MiB`, `16 pages`, `20 ms`.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";

/** What a unit measures. */
export type Dimension = "size" | "duration";

/** A unit that may follow a number. */
export interface Unit {
  /** What it measures. */
  readonly dimension: Dimension;
  /** Bytes or nanoseconds in one of it. */
  readonly factor: number;
}

/** The units by their spelling. */
export const UNITS: Readonly<Record<string, Unit>> = {
  B: { dimension: "size", factor: 1 },
  KiB: { dimension: "size", factor: 2 ** 10 },
  MiB: { dimension: "size", factor: 2 ** 20 },
  GiB: { dimension: "size", factor: 2 ** 30 },
  page: { dimension: "size", factor: PAGE_SIZE },
  pages: { dimension: "size", factor: PAGE_SIZE },
  ns: { dimension: "duration", factor: 1 },
  us: { dimension: "duration", factor: 1e3 },
  ms: { dimension: "duration", factor: 1e6 },
  s: { dimension: "duration", factor: 1e9 },
};

/** A number with its unit taken into account. */
export interface Measure {
  /** Bytes, nanoseconds, or the plain number. */
  readonly value: number;
  /** What it measures; undefined for a plain number. */
  readonly dimension?: Dimension;
}

const MEASURE = /^(0x[0-9a-f]+|[0-9]+(?:\.[0-9]+)?)(?:\s*([a-z]+))?$/i;

/**
 * Reads a number with an optional unit.
 *
 * @param text The text.
 * @returns The measure, or undefined if the text is none.
 * @example
 * ```ts
 * import { parseMeasure } from "./units.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseMeasure("16 pages"), { value: 65536, dimension: "size" });
 * assertEquals(parseMeasure("1.5 us"), { value: 1500, dimension: "duration" });
 * assertEquals(parseMeasure("many"), undefined);
 * ```
 */
export function parseMeasure(text: string): Measure | undefined {
  const parts = MEASURE.exec(text.trim());
  if (parts === null) return undefined;
  const number = Number(parts[1]);
  if (parts[2] === undefined) return { value: number };
  if (!Object.hasOwn(UNITS, parts[2])) return undefined;
  const { dimension, factor } = UNITS[parts[2]];
  return { value: number * factor, dimension };
}

/**
 * Writes a number with the largest unit of which it is a whole multiple.
 *
 * @param value Bytes or nanoseconds.
 * @param dimension What it measures.
 * @returns Text such as `64 KiB` or `20 ms`.
 */
export function measureText(value: number, dimension: Dimension): string {
  const names = unitNames(dimension).filter((name) => !name.startsWith("page"));
  const name = names.findLast((name) => value % UNITS[name].factor === 0 && value > 0) ?? names[0];
  return `${value / UNITS[name].factor} ${name}`;
}

/**
 * Lists the spellings of the units of one dimension.
 *
 * @param dimension The dimension.
 * @returns The units, smallest first.
 */
export function unitNames(dimension: Dimension): string[] {
  return Object.keys(UNITS).filter((name) => UNITS[name].dimension === dimension);
}
