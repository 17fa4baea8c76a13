/**
 * Single steps as text: what a prompt reads, with the names of a machine in force.
 *
 * @module
 */

import type { Step } from "../machine/program.ts";
import { VOCABULARY } from "./builtin_vocabulary.ts";
import { Reporter, ScenarioError } from "./diagnostics.ts";
import { readDocument } from "./document.ts";
import { Names, Scope } from "./scope.ts";
import { readSteps } from "./steps.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Names that steps may use. */
export interface KnownNames {
  /** Processes. */
  readonly processes: Iterable<string>;
  /** Listeners with their kinds. */
  readonly listeners: Iterable<readonly [name: string, kind: string]>;
  /** Mappings. */
  readonly mappings: Iterable<string>;
  /** Files. */
  readonly files?: Iterable<string>;
  /** Captures. */
  readonly captures?: Iterable<string>;
  /** Policies beside the built-in ones. */
  readonly policies?: Iterable<string>;
}

/** Options for {@linkcode parseSteps}. */
export interface StepTextOptions {
  /** The words that steps may use; all there are unless told. */
  readonly vocabulary?: Vocabulary;
  /** Name of the text for messages; `"input"` unless told. */
  readonly file?: string;
}

/**
 * Reads steps as a scenario writes them under `steps:`.
 *
 * @param source YAML: a list of steps.
 * @param known The names in force.
 * @param options Vocabulary and name of the text.
 * @returns The steps, loops expanded.
 * @throws {ScenarioError} If anything is wrong.
 * @example
 * ```ts
 * import { parseSteps } from "./step_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const known = { processes: ["qemu"], listeners: [], mappings: ["ram"] };
 * const [step] = parseSteps("- munmap: { range: 'ram[0..8]' }", known);
 * assertEquals(step.args.range, { mapping: "ram", firstPage: 0, pages: 8 });
 * ```
 */
export function parseSteps(
  source: string,
  known: KnownNames,
  { vocabulary = VOCABULARY, file = "input" }: StepTextOptions = {},
): Step[] {
  if (typeof source !== "string") {
    throw new TypeError(`Cannot read steps: expected YAML text, got ${typeof source}`);
  }
  const reporter = new Reporter(source, file);
  const node = readDocument(reporter);
  const names = new Names([...vocabulary.policies, ...known.policies ?? []]);
  for (const name of known.processes) names.processes.add(name);
  for (const [name, kind] of known.listeners) names.listeners.set(name, kind);
  for (const name of known.mappings) names.mappings.add(name);
  for (const name of known.files ?? []) names.files.add(name);
  for (const name of known.captures ?? []) names.captures.add(name);
  const scope = new Scope(reporter, vocabulary, new Map(), names);
  const steps = node === undefined ? [] : readSteps(node, scope);
  if (reporter.count > 0) throw new ScenarioError(file, reporter.diagnostics);
  return steps;
}
