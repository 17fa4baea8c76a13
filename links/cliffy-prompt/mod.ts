/**
 * Stands in for the part of `jsr:@cliffy/prompt` 1.2.1 that this project uses,
 * where JSR is out of reach: the same calls, asked line by line.
 *
 * @module
 */

import { type Answer, type Choice, readChoice, readConfirm, readInput } from "./answers.ts";
import { ask } from "./ask.ts";

/** What every question has. */
export interface PromptOptions<T> {
  /** The question. */
  message: string;
  /** The answer that an empty line gives. */
  default?: T;
  /** A remark after the question. */
  hint?: string;
  /** Where keys come from, which looks for Ctrl-C; a line is read from the terminal all the same. */
  reader?: Reader;
}

/** Where keys come from. */
export interface Reader {
  /** Reads bytes. */
  read(bytes: Uint8Array): Promise<number | null>;
  /** Takes keys as they come, or line by line. */
  setRaw(mode: boolean, options?: Deno.SetRawOptions): void;
  /** Tells whether it is a terminal. */
  isTerminal(): boolean;
}

/** Options for {@linkcode Input}. */
export interface InputOptions extends PromptOptions<string> {
  /** Least number of characters. */
  minLength?: number;
  /** Says whether an answer will do, or why not. */
  validate?: (value: string) => boolean | string;
}

/** Options for {@linkcode Select}. */
export interface SelectOptions<T> extends PromptOptions<T> {
  /** What there is to choose from. */
  options: (T | Choice<T>)[];
}

/** Asks for a line of text. */
export class Input {
  /** Asks, and resolves to the line. */
  static prompt(options: string | InputOptions): Promise<string> {
    const all = typeof options === "string" ? { message: options } : options;
    return askUntil(all, (line) => readInput(line, all), all.default);
  }
}

/** Asks a question to be answered by yes or no. */
export class Confirm {
  /** Asks, and resolves to whether the answer was yes. */
  static prompt(options: string | PromptOptions<boolean>): Promise<boolean> {
    const all = typeof options === "string" ? { message: options } : options;
    const usual = all.default === undefined ? "y/n" : all.default ? "Y/n" : "y/N";
    return askUntil(all, (line) => readConfirm(line, all.default), usual);
  }
}

/** The kind of a value: the genuine `prompt` promises no more either. */
type Kind<T> = T extends string ? string : T extends number ? number : boolean;

/** Asks to choose one of some values. */
export class Select {
  /** Lists the values, asks, and resolves to the one chosen. */
  static async prompt<T extends string | number | boolean>(
    options: SelectOptions<T>,
  ): Promise<Kind<T>> {
    const choices = options.options.map((choice): Choice<T> =>
      typeof choice === "object" ? choice : { value: choice }
    );
    const lines = choices.map(({ name, value }, at) => `  ${at + 1}) ${name ?? value}`);
    const message = [options.message, ...lines, "Number or name"].join("\n");
    const usual = choices.find(({ value }) => value === options.default);
    const read = (line: string) => readChoice(line, choices, options.default);
    const usualText = usual && String(usual.name ?? usual.value);
    const answer: unknown = await askUntil({ ...options, message }, read, usualText);
    return answer as Kind<T>;
  }
}

/** Asks until there is an answer that will do. */
async function askUntil<T>(
  { message, hint, reader }: { message: string; hint?: string; reader?: Reader },
  read: (line: string) => Answer<T>,
  usual: string | undefined,
): Promise<T> {
  const text = message + (hint ? ` ${hint}` : "") + (usual ? ` (${usual})` : "") + ": ";
  let problem = "";
  while (true) {
    const answer = read(await ask(problem + text, reader === undefined));
    if ("value" in answer) return answer.value;
    problem = `${answer.problem}\n`;
  }
}
