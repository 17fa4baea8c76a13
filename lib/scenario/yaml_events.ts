/**
 * YAML text to events with offsets, and YAML's own errors in words.
 *
 * `@std/yaml` gives positions for syntax errors only, none per node; a checker that points at the
 * wrong word needs them, so scenarios are read with npm's `js-yaml`, whose parser gives events.
 *
 * @module
 */

import { type Event, EVENT_SCALAR, parseEvents, YAMLException } from "js-yaml";
import { quote, type SourceReporter, type Span } from "./diagnostics.ts";
import { RAISABLE, raiseHint } from "./raised_limits.ts";

/** A level may take two steps of the parser. The limit proper is that of the nodes. */
const OPTIONS = { maxDepth: 2 * RAISABLE.depth.most + 2 };

/**
 * Reads the events of a text; what YAML itself forbids is reported.
 *
 * @param reporter The text, and where to report.
 * @returns The events, or undefined if the text cannot be used.
 */
export function readEvents(reporter: SourceReporter): Event[] | undefined {
  try {
    return eventsOf(reporter.source);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const span = spanOfError(error, reporter.source);
    if (error.reason.startsWith("nesting exceeded")) reportDepth(span, reporter);
    else reporter.report(span, messageOf(error, span, reporter), hintOf(error, span, reporter));
    return undefined;
  }
}

/**
 * The parser wants a closing bracket further right than the key above. Formatters put it below the
 * key, and other parsers take that, so this does too.
 */
function eventsOf(source: string): Event[] {
  try {
    return parseEvents(source, OPTIONS);
  } catch (error) {
    if (!(error instanceof YAMLException) || error.reason !== OPEN_ABOVE) throw error;
    if (!/[\]}]/.test(source[error.mark?.position ?? 0] ?? "")) throw error;
    const events = eventsWithBracketsMoved(source);
    if (events === undefined) throw error;
    return events;
  }
}

/** Moves each bracket at the beginning of a line by a space, but none that is part of a text. */
function eventsWithBracketsMoved(source: string): Event[] | undefined {
  const brackets = [...source.matchAll(/^[ \t]*[\]}]/gm)].map(({ index }) => index);
  try {
    const texts = movedEvents(source, brackets).filter((event) => event.type === EVENT_SCALAR);
    let next = 0;
    const outside = brackets.filter((at) => {
      while (next < texts.length && texts[next].valueEnd <= at) next++;
      return next === texts.length || at < texts[next].valueStart;
    });
    return movedEvents(source, outside);
  } catch (error) {
    if (error instanceof YAMLException) return undefined;
    throw error;
  }
}

/** The events of a text with a space put in at some offsets, as if it were not there. */
function movedEvents(source: string, offsets: readonly number[]): Event[] {
  const pieces = [0, ...offsets].map((from, at) => source.slice(from, offsets[at]));
  const events = parseEvents(pieces.join(" "), OPTIONS);
  let moved = 0;
  const original = (offset: number) => {
    while (moved < offsets.length && offsets[moved] + moved < offset) moved++;
    while (moved > 0 && offsets[moved - 1] + moved - 1 >= offset) moved--;
    return offset < 0 ? offset : offset - moved;
  };
  for (const event of events as Partial<Record<typeof OFFSETS[number], number>>[]) {
    for (const key of OFFSETS) {
      const offset = event[key];
      if (offset !== undefined) event[key] = original(offset);
    }
  }
  return events;
}

/** The properties of events that are offsets. */
const OFFSETS = [
  "start",
  "valueStart",
  "valueEnd",
  "anchorStart",
  "anchorEnd",
  "tagStart",
  "tagEnd",
] as const;

/** What the parser says of a line that is too far left within a quote or a bracket. */
const OPEN_ABOVE = "deficient indentation";

/** A key without its colon is noticed only further down; it is meant where it stands. */
function spanOfError({ reason, mark }: YAMLException, source: string): Span {
  const offset = mark?.position ?? 0;
  if (!isMissingColon(reason)) return { offset, length: 1 };
  const isLast = source.slice(offset).trim() === "";
  const before = source.slice(0, isLast ? offset : source.lastIndexOf("\n", offset)).trimEnd();
  const start = before.lastIndexOf("\n") + 1;
  const indent = before.slice(start).search(/\S/);
  return { offset: start + indent, length: before.length - start - indent };
}

function isMissingColon(reason: string): boolean {
  return reason.startsWith("can not read a block mapping entry");
}

/** What the parser says, in the words of one who writes a file. */
function messageOf({ reason }: YAMLException, span: Span, reporter: SourceReporter): string {
  const { line, column } = reporter.position(span.offset);
  const before = reporter.line(line).slice(0, column - 1);
  const rest = reporter.line(line).slice(column - 1);
  if (isMissingColon(reason)) return `Invalid YAML: expected "key: value", got ${quote(rest)}`;
  if (reason.startsWith("bad indentation of a mapping entry") && /\S/.test(before)) {
    return `Invalid YAML: unexpected ${quote(rest[0] ?? "end of line")} in a value`;
  }
  if (reason !== OPEN_ABOVE) return `Invalid YAML: ${reason}`;
  return before.includes("\t")
    ? "Invalid YAML: tab before a bracket: use spaces"
    : "Invalid YAML: a quote or a bracket is open above, and this line is not within it";
}

/** What is likely to help. */
function hintOf({ reason }: YAMLException, span: Span, reporter: SourceReporter) {
  const { line, column } = reporter.position(span.offset);
  const isFirst = reporter.line(line).slice(0, column - 1).trim() === "";
  return reason.startsWith("bad indentation of a mapping entry") && isFirst
    ? 'Begin items of a list with "- ", and keys of a map in the same column'
    : quotingHint(span, reporter);
}

/**
 * Reports lists and maps within each other beyond the limit.
 *
 * @param span Where.
 * @param reporter Where to report.
 */
export function reportDepth(span: Span, reporter: SourceReporter): void {
  const message =
    `Lists and maps are nested too deeply: the limit is ${reporter.limits.depth} levels`;
  reporter.report(span, message, raiseHint("depth"));
}

/**
 * Tells what to quote: YAML gives a meaning of its own to some signs at the beginning of a value,
 * and to brackets.
 *
 * @param span Where something is wrong.
 * @param reporter The text.
 * @returns A hint, if it is likely to help.
 */
export function quotingHint(span: Span, reporter: SourceReporter): string | undefined {
  const { line, column } = reporter.position(span.offset);
  const near = reporter.line(line).slice(Math.max(0, column - 4), column + 3);
  if (/[>!|%@`]/.test(near)) return 'Write comparisons in quotes, such as ">= 3"';
  const isBracket = /\w\[/.test(near);
  return isBracket ? 'Write ranges in quotes within [ ] or { }, such as "ram[0]"' : undefined;
}
