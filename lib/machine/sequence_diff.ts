/**
 * What differs between two sequences, line by line.
 *
 * @module
 */

/** Most items of either sequence that are compared; the rest is said to be there. */
const MOST = 100;

/**
 * Puts two sequences side by side.
 *
 * @param wanted Texts of what was wanted.
 * @param found Texts of what was found.
 * @param isSame Tells whether a wanted item, by index, is a found one.
 * @returns Lines: `- ` wanted and not found, `+ ` found and not wanted, `  ` both.
 * @example
 * ```ts
 * import { diffLines } from "./sequence_diff.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [wanted, found] = [["S", "cp", "E"], ["S", "E", "S"]];
 * const lines = diffLines(wanted, found, (one, other) => wanted[one] === found[other]);
 * assertEquals(lines, ["  S", "- cp", "  E", "+ S"]);
 * ```
 */
export function diffLines(
  wanted: readonly string[],
  found: readonly string[],
  isSame: (wanted: number, found: number) => boolean,
): string[] {
  const rows = Math.min(wanted.length, MOST);
  const columns = Math.min(found.length, MOST);
  const common = commonLengths(rows, columns, isSame);
  const lines: string[] = [];
  let [row, column] = [0, 0];
  while (row < rows || column < columns) {
    if (row < rows && column < columns && isSame(row, column)) {
      lines.push(`  ${found[column]}`);
      row++;
      column++;
    } else if (
      column >= columns || (row < rows && common[row + 1][column] >= common[row][column + 1])
    ) {
      lines.push(`- ${wanted[row++]}`);
    } else {
      lines.push(`+ ${found[column++]}`);
    }
  }
  const left = Math.max(wanted.length - rows, found.length - columns);
  return left > 0 ? [...lines, `  and up to ${left} more`] : lines;
}

/** Lengths of the longest common subsequences of what is left from a row and a column on. */
function commonLengths(
  rows: number,
  columns: number,
  isSame: (row: number, column: number) => boolean,
): number[][] {
  const lengths = Array.from({ length: rows + 1 }, () => new Array<number>(columns + 1).fill(0));
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      lengths[row][column] = isSame(row, column)
        ? lengths[row + 1][column + 1] + 1
        : Math.max(lengths[row + 1][column], lengths[row][column + 1]);
    }
  }
  return lengths;
}
