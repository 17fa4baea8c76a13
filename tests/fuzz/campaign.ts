/**
 * One random program under every kernel and policy, and what to show when it fails.
 *
 * @module
 */

import type { Program } from "../../lib/machine/program.ts";
import { type Fault, firstFault, type World, WORLDS } from "./execute.ts";
import { randomProgram } from "./generate.ts";
import { scenarioText } from "./scenario_text.ts";
import { shrink } from "./shrink.ts";

/** A program that fails, shrunk. */
export interface Finding {
  /** Kernel and policy under which it fails. */
  readonly world: World;
  /** What is wrong. */
  readonly fault: Fault;
  /** The shortest program found that fails in the same way. */
  readonly program: Program;
  /** The same as a scenario file. */
  readonly scenario: string;
}

/**
 * Runs one random program under every kernel and policy.
 *
 * @param seed Seed of the program.
 * @returns The first failure, shrunk, or null.
 */
export function tryProgram(seed: number): Finding | null {
  const program = randomProgram(seed);
  for (const world of WORLDS) {
    const fault = firstFault(program, world);
    if (fault !== null) return shrinkFinding(program, world, fault);
  }
  return null;
}

/**
 * Shrinks a program that fails.
 *
 * @param program The program.
 * @param world Kernel and policy under which it fails.
 * @param fault How it fails.
 * @returns A shorter program that breaks the same invariant in the same operation.
 */
export function shrinkFinding(program: Program, world: World, fault: Fault): Finding {
  const faultOf = (steps: Program["steps"]) => firstFault({ ...program, steps }, world);
  const fails = (part: Program["steps"]) => {
    const found = faultOf(part);
    return found?.invariant === fault.invariant && found.operation === fault.operation;
  };
  const steps = withoutCompany(shrink(program.steps, fails), fails);
  const shortest = { ...program, steps };
  const shown = faultOf(steps) ?? fault;
  return {
    world,
    fault: shown,
    program: shortest,
    scenario: scenarioText(shortest, world, shown),
  };
}

/** Leaves out what others do meanwhile, where the failure does not need it. */
function withoutCompany(
  steps: Program["steps"],
  fails: (steps: Program["steps"]) => boolean,
): Program["steps"] {
  return steps.reduce((kept, step, index) => {
    if (step.during === undefined) return kept;
    const { during: _, ...alone } = step;
    const less = kept.with(index, alone);
    return fails(less) ? less : kept;
  }, steps);
}
