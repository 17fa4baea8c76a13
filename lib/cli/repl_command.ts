/**
 * The command `repl`: a session on a terminal, on a pipe, or from the command line.
 *
 * @module
 */

import type { MissingArgumentError } from "../repl/command.ts";
import { Interpreter, type InterpreterOptions } from "../repl/interpreter.ts";
import { LISTENER_KINDS } from "../listeners/registry.ts";
import { messageOf, runScript } from "../repl/script.ts";
import { CommandError } from "../repl/words.ts";
import { FAILED, PASSED } from "./exit_code.ts";
import { readFiles } from "./files.ts";
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
 * @returns The exit code: 1 if a command of a script failed.
 */
export async function repl(options: ReplOptions, streams: Streams): Promise<number> {
  const isTerminal = options.execute === undefined && Deno.stdin.isTerminal() &&
    streams.out.isTerminal;
  if (isTerminal) return await onTerminal(options, streams);
  const interpreter = new Interpreter({ readFile, writeFile });
  const load = options.file === undefined ? [] : [loadLine(options.file)];
  for (const line of load) {
    const failure = await runScript(interpreter, [line], () => {});
    if (failure !== undefined) return fail(failure.message, streams);
  }
  const lines = options.execute === undefined ? stdinLines() : options.execute.split("\n");
  const failure = await runScript(interpreter, lines, streams.out.write);
  if (failure === undefined) return PASSED;
  return fail(`line ${failure.line}: ${failure.message}`, streams);
}

async function onTerminal({ file }: ReplOptions, streams: Streams): Promise<number> {
  const { Terminal } = await import("../repl/terminal.ts");
  const { openHistory } = await import("../repl/terminal_history.ts");
  const history = openHistory();
  let interpreter: Interpreter | undefined;
  const terminal = new Terminal({
    interpreter: (breathe) => interpreter = new Interpreter({ readFile, writeFile, breathe }),
    history: history.lines,
    palette: streams.out.palette,
    listFiles,
    choose,
  });
  streams.out.write('mmulab: "help" lists the commands, Tab completes, "quit" ends.\n');
  try {
    if (file !== undefined) streams.out.write(await interpreter!.execute(loadLine(file)));
  } catch (error) {
    return fail(messageOf(error), streams);
  }
  await terminal.run();
  history.save();
  return PASSED;
}

function loadLine(file: string): string {
  return `load ${JSON.stringify(file)}`;
}

function fail(message: string, { err }: Streams): number {
  err.write(`${err.palette.red("error")}: ${message}\n`);
  return FAILED;
}

/** Asks to choose, where there is something to choose from. */
async function choose(
  { command, argument }: MissingArgumentError,
  { session }: Interpreter,
): Promise<string | undefined> {
  const means = command.args.find(({ name }) => name === argument)?.means;
  const found: Readonly<Record<string, () => readonly string[]>> = {
    scenario: () => scenarios(),
    listener: () => [...session.machine.listeners.keys()],
    process: () => [...session.machine.processes.keys()],
    policy: () => ["legacy", "followup", "ideal"],
    "listener kind": () => Object.keys(LISTENER_KINDS),
  };
  const options = means === undefined ? [] : found[means]?.() ?? [];
  if (options.length === 0) return undefined;
  const { Select } = await import("@cliffy/prompt");
  return await Select.prompt({ message: `Which ${means}?`, options: [...options] });
}

function scenarios(): string[] {
  return listFiles("scenarios/").flatMap((name) => name.endsWith("/") ? listFiles(name) : [name])
    .filter((name) => name.endsWith(".yaml"));
}

const readFile: NonNullable<InterpreterOptions["readFile"]> = (path) => {
  const [found] = readFiles([path]);
  if (found === undefined) throw new CommandError(`Cannot read ${path}: no scenario is in it`);
  if ("text" in found) return found.text;
  const { message, hint } = found.problem;
  throw new CommandError(`${path}: ${message}${hint === undefined ? "" : `. ${hint}`}`);
};

const writeFile: NonNullable<InterpreterOptions["writeFile"]> = (path, text, append) => {
  if (Deno.permissions.querySync({ name: "write", path }).state !== "granted") {
    throw new CommandError(`Cannot write ${path}: Deno was not allowed to. Give it --allow-write`);
  }
  try {
    Deno.writeTextFileSync(path, text, { append });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot write ${path}: ${reason}`);
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
