/**
 * Scenario files: YAML text to a {@linkcode Program}.
 *
 * @module
 */

import { newProgram, type Program } from "../machine/program.ts";
import { type Diagnostic, Reporter, ScenarioError } from "./diagnostics.ts";
import { type MapNode, type Node, readDocument } from "./document.ts";
import { Scope } from "./scope.ts";
import { record, type RecordOf } from "./shape.ts";
import { topLevelFields } from "./top_level.ts";
import { readVariables, type Variables } from "./variables.ts";
import { VOCABULARY } from "./builtin_vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Options for {@linkcode parseScenario} and {@linkcode checkScenario}. */
export interface ScenarioOptions {
  /** The operations, listeners and so on that a scenario may name; all there are unless told. */
  readonly vocabulary?: Vocabulary;
  /** Name of the file for positions and messages; `"scenario"` unless told. */
  readonly file?: string;
  /** Values that replace those under `vars:`. */
  readonly variables?: Variables;
}

/** What came of checking a scenario. */
export interface CheckedScenario {
  /** The program, if nothing is wrong. */
  readonly program?: Program;
  /** All that is wrong, in the order of the file. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a scenario.
 *
 * @param source The YAML text.
 * @param options Vocabulary, file name and variables.
 * @returns The program, with all loops expanded and all expressions replaced.
 * @throws {ScenarioError} If anything is wrong; it names everything that is.
 * @example
 * ```ts
 * import { parseScenario } from "./scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const program = parseScenario("name: A nap\nsteps:\n  - wait: { time: 20 ms }\n    repeat: 3\n");
 * assertEquals(program.steps.map((step) => step.args.time), [20e6, 20e6, 20e6]);
 * ```
 */
export function parseScenario(source: string, options: ScenarioOptions = {}): Program {
  const { program, diagnostics } = checkScenario(source, options);
  if (program !== undefined) return program;
  throw new ScenarioError(options.file ?? "scenario", diagnostics);
}

/**
 * Checks a scenario without throwing.
 *
 * @param source The YAML text.
 * @param options Vocabulary, file name and variables.
 * @returns The program, or what is wrong.
 * @example
 * ```ts
 * import { checkScenario } from "./scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { diagnostics } = checkScenario("name: A nap\nsteps:\n  - wiat: { time: 20 ms }\n");
 * assertEquals(diagnostics, [{
 *   message: 'Unknown operation or key "wiat" in a step',
 *   line: 3,
 *   column: 5,
 *   length: 4,
 *   hint: 'Did you mean "wait"?',
 * }]);
 * ```
 */
export function checkScenario(source: string, options: ScenarioOptions = {}): CheckedScenario {
  const reporter = new Reporter(source, options.file ?? "scenario");
  const node = readDocument(reporter);
  if (node === undefined) return { diagnostics: reporter.diagnostics };
  const program = readProgram(node, new Scope(reporter, options.vocabulary ?? VOCABULARY), options);
  const { diagnostics } = reporter;
  return program === undefined || diagnostics.length > 0
    ? { diagnostics }
    : { program, diagnostics };
}

type TopLevel = RecordOf<ReturnType<typeof topLevelFields>>;

function readProgram(node: Node, outer: Scope, options: ScenarioOptions): Program | undefined {
  if (node.kind !== "map") {
    outer.report(node, 'Expected a scenario as a map with "name" and "steps"');
    return undefined;
  }
  const scope = readVariables(valueOf(node, "vars"), outer, options.variables ?? {});
  const fields = topLevelFields(scope.vocabulary);
  return assemble(record("a scenario", fields).read(node, scope) ?? {});
}

function assemble(top: TopLevel): Program {
  const { vars: _, name = "", kernel, kernels, costs, expect, ...rest } = top;
  const chosen = kernel ?? kernels?.at(0);
  const program = newProgram({ name, ...rest, ...(chosen ? { kernel: chosen } : {}) });
  return {
    ...program,
    kernels: kernels && kernels.length > 0 ? kernels : [program.kernel],
    about: program.about.trim(),
    costs: Object.fromEntries(costs ?? []),
    expect: expect?.expect ?? [],
    compare: expect?.compare ?? [],
  };
}

function valueOf(node: MapNode, key: string): Node | undefined {
  return node.entries.find((entry) => entry.key.text === key)?.value;
}
