/**
 * Writing reports to files.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";

/**
 * Writes a text file.
 *
 * @param path The file.
 * @param text What goes into it.
 * @throws {ValidationError} If it cannot be written.
 */
export function writeTextFile(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text);
  } catch (error) {
    const allowed = !(error instanceof Deno.errors.NotCapable);
    const reason = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    const why = allowed ? reason : `Deno was not allowed to. Give it --allow-write=${path}`;
    throw new ValidationError(`Cannot write "${path}": ${why}`);
  }
}
