/**
 * Laying text out: tables, wrapping, indenting.
 *
 * @module
 */

/** A cell: its text, and how it is coloured once its width is settled. */
export interface Cell {
  /** The text, without colours. */
  readonly text: string;
  /** Colours it; not at all unless given. */
  readonly paint?: (text: string) => string;
}

/**
 * Lays out rows in columns two spaces apart.
 *
 * @param rows The rows; all have the same number of cells.
 * @param right Indices of the columns that are set to the right.
 * @returns Lines without spaces at the end.
 * @example
 * ```ts
 * import { layout } from "./layout.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const rows = [["", "legacy"], ["faults", "32"]].map((row) => row.map((text) => ({ text })));
 * assertEquals(layout(rows, [1]), ["        legacy", "faults      32"]);
 * ```
 */
export function layout(rows: readonly (readonly Cell[])[], right: readonly number[]): string[] {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].text.length))) ?? [];
  return rows.map((row) => {
    const last = row.findLastIndex(({ text }) => text !== "");
    return row.slice(0, last + 1).map(({ text, paint = (same) => same }, column) => {
      const space = " ".repeat(widths[column] - text.length);
      if (right.includes(column)) return space + paint(text);
      return paint(text) + (column === last ? "" : space);
    }).join("  ");
  });
}

/**
 * Writes texts in columns.
 *
 * @param rows The rows; all have the same number of texts.
 * @param by Spaces in front.
 * @returns Lines without spaces at the end.
 */
export function table(rows: readonly (readonly string[])[], by = 0): string[] {
  return indent(layout(rows.map((row) => row.map((text) => ({ text }))), []), by);
}

/**
 * Breaks prose into lines between words.
 *
 * @param text The prose.
 * @param width Most characters of a line; a longer word stands alone.
 * @returns The lines.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

/**
 * Sets lines in.
 *
 * @param lines The lines.
 * @param by Number of spaces.
 * @returns The lines with spaces in front; empty ones stay empty.
 */
export function indent(lines: readonly string[], by: number): string[] {
  return lines.map((line) => line === "" ? "" : " ".repeat(by) + line);
}
