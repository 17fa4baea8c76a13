/**
 * "Did you mean": the nearest known word.
 *
 * @module
 */

import type { ExpressionError } from "../machine/expression.ts";
import { quote } from "./diagnostics.ts";

const LONGEST = 40;

/**
 * Says what to do about an expression without a value.
 *
 * @param error What is wrong with it.
 * @param names The names that have a value.
 * @returns A hint, or undefined.
 */
export function expressionHint(
  { hint, unknown }: ExpressionError,
  names: Iterable<string>,
): string | undefined {
  return hint ?? (unknown === undefined ? undefined : suggestion(unknown, names));
}

/**
 * Finds the known word that is nearest to a misspelled one, or that one ends in, as `MADV_FREE` does.
 *
 * @param word The word as written.
 * @param known The words that would be right.
 * @returns The nearest, or undefined where none is near.
 * @example
 * ```ts
 * import { nearest } from "./suggest.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nearest("lisetners", ["processes", "listeners"]), "listeners");
 * assertEquals(nearest("MADV_DONTNEED", ["DONTNEED", "FREE"]), "DONTNEED");
 * assertEquals(nearest("zebra", ["processes", "listeners"]), undefined);
 * ```
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  const folded = fold(word);
  const words = [...known];
  const ends = words.filter((candidate) => folded.endsWith(`_${fold(candidate)}`));
  if (ends.length > 0) return ends.reduce((one, other) => one.length < other.length ? other : one);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const other = fold(candidate);
    if (Math.abs(other.length - folded.length) >= bestDistance) continue;
    const distance = editDistance(folded, other);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/**
 * Words the hint for an unknown word: the nearest one, or else all there are.
 *
 * @param word The word as written.
 * @param known The words that would be right.
 * @returns A hint, or undefined if nothing is known at all.
 */
export function suggestion(word: string, known: Iterable<string>): string | undefined {
  const words = [...known];
  const near = nearest(word, words);
  if (near !== undefined) return `Did you mean ${quote(near)}?`;
  if (words.length === 0) return undefined;
  const shown = words.slice(0, 16).join(", ");
  return words.length > 16 ? `Known are ${shown} and ${words.length - 16} more` : `Known: ${shown}`;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll("-", "_");
}

/** Edits between two words: insertions, deletions, changes and swaps of neighbours. */
function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const change = one[row - 1] === other[column - 1] ? 0 : 1;
      let least = Math.min(current[column - 1] + 1, last[column] + 1, last[column - 1] + change);
      const isSwap = row > 1 && column > 1 && one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      if (isSwap) least = Math.min(least, beforeLast[column - 2] + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[other.length];
}
