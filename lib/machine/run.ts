/**
 * Running a program on a machine of its own.
 *
 * @module
 */

import { labelOf } from "./arguments.ts";
import { type FaultName, type FaultSet, requireFault } from "../kernel/faults.ts";
import { drain, type Operation } from "../kernel/operation.ts";
import { type KernelProfile, kernelProfile, watchProfile } from "../kernel/profile.ts";
import type { Violation } from "../kernel/violation.ts";
import type { PolicySpec } from "../listeners/policy.ts";
import { DRIVERS } from "./drivers.ts";
import { checkEnd, checkStep, seenAtEnd, takeBaseline } from "./expect.ts";
import { allFigures } from "./figures.ts";
import { Interleaving } from "./interlude.ts";
import { type ListenerWatch, Machine } from "./machine.ts";
import type { Failure, Observed } from "./observed.ts";
import { observe } from "./observer.ts";
import { argumentsNow, endlessLoops, takeCaptures } from "./late.ts";
import {
  columnsOf,
  type Program,
  type ProgramListener,
  requireProgram,
  type SourcePosition,
  type Step,
} from "./program.ts";
import type { OperationResult } from "./spec.ts";

/** How to run a program. */
export interface RunOptions {
  /** Name of the kernel profile; the program's unless given. */
  readonly kernel?: string;
  /** Policy of every listener that does not name its own; `"legacy"` unless given. */
  readonly policy?: string;
  /** Seed; the program's unless given. */
  readonly seed?: number;
  /** Mistakes to inject: names beside the program's own, or a set in place of them. */
  readonly faults?: readonly FaultName[] | FaultSet;
  /** Whether invariants are checked after every operation; true unless given. */
  readonly check?: boolean;
  /** Most trace records kept. */
  readonly traceLimit?: number;
  /**
   * Called with the machine before the first step.
   *
   * @param machine The machine.
   */
  readonly onMachine?: (machine: Machine) => void;
  /** Receives the names of the profile's switches that are asked for. */
  readonly asked?: Set<string>;
  /** Gives the callbacks to register for a listener, in place of its own. */
  readonly watch?: ListenerWatch;
  /** Ends the run before its next step once it is aborted. */
  readonly signal?: AbortSignal;
}

/** What came of one step. */
export interface StepResult {
  /** The step in short. */
  readonly label: string;
  /** Its title, if it has one. */
  readonly name?: string;
  /** Where it is written, or null. */
  readonly position: SourcePosition | null;
  /** What the operation gave back; success where the step was left out. */
  readonly result: OperationResult;
  /** Whether the step was left out, because a condition does not hold. */
  readonly skipped?: true;
  /** Virtual time that passed, in ns. */
  readonly time_ns: number;
  /** Expectations that do not hold. */
  readonly failures: readonly Failure[];
  /** What the steps of its interludes gave back; those that were not reached are missing. */
  readonly meanwhile?: ReadonlyMap<Step, OperationResult>;
}

/** What came of a run. */
export interface RunResult {
  /** What was run. */
  readonly program: Program;
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** Name of the policy. */
  readonly policy: string;
  /** Seed of the machine. */
  readonly seed: number;
  /** Whether every expectation held. */
  readonly passed: boolean;
  /** The steps in order. */
  readonly steps: readonly StepResult[];
  /** All failures: those of the steps, then those of the end. */
  readonly failures: readonly Failure[];
  /** Every breach of an invariant, expected ones included, with the step's position. */
  readonly violations: readonly PlacedViolation[];
  /** Which of the expectations hold that have to in some run only; none where there are none. */
  readonly sometimes?: readonly boolean[];
  /** All figures at the end, by dotted name. */
  readonly figures: Readonly<Record<string, number>>;
  /** The machine as the run left it. */
  readonly machine: Machine;
}

/** A violation and the step after which it was found. */
export interface PlacedViolation extends Violation {
  /** Where the step is written, or null. */
  readonly position: SourcePosition | null;
}

/**
 * Makes the machine that a program asks for, with its processes and listeners.
 *
 * @param program The program.
 * @param options Kernel, policy, seed and faults.
 * @returns The machine before the first step.
 * @throws {RangeError} If kernel, policy or a listener is unknown.
 * @throws {TypeError} If it is no program.
 */
