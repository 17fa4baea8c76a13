/**
 * What a program decides only while it runs: whether a step is carried out, with which arguments,
 * and what it leaves for later steps.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { evaluate, ExpressionError, type NameValues, type Value } from "./expression.ts";
import { treeLines } from "./expression_text.ts";
import { pageFacts } from "./facts.ts";
import { readFigure } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { Failure } from "./observed.ts";
import type { Capture, Formula, Gate, SourcePosition, Step } from "./program.ts";
import { resolvedNames } from "./resolved.ts";
import type { Arguments, OperationResult } from "./spec.ts";

/** Thrown where something that is decided while running has no value, or a wrong one. */
export class LateError extends RangeError {
  /** Name of the class. */
  override readonly name = "LateError";
  /** Where it is written, or null. */
  readonly position: SourcePosition | null;
  /** What to do about it. */
  readonly hint: string | undefined;

  /**
   * Makes the error.
   *
   * @param message What was expected and what came.
   * @param position Where it is written, or null.
   * @param hint What to do about it.
   */
  constructor(message: string, position: SourcePosition | null, hint?: string) {
    super(message);
    this.position = position;
    this.hint = hint;
  }
}

/**
 * Tells whether all of a step is known before it runs.
 *
 * @param step The step.
 * @returns True if it is carried out in any case, with the arguments that it has, by itself.
 */
export function isPlain({ gates, captures, late, during }: Step): boolean {
  return gates === undefined && captures === undefined && late === undefined &&
    during === undefined;
}

/**
 * Gives the values that expressions may use while a program runs.
 *
 * @param machine The machine.
 * @param result Result of the step that has just run, if one is meant.
 * @returns Captures, then the result as `ret` and `values.NAME`, then figures.
 */
function valuesOf(machine: Machine, result: OperationResult | null): NameValues {
  return {
    get(name) {
      const captured = machine.captures.get(name);
      if (captured !== undefined) return captured;
      if (name === "ret") return result?.ret;
      if (name.startsWith("values.")) return result?.values?.[name.slice("values.".length)];
      return readFigure(machine, name);
    },
  };
}

/**
 * Decides about a step.
 *
 * @param step The step.
 * @param machine The machine before the step.
 * @returns Its arguments, or undefined if it is left out.
 * @throws {LateError} If a condition or an argument has no value.
 */
export function argumentsNow(step: Step, machine: Machine): Arguments | undefined {
  const values = valuesOf(machine, null);
  for (const gate of step.gates ?? []) {
    if (!isOpen(gate, machine, values, step)) return undefined;
  }
  return step.late === undefined ? step.args : step.late.read(values);
}

/**
 * Keeps what a step captures.
 *
 * @param step The step.
 * @param machine The machine after the step; receives the captures.
 * @param result What the step gave back.
 * @throws {LateError} If something to capture is not there.
 */
export function takeCaptures(step: Step, machine: Machine, result: OperationResult): void {
  for (const capture of step.captures ?? []) {
    machine.captures.set(capture.name, captured(capture, machine, result));
  }
}

/**
 * Finds the loops that end with a step although what they wait for has not come.
 *
 * @param step The step.
 * @param index Its index.
 * @param machine The machine after the step.
 * @returns A failure per loop.
 */
export function endlessLoops(step: Step, index: number, machine: Machine): Failure[] {
  const values = valuesOf(machine, null);
  const { uses = [] } = step;
  return (step.ends ?? []).flatMap(({ until, passes, gates, hint, position }) => {
    if (gates.some((gate) => machine.gates.get(gate) === false)) return [];
    if (computed(until, values, position) === true) return [];
    const expected = `${until.text} within ${passes} passes`;
    return [{
      expectation: `until: ${until.text}`,
      expected,
      actual: "false",
      position,
      step: index,
      message: `until: expected ${expected}, got false`,
      ...(hint === undefined ? {} : { hint }),
      details: treeLines(until.expression, values),
      ...(uses.length === 0 ? {} : { values: resolvedNames(uses, undefined, values) }),
    }];
  });
}

/**
 * Computes an expression while a program runs.
 *
 * @param formula The expression.
 * @param values Values of its names.
 * @param position Where it is written.
 * @returns The value.
 * @throws {LateError} If it has none.
 */
function computed(
  formula: Formula,
  values: NameValues,
  position: SourcePosition | null,
): Value {
  try {
    return evaluate(formula.expression, values);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { unknown, message } = error;
    if (unknown === undefined) {
      throw new LateError(`Cannot compute "${formula.text}": ${message}`, position);
    }
    const hint = unknown.includes(".") ? undefined : "The step that captures it has not run";
    throw new LateError(
      `Cannot compute "${formula.text}": "${unknown}" has no value yet`,
      position,
      hint,
    );
  }
}

/** A gate is asked once, by the first step behind it; behind a closed one all is closed. */
function isOpen(gate: Gate, machine: Machine, values: NameValues, { position }: Step): boolean {
  const known = machine.gates.get(gate);
  if (known !== undefined) return known;
  const before = gate.after === undefined || machine.gates.get(gate.after) !== false;
  const open = before && decided(gate, values, position);
  machine.gates.set(gate, open);
  return open;
}

function decided({ formula, open }: Gate, values: NameValues, position: SourcePosition | null) {
  const value = computed(formula, values, position);
  if (typeof value === "boolean") return value === open;
  throw new LateError(`Expected true or false of "${formula.text}", got ${value}`, position);
}

function captured(
  { name, source, position }: Capture,
  machine: Machine,
  result: OperationResult,
): Value {
  if (!("fact" in source)) return computed(source, valuesOf(machine, result), position);
  const { where: { process, range }, fact } = source;
  let place;
  try {
    place = machine.pages(range, process);
  } catch (error) {
    if (error instanceof RangeError) throw new LateError(error.message, position);
    throw error;
  }
  if (fact === "address") return place.start;
  const facts = pageFacts(machine, place.mm, place.start - place.start % PAGE_SIZE);
  if (facts !== undefined) return fact === "frame" ? facts.pfn : facts[fact];
  throw new LateError(`Cannot capture "${name}": nothing is mapped there`, position);
}
