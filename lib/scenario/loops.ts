/**
 * Loops over steps: `repeat: 3`, `for: { var: i, from: 0, to: 8 }`, `for: { var: p, in: [a, b] }`.
 *
 * `to` is not part of the range, as in ranges of pages.
 *
 * @module
 */

import { newName } from "./arguments.ts";
import type { Entry, Node } from "./document.ts";
import type { Value } from "../machine/expression.ts";
import { conditionTextSchema } from "./branches.ts";
import { FIXED } from "./fixed_limits.ts";
import { UNTIL_PASSES } from "./limits.ts";
import { RAISABLE, raiseHint } from "./raised_limits.ts";
import { integer } from "./measures.ts";
import type { Scope } from "./scope.ts";
import { type Field, listOf, readScalar, record, type Shape } from "./shape.ts";
import type { Span } from "./diagnostics.ts";

/** Variables of one pass through a loop. */
export type PassVariables = readonly (readonly [string, Value])[];

/** The passes through a loop. */
export interface LoopPasses {
  /** How many there are. */
  readonly count: number;
  /** Variables for checking the body of a loop that is never passed through. */
  readonly sample: PassVariables;
  /** Where the loop is written. */
  readonly span: Span;
  /** What to do where they are too few. */
  readonly hint: string;
  /**
   * Gives the variables of each pass.
   *
   * @returns The passes in order.
   */
  values(): Iterable<PassVariables>;
}

const COUNT = integer({ max: RAISABLE.loop.most });
const BOUND = integer();

const FOR_FIELDS = {
  var: { about: "Name of the variable", shape: newName("variable"), required: true },
  from: { about: "First value (default 0)", shape: BOUND },
  to: { about: "First value that is not taken", shape: BOUND },
  step: { about: "Distance between values (default 1)", shape: integer({ min: 1 }) },
  in: { about: "The values, instead of from and to", shape: listOf("values", value()) },
};

/** The keys of a step that make it a loop. */
export const LOOP_FIELDS: Readonly<Record<"repeat" | "for" | "until", Field<unknown>>> = {
  repeat: { about: "How often to do it", shape: COUNT },
  for: { about: "A variable and the values it takes", shape: record("a loop", FOR_FIELDS) },
  until: {
    about: `Condition that ends the loop, asked after each pass (${UNTIL_PASSES} passes at most,` +
      " unless repeat or for says otherwise)",
    shape: { read: () => undefined, schema: conditionTextSchema },
  },
};

/**
 * Reads the loop of a step.
 *
 * @param entries The entries of the step.
 * @param scope Its surroundings.
 * @returns The passes, none where something was reported; undefined if the step is no loop.
 */
export function readLoop(entries: readonly Entry[], scope: Scope): LoopPasses | undefined {
  const repeat = entries.find(({ key }) => key.text === "repeat");
  const loop = entries.find(({ key }) => key.text === "for");
  if (repeat && loop) scope.report(loop.key, 'Expected "repeat" or "for", got both');
  if (repeat) {
    const count = within(COUNT.read(repeat.value, scope) ?? 0, repeat.value, scope);
    const { span } = repeat.key;
    return { count, sample: [], span, hint: raiseKeyHint("repeat"), values: () => repeated(count) };
  }
  if (loop) return readFor(loop, scope);
  const until = entries.find(({ key }) => key.text === "until");
  return until && {
    count: UNTIL_PASSES,
    sample: [],
    span: until.key.span,
    hint: `${FIXED.until.advice}: it is ${UNTIL_PASSES} where there is none`,
    values: () => repeated(UNTIL_PASSES),
  };
}

function readFor({ key, value }: Entry, scope: Scope): LoopPasses {
  const read = record("a loop", FOR_FIELDS).read(value, scope) ?? {};
  const { var: name = "", from = 0, to, step = 1, in: list } = read;
  const { span } = key;
  const hint = raiseKeyHint(list === undefined ? "to" : "in");
  if ((list === undefined) === (to === undefined)) {
    scope.report(key, 'Expected either "to" or "in" in the loop');
  }
  if (list !== undefined) {
    const sample = [[name, list.at(0) ?? 0]] as const;
    return { count: list.length, sample, span, hint, values: () => taken(name, list) };
  }
  const count = Math.max(0, Math.ceil(((to ?? from) - from) / step));
  const passes = { sample: [[name, from]] as const, span, hint };
  const allowed = within(count, key, scope);
  return { ...passes, count: allowed, values: () => counted(name, from, step, allowed) };
}

/** The number of passes, or none where there are too many. */
function within(count: number, node: { readonly span: Span }, scope: Scope): number {
  const { loop: most } = scope.reporter.limits;
  if (count <= most) return count;
  scope.report(node, `Loop has ${count} passes: the limit is ${most}`, raiseHint("loop"));
  return 0;
}

function raiseKeyHint(key: string): string {
  return `"${key}" sets this limit: let it give more passes if the loop needs them`;
}

function* repeated(count: number): Iterable<PassVariables> {
  for (let pass = 0; pass < count; pass++) yield [];
}

function* counted(name: string, from: number, step: number, count: number) {
  for (let pass = 0; pass < count; pass++) yield [[name, from + pass * step]] as const;
}

function* taken(name: string, list: readonly Value[]): Iterable<PassVariables> {
  for (const value of list) yield [[name, value]];
}

function value(): Shape<Value> {
  return {
    read: (node: Node, scope: Scope) => readScalar(node, scope, "a value")?.value,
    schema: () => ({ type: ["string", "number", "boolean"] }),
  };
}
