/**
 * Diagnostics: what is wrong in a scenario file, and where.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { SourcePosition } from "../machine/program.ts";
import { MAX_DIAGNOSTICS } from "./limits.ts";

/** A part of the source text. */
export interface Span {
  /** Offset of the first UTF-16 unit. */
  readonly offset: number;
  /** Number of UTF-16 units. */
  readonly length: number;
}

/** One thing that is wrong. */
export interface Diagnostic {
  /** What was expected and what came, without a final period. */
  readonly message: string;
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1, in UTF-16 units. */
  readonly column: number;
  /** Number of UTF-16 units concerned, at least 1, never beyond the line. */
  readonly length: number;
  /** What to do about it. */
  readonly hint?: string;
}

/** Thrown for a scenario that cannot be used; names everything that is wrong with it. */
export class ScenarioError extends SyntaxError {
  /** Name of the class. */
  override readonly name = "ScenarioError";
  /** Name of the file as it was given. */
  readonly file: string;
  /** All that is wrong, in the order of the file. */
  readonly diagnostics: readonly Diagnostic[];

  /**
   * Makes the error.
   *
   * @param file Name of the file.
   * @param diagnostics What is wrong, at least one entry.
   */
  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((diagnostic) => headline(diagnostic, file)).join("\n"));
    this.file = file;
    this.diagnostics = diagnostics;
  }
}

/** Collects diagnostics of one source text. */
export class Reporter {
  /** Name of the file. */
  readonly file: string;
  /** The text. */
  readonly source: string;
  readonly #lineStarts: number[] = [0];
  readonly #found: (Diagnostic & { readonly offset: number })[] = [];
  #count = 0;

  /**
   * Starts without diagnostics.
   *
   * @param source The text.
   * @param file Name of the file for messages.
   */
  constructor(source: string, file: string) {
    this.source = source;
    this.file = file;
    for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** How many diagnostics were reported, including those beyond the limit. */
  get count(): number {
    return this.#count;
  }

  /** Whether more is wrong than will be shown, so that reading on is of no use. */
  get isFull(): boolean {
    return this.#count > MAX_DIAGNOSTICS;
  }

  /** The diagnostics kept, in the order of the file. */
  get diagnostics(): Diagnostic[] {
    return this.#found
      .toSorted((one, other) => one.offset - other.offset)
      .map(({ offset: _, ...diagnostic }) => diagnostic);
  }

  /**
   * Reports something wrong; the same message at the same place is kept once.
   *
   * @param span Where.
   * @param message What was expected and what came.
   * @param hint What to do about it.
   */
  report(span: Span, message: string, hint?: string): void {
    this.#count++;
    const { line, column } = this.position(span.offset);
    const isKnown = this.#found.some((one) =>
      one.offset === span.offset && one.message === message
    );
    if (isKnown || this.#found.length >= MAX_DIAGNOSTICS) return;
    const rest = this.line(line).length - (column - 1);
    const length = Math.max(1, Math.min(span.length, rest));
    const diagnostic = { message, line, column, length, offset: span.offset };
    this.#found.push(hint === undefined ? diagnostic : { ...diagnostic, hint });
  }

  /**
   * Finds line and column of an offset.
   *
   * @param offset Offset into the text.
   * @returns The position.
   */
  position(offset: number): SourcePosition {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#lineStarts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - this.#lineStarts[low] + 1 };
  }

  /**
   * Reads one line.
   *
   * @param line Line, from 1.
   * @returns The line without its end.
   */
  line(line: number): string {
    const start = this.#lineStarts[line - 1];
    const end = this.#lineStarts[line] ?? this.source.length + 1;
    return this.source.slice(start, end - 1).replace(/\r$/, "");
  }
}

const MARGIN = 60;
const WIDTH = 100;

/**
 * Formats a diagnostic for a terminal: position and message, the line, a caret line, the hint.
 *
 * Colour is the caller's business; control characters of the file are escaped.
 *
 * @param diagnostic The diagnostic.
 * @param source The text of the file.
 * @param file Name of the file.
 * @returns Lines without a final newline.
 * @example
 * ```ts
 * import { formatDiagnostic } from "./diagnostics.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const text = formatDiagnostic(
 *   { message: 'Unknown key "nmae"', line: 1, column: 1, length: 4, hint: 'Did you mean "name"?' },
 *   "nmae: x\n",
 *   "a.yaml",
 * );
 * assertEquals(
 *   text,
 *   'a.yaml:1:1: Unknown key "nmae"\n  1 | nmae: x\n    | ^^^^\n    = Did you mean "name"?',
 * );
 * ```
 */
export function formatDiagnostic(diagnostic: Diagnostic, source: string, file: string): string {
  const { line, column, length, hint } = diagnostic;
  const text = (source.split("\n", line).at(line - 1) ?? "").replace(/\r$/, "");
  const from = column > MARGIN + 1 ? column - 1 - MARGIN : 0;
  const to = Math.min(text.length, from + WIDTH);
  const before = cell((from > 0 ? "..." : "") + text.slice(from, column - 1));
  const marked = cell(text.slice(column - 1, Math.min(to, column - 1 + length)));
  const after = cell(text.slice(column - 1 + length, to)) + (to < text.length ? "..." : "");
  const number = String(line);
  const margin = " ".repeat(number.length);
  const lines = [
    headline(diagnostic, file),
    `  ${number} | ${before}${marked}${after}`,
    `  ${margin} | ${" ".repeat(before.length)}${"^".repeat(Math.max(1, marked.length))}`,
  ];
  if (hint !== undefined) lines.push(`  ${margin} = ${escapeControl(hint)}`);
  return lines.join("\n");
}

/**
 * Writes a word from a file in quotes, escaped and cut to a readable length.
 *
 * @param text The word.
 * @returns The word in double quotes.
 */
export function quote(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `"${escapeControl(cut)}"`;
}

function headline({ line, column, message }: Diagnostic, file: string): string {
  return `${escapeControl(file)}:${line}:${column}: ${escapeControl(message)}`;
}

function cell(text: string): string {
  return escapeControl(text.replaceAll("\t", " "));
}
