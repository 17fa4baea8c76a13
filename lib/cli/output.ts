/**
 * Standard output and standard error of the process.
 *
 * @module
 */

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
   */
  write(text: string): void;
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
  return { out: streamOf(Deno.stdout), err: streamOf(Deno.stderr) };
}

function streamOf(stream: typeof Deno.stdout): TextStream {
  const isTerminal = stream.isTerminal();
  const width = isTerminal ? terminalWidth() : undefined;
  let gone = false;
  return {
    isTerminal,
    ...(width === undefined ? {} : { width }),
    palette: isTerminal && !Deno.noColor ? ANSI : PLAIN,
    write(text) {
      if (!gone) gone = !writeAll(stream, new TextEncoder().encode(text));
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

/** Writes all bytes; false if nobody reads any more. */
function writeAll(stream: typeof Deno.stdout, bytes: Uint8Array): boolean {
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
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
