/**
 * Operations typed in short, `mmap qemu ram 16p rw`, or as in a scenario, `mmap: { ... }`.
 *
 * @module
 */

import type { Step } from "../machine/program.ts";
import type { ArgumentSpec, OperationSpec } from "../machine/spec.ts";
import { ScenarioError } from "../scenario/diagnostics.ts";
import { parseSteps } from "../scenario/step_text.ts";
import { suggestion } from "../scenario/suggest.ts";
import type { Session } from "./session.ts";
import { CommandError } from "./words.ts";

const SUFFIXES: Readonly<Record<string, string>> = {
  p: "pages",
  K: "KiB",
  k: "KiB",
  M: "MiB",
  m: "MiB",
  G: "GiB",
  g: "GiB",
};

/**
 * Tells whether a line is a step as a scenario writes it.
 *
 * @param line The line.
 * @returns True for `{ mmap: ... }`, `mmap: ...` and `- mmap: ...`.
 */
export function isYamlStep(line: string): boolean {
  return /^(?:-\s|\{|[a-z_]+:(?:\s|$))/.test(line);
}

/**
 * Reads a step as a scenario writes it.
 *
 * @param session The session, whose names are in force.
 * @param line The text.
 * @returns The steps: more than one for a loop.
 * @throws {CommandError} If something is wrong with it.
 */
export function readYamlStep(session: Session, line: string): Step[] {
  const text = line.replace(/^-\s+/, "");
  return withoutPlace(session, `- ${text.replaceAll("\n", "\n  ")}\n`);
}

/**
 * Reads an operation in short.
 *
 * @param session The session, whose names are in force.
 * @param spec The operation.
 * @param words What follows its name: values in the order of its arguments, or name=value.
 * @returns The step.
 * @throws {CommandError} If something is wrong with it.
 */
export function readShortForm(
  session: Session,
  spec: OperationSpec,
  words: readonly string[],
): Step[] {
  const names = Object.keys(spec.args);
  const given = new Map<string, string>();
  for (const word of words) {
    const pair = /^(\w+)=([^]*)$/.exec(word);
    const name = pair?.[1] ?? names.find((one) => !given.has(one));
    if (name === undefined) {
      throw new CommandError(`Cannot use "${word}": expected ${shortUsage(spec)}`);
    }
    if (!names.includes(name)) {
      const hint = suggestion(name, names) ?? `Expected ${shortUsage(spec)}`;
      throw new CommandError(`Unknown argument "${name}" of ${spec.name}. ${hint}`);
    }
    if (given.has(name)) throw new CommandError(`Argument "${name}" is given twice`);
    given.set(name, pair?.[2] ?? word);
  }
  const missing = names.find((name) => spec.args[name].required === true && !given.has(name));
  if (missing !== undefined) {
    throw new CommandError(`Missing argument ${missing}: expected ${shortUsage(spec)}`);
  }
  const entries = [...given].map(([name, text]) => `${name}: ${yamlValue(spec.args[name], text)}`);
  return withoutPlace(session, `- ${spec.name}: { ${entries.join(", ")} }\n`);
}

/**
 * Writes how an operation is typed in short.
 *
 * @param spec The operation.
 * @returns Text such as `mmap PROCESS NAME SIZE [PROT]`.
 */
export function shortUsage(spec: OperationSpec): string {
  const words = Object.entries(spec.args).map(([name, { required }]) => {
    const text = name.toUpperCase();
    return required === true ? text : `[${text}]`;
  });
  return [spec.name, ...words].join(" ");
}

/** A size may be short; everything else is a YAML value, put into quotes. */
function yamlValue({ kind }: ArgumentSpec, text: string): string {
  const short = kind === "size" ? /^([0-9]+(?:\.[0-9]+)?)([pKkMmGg])$/.exec(text) : null;
  if (short !== null) return JSON.stringify(`${short[1]} ${SUFFIXES[short[2]]}`);
  const isPlain = /^(?:[0-9]+|0x[0-9a-fA-F]+|true|false)$/.test(text);
  return isPlain ? text : JSON.stringify(text);
}

/** What is typed stands in no file. */
function withoutPlace(session: Session, yaml: string): Step[] {
  try {
    return parseSteps(yaml, session.names).map((step) => ({ ...step, position: null }));
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const lines = error.diagnostics.map(({ message, hint }) =>
      hint === undefined ? message : `${message}. ${hint}`
    );
    throw new CommandError(lines.join("\n"));
  }
}
