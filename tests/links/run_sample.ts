// deno-lint-ignore-file no-console
/** Runs the sample command line interface and catches all that it does. */

import { main } from "./sample_cli.ts";

/** What a run of the sample came to. */
export interface Outcome {
  /** Exit code, or the message of the error that came out of `parse`. */
  exit: number | string;
  /** Lines of standard output. */
  stdout: string[];
  /** Lines of standard error. */
  stderr: string[];
}

/** One row of the table: words and what the genuine package makes of them. */
export interface Row extends Outcome {
  /** The words of the command line. */
  args: string[];
}

/** Address of the table. */
export const TABLE = new URL("./cliffy_command_table.json", import.meta.url);

/** Thrown in place of an exit. */
class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/**
 * Runs the sample in this process, on no terminal and without colours.
 *
 * Console, exit and terminal size are replaced meanwhile, so runs must not overlap.
 */
export async function runSample(args: string[]): Promise<Outcome> {
  const { log, error } = console;
  const { exit, consoleSize } = Deno;
  const stdout: string[] = [];
  const stderr: string[] = [];
  const into = (lines: string[]) => (text: unknown) => lines.push(...plain(text).split("\n"));
  try {
    console.log = into(stdout);
    console.error = into(stderr);
    Deno.exit = (code = 0): never => {
      throw new Exit(code);
    };
    Deno.consoleSize = () => {
      throw new Error("Not a terminal");
    };
    await main(args);
    return { exit: 0, stdout, stderr };
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    return { exit: thrown instanceof Exit ? thrown.code : thrown.message, stdout, stderr };
  } finally {
    Object.assign(console, { log, error });
    Object.assign(Deno, { exit, consoleSize });
  }
}

/** A text without colours. */
function plain(text: unknown): string {
  // deno-lint-ignore no-control-regex
  return String(text).replace(/\x1b\[[\d;]*m/g, "");
}
