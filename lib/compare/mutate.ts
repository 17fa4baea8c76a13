/**
 * Mutation testing of scenarios: does anything notice when the kernel or a listener makes a mistake?
 *
 * Every injectable mistake is made at every call site where it would make a difference, one at a
 * time, and the scenarios that reach the place run with it. A scenario notices where a failure or a
 * violation comes up that is not there without the mistake, or one that is expected stays away.
 *
 * @module
 */

import {
  type FaultName,
  type FaultPlace,
  FaultProbe,
  type FaultSet,
  INJECTABLE_FAULTS,
  requireFault,
  UNSAFE_FAULTS,
} from "../kernel/faults.ts";
import { drain } from "../kernel/operation.ts";
import { type Program, requirePrograms } from "../machine/program.ts";
import { comparePolicies } from "./compare.ts";
import { StepError } from "./step_error.ts";

/** A place of a mistake, and who passes it and who notices. */
export interface Mutation extends FaultPlace {
  /** Names of the files of the scenarios that reach the place. */
  readonly reachedBy: readonly string[];
  /** Those of them that notice. */
  readonly noticedBy: readonly string[];
}

/** What came of mutating a set of programs. */
export interface MutationReport {
  /** One entry per mistake and call site that was reached. */
  readonly mutations: readonly Mutation[];
  /** Mistakes that break safety and that nobody notices, reached or not. */
  readonly unsafeHoles: readonly FaultName[];
  /** Mistakes for which nobody reaches a place. */
  readonly unreached: readonly FaultName[];
  /** Files of the scenarios that fail without any mistake, and are left out. */
  readonly failing: readonly string[];
}

/** How to mutate. */
export interface MutateOptions {
  /** Only these mistakes; all unless given. */
  readonly faults?: readonly FaultName[];
  /** Make no mistake again that an earlier scenario noticed: quicker, but not all are named. */
  readonly once?: boolean;
  /** Ends the work before the next step of a run once it is aborted. */
  readonly signal?: AbortSignal;
}

/** Whether a program passed under every policy, and all that did not hold, as text. */
interface RunsOutcome {
  readonly passed: boolean;
  readonly print: string;
}

/** One scenario that ran under all policies of one kernel, as it is or with a mistake. */
export interface MutationProgress {
  /** Index of the program. */
  readonly index: number;
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** The mistake and where it was made, or null where the scenario ran as it is. */
  readonly place: FaultPlace | null;
  /** Whether the scenario noticed the mistake. */
  readonly noticed: boolean;
}

type Place = FaultPlace & { reachedBy: string[]; noticedBy: string[] };

/**
 * Mutates programs.
 *
 * @param programs The programs.
 * @param options The mistakes to make.
 * @returns Which mistakes are noticed.
 * @throws {RangeError} If there is no mistake of a name.
 * @throws {TypeError} If one of them is no program.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { mutate } from "./mutate.ts";
 * import { newProgram } from "../machine/program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const program = newProgram({ name: "nothing" });
 * const { unsafeHoles, failing } = mutate([program], { faults: ["skip_start"] });
 * assertEquals([unsafeHoles, failing], [["skip_start"], []]);
 * ```
 */
export function mutate(programs: readonly Program[], options: MutateOptions = {}): MutationReport {
  return drain(mutateRuns(programs, options));
}

/**
 * Mutates programs as {@linkcode mutate} does, and stops after each comparison of policies until it
 * is asked on.
 *
 * @param programs The programs.
 * @param options The mistakes to make.
 * @yields What ran.
 * @returns Which mistakes are noticed.
 * @throws {RangeError} If there is no mistake of a name.
 * @throws {TypeError} If one of them is no program.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { mutateRuns } from "./mutate.ts";
 * import { newProgram } from "../machine/program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [first] = mutateRuns([newProgram({ name: "nothing" })]);
 * assertEquals(first, { index: 0, kernel: "v5.2", place: null, noticed: false });
 * ```
 */
export function* mutateRuns(
  programs: readonly Program[],
  options: MutateOptions = {},
): Generator<MutationProgress, MutationReport> {
  const { faults: wanted = Object.keys(INJECTABLE_FAULTS) as FaultName[] } = options;
  for (const name of wanted) requireFault(name);
  requirePrograms(programs);
  const places = new Map<string, Place>();
  const failing: string[] = [];
  for (const [index, program] of programs.entries()) {
    const passed = yield* mutateOne(program, index, wanted, places, options);
    if (!passed) failing.push(program.file);
  }
  const order = Object.keys(INJECTABLE_FAULTS);
  const mutations = [...places.values()].sort((one, other) =>
    order.indexOf(one.fault) - order.indexOf(other.fault) || one.site - other.site
  );
  const noticed = (fault: FaultName) =>
    mutations.some((one) => one.fault === fault && one.noticedBy.length > 0);
  return {
    mutations,
    unsafeHoles: wanted.filter((fault) => UNSAFE_FAULTS.has(fault) && !noticed(fault)),
    unreached: wanted.filter((fault) => !mutations.some((one) => one.fault === fault)),
    failing,
  };
}

/** Mutates one program under each of its kernels; false if it fails as it is. */
function* mutateOne(
  program: Program,
  index: number,
  wanted: readonly FaultName[],
  places: Map<string, Place>,
  { once = false, signal }: MutateOptions,
): Generator<MutationProgress, boolean> {
  const base: FaultSet = new Set(program.faults);
  const baselines: { kernel: string; probe: FaultProbe; outcome: RunsOutcome }[] = [];
  for (const kernel of program.kernels) {
    const probe = new FaultProbe(null, base);
    baselines.push({ kernel, probe, outcome: outcomeOf(program, kernel, probe, signal) });
    yield { index, kernel, place: null, noticed: false };
  }
  if (baselines.some(({ outcome }) => !outcome.passed)) return false;
  const { file } = program;
  for (const { kernel, probe, outcome } of baselines) {
    for (const found of probe.places()) {
      if (!wanted.includes(found.fault) || base.has(found.fault)) continue;
      const place = placeOf(places, found);
      if (!place.reachedBy.includes(file)) place.reachedBy.push(file);
      if (once ? place.noticedBy.length > 0 : place.noticedBy.includes(file)) continue;
      const mutated = outcomeOf(program, kernel, new FaultProbe(found, base), signal);
      const noticed = mutated.print !== outcome.print;
      if (noticed) place.noticedBy.push(file);
      yield { index, kernel, place: found, noticed };
    }
  }
  return true;
}

function placeOf(places: Map<string, Place>, { fault, site }: FaultPlace): Place {
  const key = `${fault} ${site}`;
  let place = places.get(key);
  if (place === undefined) places.set(key, place = { fault, site, reachedBy: [], noticedBy: [] });
  return place;
}

function outcomeOf(
  program: Program,
  kernel: string,
  faults: FaultSet,
  signal: AbortSignal | undefined,
): RunsOutcome {
  try {
    const options = { kernel, faults, ...(signal === undefined ? {} : { signal }) };
    const { passed, runs, failures } = comparePolicies(program, options);
    const all = runs.map((run) => [
      run.failures.map(({ message }) => message),
      run.violations.map(({ invariant, operation }) => [invariant, operation]),
    ]);
    return { passed, print: JSON.stringify([all, failures.map(({ message }) => message)]) };
  } catch (error) {
    if (!(error instanceof StepError) && !(error instanceof RangeError)) throw error;
    return { passed: false, print: `error: ${error.message}` };
  }
}
