/**
 * Small pieces of English for reports.
 *
 * @module
 */

import type { Condition } from "../machine/expectation.ts";

/** Most words of a list that are written out. */
const MOST_WORDS = 12;

/**
 * Writes where an expectation applies.
 *
 * @param when The condition.
 * @returns Text such as ` under v5.2 with legacy and ideal`; nothing where it applies everywhere.
 */
export function whenText({ kernels, policies }: Condition): string {
  const under = kernels === undefined ? "" : ` under ${wordList(kernels)}`;
  return policies === undefined ? under : `${under} with ${wordList(policies)}`;
}

/**
 * Writes words with commas, and `and` before the last.
 *
 * @param words The words.
 * @returns Text such as `a, b and c`; a long list is cut short.
 */
export function wordList(words: readonly string[]): string {
  if (words.length > MOST_WORDS) {
    return `${words.slice(0, MOST_WORDS).join(", ")} and ${words.length - MOST_WORDS} more`;
  }
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
