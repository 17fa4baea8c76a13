/**
 * The command `new`.
 *
 * @module
 */

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ValidationError } from "@cliffy/command";
import { Confirm, Input, Select } from "@cliffy/prompt";
import { escapeControl, quote } from "../kernel/escape.ts";
import { shellWord } from "../report/shell.ts";
import { scaffold, SCAFFOLD_EVENTS, SCAFFOLD_KINDS } from "../scenario/scaffold.ts";
import { suggestion } from "../scenario/suggest.ts";
import { mayWrite, writeFile } from "./destinations.ts";
import { errorText } from "./error_text.ts";
import { PASSED, WRONG } from "./exit_code.ts";
import type { CommandContext } from "./perform.ts";

/** What is known before anything is asked. */
export interface NewOptions {
  /** The file. */
  readonly file?: string | undefined;
  /** Name of the scenario. */
  readonly name?: string | undefined;
  /** Kind of listener. */
  readonly kind?: string | undefined;
  /** Event that happens. */
  readonly event?: string | undefined;
  /** Number of pages. */
  readonly pages?: number | undefined;
  /** Whether to replace a file. */
  readonly force?: boolean | undefined;
}

/** What is asked for, by name: each question for what no option says. */
interface Questions {
  file(): Promise<string>;
  name(usual: string): Promise<string>;
  kind(): Promise<string>;
  event(): Promise<string>;
  pages(usual: number): Promise<number>;
  replace(file: string): Promise<boolean>;
}

const PAGES = 16;
const MAX_PAGES = 1024;
const MAX_NAME = 200;

/**
 * Writes a new scenario.
 *
 * @param options What is known; the rest is asked for on a terminal, and usual elsewhere.
 * @param context Where to write, and how the program is called.
 * @returns The exit code.
 * @throws {ValidationError} If an option is wrong.
 */
export async function writeNew(options: NewOptions, context: CommandContext): Promise<number> {
  const { out, err } = context.streams;
  requireKnown(options);
  const isTerminal = Deno.stdin.isTerminal() && out.isTerminal;
  try {
    const file = await write(options, isTerminal ? ON_TERMINAL : ELSEWHERE);
    if (file === undefined) {
      err.write("nothing was written\n");
      return WRONG;
    }
    out.write(`Wrote ${escapeControl(file)}. Try\n`);
    out.write(`  ${context.invocation} run ${shellWord(file)}\n`);
    return PASSED;
  } catch (error) {
    if (!(error instanceof Error) || error instanceof ValidationError) throw error;
    err.write(errorText(error, err.palette));
    return WRONG;
  }
}

/** Writes the file; gives its name, or undefined if the user would rather not. */
async function write(options: NewOptions, ask: Questions): Promise<string | undefined> {
  const file = options.file ?? await ask.file();
  const wrong = fileProblem(file);
  if (wrong !== undefined) throw new ValidationError(wrong);
  const replaces = exists(file);
  if (replaces && options.force !== true && !await ask.replace(file)) return undefined;
  const text = scaffold({
    name: options.name ?? await ask.name(nameOf(file)),
    kind: options.kind ?? await ask.kind(),
    event: options.event ?? await ask.event(),
    pages: options.pages ?? await ask.pages(PAGES),
    schema: schemaFor(file),
  });
  // A file that has come into being meanwhile is not replaced.
  const trouble = writeFile(file, text, { createNew: !replaces });
  if (trouble !== undefined) throw new Error(trouble);
  return file;
}

const ON_TERMINAL: Questions = {
  file: () => Input.prompt({ message: "File", validate: (text) => fileProblem(text) ?? true }),
  name: (usual) =>
    Input.prompt({
      message: "Name of the scenario",
      default: usual,
      validate: (text) => nameProblem(text) ?? true,
    }),
  kind: () =>
    Select.prompt<string>({ message: "Which kind of listener?", options: [...SCAFFOLD_KINDS] }),
  event: () =>
    Select.prompt<string>({
      message: "What happens?",
      options: Object.entries(SCAFFOLD_EVENTS).map(([value, what]) => ({
        value,
        name: `${what} (${value})`,
      })),
    }),
  pages: async (usual) =>
    Number(
      await Input.prompt({
        message: "Pages of memory",
        default: String(usual),
        validate: (text) => pagesProblem(Number(text)) ?? true,
      }),
    ),
  replace: (file) =>
    Confirm.prompt({ message: `${escapeControl(file)} exists. Replace it?`, default: false }),
};

/** Without a terminal nobody can answer. */
const ELSEWHERE: Questions = {
  file: () => Promise.reject(new ValidationError("Missing argument(s): file")),
  name: (usual) => Promise.resolve(usual),
  kind: () => Promise.resolve(SCAFFOLD_KINDS[0]),
  event: () => Promise.resolve(Object.keys(SCAFFOLD_EVENTS)[0]),
  pages: (usual) => Promise.resolve(usual),
  replace: (file) =>
    Promise.reject(new Error(`Cannot write "${file}": it exists; replace it with --force`)),
};

function requireKnown({ name, kind, event, pages }: NewOptions): void {
  const problem = (name === undefined ? undefined : nameProblem(name)) ??
    (kind === undefined ? undefined : choiceProblem("kind of listener", kind, SCAFFOLD_KINDS)) ??
    (event === undefined
      ? undefined
      : choiceProblem("event", event, Object.keys(SCAFFOLD_EVENTS))) ??
    (pages === undefined ? undefined : pagesProblem(pages));
  if (problem !== undefined) throw new ValidationError(problem);
}

function choiceProblem(what: string, word: string, known: readonly string[]): string | undefined {
  if (known.includes(word)) return undefined;
  const hint = suggestion(word, known) ?? `Expected one of ${known.join(", ")}`;
  return `Unknown ${what} "${word}". ${hint}`;
}

function nameProblem(name: string): string | undefined {
  const isGood = name.trim() !== "" && name.length <= MAX_NAME && name === escapeControl(name);
  if (isGood) return undefined;
  return `Expected a name of 1 to ${MAX_NAME} characters on one line, got ${quote(name)}`;
}

function pagesProblem(pages: number): string | undefined {
  const isGood = Number.isInteger(pages) && pages >= 1 && pages <= MAX_PAGES;
  return isGood ? undefined : `Expected a number of pages from 1 to ${MAX_PAGES}, got ${pages}`;
}

function fileProblem(file: string): string | undefined {
  const shown = `"${escapeControl(file)}"`;
  if (!/[^/]\.ya?ml$/.test(file)) return `Expected a file that ends in .yaml, got ${shown}`;
  if (mayWrite(file)) return undefined;
  return `Cannot write ${shown}: Deno was not allowed to. Give it --allow-write`;
}

function exists(file: string): boolean {
  try {
    Deno.lstatSync(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A name for the scenario, from that of its file. */
function nameOf(file: string): string {
  const [, stem] = /([^/]+)\.ya?ml$/.exec(file) ?? ["", "scenario"];
  return escapeControl(stem).replaceAll(/[-_]+/g, " ").slice(0, MAX_NAME);
}

/** Where editors find the JSON Schema: beside this program, as seen from the file. */
function schemaFor(file: string): string {
  const schema = new URL("../../schema/scenario.schema.json", import.meta.url);
  if (schema.protocol !== "file:") return schema.href;
  const folder = file.includes("/") ? file.slice(0, file.lastIndexOf("/") + 1) : ".";
  return relative(folder, fileURLToPath(schema));
}
