/**
 * Scenario files: YAML text to a {@linkcode Program}.
 *
 * @module
 */

import { cellText, newProgram, type Program } from "../machine/program.ts";
import { type Diagnostic, Reporter, ScenarioError } from "./diagnostics.ts";
import { type MapNode, type Node, readDocument } from "./document.ts";
import { Includes, type ReadInclude } from "./includes.ts";
import { type Cell, readMatrix } from "./matrix.ts";
import { Names, newPlace, Scope } from "./scope.ts";
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
  /** Values that replace those under `vars:` and lists under `matrix:`. */
  readonly variables?: Variables;
  /** Seed in place of that of the machine; here it decides in which order actors take turns. */
  readonly seed?: number;
  /** Reads files that it includes; it can include none unless given. */
  readonly read?: ReadInclude;
}

/** What came of checking a scenario. */
export interface CheckedScenario {
  /** The program, if nothing is wrong; with a matrix, that of its first cell. */
  readonly program?: Program;
  /** The programs of all cells of its matrix; one without a matrix, none if anything is wrong. */
  readonly programs: readonly Program[];
  /** All that is wrong, in the order of the files. */
  readonly diagnostics: readonly Diagnostic[];
  /** The texts of the files that it includes, by name. */
  readonly included: ReadonlyMap<string, string>;
}

/**
 * Reads a scenario.
 *
 * @param source The YAML text.
 * @param options Vocabulary, file name and variables.
 * @returns The program, with all loops expanded and all expressions replaced; with a matrix, that
 * of its first cell.
 * @throws {ScenarioError} If anything is wrong; it names everything that is.
 * @throws {TypeError} If the source is no text.
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
 * @throws {TypeError} If the source is no text.
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
  if (typeof source !== "string") {
    throw new TypeError(`Cannot read a scenario: expected YAML text, got ${typeof source}`);
  }
  const file = options.file ?? "scenario";
  const reporter = new Reporter(source, file);
  const includes = new Includes(options.read);
  const node = readDocument(reporter);
  const vocabulary = options.vocabulary ?? VOCABULARY;
  const read = node === undefined
    ? []
    : readPrograms(node, { reporter, includes, vocabulary }, options);
  const { diagnostics } = reporter;
  const included = includes.texts;
  if (diagnostics.length > 0) return { programs: [], diagnostics, included };
  const sources = new Map([[file, source], ...included]);
  const programs = read.map((program) => ({ ...program, file, sources }));
  return { program: programs[0], programs, diagnostics, included };
}

type TopLevel = RecordOf<ReturnType<typeof topLevelFields>>;

/** What the readings of all cells share. */
interface Reading {
  readonly reporter: Reporter;
  readonly includes: Includes;
  readonly vocabulary: Vocabulary;
}

/** The programs of all cells, up to the first in which something is wrong. */
function readPrograms(node: Node, reading: Reading, options: ScenarioOptions): Program[] {
  if (node.kind !== "map") {
    reading.reporter.report(node.span, 'Expected a scenario as a map with "name" and "steps"');
    return [];
  }
  const { variables = {} } = options;
  const matrix = valueOf(node, "matrix");
  if (matrix === undefined) return [readProgram(node, reading, new Map(), options)];
  const programs: Program[] = [];
  for (const cell of readMatrix(matrix, scopeOf(reading), variables)) {
    const program = {
      ...readProgram(node, reading, cell, options),
      cell: Object.fromEntries(cell),
    };
    programs.push({ ...program, name: `${program.name} ${cellText(program)}` });
    if (reading.reporter.count > 0) break;
  }
  return programs;
}

function readProgram(
  node: MapNode,
  reading: Reading,
  cell: Cell,
  options: ScenarioOptions,
): Program {
  const { variables = {} } = options;
  const overrides = { ...variables, ...Object.fromEntries(cell) };
  const outer = scopeOf(reading).with(cell);
  if (options.seed !== undefined) {
    outer.names.seed = options.seed;
    outer.names.isSeedGiven = true;
  }
  const scope = readVariables(valueOf(node, "vars"), outer, overrides);
  const fields = topLevelFields(scope.vocabulary);
  return assemble(record("a scenario", fields).read(node, scope) ?? {});
}

/** The surroundings of a whole file; names that one cell introduces are unknown to the next. */
function scopeOf({ reporter, includes, vocabulary }: Reading): Scope {
  const names = new Names(vocabulary.policies);
  return new Scope(reporter, vocabulary, new Map(), names, newPlace(includes));
}

function assemble(top: TopLevel): Program {
  const {
    vars: _v,
    limits: _l,
    matrix: _m,
    include: _i,
    fragments: _f,
    name = "",
    kernel,
    kernels,
    costs,
    expect,
    ...rest
  } = top;
  const chosen = kernel ?? kernels?.at(0);
  const program = newProgram({ name, ...rest, ...(chosen ? { kernel: chosen } : {}) });
  return {
    ...program,
    kernels: kernels && kernels.length > 0 ? kernels : [program.kernel],
    ...(chosen === undefined ? { anyKernel: true as const } : {}),
    about: program.about.trim(),
    costs: Object.fromEntries(costs ?? []),
    expect: expect?.expect ?? [],
    compare: expect?.compare ?? [],
    compareKernels: expect?.compareKernels ?? [],
    sometimes: expect?.sometimes ?? [],
  };
}

function valueOf(node: MapNode, key: string): Node | undefined {
  return node.entries.find((entry) => entry.key.text === key)?.value;
}
