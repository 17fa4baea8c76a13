/**
 * Filters after `|`: the ones that people reach for, without a shell.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { suggestion } from "../scenario/suggest.ts";
import { CommandError, wordsOf } from "./words.ts";

type Lines = readonly string[];
type Filter = (lines: Lines, words: readonly string[]) => Lines;

/** The filters by name. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  grep(lines, words) {
    const options = parseArgs(words, { boolean: ["i", "v", "c", "n"], string: ["_"] });
    const [pattern] = options._.map(String);
    if (pattern === undefined) {
      throw new CommandError("Missing PATTERN: expected grep [-ivcn] PATTERN");
    }
    const expression = patternOf(pattern, options.i === true);
    const found = lines.map((line, at) => ({ line, at }))
      .filter(({ line }) => expression.test(line) !== (options.v === true));
    if (options.c === true) return [String(found.length)];
    return found.map(({ line, at }) => options.n === true ? `${at + 1}:${line}` : line);
  },
  head: (lines, words) => lines.slice(0, lineCount("head", words)),
  tail: (lines, words) => lines.slice(Math.max(0, lines.length - lineCount("tail", words))),
  sort(lines, words) {
    const options = parseArgs(words, { boolean: ["r", "n"] });
    const byText = (one: string, other: string) => one < other ? -1 : one > other ? 1 : 0;
    const byNumber = (one: string, other: string) =>
      (parseFloat(one) || 0) - (parseFloat(other) || 0);
    const sorted = lines.toSorted(options.n === true ? byNumber : byText);
    return options.r === true ? sorted.reverse() : sorted;
  },
  uniq: (lines) => lines.filter((line, at) => line !== lines[at - 1]),
  wc: (lines, words) => {
    const text = lines.map((line) => `${line}\n`).join("");
    if (words.includes("-l")) return [String(lines.length)];
    const count = text.split(/\s+/).filter(Boolean).length;
    return [`${lines.length} ${count} ${text.length}`];
  },
};

/**
 * Sends text through a filter.
 *
 * @param text Text that ends in a newline unless it is empty.
 * @param filter The filter as typed, such as `grep -v ksm`.
 * @returns What is left of it.
 * @throws {CommandError} If there is no such filter.
 */
export function applyFilter(text: string, filter: string): string {
  const [name = "", ...words] = wordsOf(filter);
  if (!Object.hasOwn(FILTERS, name)) {
    const known = Object.keys(FILTERS);
    const hint = suggestion(name, known) ?? `Expected one of ${known.join(", ")}`;
    throw new CommandError(`Unknown filter "${name}". ${hint}`);
  }
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  return FILTERS[name](lines, words).map((line) => `${line}\n`).join("");
}

function patternOf(pattern: string, ignoreCase: boolean): RegExp {
  try {
    return new RegExp(pattern, ignoreCase ? "i" : "");
  } catch {
    throw new CommandError(`Cannot read pattern "${pattern}"`);
  }
}

function lineCount(name: string, words: readonly string[]): number {
  const text = words.join(" ").replace(/^-n\s*|^-/, "");
  if (text === "") return 10;
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw new CommandError(`Cannot read "${words.join(" ")}": expected ${name} [-n LINES]`);
}
