/**
 * Errors of steps, with the place where the step is written.
 *
 * @module
 */

import { errnoName } from "../kernel/errno.ts";
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
  /** The step before it that failed and may be the cause, in words. */
  readonly hint?: string;

  /**
   * Makes the error.
   *
   * @param step The step.
   * @param cause What its operation threw.
   * @param hint The step before it that failed, in words.
   */
  constructor(step: Step, cause: unknown, hint?: string) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.label = step.label;
    this.position = step.position;
    if (hint !== undefined) this.hint = hint;
  }
}

/**
 * Makes a program whose errors say at which step they came.
 *
 * @param program The program.
 * @returns A program that does the same; it can be run once.
 */
export function placeErrors(program: Program): Program {
  let failed: string | undefined;
  function* watched(
    step: Step,
    index: number,
    machine: Machine,
    args: Arguments,
  ): Operation<OperationResult> {
    try {
      const result = yield* step.operation.run(machine, args);
      if (result.ret < 0) failed = failedText(step, index, result.ret);
      return result;
    } catch (error) {
      throw error instanceof KernelBugError ? error : new StepError(step, error, failed);
    }
  }
  const watch = (step: Step, index: number): Step => ({
    ...step,
    operation: {
      ...step.operation,
      run: (machine: Machine, args: Arguments) => watched(step, index, machine, args),
    },
    ...(step.during === undefined ? {} : {
      during: step.during.map((interlude) => ({
        ...interlude,
        steps: interlude.steps.map((inner) => watch(inner, index)),
      })),
    }),
  });
  const steps = program.steps.map(watch);
  return { ...program, steps };
}

function failedText({ label, position }: Step, index: number, ret: number): string {
  const place = position === null ? "" : ` in line ${position.line}`;
  return `Step ${index + 1}${place} had failed with ${errnoName(ret)}: ${label}`;
}
