/**
 * Running again whenever a file changes.
 *
 * Files are looked at in turn rather than watched by the system: that sees editors that replace a
 * file, files that appear in a folder or begin to fit a pattern, and needs no more permission.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";
import { amount } from "../report/numbers.ts";
import { errorText } from "./error_text.ts";
import { WRONG } from "./exit_code.ts";
import { findFiles } from "./files.ts";
import { moduleOf } from "./listener_module.ts";
import type { CommandContext } from "./perform.ts";

/** Time between two looks at the files, in ms. */
const INTERVAL = 250;
/** Empties a terminal and what was scrolled out of it. */
const CLEAR = "\x1b[2J\x1b[3J\x1b[H";

/** What is watched, and where the exit code is. */
export interface Watched {
  /** Files, folders and patterns of the command line. */
  readonly paths: readonly string[];
  /** The `--listener` options. */
  readonly listeners: readonly string[];
  /** Files that are read beside scenarios. */
  readonly others: readonly string[];
  /** Where to write, and where the exit code goes. */
  readonly context: CommandContext;
}

/** When each file was last changed; undefined where there is none. */
type State = ReadonlyMap<string, number | undefined>;

/**
 * Runs, and again after each change, until the user interrupts.
 *
 * An interrupt while scenarios run ends the process as it would without this.
 *
 * @param run Runs once; takes the set into which the names of the files go that it reads.
 * @param watched What is watched.
 * @throws {ValidationError} If the first run does.
 */
export async function watch(
  run: (read: Set<string>) => Promise<void>,
  { paths, listeners, others, context }: Watched,
): Promise<void> {
  const { out, err } = context.streams;
  const named = () => [...findFiles(paths), ...listeners.map(moduleOf), ...others];
  for (let isFirst = true;; isFirst = false) {
    const before = stateOf(named());
    const read = new Set<string>();
    await guarded(() => run(read), context, isFirst);
    const names = () => new Set([...named(), ...read]);
    const since = new Map([...stateOf(names()), ...before]);
    using interrupt = new Interrupt();
    err.write(`watching ${amount(since.size, "file")}; Ctrl-C ends\n`);
    if (!await isChanged(since, names, interrupt)) return;
    if (out.isTerminal) out.write(CLEAR);
  }
}

/** Once it has run, what is wrong with the command line may be a listener that is being written. */
async function guarded(
  run: () => Promise<void>,
  context: CommandContext,
  isFirst: boolean,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (isFirst || !(error instanceof ValidationError)) throw error;
    context.streams.err.write(errorText(error, context.streams.err.palette));
    context.exitCode = WRONG;
  }
}

/** Waits for a change, and for its end; false if the user interrupts. */
async function isChanged(
  since: State,
  names: () => Iterable<string>,
  interrupt: Interrupt,
): Promise<boolean> {
  let last = since;
  let changed = false;
  while (await interrupt.isAbsentFor(INTERVAL)) {
    const now = stateOf(names());
    const moves = !isSame(last, now);
    if (changed && !moves) return true;
    changed ||= moves;
    last = now;
  }
  return false;
}

function stateOf(names: Iterable<string>): State {
  return new Map([...names].map((name) => [name, changeOf(name)]));
}

function changeOf(file: string): number | undefined {
  try {
    return Deno.statSync(file).mtime?.getTime();
  } catch {
    return undefined;
  }
}

function isSame(one: State, other: State): boolean {
  return one.size === other.size &&
    [...one].every(([name, time]) => other.has(name) && other.get(name) === time);
}

/** Listens for Ctrl-C while it is in use. */
class Interrupt {
  readonly #pressed = Promise.withResolvers<false>();
  readonly #listener = () => this.#pressed.resolve(false);

  constructor() {
    Deno.addSignalListener("SIGINT", this.#listener);
  }

  /** Waits; false as soon as there was an interrupt. */
  async isAbsentFor(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<true>();
    const timer = setTimeout(() => resolve(true), ms);
    try {
      return await Promise.race([promise, this.#pressed.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#listener);
  }
}
