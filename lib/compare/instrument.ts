/**
 * Watching the steps of a program from outside.
 *
 * @module
 */

import type { Operation } from "../kernel/operation.ts";
import { KernelBugError } from "../kernel/violation.ts";
import type { Program, SourcePosition, Step } from "../machine/program.ts";
import type { Machine } from "../machine/machine.ts";
import type { Arguments, OperationResult } from "../machine/spec.ts";

/** Thrown where a step cannot be carried out at all; says where the step is written. */
export class StepError extends Error {
  /** Name of the class. */
  override readonly name = "StepError";
  /** The step in short. */
  readonly label: string;
  /** Where it is written, or null. */
  readonly position: SourcePosition | null;

  /**
   * Makes the error.
   *
   * @param step The step.
   * @param cause What its operation threw.
   */
  constructor(step: Step, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.label = step.label;
    this.position = step.position;
  }
}

/**
 * Makes a program whose errors say at which step they came, and that tells when a step begins.
 *
 * @param program The program.
 * @param onStep Called with the index of each step before it runs.
 * @returns A program that does the same.
 */
export function instrument(program: Program, onStep: (index: number) => void): Program {
  const steps = program.steps.map((step, index) => {
    const run = (machine: Machine, args: Arguments) => watched(step, machine, args, index, onStep);
    return { ...step, operation: { ...step.operation, run } };
  });
  return { ...program, steps };
}

function* watched(
  step: Step,
  machine: Machine,
  args: Arguments,
  index: number,
  onStep: (index: number) => void,
): Operation<OperationResult> {
  onStep(index);
  try {
    return yield* step.operation.run(machine, args);
  } catch (error) {
    throw error instanceof KernelBugError ? error : new StepError(step, error);
  }
}
