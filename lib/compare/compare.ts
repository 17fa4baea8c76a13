/**
 * Comparison: one program under several policies of its listeners.
 *
 * The program runs once per column on a machine of its own; nothing else differs.
 *
 * @module
 */

import type { FaultName, FaultSet } from "../kernel/faults.ts";
import { drain } from "../kernel/operation.ts";
import { checkComparison } from "../machine/expect_compare.ts";
import { applies } from "../machine/expect.ts";
import type { Failure } from "../machine/observed.ts";
import type { Machine } from "../machine/machine.ts";
import { columnsOf, type Program, requireProgram } from "../machine/program.ts";
import {
  type PlacedViolation,
  prepareMachine,
  runOn,
  type RunOptions,
  type RunResult,
  type StepResult,
} from "../machine/run.ts";
import { answerable } from "./columns.ts";
import {
  compareListeners,
  type ListenerComparison,
  type ListenerFacts,
  listenerFacts,
} from "./listeners.ts";
import { placeErrors } from "./step_error.ts";

/** How to compare. */
export interface CompareOptions {
  /** Name of the kernel profile; the program's unless given. */
  readonly kernel?: string;
  /** The policies, one column each; all that the program knows unless given. */
  readonly policies?: readonly string[];
  /** Seed; the program's unless given. */
  readonly seed?: number;
  /** Mistakes to inject: names beside the program's own, or a set in place of them. */
  readonly faults?: readonly FaultName[] | FaultSet;
  /** Most trace records that each run keeps. */
  readonly traceLimit?: number;
  /** Receives the names of the kernel's switches that are asked for; emptied before each run. */
  readonly asked?: Set<string>;
  /** Ends the comparison before the next step of a run once it is aborted. */
  readonly signal?: AbortSignal;
}

