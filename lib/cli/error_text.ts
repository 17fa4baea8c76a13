/**
 * How a mistake on the command line is told.
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
