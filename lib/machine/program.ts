/**
 * Programs: what a machine runs. One program runs on many machines that differ only in their
 * kernel profile and listener policy.
 *
 * A program is made from a scenario file, or by hand with {@linkcode newProgram}.
 *
 * @module
 */

import type { FaultName } from "../kernel/faults.ts";
import type { Preemption } from "../kernel/operation.ts";
import type { KernelProfile } from "../kernel/profile.ts";
import type { CustomListenerFactory } from "../listeners/custom.ts";
import type { EventName } from "../notifier/range.ts";
import type {
  CompareExpectation,
  Expectation,
  NamedValue,
  PageNumber,
  PlacedRange,
} from "./expectation.ts";
import type { Expression, NameValues } from "./expression.ts";
import { completeArguments, labelOf } from "./arguments.ts";
import type { Arguments, OperationSpec } from "./spec.ts";

/** A place in a scenario file. */
export interface SourcePosition {
  /** Name of the file as it was given. */
  readonly file: string;
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1, in UTF-16 units. */
  readonly column: number;
}

/** The simulated computer. */
export interface MachineSettings {
  /** Bytes of memory. */
  readonly memory: number;
  /** NUMA nodes; the memory is divided evenly. */
  readonly nodes: number;
  /** Seed of everything left to chance. */
  readonly seed: number;
}

/** Settings where nothing else is asked for: 64 MiB on one node, seed 1. */
export const DEFAULT_MACHINE: MachineSettings = { memory: 64 * 1024 * 1024, nodes: 1, seed: 1 };

/** Kernel profile where nothing else is asked for. */
export const DEFAULT_KERNEL = "v5.2";

/** A process that exists from the beginning. */
export interface ProgramProcess {
  /** Its name. */
  readonly name: string;
}

/** A listener that is registered from the beginning, in the order of the program. */
export interface ProgramListener {
  /** Its name. */
  readonly name: string;
  /** Kind of driver, such as `"kvm"`. */
  readonly kind: string;
  /** Name of the process that it listens on. */
  readonly process: string;
  /** Policy that it keeps whatever policy the run asks for. */
  readonly policy?: string;
  /** Options of its kind. */
  readonly options: Arguments;
  /** Makes the user's part of a listener of kind custom. */
  readonly factory?: CustomListenerFactory;
}

/** A policy of the scenario's own: a built-in one and what differs from it. */
export interface ProgramPolicy {
  /** The built-in policy that it starts from. */
  readonly base: string;
  /** Whether windows that promise change_pte are left alone; as in the base unless given. */
  readonly useChangePte?: boolean;
  /** Actions that differ from the base, by event. */
  readonly events: Readonly<Partial<Record<EventName, string>>>;
}

/** Steps of others that run while an operation is interrupted. */
export interface Interlude {
  /** The point at which it is interrupted. */
  readonly at: Preemption;
  /** At which visit of that point, from 1. */
  readonly nth: number;
  /** What the others do there, in order; one that must wait for the operation is set aside. */
  readonly steps: readonly Step[];
  /** Whether they act after the operation where it never comes to the point. */
  readonly orAfter?: boolean;
}

/** An expression that is computed while the program runs, over captures and figures. */
export interface Formula {
  /** The expression. */
  readonly expression: Expression;
  /** It as text, with the variables of the scenario replaced. */
  readonly text: string;
}

/** A condition of steps; it is asked once, before the first of them. */
export interface Gate {
  /** The condition. */
  readonly formula: Formula;
  /** Value that opens the gate. */
  readonly open: boolean;
  /** Gate that must be open as well: that of the pass before, in a loop. */
  readonly after?: Gate;
}

/** The end of a loop that waits for something. */
export interface LoopEnd {
  /** What it waits for. */
  readonly until: Formula;
  /** Most passes. */
  readonly passes: number;
  /** Conditions of the loop and of its last pass; where one does not hold it ended before. */
  readonly gates: readonly Gate[];
  /** What to do if the passes are too few. */
  readonly hint?: string;
  /** Where it is written. */
  readonly position: SourcePosition | null;
}

/** A number of the first page of a range, to be captured. */
export interface PageSource {
  /** The range. */
  readonly where: PlacedRange;
  /** What of the page. */
  readonly fact: "address" | "frame" | PageNumber;
}

