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
  UNSAFE_FAULTS,
} from "../kernel/faults.ts";
import type { Program } from "../machine/program.ts";
import { comparePolicies } from "./compare.ts";
import { StepError } from "./instrument.ts";

/** A program to mutate, and how reports call it. */
export interface Subject {
  /** Name for reports, such as that of its file. */
  readonly file: string;
  /** The program. */
  readonly program: Program;
}

/** A place of a mistake, and who passes it and who notices. */
export interface Mutation extends FaultPlace {
  /** Names of the scenarios that reach the place. */
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
  /** Names of scenarios that fail without any mistake, and are left out. */
  readonly failing: readonly string[];
}

/** How to mutate. */
export interface MutateOptions {
  /** Only these mistakes; all unless given. */
  readonly faults?: readonly FaultName[];
  /** Make no mistake again that an earlier scenario noticed: quicker, but not all are named. */
  readonly once?: boolean;
  /**
   * Called before each scenario.
   *
   * @param index Its index.
   */
  readonly onSubject?: (index: number) => void;
  /** Ends the work before the next step of a run once it is aborted. */
  readonly signal?: AbortSignal;
}

type Place = FaultPlace & { reachedBy: string[]; noticedBy: string[] };

/**
 * Mutates programs.
 *
 * @param subjects The programs.
 * @param options The mistakes to make.
 * @returns Which mistakes are noticed.
 * @throws {DOMException} If the signal is aborted; or what else is its reason.
 * @example
 * ```ts
 * import { mutate } from "./mutate.ts";
 * import { newProgram } from "../machine/program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const subject = { file: "nothing.yaml", program: newProgram({ name: "nothing" }) };
 * const { unsafeHoles, failing } = mutate([subject], { faults: ["skip_start"] });
 * assertEquals([unsafeHoles, failing], [["skip_start"], []]);
 * ```
 */
export function mutate(subjects: readonly Subject[], options: MutateOptions = {}): MutationReport {
  const wanted = options.faults ?? Object.keys(INJECTABLE_FAULTS) as FaultName[];
  const places = new Map<string, Place>();
  const failing: string[] = [];
  for (const [index, subject] of subjects.entries()) {
    options.onSubject?.(index);
    if (!mutateOne(subject, wanted, places, options)) failing.push(subject.file);
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
function mutateOne(
  { file, program }: Subject,
  wanted: readonly FaultName[],
  places: Map<string, Place>,
  { once = false, signal }: MutateOptions,
): boolean {
  const base: FaultSet = new Set(program.faults);
  const baselines = program.kernels.map((kernel) => {
    const probe = new FaultProbe(null, base);
    return { kernel, probe, outcome: outcomeOf(program, kernel, probe, signal) };
  });
  if (baselines.some(({ outcome }) => !outcome.passed)) return false;
  for (const { kernel, probe, outcome } of baselines) {
    for (const found of probe.places()) {
      if (!wanted.includes(found.fault) || base.has(found.fault)) continue;
      const place = placeOf(places, found);
      if (!place.reachedBy.includes(file)) place.reachedBy.push(file);
      if (once ? place.noticedBy.length > 0 : place.noticedBy.includes(file)) continue;
      const mutated = outcomeOf(program, kernel, new FaultProbe(found, base), signal);
      if (mutated.print !== outcome.print) place.noticedBy.push(file);
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

/** Runs a program under every policy: whether it passed, and all that did not hold. */
function outcomeOf(
  program: Program,
  kernel: string,
  faults: FaultSet,
  signal: AbortSignal | undefined,
) {
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
