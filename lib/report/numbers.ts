/**
 * Numbers for readers: times with a unit, counts, and how one number relates to another.
 *
 * @module
 */

const UNITS = ["ns", "us", "ms", "s"] as const;

/**
 * Writes a time with the unit that suits it, to four digits.
 *
 * @param ns The time in ns.
 * @returns Text such as `76.54 us`.
 * @example
 * ```ts
 * import { timeText } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([850, 76_540, 999_999].map(timeText), ["850 ns", "76.54 us", "1 ms"]);
 * ```
 */
export function timeText(ns: number): string {
  let value = fourDigits(ns);
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < UNITS.length - 1) {
    unit++;
    value = fourDigits(ns / 1000 ** unit);
  }
  return `${countText(value)} ${UNITS[unit]}`;
}

/**
 * Writes a number with a comma after every three digits.
 *
 * @param value The number.
 * @returns Text such as `1,048,576`.
 */
export function countText(value: number): string {
  const [whole, fraction] = String(value).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/**
 * Writes a number and the thing counted.
 *
 * @param value The number.
 * @param singular The thing, once.
 * @param plural The thing, otherwise; with an s unless given.
 * @returns Text such as `1 fault` or `16 faults`.
 */
export function amount(value: number, singular: string, plural: string = `${singular}s`): string {
  return `${countText(value)} ${value === 1 ? singular : plural}`;
}

/**
 * Writes how a number differs from another one.
 *
 * @param value The number.
 * @param base What it is held against.
 * @returns `same`, a difference such as `-50%`, a factor where it is large, or `new` after 0.
 * @example
 * ```ts
 * import { changeText } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const changes = [[16, 16], [8, 16], [0, 16], [20, 16], [160, 16], [3, 0]];
 * assertEquals(
 *   changes.map(([value, base]) => changeText(value, base)),
 *   ["same", "-50%", "-100%", "+25%", "10x", "new"],
 * );
 * ```
 */
export function changeText(value: number, base: number): string {
  if (value === base) return "same";
  if (base === 0) return "new";
  const ratio = value / base;
  if (ratio >= 10) return `${countText(Math.round(ratio))}x`;
  const percent = (ratio - 1) * 100;
  const rounded = Math.abs(percent) < 10 ? Number(percent.toFixed(1)) : Math.round(percent);
  if (value !== 0 && rounded === -100) return "-99.9%";
  if (rounded === 0) return percent < 0 ? "-0.0%" : "+0.0%";
  return `${rounded > 0 ? "+" : ""}${rounded}%`;
}

function fourDigits(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}
