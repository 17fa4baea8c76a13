/**
 * Runs a random program and finds the first thing that is wrong.
 *
 * @module
 */

import { drain } from "../../lib/kernel/operation.ts";
import { PROFILES } from "../../lib/kernel/profile.ts";
import { Interleaving } from "../../lib/machine/interlude.ts";
import type { Machine } from "../../lib/machine/machine.ts";
import type { Program, Step } from "../../lib/machine/program.ts";
import { prepareMachine } from "../../lib/machine/run.ts";
import type { OperationSpec } from "../../lib/machine/spec.ts";
import { PG_HUGETLB, PG_HWPOISON, PG_RESERVED, PG_TAIL } from "../../lib/mm/flags.ts";

/** Interruptions of one operation; far more than any needs. */
const MOST_STEPS = 200_000;

/** A kernel and what its listeners do. */
export interface World {
  /** Name of the profile. */
  readonly kernel: string;
  /** Name of the policy of all listeners. */
  readonly policy: string;
}

/** Every profile with every policy. */
export const WORLDS: readonly World[] = Object.keys(PROFILES).flatMap((kernel) =>
  ["legacy", "followup", "ideal"].map((policy) => ({ kernel, policy }))
);

/** The first thing that went wrong. */
export interface Fault {
  /** Name of the invariant, or `"exception"`. */
  readonly invariant: string;
  /** Name of the operation. */
  readonly operation: string;
  /** What is wrong. */
  readonly message: string;
  /** What the operations before it gave back. */
  readonly returns: readonly number[];
}

/**
 * Runs a program until something is wrong. A step whose names do not exist (any more) is left out.
 *
 * @param program The program.
 * @param world Kernel and policy.
 * @returns What is wrong, or null.
 */
export function firstFault(program: Program, { kernel, policy }: World): Fault | null {
  const machine = prepareMachine(program, { kernel, policy, traceLimit: 0 });
  const returns: number[] = [];
  for (const [index, step] of program.steps.entries()) {
    const { operation, args } = step;
    try {
      const company = step.during && new Interleaving(machine, forgiving(step), index, policy);
      returns.push(drain(machine.running(limited(operation), args, company)).ret);
    } catch (error) {
      if (!isMisnamed(error)) return { ...exception(error), operation: operation.name, returns };
      returns.push(0);
    }
    const [violation] = machine.violations;
    if (violation !== undefined) {
      const { invariant, message } = violation;
      return { invariant, operation: operation.name, message, returns };
    }
  }
  const message = leak(machine);
  return message === null ? null : { invariant: "leak", operation: "exit", message, returns };
}

/** An operation that gives up where it would go on for ever. */
function limited(operation: OperationSpec): OperationSpec {
  return {
    ...operation,
    *run(machine, args) {
      const running = operation.run(machine, args);
      for (let step = 0; step < MOST_STEPS; step++) {
        const { done, value } = running.next();
        if (done) return value;
        yield value;
      }
      throw new Error(`${operation.name} does not end`);
    },
  };
}

/** A step whose company does nothing where it names what does not exist (any more). */
function forgiving(step: Step): Step {
  const company = (step.during ?? []).map((one) => ({
    ...one,
    steps: one.steps.map((other) => ({ ...other, operation: tried(limited(other.operation)) })),
  }));
  return { ...step, during: company };
}

function tried(operation: OperationSpec): OperationSpec {
  return {
    ...operation,
    *run(machine, args) {
      try {
        return yield* operation.run(machine, args);
      } catch (error) {
        if (!isMisnamed(error)) throw error;
        return { ret: 0 };
      }
    },
  };
}

/** An operation that names what does not exist is the program's mistake, not the machine's. */
function isMisnamed(error: unknown): boolean {
  return error instanceof RangeError && /^Cannot (find|use|start) /.test(error.message);
}

function exception(error: unknown): Pick<Fault, "invariant" | "message"> {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { invariant: "exception", message };
}

/** At the end, a frame that is not free has somebody who holds it, if only the hugetlb pool. */
function leak(machine: Machine): string | null {
  const { frames } = machine.host;
  const unfree = PG_TAIL | PG_HUGETLB | PG_RESERVED | PG_HWPOISON;
  let held = 0;
  for (let pfn = 0; pfn < frames.count; pfn++) {
    if (frames.refcount[pfn] > 0 || (frames.flags[pfn] & unfree) !== 0) held++;
  }
  const used = frames.count - frames.freeCount;
  if (used === held) return null;
  return `${used} frames are in use, but ${held} are held`;
}