export function prepareMachine(program: Program, options: RunOptions = {}): Machine {
  requireProgram(program);
  const { memory, nodes, seed } = program.machine;
  const { policy = "legacy" } = options;
  const policies = columnsOf(program);
  if (!policies.includes(policy)) {
    throw new RangeError(`Cannot find policy "${policy}": expected one of ${policies.join(", ")}`);
  }
  const machine = new Machine({
    drivers: DRIVERS,
    profile: profileOf(program, options),
    memory,
    nodes,
    seed: options.seed ?? seed,
    costs: program.costs,
    faults: faultsOf(program, options.faults ?? []),
    check: options.check ?? true,
    ...(options.traceLimit === undefined ? {} : { traceLimit: options.traceLimit }),
    ...(options.watch === undefined ? {} : { watch: options.watch }),
  });
  for (const { name } of program.processes) machine.addProcess(name);
  for (const listener of program.listeners) {
    machine.addListener({
      name: listener.name,
      kind: listener.kind,
      process: listener.process,
      policy: policyOf(program, listener, policy),
      options: listener.options as Record<string, string | number | boolean>,
      ...(listener.factory === undefined ? {} : { factory: listener.factory }),
    });
  }
  return machine;
}

function profileOf(program: Program, { kernel, asked }: RunOptions): KernelProfile {
  const profile = { ...kernelProfile(kernel ?? program.kernel), ...program.switches };
  return asked === undefined ? profile : watchProfile(profile, asked);
}

/**
 * Runs a program from start to end, or to the first step in which the kernel finds an unexpected bug.
 *
 * @param program The program.
 * @param options Kernel, policy, seed and faults.
 * @returns What came of it.
 * @throws {RangeError} If kernel, policy or a name in the program is unknown.
 * @throws {TypeError} If it is no program.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { newProgram } from "./program.ts";
 * import { runProgram } from "./run.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(runProgram(newProgram({ name: "nothing" })).passed, true);
 * ```
 */
export function runProgram(program: Program, options: RunOptions = {}): RunResult {
  return drain(runSteps(program, options));
}

/**
 * Runs a program as {@linkcode runProgram} does, and stops after every step until it is asked on.
 *
 * @param program The program.
 * @param options Kernel, policy, seed and faults.
 * @yields What came of each step.
 * @returns What came of the whole.
 * @throws {RangeError} If kernel, policy or a name in the program is unknown.
 * @throws {TypeError} If it is no program.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { operation } from "./ops/mod.ts";
 * import { newProgram, newStep } from "./program.ts";
 * import { runSteps } from "./run.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const wait = newStep(operation("wait"), { time: 20 });
 * const times: number[] = [];
 * for (const step of runSteps(newProgram({ name: "naps", steps: [wait, wait] }))) {
 *   times.push(step.time_ns);
 * }
 * assertEquals(times, [20, 20]);
 * ```
 */
export function* runSteps(
  program: Program,
  options: RunOptions = {},
): Generator<StepResult, RunResult> {
  const machine = prepareMachine(program, options);
  options.onMachine?.(machine);
  return yield* runOn(machine, program, options);
}

/**
 * Runs a program as {@linkcode runSteps} does, on a machine that was made for it.
 *
 * @param machine The machine before the first step.
 * @param program The program.
 * @param options Those with which the machine was made.
 * @yields What came of each step.
 * @returns What came of the whole.
 * @throws {RangeError} If a name in the program is unknown.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 */