/** Something to be kept for later steps and expectations. */
export interface Capture {
  /** Name under which it is kept. */
  readonly name: string;
  /** What is kept. */
  readonly source: Formula | PageSource;
  /** What is kept as the scenario writes it, with its variables replaced. */
  readonly text: string;
  /** Where it is written. */
  readonly position: SourcePosition | null;
}

/** Arguments that depend on captures. */
export interface LateArguments {
  /** The arguments that do, as the scenario writes them, with its variables replaced. */
  readonly texts: Readonly<Record<string, string>>;
  /**
   * Reads all arguments of the step.
   *
   * @param values Values of captures and figures.
   * @returns The arguments.
   * @throws {RangeError} If one is wrong.
   */
  read(values: NameValues): Arguments;
}

/** One operation to carry out. */
export interface Step {
  /** The operation. */
  readonly operation: OperationSpec;
  /** Its arguments, checked, defaults filled in. */
  readonly args: Arguments;
  /** The step in short, such as `mmap process=qemu name=ram size=16 pages`. */
  readonly label: string;
  /** The title that the scenario gives to the step. */
  readonly name?: string;
  /** What must hold afterwards. */
  readonly expect: readonly Expectation[];
  /** What others do meanwhile. */
  readonly during?: readonly Interlude[];
  /** Conditions without which it is left out, the outermost first. */
  readonly gates?: readonly Gate[];
  /** Loops that have made all their passes with this step. */
  readonly ends?: readonly LoopEnd[];
  /** What is kept of it. */
  readonly captures?: readonly Capture[];
  /** Arguments that depend on captures, in the place of `args`, which has the others. */
  readonly late?: LateArguments;
  /** Name of the actor that does it. */
  readonly actor?: string;
  /** Whether it cleans up after the others. */
  readonly deferred?: true;
  /** Where it is written, or null in a program made without a file. */
  readonly position: SourcePosition | null;
  /** Where the fragments and files that it is part of are used, the outermost first. */
  readonly via?: readonly SourcePosition[];
  /** The variables and expressions in its arguments. */
  readonly uses?: readonly NamedValue[];
}

/** Everything a machine needs to run, and what must hold. */
export interface Program {
  /** Name of the file that it is from; `"program"` where it was made by hand. */
  readonly file: string;
  /** The texts of that file and of those that it includes, by name. */
  readonly sources: ReadonlyMap<string, string>;
  /** Title. */
  readonly name: string;
  /** What it shows, in prose. */
  readonly about: string;
  /** Words to select it by. */
  readonly tags: readonly string[];
  /** Values of the matrix for which it was made, by name; nothing without a matrix. */
  readonly cell?: Readonly<Record<string, string | number | boolean>>;
  /** Name of the kernel profile used unless told otherwise. */
  readonly kernel: string;
  /** Names of the profiles under which it must pass. */
  readonly kernels: readonly string[];
  /** Whether the scenario names no kernel, so that it must pass under any. */
  readonly anyKernel?: true;
  /** Switches of the profile that are set differently. */
  readonly switches: Partial<KernelProfile>;
  /** The simulated computer. */
  readonly machine: MachineSettings;
  /** Costs that differ from the cost model, in ns by name. */
  readonly costs: Readonly<Record<string, number>>;
  /** Policies of its own, by name; usable wherever a built-in one is. */
  readonly policies: Readonly<Record<string, ProgramPolicy>>;
  /** Mistakes to inject. */
  readonly faults: readonly FaultName[];
  /** Processes that exist from the beginning. */
  readonly processes: readonly ProgramProcess[];
  /** Listeners that are registered from the beginning. */
  readonly listeners: readonly ProgramListener[];
  /** What to do, in order. */
  readonly steps: readonly Step[];
  /** What must hold at the end. */
  readonly expect: readonly Expectation[];
  /** What must hold when the policies are compared. */
  readonly compare: readonly CompareExpectation[];
  /** What must hold when the kernels are compared; columns are kernel profiles. */
  readonly compareKernels: readonly CompareExpectation[];
  /** What must hold at the end of at least one run of its file. */
  readonly sometimes: readonly Expectation[];
}

