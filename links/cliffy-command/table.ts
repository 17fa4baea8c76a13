import { stripAnsiCode } from "./_std.ts";

/** Settings of a table without borders. */
export interface TableOptions {
  /** Spaces before each line. */
  indent?: number;
  /** Spaces after each column but the last. */
  padding: number[];
  /** Width of the whole without the indentation. */
  maxWidth?: number;
  /** Greatest width of each column. */
  maxColWidth?: number;
  /** How much of what is too wide each column gives up; 0 is nothing. */
  shrink?: number[];
}

/** Lays rows of cells out; cells are wrapped to their column's width. */
export function layoutTable(rows: string[][], options: TableOptions): string {
  const count = Math.max(...rows.map((row) => row.length));
  const padding = Array.from({ length: count }, (_, at) => options.padding[at] ?? 0);
  const widths = padding.map((_, at) => columnWidth(rows, at, options.maxColWidth ?? Infinity));
  if (options.maxWidth !== undefined) {
    const gaps = sum(padding.slice(0, -1));
    shrinkTo(widths, options.shrink ?? [], options.maxWidth - gaps);
  }
  const lines: string[] = [];
  for (const row of rows) {
    let cells = padding.map((_, at) => row[at] ?? "");
    do {
      let line = " ".repeat(options.indent ?? 0);
      const rest: string[] = [];
      for (const [at, cell] of cells.entries()) {
        const [current, next] = takeLine(cell, widths[at]);
        line += current + (at < count - 1 ? " ".repeat(padding[at]) : "");
        rest.push(next);
      }
      lines.push(line);
      cells = rest;
    } while (cells.some((cell) => cell.length));
  }
  return lines.join("\n");
}

/** Adds numbers up. */
function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** Number of characters that show. */
function lengthOf(text: string): number {
  return [...stripAnsiCode(text).replaceAll("\n", "")].length;
}

/** The width a column would like. */
function columnWidth(rows: string[][], at: number, max: number): number {
  const lines = rows.flatMap((row) => (row[at] ?? "").split("\n"));
  return Math.min(max, Math.max(...lines.map((line) => lengthOf(takeWords(line, max)))));
}

/** Narrows columns, in proportion to their widths, until they fit or none can give more. */
function shrinkTo(widths: number[], weights: number[], available: number): void {
  for (let changed = true; changed && sum(widths) > available;) {
    changed = false;
    const overflow = sum(widths) - available;
    const total = sum(widths.map((width, at) => width * (weights[at] ?? 0)));
    if (total === 0) return;
    for (const [at, width] of widths.entries()) {
      const weight = weights[at] ?? 0;
      if (!weight || !width) continue;
      const target = Math.max(1, Math.floor(width * (1 - overflow * weight / total)));
      changed ||= target !== width;
      widths[at] = target;
    }
  }
}

/** As many words of the first line as are shorter than a width, but at least one. */
function takeWords(text: string, width: number): string {
  const [first, ...words] = text.split("\n")[0].split(" ");
  let taken = first;
  for (const word of words) {
    if (taken && lengthOf(taken) + lengthOf(word) >= width) break;
    taken += ` ${word}`;
  }
  return taken;
}

/** As many characters as fit a width; colours have none. */
function takeCharacters(text: string, width: number): string {
  let taken = "";
  // deno-lint-ignore no-control-regex
  for (const [part] of text.matchAll(/(?:\x1b\[[\d;]*m)+|./gu)) {
    if (taken && lengthOf(taken) + lengthOf(part) > width) break;
    taken += part;
  }
  return taken;
}

/** Takes one line of a width off a cell; returns it, filled up, and what is left. */
function takeLine(cell: string, width: number): [current: string, rest: string] {
  if (width <= 0) return ["", ""];
  const length = Math.min(width, lengthOf(cell));
  let words = takeWords(cell, length);
  const breaks = lengthOf(words) > length;
  if (breaks) words = takeCharacters(words, length);
  const rest = cell.slice(words.length + (breaks ? 0 : 1));
  return [words + " ".repeat(width - lengthOf(words)), rest];
}
