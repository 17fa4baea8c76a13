/**
 * The command `repl`: a session on a terminal, on a pipe, or from the command line.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import { wordsFor } from "../repl/complete.ts";
import type { ArgumentMeaning, MissingArgumentError } from "../repl/command.ts";
import { Interpreter, type InterpreterOptions } from "../repl/interpreter.ts";
import type { Session } from "../repl/session.ts";
import { messageOf, runScript } from "../repl/script.ts";
import { CommandError } from "../repl/words.ts";
import { reasonOf } from "./error_text.ts";
import { FAILED, PASSED } from "./exit_code.ts";
import { readOne } from "./files.ts";
import { includeReader } from "./include_reader.ts";
import type { Streams } from "./output.ts";

/** What the command was called with. */
export interface ReplOptions {
  /** A scenario to load. */
  readonly file?: string;
  /** Commands to carry out instead of asking for them. */
  readonly execute?: string;
}

/**
 * Opens a session.
 *
 * @param options What to load and carry out.
 * @param streams Where to write.
 * @returns The exit code: 1 if a command of a script failed, or something that its scenarios expect.
 */
export async function repl(options: ReplOptions, streams: Streams): Promise<number> {
  const isTerminal = options.execute === undefined && Deno.stdin.isTerminal() &&
    streams.out.isTerminal;
  if (isTerminal) return await onTerminal(options, streams);
  const interpreter = new Interpreter({ readFile, includesOf, writeFile });
  const load = options.file === undefined ? [] : [loadLine(options.file)];
  for (const line of load) {
    const failure = await runScript(interpreter, [line], () => {});
    if (failure !== undefined) return fail(failure.message, streams);
  }
  const lines = options.execute === undefined ? stdinLines() : options.execute.split("\n");
  const failure = await runScript(interpreter, lines, streams.out.write);
  if (failure !== undefined) return fail(`line ${failure.line}: ${failure.message}`, streams);
  if (!interpreter.session.hasFailed) return PASSED;
  return fail("Something that the scenario expects does not hold", streams);
}

async function onTerminal({ file }: ReplOptions, streams: Streams): Promise<number> {
  const { Terminal } = await import("../repl/terminal.ts");
  const { openHistory } = await import("../repl/terminal_history.ts");
  const history = openHistory();
  const { palette } = streams.out;
  const terminal = new Terminal({ history: history.lines, palette, listFiles });
  const interpreter = new Interpreter({
    readFile,
    includesOf,
    writeFile,
    breathe: terminal.breathe,
    choose: (missing, session) => terminal.lend(() => choose(missing, session)),
  });
  streams.out.write('mmulab: "help" lists the commands, Tab completes, "quit" ends.\n');
  try {
    if (file !== undefined) streams.out.write(await interpreter.execute(loadLine(file)));
  } catch (error) {
    return fail(messageOf(error), streams);
  }
  await terminal.run(interpreter);
  history.save();
  return PASSED;
}

/** The command that loads a file; quotes at the prompt know no escapes. */
function loadLine(file: string): string {
  const quote = file.includes('"') ? "'" : '"';
  return `load ${quote}${file}${quote}`;
}

function fail(message: string, { err }: Streams): number {
  err.write(`${err.palette.red("error")}: ${message}\n`);
  return FAILED;
}

/** Meanings of arguments that one rather types. */
const TYPED: readonly ArgumentMeaning[] = ["address", "range", "file"];

/** The keyboard; Ctrl-C gives the question up instead of the session. */
const KEYS = {
  async read(bytes: Uint8Array): Promise<number | null> {
    const count = await Deno.stdin.read(bytes);
    if (count !== null && bytes.subarray(0, count).includes(3)) {
      throw new CommandError("Interrupted");
    }
    return count;
  },
  setRaw: (mode: boolean): void => Deno.stdin.setRaw(mode),
  isTerminal: (): boolean => Deno.stdin.isTerminal(),
};

/** Asks to choose, where there is something to choose from; gives nothing if that is given up. */
async function choose(
  { means }: MissingArgumentError,
  session: Session,
): Promise<string | undefined> {
  const options = means === "scenario" ? scenarios() : wordsFor(session, means, "", listFiles);
  if (TYPED.includes(means) || options.length === 0) return undefined;
  const { Select } = await import("@cliffy/prompt");
  const question = { message: `Which ${means}?`, options: [...options], reader: KEYS };
  return await Select.prompt(question).catch(() => undefined);
}

function scenarios(): string[] {
  return listFiles("scenarios/").flatMap((name) => name.endsWith("/") ? listFiles(name) : [name])
    .filter((name) => name.endsWith(".yaml"));
}

const readFile: NonNullable<InterpreterOptions["readFile"]> = (path) => {
  const found = readOne(path);
  if ("text" in found) return found.text;
  const { message, hint } = found.problem;
  throw new CommandError(
    `${escapeControl(path)}: ${message}${hint === undefined ? "" : `. ${escapeControl(hint)}`}`,
  );
};

const includesOf: NonNullable<InterpreterOptions["includesOf"]> = includeReader;

const writeFile: NonNullable<InterpreterOptions["writeFile"]> = (path, text, append) => {
  const shown = escapeControl(path);
  if (Deno.permissions.querySync({ name: "write", path }).state !== "granted") {
    throw new CommandError(`Cannot write ${shown}: Deno was not allowed to. Give it --allow-write`);
  }
  try {
    Deno.writeTextFileSync(path, text, { append });
  } catch (error) {
    throw new CommandError(`Cannot write ${shown}: ${reasonOf(error)}`);
  }
};

/** Files and folders that begin with a text, where they may be read. */
function listFiles(beginning: string): string[] {
  const folder = beginning.slice(0, beginning.lastIndexOf("/") + 1);
  const path = folder === "" ? "." : folder;
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return [];
  try {
    return [...Deno.readDirSync(path)]
      .map(({ name, isDirectory }) => `${folder}${name}${isDirectory ? "/" : ""}`)
      .filter((name) => name.startsWith(beginning))
      .sort();
  } catch {
    return [];
  }
}

async function* stdinLines(): AsyncGenerator<string> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.map((line) => line.replace(/\r$/, ""));
  }
  if (rest !== "") yield rest;
}
