/**
 * Lines of a prompt taken apart: commands, their words, filters and redirection.
 *
 * @module
 */

/** A command line is not well formed, or a command cannot be carried out as asked. */
export class CommandError extends Error {
  /** Name of the class. */
  override readonly name = "CommandError";
}

/** Where the output of a line goes. */
export interface Redirection {
  /** The file. */
  readonly file: string;
  /** Whether it is added to what the file has. */
  readonly append: boolean;
}

/** A line with its filters. */
export interface Pipeline {
  /** The command. */
  readonly command: string;
  /** The filters, in order. */
  readonly filters: readonly string[];
  /** The file, if the output goes to one. */
  readonly redirection?: Redirection;
}

const PAIRS: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };

/**
 * Splits a line at a sign that stands outside of quotes and brackets.
 *
 * @param line The line.
 * @param sign A single character; doubled, as in `||`, it does not count.
 * @returns The parts, trimmed.
 */
export function splitAt(line: string, sign: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const at of outside(line)) {
    if (line[at] !== sign || line[at + 1] === sign || line[at - 1] === sign) continue;
    parts.push(line.slice(from, at).trim());
    from = at + 1;
  }
  return [...parts, line.slice(from).trim()];
}

/**
 * Takes the filters and the redirection off a line.
 *
 * Where `>` compares, it redirects after a filter, as `>>`, or before a file in quotes or one that
 * begins with `/` or `.`.
 *
 * @param line One command with what follows it.
 * @param compares Whether the command's argument is an expression, in which `>` compares.
 * @returns The parts.
 * @throws {CommandError} If the redirection names no file.
 * @example
 * ```ts
 * import { pipelineOf } from "./words.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(pipelineOf("vm -p | grep ksm > out.txt"), {
 *   command: "vm -p",
 *   filters: ["grep ksm"],
 *   redirection: { file: "out.txt", append: false },
 * });
 * ```
 */
export function pipelineOf(line: string, compares = false): Pipeline {
  const expressionEnd = compares ? splitAt(line, "|")[0].length : 0;
  const at = outside(line).find((position) =>
    line[position] === ">" &&
    (position >= expressionEnd || /^>(?:>|\s*["'/.])/.test(line.slice(position)))
  );
  const [command, ...filters] = splitAt(at === undefined ? line : line.slice(0, at), "|");
  if (at === undefined) return { command, filters };
  const append = line[at + 1] === ">";
  const [file, ...more] = wordsOf(line.slice(at + (append ? 2 : 1)));
  if (file === undefined || more.length > 0) {
    throw new CommandError('Cannot redirect: expected one file name after ">"');
  }
  return { command, filters, redirection: { file, append } };
}

/**
 * Splits a command into words; quotes keep spaces, and brackets keep what is between them.
 *
 * @param line The command.
 * @returns The words, without the quotes around them.
 * @throws {CommandError} If a quote or bracket is not closed.
 */
export function wordsOf(line: string): string[] {
  if (isOpen(line)) {
    throw new CommandError("Cannot read the line: a quote or bracket is not closed");
  }
  const words: string[] = [];
  let from = -1;
  const inside = new Set(outside(line));
  for (let at = 0; at <= line.length; at++) {
    const isSpace = at === line.length || (inside.has(at) && /\s/.test(line[at]));
    if (!isSpace && from < 0) from = at;
    if (!isSpace || from < 0) continue;
    words.push(unquoted(line.slice(from, at)));
    from = -1;
  }
  return words;
}

/**
 * Tells whether a line waits for more: a quote or a bracket is open.
 *
 * @param text What was typed so far.
 * @returns True if it is not complete.
 */
export function isOpen(text: string): boolean {
  return scan(text).open;
}

/** Takes quotes off that go around the word, or around the value of `name=value`. */
function unquoted(word: string): string {
  const quoted = /^([\w-]+=)?(["'])([^]*)\2$/.exec(word);
  return quoted === null ? word : (quoted[1] ?? "") + quoted[3];
}

/** Positions outside of quotes, brackets and comments. */
function outside(line: string): number[] {
  return scan(line).positions;
}

function scan(line: string): { positions: number[]; open: boolean } {
  const positions: number[] = [];
  const closing: string[] = [];
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const sign = line[at];
    if (quote !== "") {
      if (sign === quote) quote = "";
      continue;
    }
    const isQuote = sign === '"' || (sign === "'" && !/\w/.test(line[at - 1] ?? ""));
    if (isQuote) quote = sign;
    else if (PAIRS[sign] !== undefined) closing.push(PAIRS[sign]);
    else if (sign === closing.at(-1)) closing.pop();
    else if (closing.length === 0) positions.push(at);
  }
  return { positions, open: quote !== "" || closing.length > 0 };
}