/**
 * Makes a program by hand; what is left out gets its default.
 *
 * @param parts The parts that matter; `name` is the only one that must be given.
 * @returns The program.
 * @example
 * ```ts
 * import { newProgram } from "./program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const program = newProgram({ name: "nothing", processes: [{ name: "p" }] });
 * assertEquals(program.kernels, ["v5.2"]);
 * ```
 */
export function newProgram(parts: Partial<Program> & Pick<Program, "name">): Program {
  const kernel = parts.kernel ?? DEFAULT_KERNEL;
  return {
    file: "program",
    sources: new Map(),
    about: "",
    tags: [],
    kernels: [kernel],
    switches: {},
    machine: DEFAULT_MACHINE,
    costs: {},
    policies: {},
    faults: [],
    processes: [],
    listeners: [],
    steps: [],
    expect: [],
    compare: [],
    compareKernels: [],
    sometimes: [],
    ...parts,
    kernel,
  };
}

/**
 * Checks that something is a program, and not the text of one.
 *
 * @param program What was given.
 * @throws {TypeError} If it is none.
 */
export function requireProgram(program: Program): void {
  if (Array.isArray(program?.steps) && Array.isArray(program.kernels)) return;
  throw new TypeError(
    `Expected a program, as parseScenario() or newProgram() makes it, got ${typeof program}`,
  );
}

/**
 * Checks that something is a list of programs, where code without types may give anything.
 *
 * @param programs What it is.
 * @throws {TypeError} If it is none.
 */
export function requirePrograms(programs: readonly Program[]): void {
  if (!Array.isArray(programs)) {
    throw new TypeError(`Expected a list of programs, got ${typeof programs}`);
  }
  for (const program of programs) requireProgram(program);
}

/** The built-in policies, in the order of the columns; the first is what others are held against. */
export const BUILT_IN_COLUMNS: readonly string[] = ["legacy", "followup", "ideal"];

/**
 * Lists the policies under which a program can run.
 *
 * @param program The program.
 * @returns The built-in policies, then those of the program.
 * @example
 * ```ts
 * import { columnsOf, newProgram } from "./program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const policies = { mine: { base: "ideal", events: { CLEAR: "drop" } } };
 * const program = newProgram({ name: "t", policies });
 * assertEquals(columnsOf(program), ["legacy", "followup", "ideal", "mine"]);
 * ```
 */
export function columnsOf(program: Pick<Program, "policies">): string[] {
  return [...new Set([...BUILT_IN_COLUMNS, ...Object.keys(program.policies)])];
}

/**
 * Names the cell of the matrix for which a program was made.
 *
 * @param program The program.
 * @returns Text such as `[pages=16, fill=same]`; nothing without a matrix.
 * @example
 * ```ts
 * import { cellText } from "./program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cellText({ cell: { pages: 16, fill: "same" } }), "[pages=16, fill=same]");
 * ```
 */
export function cellText({ cell }: Pick<Program, "cell">): string {
  if (cell === undefined) return "";
  return `[${Object.entries(cell).map(([name, value]) => `${name}=${value}`).join(", ")}]`;
}

/**
 * Makes a step by hand; arguments left out get the defaults of the operation.
 *
 * @param operation The operation.
 * @param args Its arguments: sizes in bytes, durations in ns, ranges as text or written out.
 * @param expect What must hold afterwards.
 * @returns The step, without a position.
 * @throws {RangeError} If there is no such argument, or a range cannot be read.
 * @throws {TypeError} If an argument is missing, or is of another type.
 * @example
 * ```ts
 * import { newStep } from "./program.ts";
 * import type { OperationSpec } from "./spec.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const wait: OperationSpec = {
 *   name: "wait",
 *   about: "Lets time pass",
 *   args: { time: { kind: "duration", about: "How long", default: 20 } },
 *   *run() {
 *     return { ret: 0 };
 *   },
 * };
 * assertEquals(newStep(wait).label, "wait time=20");
 * ```
 */
export function newStep(
  operation: OperationSpec,
  args: Arguments = {},
  expect: readonly Expectation[] = [],
): Step {
  const complete = completeArguments(operation, args);
  return { operation, args: complete, label: labelOf(operation, complete), expect, position: null };
}
