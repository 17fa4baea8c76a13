/**
 * Prompts for tests.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { load } from "../../lib/cli/load.ts";
import { cellText, type Program, type Step } from "../../lib/machine/program.ts";
import type { ArgumentValue } from "../../lib/machine/spec.ts";
import { Interpreter } from "../../lib/repl/interpreter.ts";
import { CommandError } from "../../lib/repl/words.ts";

const ROOT = new URL("../../", import.meta.url);

/** A prompt that reads files of the project and keeps what it writes. */
export interface TestPrompt {
  /** The prompt. */
  readonly prompt: Interpreter;
  /** What was written, by file. */
  readonly files: Map<string, string>;
}

/**
 * Makes a prompt.
 *
 * @param lines Lines to carry out first.
 * @returns The prompt.
 */
export async function promptAfter(lines: readonly string[] = []): Promise<TestPrompt> {
  const files = new Map<string, string>();
  const prompt = new Interpreter({
    readFile(path) {
      const written = files.get(path);
      if (written !== undefined) return written;
      try {
        return Deno.readTextFileSync(new URL(path, ROOT));
      } catch {
        throw new CommandError(`Cannot read ${path}`);
      }
    },
    writeFile(path, text, append) {
      files.set(path, append ? (files.get(path) ?? "") + text : text);
    },
  });
  for (const line of lines) await prompt.execute(line);
  return { prompt, files };
}

/** A guest whose pages KSM merges, after the merge. */
export const MERGED: readonly string[] = [
  "load scenarios/ksm-merge-kvm.yaml pages=4",
  "step 6",
];

/**
 * Reads the scenarios of the library.
 *
 * @returns Name and program of each, one per cell of a matrix, in the order of files.
 */
export function libraryPrograms(): [name: string, program: Program][] {
  const { scenarios, files } = load(["scenarios"], { variables: {}, policies: [] });
  assertEquals(files.flatMap(({ diagnostics }) => diagnostics), []);
  return scenarios.map(({ file, program }) => [`${file} ${cellText(program)}`.trim(), program]);
}

/**
 * Writes an argument as one types it.
 *
 * @param value The argument.
 * @returns Text without spaces, unless they are in quotes.
 */
export function typedValue(value: ArgumentValue): string {
  if (typeof value !== "object") return JSON.stringify(value);
  const { mapping, firstPage, pages } = value;
  return pages === null ? mapping : `"${mapping}[${firstPage}..${firstPage + pages}]"`;
}

/**
 * Writes a step with its interludes as one types it, as in a scenario.
 *
 * @param step The step.
 * @returns YAML on one line.
 */
export function typedStep({ operation, args, name, during = [] }: Step): string {
  const pairs = Object.entries(args).map(([key, value]) => `${key}: ${typedValue(value)}`);
  const parts = [`${operation.name}: { ${pairs.join(", ")} }`];
  if (name !== undefined) parts.push(`name: ${JSON.stringify(name)}`);
  const interludes = during.map(({ at, nth, steps }) =>
    `{ at: ${at}, nth: ${nth}, do: [${steps.map(typedStep).join(", ")}] }`
  );
  if (interludes.length > 0) parts.push(`during: [${interludes.join(", ")}]`);
  return `{ ${parts.join(", ")} }`;
}
