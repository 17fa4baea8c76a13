/**
 * The prompt on a terminal: line editing by node:readline, with history search and paging on top.
 *
 * Bytes of the terminal pass through here on their way to readline, so that Ctrl-R, Ctrl-C during a
 * run, and the keys of the pager are seen first.
 *
 * @module
 */

import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { PassThrough } from "node:stream";
import type { Palette } from "../report/palette.ts";
import { complete, type ListFiles } from "./complete.ts";
import { CTRL_R, HistorySearch } from "./history_search.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Breathe } from "./running.ts";
import { messageOf } from "./script.ts";
import { CommandError, isOpen } from "./words.ts";

/** What a terminal works with. */
export interface TerminalOptions {
  /** Earlier lines, last first. */
  readonly history: string[];
  /** Colours. */
  readonly palette: Palette;
  /** Lists files for completion. */
  readonly listFiles: ListFiles;
}

const PROMPT = "mmulab> ";
const MORE = "   ...> ";
const CTRL_C = "\x03";
/** Splits around Ctrl-C and Ctrl-R, which are kept. */
const CONTROLS = new RegExp(`(${CTRL_C}|${CTRL_R})`);
/** Time, in ms, after which work looks at the keyboard, where it can be interrupted. */
const BREATH = 30;

/** A prompt on the terminal of this process. */
export class Terminal {
  readonly #options: TerminalOptions;
  readonly #keys = new PassThrough();
  readonly #decoder = new TextDecoder();
  #interpreter!: Interpreter;
  #readline!: Interface;
  #lines: string[] = [];
  #wake: (() => void) | null = null;
  #isClosed = false;
  #isBusy = false;
  #isInterrupted = false;
  #lastBreath = 0;
  #waitingKey: ((key: string) => void) | null = null;
  #search: HistorySearch | null = null;

  /**
   * Makes a prompt that is not shown yet.
   *
   * @param options History and colours.
   */
  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /**
   * Reads and carries out lines until the end.
   *
   * @param interpreter Carries them out.
   */
  async run(interpreter: Interpreter): Promise<void> {
    this.#interpreter = interpreter;
    this.#open();
    let text = "";
    while (true) {
      this.#prompt(text === "" ? PROMPT : MORE);
      const line = await this.#line();
      if (line === undefined) break;
      if (line === CTRL_C) {
        text = "";
        continue;
      }
      text = text === "" ? line : `${text}\n${line}`;
      if (isOpen(text)) continue;
      this.#joinHistory(text);
      await this.#execute(text);
      text = "";
      if (this.#interpreter.hasQuit) break;
    }
    this.#close();
  }

  #open(): void {
    process.stdin.setRawMode(true);
    process.stdin.on("data", this.#onData);
    process.stdin.resume();
    this.#readline = createInterface({
      input: this.#keys,
      output: process.stdout,
      terminal: true,
      historySize: 1000,
      history: [...this.#options.history],
      removeHistoryDuplicates: true,
      completer: (line: string) => {
        const { session } = this.#interpreter;
        const { words, typed, isOpenEnded } = complete(session, line, this.#options.listFiles);
        return [words.length === 1 && !isOpenEnded ? [`${words[0]} `] : [...words], typed];
      },
    });
    this.#readline.on("line", (line: string) => this.#push(line));
    this.#readline.on("history", (history: string[]) => this.#keepHistory(history));
    this.#readline.on("close", () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  #close(): void {
    process.stdin.off("data", this.#onData);
    process.stdin.setRawMode(false);
    process.stdin.pause();
    this.#readline.close();
    if (!this.#interpreter.hasQuit) process.stdout.write("\n");
  }

  #prompt(prompt: string): void {
    if (this.#isClosed || this.#lines.length > 0) return;
    this.#readline.setPrompt(this.#options.palette.bold(prompt.trimEnd()) + " ");
    this.#readline.prompt();
  }

  #push(line: string): void {
    this.#lines.push(line);
    this.#wake?.();
  }

  async #line(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = null;
    }
    return this.#lines.shift();
  }

