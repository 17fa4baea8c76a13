/**
 * Scripts: lines that come from a pipe or a command line.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { Interpreter } from "./interpreter.ts";
import { CommandError, isOpen } from "./words.ts";

/** What ended a script. */
export interface ScriptFailure {
  /** Line of the command that failed, from 1. */
  readonly line: number;
  /** What was wrong. */
  readonly message: string;
}

/**
 * Carries out a script up to its end, `quit`, or the first command that fails.
 *
 * @param interpreter The prompt.
 * @param lines The lines; one with an open bracket goes on in the next.
 * @param write Receives the output of each command as it comes.
 * @returns The failure, or undefined.
 */
export async function runScript(
  interpreter: Interpreter,
  lines: Iterable<string> | AsyncIterable<string>,
  write: (text: string) => void,
): Promise<ScriptFailure | undefined> {
  let line = 0;
  let first = 1;
  let text = "";
  for await (const next of lines) {
    line++;
    if (text === "") first = line;
    text = text === "" ? next : `${text}\n${next}`;
    if (isOpen(text)) continue;
    const failure = await runLine(interpreter, text, first, write);
    if (failure !== undefined || interpreter.hasQuit) return failure;
    text = "";
  }
  return text === "" ? undefined : await runLine(interpreter, text, first, write);
}

/**
 * Words an error for the person at the prompt.
 *
 * @param error What was thrown.
 * @returns One or more lines, safe to show.
 * @throws {unknown} The error itself, if it is not a command's.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof CommandError)) throw error;
  return error.message.split("\n").map(escapeControl).join("\n");
}

async function runLine(
  interpreter: Interpreter,
  text: string,
  line: number,
  write: (text: string) => void,
): Promise<ScriptFailure | undefined> {
  try {
    await interpreter.execute(text, write);
    return undefined;
  } catch (error) {
    return { line, message: messageOf(error) };
  }
}