/** A run of a program, without the machine. */
export interface RunSummary {
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** Name of the policy. */
  readonly policy: string;
  /** Seed of the machine. */
  readonly seed: number;
  /** Whether every expectation held. */
  readonly passed: boolean;
  /** Virtual time of the whole run, in ns. */
  readonly time_ns: number;
  /** Trace records that were lost because the trace was full; then nothing is certain. */
  readonly trace_dropped: number;
  /** What came of the steps. */
  readonly steps: readonly StepResult[];
  /** Expectations that did not hold. */
  readonly failures: readonly Failure[];
  /** Every breach of an invariant, expected ones included. */
  readonly violations: readonly PlacedViolation[];
  /** Which of the expectations hold that have to in some run only; none where there are none. */
  readonly sometimes?: readonly boolean[];
  /** All figures at the end, by dotted name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** How far a comparison has come: before the first step of a run, and after each. */
export interface CompareProgress {
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** The policy of the run. */
  readonly policy: string;
  /** How many steps of the run were carried out. */
  readonly steps: number;
  /** The machine of the run, as it is now. */
  readonly machine: Machine;
  /** The run, where it has ended. */
  readonly result?: RunResult;
}

/** A program under several policies and one kernel; plain data but for the program. */
export interface Comparison {
  /** What was run. */
  readonly program: Program;
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** Whether listeners learn why a window is opened. */
  readonly eventContext: boolean;
  /** The policies in order; the first is what the others are held against. */
  readonly columns: readonly string[];
  /** Whether every run passed and every expectation on the comparison held. */
  readonly passed: boolean;
  /** One run per column. */
  readonly runs: readonly RunSummary[];
  /** The listeners in the order of the program. */
  readonly listeners: readonly ListenerComparison[];
  /** How many expectations on the comparison were evaluated. */
  readonly expectations: number;
  /** Those that did not hold. */
  readonly failures: readonly Failure[];
}

/**
 * Runs a program once per policy and puts the results side by side.
 *
 * Expectations on the comparison that name a policy outside the columns are left out.
 *
 * @param program The program.
 * @param options Kernel, policies and seed.
 * @returns The comparison.
 * @throws {RangeError} If kernel or policy is unknown, there is no policy, or the machine cannot be made.
 * @throws {TypeError} If it is no program.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { comparePolicies } from "./compare.ts";
 * import { newProgram } from "../machine/program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { columns, passed } = comparePolicies(newProgram({ name: "nothing" }));
 * assertEquals(columns, ["legacy", "followup", "ideal"]);
 * assertEquals(passed, true);
 * ```
 */
export function comparePolicies(program: Program, options: CompareOptions = {}): Comparison {
  return drain(compareSteps(program, options));
}

/**
 * Compares as {@linkcode comparePolicies} does, and stops before and after every step until it is
 * asked on.
 *
 * @param program The program.
 * @param options Kernel, policies and seed.
 * @yields How far it has come.
 * @returns The comparison.
 * @throws {RangeError} If kernel or policy is unknown, there is no policy, or the machine cannot be made.
 * @throws {TypeError} If it is no program.
 * @throws {StepError} If a step cannot be carried out.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { compareSteps } from "./compare.ts";
 * import { operation } from "../machine/ops/mod.ts";
 * import { newProgram, newStep } from "../machine/program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const program = newProgram({ name: "A nap", steps: [newStep(operation("wait"), { time: 20 })] });
 * const seen: string[] = [];
 * for (const { policy, steps, result } of compareSteps(program, { policies: ["ideal"] })) {
 *   seen.push(result === undefined ? `${policy} ${steps}` : "ended");
 * }
 * assertEquals(seen, ["ideal 0", "ideal 1", "ended"]);
 * ```
 */
export function* compareSteps(
  program: Program,
  options: CompareOptions = {},
): Generator<CompareProgress, Comparison> {
  requireProgram(program);
  const { kernel = program.kernel, policies: columns = columnsOf(program) } = options;
  if (columns.length === 0) throw new RangeError("Cannot compare policies: expected one or more");
  const seed = options.seed ?? program.machine.seed;
  const results: RunAndFacts[] = [];
  for (const policy of columns) {
    options.asked?.clear();
    const result = yield* oneRun(program, { ...options, kernel, policy, seed });
    results.push({ run: summary(result), facts: listenerFacts(result.machine) });
  }
  return sideBySide(program, kernel, results);
}

/**
 * Makes a comparison of a single run, for reports on it.
 *
 * @param result The run.
 * @returns A comparison with one column.
 */
export function comparisonOf(result: RunResult): Comparison {
  const { program, kernel, machine } = result;
  return sideBySide(program, kernel, [{ run: summary(result), facts: listenerFacts(machine) }]);
}

/** A run and what was read from its machine, so that the machine can go. */
interface RunAndFacts {
  readonly run: RunSummary;
  readonly facts: ListenerFacts;
}

function sideBySide(
  program: Program,
  kernel: string,
  results: readonly RunAndFacts[],
): Comparison {
  const columns = results.map(({ run }) => run.policy);
  const runs = results.map(({ run }) => run);
  const wanted = answerable(program.compare, columns)
    .filter(({ when, column }) => applies(when, { kernel, policy: column }));
  const table = (figure: string, column: string) =>
    runs.find(({ policy }) => policy === column)?.figures[figure];
  const failures = checkComparison(wanted, table, kernel);
  return {
    program,
    kernel,
    eventContext: results.every(({ facts }) => facts.eventContext),
    columns,
    passed: failures.length === 0 && runs.every(({ passed }) => passed),
    runs,
    listeners: compareListeners(program, runs, results[0]?.facts),
    expectations: wanted.length,
    failures,
  };
}

function* oneRun(
  program: Program,
  options: RunOptions & { readonly kernel: string; readonly policy: string },
): Generator<CompareProgress, RunResult> {
  const placed = placeErrors(program);
  const machine = prepareMachine(placed, options);
  const { kernel, policy } = options;
  const running = runOn(machine, placed, options);
  for (let steps = 0;; steps++) {
    yield { kernel, policy, steps, machine };
    const { done, value } = running.next();
    if (!done) continue;
    yield { kernel, policy, steps, machine, result: value };
    return value;
  }
}

/** Keeps what is plain data: a summary goes from thread to thread, and steps have code. */
function summary(result: RunResult): RunSummary {
  const { kernel, policy, seed, passed, failures, violations, figures } = result;
  const steps = result.steps.map(({ meanwhile: _, ...step }) => step);
  const { clock, trace } = result.machine.host;
  const [time_ns, trace_dropped] = [clock.now, trace.dropped];
  const { sometimes } = result;
  const seen = sometimes === undefined ? {} : { sometimes };
  const outcome = { steps, failures, violations, ...seen, figures };
  return { kernel, policy, seed, passed, time_ns, trace_dropped, ...outcome };
}