  #keepHistory(history: readonly string[]): void {
    this.#options.history.splice(0, Infinity, ...history);
  }

  /** A command of several lines comes back as one. */
  #joinHistory(text: string): void {
    const lines = text.split("\n");
    if (lines.length === 1) return;
    const history: string[] = Reflect.get(this.#readline, "history");
    const at = history.findIndex((line) => lines.includes(line));
    const joined = history.filter((line) => !lines.includes(line));
    joined.splice(Math.max(0, at), 0, lines.map((line) => line.trim()).join(" "));
    history.splice(0, Infinity, ...joined);
    this.#keepHistory(history);
  }

  async #execute(text: string): Promise<void> {
    this.#isBusy = true;
    this.#isInterrupted = false;
    this.#lastBreath = performance.now();
    try {
      await this.#interpreter.execute(text, (output) => this.#page(output));
    } catch (error) {
      const where = this.#isInterrupted ? ` at tick ${this.#interpreter.session.tick}` : "";
      process.stdout.write(`${this.#options.palette.red(messageOf(error) + where)}\n`);
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * Lends the keyboard to somebody else.
   *
   * @typeParam T Type of the result.
   * @param work What they do with it.
   * @returns Its result.
   */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    process.stdin.off("data", this.#onData);
    process.stdin.setRawMode(false);
    try {
      return await work();
    } finally {
      process.stdin.setRawMode(true);
      process.stdin.on("data", this.#onData);
      process.stdin.resume();
    }
  }

  /** Lets keys in every now and then; a Ctrl-C ends the work. */
  readonly breathe: Breathe = () => {
    if (this.#isInterrupted) throw new CommandError("Interrupted");
    if (performance.now() - this.#lastBreath < BREATH) return undefined;
    return new Promise((resolve) =>
      setTimeout(() => {
        this.#lastBreath = performance.now();
        resolve();
      }, 0)
    );
  };

  /** Writes text, page by page where it is longer than the terminal. */
  async #page(text: string): Promise<void> {
    const rows = (process.stdout.rows ?? 24) - 1;
    const lines = text.replace(/\n$/, "").split("\n");
    for (let at = 0; at < lines.length;) {
      const next = at + Math.max(1, rows);
      process.stdout.write(`${lines.slice(at, next).join("\n")}\n`);
      at = next;
      if (at >= lines.length || this.#lines.length > 0) continue;
      process.stdout.write(this.#options.palette.dim(`-- ${lines.length - at} more: space, q --`));
      const key = await new Promise<string>((resolve) => this.#waitingKey = resolve);
      process.stdout.write("\r\x1b[K");
      if (key === "q" || key === CTRL_C) return;
    }
  }

  readonly #onData = (chunk: Uint8Array): void => {
    const text = this.#decoder.decode(chunk, { stream: true });
    // A paste comes as one chunk; its keys are looked at one by one only where that matters
    for (const part of text.split(CONTROLS)) {
      if (part !== "") this.#take(part);
    }
  };

  #take(text: string): void {
    if (this.#waitingKey !== null) {
      const answer = this.#waitingKey;
      this.#waitingKey = null;
      answer(text[0]);
      if (text.length > 1 && text[0] !== CTRL_C) this.#take(text.slice(1));
    } else if (this.#isBusy && text === CTRL_C) {
      this.#isInterrupted = true;
    } else if (text === CTRL_R || this.#search !== null) {
      for (const key of this.#search === null || text.startsWith("\x1b") ? [text] : text) {
        this.#searchKey(key);
      }
    } else if (text === CTRL_C) {
      this.#abandon();
    } else {
      this.#keys.write(text);
    }
  }

  /** Gives the line up, as a shell does. */
  #abandon(): void {
    process.stdout.write("^C\n");
    Object.assign(this.#readline, { line: "", cursor: 0 });
    this.#push(CTRL_C);
  }

  /** One key while the history is searched. */
  #searchKey(key: string): void {
    const search = this.#search ??= new HistorySearch(this.#options.history);
    const chosen = search.press(key);
    process.stdout.write(`\r\x1b[K${chosen === undefined ? search.prompt : ""}`);
    if (chosen === undefined) return;
    this.#search = null;
    // To the end of the line, then clear what was typed before
    this.#keys.write(`\x05\x15${chosen}`);
  }
}