export function* runOn(
  machine: Machine,
  program: Program,
  options: RunOptions,
): Generator<StepResult, RunResult> {
  const policy = options.policy ?? "legacy";
  const steps: StepResult[] = [];
  const violations: PlacedViolation[] = [];
  for (let index = 0; index < program.steps.length; index++) {
    options.signal?.throwIfAborted();
    const result = runStep(program, index, machine, policy);
    steps.push(result);
    const { position } = program.steps[index];
    const fresh = machine.violations.slice(violations.length);
    violations.push(...fresh.map((violation) => ({ ...violation, position })));
    yield result;
    // An unexpected bug of the kernel leaves locks and entries behind that others wait for
    const crashed = fresh.some(({ invariant }) => invariant === "kernel_bug");
    if (crashed && result.failures.length > 0) break;
  }
  const end = view(machine, policy, null, 0, machine.violations.length);
  const failures = [...steps.flatMap((step) => step.failures), ...checkEnd(program, end)];
  return {
    program,
    kernel: options.kernel ?? program.kernel,
    policy,
    seed: options.seed ?? program.machine.seed,
    passed: failures.length === 0,
    steps,
    failures,
    violations,
    ...(program.sometimes.length === 0 ? {} : { sometimes: seenAtEnd(program, end) }),
    figures: allFigures(machine),
    machine,
  };
}

/**
 * Checks what a program expects at its end.
 *
 * @param program The program.
 * @param machine The machine after its last step.
 * @param policy Name of the policy of the run.
 * @returns What does not hold.
 */
export function endFailures(program: Program, machine: Machine, policy: string): Failure[] {
  return checkEnd(program, view(machine, policy, null, 0, machine.violations.length));
}

/**
 * Carries out one step of a program and checks what is expected of it.
 *
 * @param program The program.
 * @param index Index of the step.
 * @param machine The machine.
 * @param policy Name of the policy of the run.
 * @returns What came of it.
 */
export function runStep(
  program: Program,
  index: number,
  machine: Machine,
  policy: string,
): StepResult {
  return drain(runningStep(program, index, machine, policy));
}

/**
 * As {@linkcode runStep}, with interruptions.
 *
 * @param program The program.
 * @param index Index of the step.
 * @param machine The machine.
 * @param policy Name of the policy of the run.
 * @returns What came of it, once it has been run to its end.
 */
export function* runningStep(
  program: Program,
  index: number,
  machine: Machine,
  policy: string,
): Operation<StepResult> {
  const step = program.steps[index];
  const args = argumentsNow(step, machine);
  if (args === undefined) return skipped(step, index, machine);
  const { host } = machine;
  const [fromRecord, fromViolation] = [host.trace.length, machine.violations.length];
  const before = view(machine, policy, null, fromRecord, fromViolation);
  const baseline = takeBaseline(step.expect, before);
  const started = host.clock.now;
  const company = step.during && new Interleaving(machine, step, index, policy);
  const result = yield* machine.running(step.operation, args, company);
  takeCaptures(step, machine, result);
  const after = view(machine, policy, result, fromRecord, fromViolation);
  return {
    ...headOf(step),
    ...(step.late === undefined ? {} : { label: labelOf(step.operation, args) }),
    result,
    time_ns: host.clock.now - started,
    failures: [
      ...(company?.failures ?? []),
      ...checkStep(program, index, after, baseline),
      ...endlessLoops(step, index, machine),
    ],
    ...(company === undefined ? {} : { meanwhile: company.results }),
  };
}

function skipped(step: Step, index: number, machine: Machine): StepResult {
  const failures = endlessLoops(step, index, machine);
  return { ...headOf(step), result: { ret: 0 }, skipped: true, time_ns: 0, failures };
}

function headOf({ label, name, position }: Step) {
  return { label, position, ...(name === undefined ? {} : { name }) };
}

function view(
  machine: Machine,
  policy: string,
  result: OperationResult | null,
  fromRecord: number,
  fromViolation: number,
): Observed {
  return observe(machine, { policy, result, fromRecord, fromViolation });
}

function faultsOf(program: Program, asked: readonly FaultName[] | FaultSet): FaultSet {
  if ("has" in asked) return asked;
  for (const name of asked) requireFault(name);
  return new Set([...program.faults, ...asked]);
}

/** The policy of a listener: its own, or that of the run; a name of the program's is written out. */
function policyOf(program: Program, listener: ProgramListener, run: string): string | PolicySpec {
  const name = listener.policy ?? run;
  if (!Object.hasOwn(program.policies, name)) return name;
  return { name, ...program.policies[name] } as PolicySpec;
}
