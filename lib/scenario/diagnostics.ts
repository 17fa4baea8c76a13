/**
 * Diagnostics: what is wrong in a scenario file, and where.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { SourcePosition } from "../machine/program.ts";
import { type Limits, limitsOf, raiseHint } from "./raised_limits.ts";
import { SourceText } from "./source.ts";

export { quote } from "../kernel/escape.ts";

/** A part of the source text. */
export interface Span {
  /** Offset of the first UTF-16 unit. */
  readonly offset: number;
  /** Number of UTF-16 units. */
  readonly length: number;
  /** The text; that of the scenario file itself unless given. */
  readonly source?: SourceText;
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
  /** Name of the file, where it is one that the scenario includes. */
  readonly file?: string;
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
    super(diagnostics.map((diagnostic) => headlineWithHint(diagnostic, file)).join("\n"));
    this.file = file;
    this.diagnostics = diagnostics;
  }
}

/** Collects diagnostics of a scenario file and of those that it includes. */
export class Reporter {
  /** The scenario file. */
  readonly main: SourceText;
  /** The limits that it asks for, or the usual ones. */
  readonly limits: Limits;
  readonly #found: { readonly at: Place; readonly diagnostic: Diagnostic }[] = [];
  readonly #sources: SourceText[];
  #count = 0;

  /**
   * Starts without diagnostics.
   *
   * @param text The text of the scenario file.
   * @param file Name of the file for messages.
   */
  constructor(text: string, file: string) {
    this.main = new SourceText(text, file);
    this.limits = limitsOf(text);
    this.#sources = [this.main];
  }

  /** How many diagnostics were reported, including those beyond the limit. */
  get count(): number {
    return this.#count;
  }

  /** Whether more is wrong than will be shown, so that reading on is of no use. */
  get isFull(): boolean {
    return this.#count > this.limits.diagnostics;
  }

  /** The diagnostics kept, in the order of the files. */
  get diagnostics(): Diagnostic[] {
    return this.#found
      .toSorted(({ at: one }, { at: other }) =>
        one.source - other.source || one.offset - other.offset
      )
      .map(({ diagnostic }) => diagnostic);
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
    const text = span.source ?? this.main;
    const at = { source: this.#numberOf(text), offset: span.offset };
    const isKnown = this.#found.some((one) =>
      one.at.source === at.source && one.at.offset === at.offset &&
      one.diagnostic.message === message
    );
    const { diagnostics: most } = this.limits;
    if (isKnown || this.#found.length > most) return;
    if (this.#found.length === most) {
      message = `More is wrong from here on: the limit is ${most} errors`;
      hint = raiseHint("diagnostics");
    }
    const { line, column } = text.position(span.offset);
    const rest = text.line(line).length - (column - 1);
    const length = Math.max(1, Math.min(span.length, rest));
    const diagnostic = {
      message,
      line,
      column,
      length,
      ...(hint === undefined ? {} : { hint }),
      ...(text === this.main ? {} : { file: text.file }),
    };
    this.#found.push({ at, diagnostic });
  }

  /**
   * Finds line and column of the beginning of a span.
   *
   * @param span The span.
   * @returns The position.
   */
  position(span: Pick<Span, "offset" | "source">): SourcePosition {
    return (span.source ?? this.main).position(span.offset);
  }

  #numberOf(source: SourceText): number {
    const known = this.#sources.indexOf(source);
    return known >= 0 ? known : this.#sources.push(source) - 1;
  }
}

/** Reports what is wrong in one of the files. */
export class SourceReporter {
  readonly #reporter: Reporter;
  readonly #text: SourceText;

  /**
   * Reports on behalf of one file.
   *
   * @param reporter Where to report.
   * @param text The file.
   */
  constructor(reporter: Reporter, text: SourceText) {
    this.#reporter = reporter;
    this.#text = text;
  }

  /** The limits of the scenario. */
  get limits(): Limits {
    return this.#reporter.limits;
  }

  /** The text. */
  get source(): string {
    return this.#text.text;
  }

  /**
   * Makes a span of the file.
   *
   * @param offset Offset of the first UTF-16 unit.
   * @param length Number of UTF-16 units.
   * @returns The span.
   */
  span(offset: number, length: number): Span {
    return { offset, length, source: this.#text };
  }

  /**
   * Reports something wrong.
   *
   * @param span Where.
   * @param message What was expected and what came.
   * @param hint What to do about it.
   */
  report(span: Span, message: string, hint?: string): void {
    this.#reporter.report({ ...span, source: this.#text }, message, hint);
  }

  /**
   * Finds line and column of an offset.
   *
   * @param offset Offset into the text.
   * @returns The position.
   */
  position(offset: number): SourcePosition {
    return this.#text.position(offset);
  }

  /**
   * Reads one line.
   *
   * @param line Line, from 1.
   * @returns The line without its end.
   */
  line(line: number): string {
    return this.#text.line(line);
  }
}

interface Place {
  readonly source: number;
  readonly offset: number;
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

function headline({ line, column, message, file }: Diagnostic, main: string): string {
  return `${escapeControl(file ?? main)}:${line}:${column}: ${escapeControl(message)}`;
}

function headlineWithHint(diagnostic: Diagnostic, file: string): string {
  const { hint } = diagnostic;
  const line = headline(diagnostic, file);
  return hint === undefined ? line : `${line}. ${escapeControl(hint)}`;
}

function cell(text: string): string {
  return escapeControl(text.replaceAll("\t", " "));
}
