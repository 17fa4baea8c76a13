/**
 * Standard output and standard error of the process.
 *
 * @module
 */

import { reasonOf } from "./error_text.ts";
import { WRONG } from "./exit_code.ts";
import { ANSI, type Palette, PLAIN } from "../report/palette.ts";

/** A stream that text is written to. */
export interface TextStream {
  /** Colours that suit it: none but on a terminal, and none under `NO_COLOR`. */
  readonly palette: Palette;
  /** Whether a person reads along. */
  readonly isTerminal: boolean;
  /** Columns of the terminal, where there is one that says so. */
  readonly width?: number;
  /**
   * Writes text; nothing happens where the reader has gone, as `head` does.
   *
   * @param text The text.
   * @throws {OutputError} If the system refuses it, as where a disk is full.
   */
  write(text: string): void;
}

/** What was asked for cannot be written. */
export class OutputError extends Error {
  /** Name of the class. */
  override readonly name = "OutputError";
}

/** The two streams of a command. */
export interface Streams {
  /** What was asked for. */
  readonly out: TextStream;
  /** Errors and progress. */
  readonly err: TextStream;
}

/**
 * Takes the streams of this process.
 *
 * @returns The streams.
 */
export function processStreams(): Streams {
  return {
    out: streamOf(Deno.stdout, (error) => {
      throw new OutputError(`Cannot write the output: ${reasonOf(error)}`);
    }),
    err: streamOf(Deno.stderr, () => {}), // there is nobody left to tell
  };
}

function streamOf(stream: typeof Deno.stdout, refused: (error: unknown) => void): TextStream {
  const isTerminal = stream.isTerminal();
  const width = isTerminal ? terminalWidth() : undefined;
  let gone = false;
  return {
    isTerminal,
    ...(width === undefined ? {} : { width }),
    palette: isTerminal && !Deno.noColor ? ANSI : PLAIN,
    write(text) {
      if (gone) return;
      try {
        writeAll(stream, text);
      } catch (error) {
        gone = true;
        if (!(error instanceof Deno.errors.BrokenPipe)) refused(error);
      }
    },
  };
}

/** Columns of the terminal; undefined where it does not say. */
function terminalWidth(): number | undefined {
  try {
    return Deno.consoleSize().columns || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes all of a text.
 *
 * @param stream Where to.
 * @param text The text.
 * @throws {Error} If the system refuses it.
 */
export function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  text: string,
): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
}

/**
 * Says why nothing is done.
 *
 * @param message The reason, without a final period.
 * @param err Where to write.
 * @returns The exit code.
 */
export function refuse(message: string, err: TextStream): number {
  err.write(`${err.palette.red("error")}: ${message}\n`);
  return WRONG;
}
