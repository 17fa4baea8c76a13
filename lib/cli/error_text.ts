/**
 * How mistakes on the command line, and what the system refuses, are told.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { Palette } from "../report/palette.ts";

/**
 * Words a mistake.
 *
 * @param error The mistake.
 * @param palette Colours.
 * @returns One line with its end.
 */
export function errorText({ message }: Error, { red }: Palette): string {
  return `${red("error")}: ${escapeControl(message.replace(/\.$/, ""))}\n`;
}

/**
 * Says why the system refused something.
 *
 * @param error What was thrown.
 * @returns Its words on one line, without number, name of the call and final period.
 */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const words = text.replace(/ \(os error \d+\).*$/s, "").replace(/\.$/, "");
  return escapeControl(words.charAt(0).toLowerCase() + words.slice(1));
}

/**
 * Tells errors of the system, such as a full disk, from mistakes of the program.
 *
 * @param error What was thrown.
 * @returns True if the system refused something.
 */
export function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
