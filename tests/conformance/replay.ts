/**
 * Replaying recorded cases on the simulator.
 *
 * @module
 */

import { comparedFields, compareStep, type Difference, type Field, FIELDS } from "./compare.ts";
import { dumpProcess, type ProcessDump } from "./dump.ts";
import { eventsSince } from "./events.ts";
import { FrameNumbers, Renaming } from "./identity.ts";
import { OPERATIONS } from "./operations.ts";
import type { RecordedCase, RecordedStep } from "./recording.ts";
import { BASE, type Outcome, UnsupportedError, World } from "./world.ts";

/** The recorder runs on the CPU of the other node than the processes. */
const RECORDER_NODE = 1;

/** What came of one step. */
export interface StepResult {
  /** Position in the case. */
  readonly n: number;
  /** The operation. */
  readonly op: string;
  /** The parts that were compared. */
  readonly compared: readonly Field[];
  /** What differs. */
  readonly differences: readonly Difference[];
  /** Why the step could not be replayed: an unknown operation or an exception. */
  readonly failure?: string;
}

/** What came of one case. */
export interface CaseResult {
  readonly group: string;
  readonly case: string;
  readonly steps: readonly StepResult[];
}

/**
 * Replays a case on a fresh machine.
 *
 * @param recorded The case.
 * @returns The result of each step.
 */
export function replayCase(recorded: RecordedCase): CaseResult {
  const world = new World(recorded);
  const identities = {
    numbers: new FrameNumbers(world.host),
    renaming: new Renaming(),
    before: new Map<string, number>(),
  };
  const steps = recorded.steps.map((step): StepResult => {
    const from = world.host.trace.length;
    if (world.processes.has(step.who)) world.tlb.switchTo(step.who);
    const { outcome, failure } = perform(world, step);
    const events = eventsSince(world, from, recorded.window);
    world.tlb.endStep(events, BASE);
    const processes = dumpAll(world, recorded.window);
    identities.numbers.retire([...processes.values()]);
    const differences = compareStep(step, { outcome, events, processes }, identities);
    for (const work of world.between.splice(0)) work();
    const result = { n: step.n, op: step.op, compared: comparedFields(step), differences };
    return failure === undefined ? result : { ...result, failure };
  });
  return { group: recorded.group, case: recorded.case, steps };
}

/**
 * Tells whether a step did what the recording says.
 *
 * @param step The result of the step.
 * @returns True if every compared part is equal.
 */
export function passed(step: StepResult): boolean {
  return step.failure === undefined && step.differences.length === 0;
}

/** How many steps were compared in one part, and how many were equal. */
export interface FieldTotal {
  compared: number;
  equal: number;
}

/**
 * Sums up results part by part.
 *
 * @param results Results of cases.
 * @returns The totals of each part.
 */
export function totals(results: readonly CaseResult[]): Record<Field, FieldTotal> {
  const sums = Object.fromEntries(FIELDS.map((field) => [field, { compared: 0, equal: 0 }]));
  for (const { steps } of results) {
    for (const { compared, differences, failure } of steps) {
      const different = new Set(differences.map(({ field }) => field));
      for (const field of compared) {
        sums[field].compared++;
        if (!different.has(field) && failure === undefined) sums[field].equal++;
      }
    }
  }
  return sums as Record<Field, FieldTotal>;
}

function perform(world: World, step: RecordedStep): { outcome: Outcome; failure?: string } {
  const nothing: Outcome = { ret: "nothing" };
  if (!Object.hasOwn(OPERATIONS, step.op)) {
    return { outcome: nothing, failure: `unsupported operation ${step.op}` };
  }
  world.host.frames.localNode = step.who === "R" ? RECORDER_NODE : 0;
  try {
    return { outcome: OPERATIONS[step.op](world, step) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const kind = error instanceof UnsupportedError ? "unsupported" : error.name;
    return { outcome: nothing, failure: `${kind}: ${error.message}` };
  }
}

function dumpAll(world: World, window: number): Map<string, ProcessDump> {
  const dumps = [...world.processes].map(([name, mm]) => [name, dumpProcess(mm, window)] as const);
  return new Map(dumps);
}
