/**
 * Text from files, and the places it is from, as a terminal may show them.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { LineRange } from "../machine/expectation.ts";
import type { SourcePosition } from "../machine/program.ts";
import { formatDiagnostic } from "../scenario/diagnostics.ts";
import type { Palette } from "./palette.ts";

/** The texts of files by their names. */
export type Sources = ReadonlyMap<string, string>;

/** A message and the place that it is about. */
export interface PlacedMessage {
  /** The message, without a final period. */
  readonly message: string;
  /** The place. */
  readonly position: SourcePosition;
  /** Number of characters to mark; up to the end of the entry unless given. */
  readonly length?: number;
  /** What to do about it. */
  readonly hint?: string;
  /** Lines to show around the place; the line of the place alone unless given. */
  readonly lines?: LineRange | undefined;
}

/** A line of an excerpt; without a number where lines are left out. */
export interface ExcerptLine {
  /** Line, from 1. */
  readonly line?: number;
  /** The text as a terminal may show it. */
  readonly text: string;
}

/** Most lines of an excerpt; of more, those in the middle are left out. */
const MOST_LINES = 9;
/** Lines on either side of the place that stay. */
const NEAR = 2;
/** Characters after which a line is cut. */
const WIDTH = 100;

/**
 * Takes lines from a file: the first and the last one, and of those between them the ones near a
 * place and the keys around it.
 *
 * @param source The text of the file.
 * @param lines The first and the last line.
 * @param line The line of the place.
 * @returns The lines; what is left out is one entry without a number.
 * @example
 * ```ts
 * import { excerptLines } from "./source_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const source = Array.from({ length: 20 }, (_, index) => `- ${index + 1}`).join("\n");
 * const shown = excerptLines(source, { first: 1, last: 20 }, 8).map(({ text }) => text);
 * assertEquals(shown, ["- 1", "...", "- 6", "- 7", "- 8", "- 9", "- 10", "...", "- 20"]);
 * ```
 */
export function excerptLines(source: string, lines: LineRange, line: number): ExcerptLine[] {
  const first = Math.min(lines.first, line);
  const last = Math.max(lines.last, line);
  const texts = source.split("\n", last);
  const isShort = last - first < MOST_LINES;
  const around = isShort ? [] : linesAround(texts, first, line);
  const shown: ExcerptLine[] = [];
  for (let at = first; at <= last; at++) {
    const isKept = isShort || at === first || at === last || Math.abs(at - line) <= NEAR ||
      around.includes(at);
    if (isKept) shown.push({ line: at, text: lineText(texts[at - 1] ?? "") });
    else if (shown.at(-1)?.line !== undefined) shown.push({ text: "..." });
  }
  return shown;
}

/**
 * Writes a message with its place, the lines it is about and a caret below.
 *
 * @param placed The message.
 * @param sources The files.
 * @param palette Colours.
 * @returns Lines.
 * @example
 * ```ts
 * import { excerpt } from "./source_text.ts";
 * import { PLAIN } from "./palette.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const position = { file: "a.yaml", line: 1, column: 7 };
 * const sources = new Map([["a.yaml", "name: x # title\n"]]);
 * assertEquals(excerpt({ message: "Too short", position }, sources, PLAIN), [
 *   "a.yaml:1:7: Too short",
 *   "  1 | name: x # title",
 *   "    |       ^",
 * ]);
 * ```
 */
export function excerpt(placed: PlacedMessage, sources: Sources, palette: Palette): string[] {
  const { message, position: { file, line, column }, hint } = placed;
  const source = sources.get(file);
  if (source === undefined) return [`${placeText(placed.position)}: ${escapeControl(message)}`];
  const length = placed.length ?? lengthAt(source, line, column);
  const diagnostic = { message, line, column, length };
  const text = formatDiagnostic(
    hint === undefined ? diagnostic : { ...diagnostic, hint },
    source,
    file,
  );
  const marked = paint(text.split("\n"), palette);
  return placed.lines === undefined
    ? marked
    : within(marked, excerptLines(source, placed.lines, line), line, palette);
}

/** Lines above a place that are indented less and less: the keys that it stands under. */
function linesAround(texts: readonly string[], first: number, line: number): number[] {
  const indentOf = (at: number) => /\S/.exec(texts[at - 1])?.index ?? Infinity;
  const found: number[] = [];
  let least = indentOf(line);
  for (let at = line - 1; at > first; at--) {
    if (indentOf(at) >= least) continue;
    least = indentOf(at);
    found.push(at);
  }
  return found;
}

/** Puts a marked line between those around it, all numbers below each other. */
function within(
  [headline, marked, ...rest]: readonly string[],
  shown: readonly ExcerptLine[],
  line: number,
  { dim }: Palette,
): string[] {
  const width = String(shown.at(-1)?.line ?? line).length;
  const space = " ".repeat(width - String(line).length);
  const body = shown.flatMap((one) =>
    one.line === line
      ? [space + marked, ...rest.map((text) => space + text)]
      : one.line === undefined
      ? [dim(`  ${one.text}`)]
      : [`${dim(`  ${String(one.line).padStart(width)} |`)} ${one.text}`.trimEnd()]
  );
  return [headline, ...body];
}

function lineText(line: string): string {
  const text = escapeControl(line.replace(/\r$/, "").replaceAll("\t", " "));
  return text.length > WIDTH ? `${text.slice(0, WIDTH)}...` : text;
}

/**
 * Writes a place.
 *
 * @param position The place.
 * @returns Text such as `a.yaml:3:5`.
 */
export function placeText({ file, line, column }: SourcePosition): string {
  return `${escapeControl(file)}:${line}:${column}`;
}

/** Length of what begins at a place: up to the end of its line, or of the entry of a `{ }` map. */
function lengthAt(source: string, line: number, column: number): number {
  const rest = (source.split("\n", line).at(line - 1) ?? "").slice(column - 1);
  const text = rest.replace(/(?:^|\s+)#.*$/, "").trimEnd();
  let depth = 0;
  for (const { 0: part, index } of text.matchAll(/"[^"]*"|'[^']*'|[[{]|[\]}]|,/g)) {
    if (part === "[" || part === "{") depth++;
    if (part === "]" || part === "}") depth--;
    if (depth < 0 || (depth === 0 && part === ",")) {
      return Math.max(1, text.slice(0, index).trimEnd().length);
    }
  }
  return Math.max(1, text.length);
}

function paint([headline, line, caret, ...hint]: string[], { bold, dim, red, yellow }: Palette) {
  return [
    bold(headline),
    line.replace(/^ *\d+ \|/, dim),
    caret.replace(/^ *\|/, dim).replace(/\^+$/, red),
    ...hint.map((text) => yellow(text)),
  ];
}
