/**
 * Comparison: one program under several policies of its listeners.
 *
 * The program runs once per column on a machine of its own; nothing else differs.
 *
 * @module
 */

import type { FaultSet } from "../kernel/faults.ts";
import { checkComparison } from "../machine/expect_compare.ts";
import { applies } from "../machine/expect.ts";
import type { Failure } from "../machine/observed.ts";
import type { Machine } from "../machine/machine.ts";
import type { Program } from "../machine/program.ts";
import {
  type PlacedViolation,
  runProgram,
  type RunResult,
  type StepResult,
} from "../machine/run.ts";
import { answerable, columnsOf } from "./columns.ts";
import { instrument } from "./instrument.ts";
import { compareListeners, type ListenerComparison, listenerFacts } from "./listeners.ts";

/** How to compare. */
export interface CompareOptions {
  /** Name of the kernel profile; the program's unless given. */
  readonly kernel?: string;
  /** The policies, one column each; all that the program knows unless given. */
  readonly policies?: readonly string[];
  /** Seed; the program's unless given. */
  readonly seed?: number;
  /** Mistakes to inject, in place of the program's own. */
  readonly faults?: FaultSet;
  /**
   * Called before each step of each run.
   *
   * @param policy The column.
   * @param step Index of the step.
   */
  readonly onStep?: (policy: string, step: number) => void;
  /** Most trace records that each run keeps. */
  readonly traceLimit?: number;
  /** Receives the names of the kernel's switches that are asked for; emptied before each run. */
  readonly asked?: Set<string>;
  /**
   * Called with each machine before its first step.
   *
   * @param policy The column.
   * @param machine The machine.
   */
  readonly onMachine?: (policy: string, machine: Machine) => void;
  /**
   * Called with each run that has ended, while its machine is still there.
   *
   * @param result The run.
   */
  readonly onResult?: (result: RunResult) => void;
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

/** A program under several policies and one kernel. */
export interface Comparison {
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
 * @throws {RangeError} If kernel or policy is unknown, or the machine cannot be made.
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
  const kernel = options.kernel ?? program.kernel;
  const columns = options.policies ?? columnsOf(program);
  const results = columns.map((policy) => {
    const watched = instrument(program, (step) => options.onStep?.(policy, step));
    const seed = options.seed ?? program.machine.seed;
    options.asked?.clear();
    const result = runProgram(watched, {
      kernel,
      policy,
      seed,
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      ...(options.traceLimit === undefined ? {} : { traceLimit: options.traceLimit }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.asked === undefined ? {} : { asked: options.asked }),
      onMachine: (machine) => options.onMachine?.(policy, machine),
    });
    options.onResult?.(result);
    return { run: summary(result, seed), facts: listenerFacts(result.machine) };
  });
  const runs = results.map(({ run }) => run);
  const wanted = answerable(program.compare, columns)
    .filter(({ when, column }) => applies(when, { kernel, policy: column }));
  const table = (figure: string, column: string) =>
    runs.find(({ policy }) => policy === column)?.figures[figure];
  const failures = checkComparison(wanted, table, kernel);
  return {
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

/** Keeps what is plain data: a summary goes from thread to thread, and steps have code. */
function summary(result: RunResult, seed: number): RunSummary {
  const { kernel, policy, passed, failures, violations, figures } = result;
  const steps = result.steps.map(({ meanwhile: _, ...step }) => step);
  const { clock, trace } = result.machine.host;
  const [time_ns, trace_dropped] = [clock.now, trace.dropped];
  const { sometimes } = result;
  const seen = sometimes === undefined ? {} : { sometimes };
  const outcome = { steps, failures, violations, ...seen, figures };
  return { kernel, policy, seed, passed, time_ns, trace_dropped, ...outcome };
}
