/**
 * Making text from files safe to show.
 *
 * @module
 */

/** Controls, bidirectional overrides, invisible marks and line separators. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const SHORT: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/**
 * Replaces every character that a terminal would act on, or not show, by an escape sequence.
 *
 * @param text Any text, such as a line of a scenario file.
 * @returns Text without control characters, on one line.
 * @example
 * ```ts
 * import { escapeControl } from "./escape.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escapeControl("a\x1b[31mb\n"), "a\\x1b[31mb\\n");
 * ```
 */
export function escapeControl(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    const hexadecimal = code.toString(16);
    return SHORT[character] ??
      (code < 0x100 ? "\\x" + hexadecimal.padStart(2, "0") : "\\u" + hexadecimal.padStart(4, "0"));
  });
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
