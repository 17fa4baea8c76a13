/**
 * What was expected of several values and what came, in the lines of a diff.
 *
 * @module
 */

/** One value that was compared. */
export interface ComparedValue {
  /** What it is, such as `ram[0..2] dirty`. */
  readonly what: string;
  /** What was expected. */
  readonly expected: string;
  /** What came. */
  readonly actual: string;
  /** Whether that is as expected. */
  readonly holds: boolean;
}

/** Most values of which lines are written. */
const MOST = 40;

/**
 * Writes values one below the other.
 *
 * @param values The values.
 * @returns Lines: `- ` expected and `+ ` came where they differ, two spaces where they do not.
 * @example
 * ```ts
 * import { valueDiff } from "./value_diff.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   valueDiff([
 *     { what: "CLEAR", expected: "2", actual: "2", holds: true },
 *     { what: "UNMAP", expected: ">= 1", actual: "0", holds: false },
 *   ]),
 *   ["  CLEAR: 2", "- UNMAP: >= 1", "+ UNMAP: 0"],
 * );
 * ```
 */
export function valueDiff(values: readonly ComparedValue[]): string[] {
  const lines = values.slice(0, MOST).flatMap(({ what, expected, actual, holds }) =>
    holds ? [`  ${what}: ${actual}`] : [`- ${what}: ${expected}`, `+ ${what}: ${actual}`]
  );
  const left = values.length - MOST;
  return left > 0 ? [...lines, `  and ${left} more`] : lines;
}
