/**
 * Text from files, and the places it is from, as a terminal may show them.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
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
}

/**
 * Writes a message with its place, the line it is about and a caret below.
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
  return paint(text.split("\n"), palette);
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
