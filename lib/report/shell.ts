/**
 * Words of commands that readers copy into a shell.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";

/**
 * Quotes a word for a shell where it needs quotes.
 *
 * @param word The word, such as the name of a file.
 * @returns Text that bash, zsh and ksh read as that word, without control characters.
 * @example
 * ```ts
 * import { shellWord } from "./shell.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const words = ["a.yaml", "it's.yaml", "a\nb.yaml"].map(shellWord);
 * assertEquals(words, ["a.yaml", "'it'\\''s.yaml'", "$'a\\nb.yaml'"]);
 * ```
 */
export function shellWord(word: string): string {
  if (/^[\w./:=@%+,-]+$/.test(word)) return word;
  if (escapeControl(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${escapeControl(word.replace(/[\\']/g, "\\$&"))}'`;
}
