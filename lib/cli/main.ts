/**
 * From the words of a command line to an exit code.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";
import { type CommandContext, makeCommand } from "./command.ts";
import { errorText, isOfSystem, reasonOf } from "./error_text.ts";
import { PASSED, WRONG } from "./exit_code.ts";
import { OutputError, processStreams, refuse, type Streams } from "./output.ts";
import { VERSION } from "./version.ts";

/** Options for {@linkcode runCommandLine}. */
export interface CommandLineOptions {
  /** How the program is called, for commands that can be copied; `mmulab` unless given. */
  readonly invocation?: string;
  /** Where to write; the streams of the process unless given. */
  readonly streams?: Streams;
}

/**
 * Runs a command line.
 *
 * @param args Its words.
 * @param options Streams and the name of the program.
 * @returns The exit code: 0 passed, 1 failed, 2 a scenario or the command line is wrong, 3 unclear.
 */
export async function runCommandLine(
  args: readonly string[],
  options: CommandLineOptions = {},
): Promise<number> {
  const { invocation = "mmulab", streams = processStreams() } = options;
  const context: CommandContext = { streams, invocation, exitCode: PASSED };
  if (args.length === 1 && ["-V", "--version"].includes(args[0])) {
    streams.out.write(`mmulab ${VERSION}\n`);
    return PASSED;
  }
  try {
    await makeCommand(context).parse([...args]);
    return context.exitCode;
  } catch (error) {
    if (error instanceof OutputError) return refuse(error.message, streams.err);
    if (isOfSystem(error)) return refuse(`Cannot go on: ${reasonOf(error)}`, streams.err);
    if (!(error instanceof ValidationError)) throw error;
    streams.err.write(errorText(error, streams.err.palette));
    streams.err.write(`Try "${helpCall(args, invocation)}"\n`);
    return WRONG;
  }
}

/** Commands with a help of their own. */
const COMMANDS = [
  "run",
  "compare",
  "check",
  "events",
  "mutate",
  "repl",
  "new",
  "list",
  "show",
  "schema",
  "merge-reports",
  "completions",
];

/** The call for the help that fits. */
function helpCall(args: readonly string[], invocation: string): string {
  const command = COMMANDS.find((name) => args.includes(name));
  return [invocation, ...(command === undefined ? [] : [command]), "--help"].join(" ");
}
