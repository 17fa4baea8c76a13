/**
 * Filters after `|`: the ones that people reach for, without a shell.
 *
 * @module
 */

import { suggestion } from "../scenario/suggest.ts";
import { CommandError, wordsOf } from "./words.ts";

type Lines = readonly string[];
type Filter = (lines: Lines, words: readonly string[]) => Lines;

/** The filters by name. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  grep(lines, words) {
    const { has, rest: [pattern, ...more] } = flagsOf("grep [-Eivcn] PATTERN", "Eivcn", words);
    if (pattern === undefined || more.length > 0) {
      throw new CommandError("Expected one pattern: grep [-Eivcn] PATTERN");
    }
    const expression = patternOf(pattern, has("i"));
    const found = lines.map((line, at) => ({ line, at }))
      .filter(({ line }) => expression.test(line) !== has("v"));
    if (has("c")) return [String(found.length)];
    return found.map(({ line, at }) => has("n") ? `${at + 1}:${line}` : line);
  },
  head: (lines, words) => lines.slice(0, lineCount("head", words)),
  tail: (lines, words) => lines.slice(Math.max(0, lines.length - lineCount("tail", words))),
  sort(lines, words) {
    const { has } = flagsOf("sort [-rn]", "rn", words);
    const byText = (one: string, other: string) => one < other ? -1 : one > other ? 1 : 0;
    const byNumber = (one: string, other: string) =>
      (parseFloat(one) || 0) - (parseFloat(other) || 0);
    const sorted = lines.toSorted(has("n") ? byNumber : byText);
    return has("r") ? sorted.reverse() : sorted;
  },
  uniq(lines, words) {
    const { has } = flagsOf("uniq [-c]", "c", words);
    const starts = lines.map((_, at) => at).filter((at) => lines[at] !== lines[at - 1]);
    return starts.map((at, run) => {
      const count = (starts[run + 1] ?? lines.length) - at;
      return has("c") ? `${String(count).padStart(7)} ${lines[at]}` : lines[at];
    });
  },
  wc(lines, words) {
    const { has } = flagsOf("wc [-l]", "l", words);
    if (has("l")) return [String(lines.length)];
    const text = lines.map((line) => `${line}\n`).join("");
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

/** Takes letters such as `-vi` off the words of a filter. */
function flagsOf(usage: string, known: string, words: readonly string[]) {
  const letters = words.filter((word) => /^-\w/.test(word)).flatMap((word) => [...word.slice(1)]);
  const unknown = letters.find((letter) => !known.includes(letter));
  if (unknown !== undefined) throw new CommandError(`Unknown option "-${unknown}" of ${usage}`);
  return {
    has: (letter: string) => letters.includes(letter),
    rest: words.filter((word) => !/^-\w/.test(word)),
  };
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
