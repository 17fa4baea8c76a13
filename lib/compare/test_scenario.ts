/**
 * Scenarios as tests: every cell of the matrix, under every kernel and policy, judged as a whole.
 *
 * @module
 */

import { drain } from "../kernel/operation.ts";
import { attachListener, type Attachment } from "../machine/attach.ts";
import type { Program } from "../machine/program.ts";
import type { ScenarioOptions } from "../scenario/scenario.ts";
import {
  type CompareOptions,
  type CompareProgress,
  compareSteps,
  type Comparison,
} from "./compare.ts";
import { judgeKernels, judgeSometimes, type RunsOfProgram } from "./over_runs.ts";
import { programsOf, type ScenarioSource } from "./run_scenario.ts";

/** How to read a scenario and test it. */
export interface TestScenarioOptions
  extends ScenarioOptions, Omit<CompareOptions, "kernel" | "asked"> {
  /** Names of kernel profiles; those that the scenario names unless given. */
  readonly kernels?: readonly string[];
  /** Listeners of one's own, for its listeners of kind custom or beside those that it has. */
  readonly listeners?: readonly Attachment[];
}

/** One cell of a scenario's matrix, or the whole of a scenario without one, and its runs. */
export interface TestedCell extends RunsOfProgram {
  /** Name of the file. */
  readonly file: string;
}

/** What came of a scenario. */
export interface ScenarioTest {
  /** Whether every expectation held, those on several runs too. */
  readonly passed: boolean;
  /** The cells of its matrix; one without a matrix. */
  readonly results: readonly TestedCell[];
}

/** How far a test has come: before the first step of a run, and after each. */
export interface TestProgress extends CompareProgress {
  /** Which cell of the matrix runs, from 0. */
  readonly cell: number;
  /** How many cells there are. */
  readonly cells: number;
}

/**
 * Tests a scenario as the command `run` does: every cell of its matrix, under every kernel that it
 * names, with every policy.
 *
 * What it expects of kernels against each other (`compare_kernels`) is judged where they all run;
 * what has to come up in some run (`sometimes`) where neither kernels nor policies are chosen.
 *
 * @param source The scenario.
 * @param options Variables, file name and listeners; kernels, policies, seed and signal.
 * @returns What came of it.
 * @throws {ScenarioError} If something is wrong with the scenario.
 * @throws {TypeError} If it is neither text nor an object, or a listener is no function.
 * @throws {RangeError} If a kernel or policy is unknown, there is none, or a listener has no place.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { testScenario } from "./test_scenario.ts";
 * import { runText } from "../report/run_text.ts";
 * import { assert } from "@std/assert";
 *
 * const test = testScenario(`
 * name: A fork shares pages
 * kernels: [v5.2, v6.1]
 * matrix: { pages: [1, 8] }
 * processes: { app: {} }
 * steps:
 *   - mmap: { process: app, name: buf, size: "\${pages} pages" }
 *   - fill: { range: buf }
 *   - fork: { process: app, child: child }
 * expect:
 *   child.rss: "\${pages}"
 * `);
 * assert(test.passed, runText(test));
 * ```
 */
export function testScenario(
  source: ScenarioSource,
  options: TestScenarioOptions = {},
): ScenarioTest {
  return drain(testSteps(source, options));
}

/**
 * Tests as {@linkcode testScenario} does, and stops before and after every step until it is asked on.
 *
 * @param source The scenario.
 * @param options Variables, file name and listeners; kernels, policies, seed and signal.
 * @yields How far it has come.
 * @returns What came of it.
 * @throws {ScenarioError} If something is wrong with the scenario.
 * @throws {TypeError} If it is neither text nor an object, or a listener is no function.
 * @throws {RangeError} If a kernel or policy is unknown, there is none, or a listener has no place.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { testSteps } from "./test_scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const scenario = "name: Naps\nmatrix: { ms: [1, 2] }\nsteps: [{ wait: { time: '${ms} ms' } }]";
 * const seen: string[] = [];
 * for (const { cell, cells, result } of testSteps(scenario, { policies: ["ideal"] })) {
 *   if (result !== undefined) seen.push(`${cell + 1} of ${cells} took ${result.steps[0].time_ns}`);
 * }
 * assertEquals(seen, ["1 of 2 took 1000000", "2 of 2 took 2000000"]);
 * ```
 */
export function* testSteps(
  source: ScenarioSource,
  options: TestScenarioOptions = {},
): Generator<TestProgress, ScenarioTest> {
  const { kernels, listeners = [], ...others } = options;
  if (kernels?.length === 0) throw new RangeError("Cannot test kernels: expected one or more");
  const programs = programsOf(source, options).map((one) => listeners.reduce(attachListener, one));
  const ran: TestedCell[] = [];
  for (const [cell, program] of programs.entries()) {
    const comparing = kernelSteps(
      program,
      kernels ?? program.kernels,
      (kernel) => compareSteps(program, { ...others, kernel }),
    );
    const place = { cell, cells: programs.length };
    let next = comparing.next();
    for (; !next.done; next = comparing.next()) yield { ...next.value, ...place };
    ran.push({ file: program.file, program, comparisons: next.value });
  }
  const isWhole = kernels === undefined && options.policies === undefined;
  const results = isWhole ? judgeSometimes(ran) : ran;
  const passed = results.every(({ comparisons }) => comparisons.every((one) => one.passed));
  return { passed, results };
}

/**
 * Compares policies in a program under one kernel after the other, and judges what it expects of
 * the kernels against each other.
 *
 * @typeParam Made Type of the comparisons.
 * @param program The program.
 * @param kernels The kernels.
 * @param compare Compares policies under one of them, of which it gets the index too.
 * @yields How far it has come.
 * @returns The comparisons, by kernel.
 */
export function* kernelSteps<Made extends Comparison>(
  program: Program,
  kernels: readonly string[],
  compare: (kernel: string, index: number) => Generator<CompareProgress, Made>,
): Generator<CompareProgress, readonly Made[]> {
  const comparisons: Made[] = [];
  for (const [index, kernel] of kernels.entries()) {
    comparisons.push(yield* compare(kernel, index));
  }
  return judgeKernels(program, comparisons);
}
