/**
 * The keys of a step, for the checker and for editors.
 *
 * @module
 */

import { type Preemption, PREEMPTIONS } from "../kernel/operation.ts";
import type { OperationSpec } from "../machine/spec.ts";
import { argumentFields } from "./arguments.ts";
import { conditionTextSchema } from "./branches.ts";
import { capturesSchema } from "./captures.ts";
import type { JsonSchema } from "./json_schema.ts";
import { LOOP_FIELDS } from "./loops.ts";
import { integer } from "./measures.ts";
import { choice, flag, recordSchema, text } from "./shape.ts";

/** Keys of a step that stand beside an operation or a block. */
const STEP_KEYS: readonly string[] = [
  "name",
  "expect",
  "during",
  "capture",
  "repeat",
  "for",
  "until",
  "if",
  "defer",
  "with",
];

/** Keys that may stand beside any block of steps. */
export const BESIDES: readonly string[] = ["repeat", "for", "until", "if", "defer"];

/** A key beside `actors`. */
export const SCHEDULE = "schedule";

/** Name of a key that stands in the place of an operation. */
export type BlockKey = "do" | "use" | "include" | "actors";

/** A key that stands in the place of an operation. */
export interface Block {
  /** What its value is. */
  readonly about: string;
  /** What may stand beside it. */
  readonly besides: readonly string[];
}

/** Keys of a step that stand in the place of an operation, with what may stand beside them. */
export const BLOCKS: Readonly<Record<BlockKey, Block>> = {
  do: { about: "Steps to do in a loop, under a condition, or at the end", besides: BESIDES },
  use: { about: "A fragment to carry out", besides: ["name", ...BESIDES, "with"] },
  include: { about: "A file with steps to carry out", besides: ["name", ...BESIDES, "with"] },
  actors: {
    about: "Steps of several CPUs or devices at the same time, by name",
    besides: ["name", ...BESIDES, SCHEDULE],
  },
};

/** All keys of a step but operations. */
export const ALL_KEYS: readonly string[] = [...STEP_KEYS, ...Object.keys(BLOCKS), SCHEDULE];

/** The keys of an interlude, its steps left out. */
export const INTERLUDE = {
  at: {
    about: "Point at which the operation is interrupted",
    required: true,
    shape: choice("point", Object.keys(PREEMPTIONS) as Preemption[]),
  },
  nth: { about: "At which visit of that point, from 1 (default 1)", shape: integer({ min: 1 }) },
  or_after: {
    about: "Whether they act after the operation if it never comes to that point (default false)",
    shape: flag(),
  },
} as const;

/**
 * Describes a step for editors.
 *
 * @param operations The operations.
 * @returns A JSON Schema that refers to `#/$defs/steps` and `#/$defs/step_expect`.
 */
export function stepSchema(operations: readonly OperationSpec[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {
    name: { description: "Title of the step", ...text().schema() },
    expect: { description: "What must hold after the step", $ref: "#/$defs/step_expect" },
    during: { description: "What others do while it is interrupted", ...duringSchema() },
    ...(recordSchema(LOOP_FIELDS).properties as Record<string, JsonSchema>),
    capture: { description: "What to keep of it for later steps", ...capturesSchema() },
    defer: {
      description: "Whether it is done at the end, the last of such steps first",
      ...flag().schema(),
    },
    if: { description: "Condition without which nothing is done", ...conditionTextSchema() },
    do: { description: BLOCKS.do.about, $ref: "#/$defs/steps" },
    use: { description: BLOCKS.use.about, type: "string" },
    include: { description: BLOCKS.include.about, type: "string" },
    with: { description: "Parameters of the fragment or file", type: "object" },
    actors: {
      description: BLOCKS.actors.about,
      type: "object",
      additionalProperties: { $ref: "#/$defs/steps" },
    },
    schedule: {
      description:
        'Order of their steps, "cpu gpu@window_open(cpu) cpu"; the seed decides unless given',
      type: "string",
    },
  };
  for (const { name, about, kernel, args } of operations) {
    const schema = recordSchema(argumentFields(args));
    const description = kernel === undefined ? about : `${about} (${kernel})`;
    properties[name] = { ...schema, description, type: ["object", "null"] };
  }
  return { type: "object", additionalProperties: false, properties };
}

function duringSchema(): JsonSchema {
  const steps = { description: "What the others do", $ref: "#/$defs/steps" };
  const { properties, ...rest } = recordSchema(INTERLUDE);
  const one = {
    ...rest,
    properties: { ...properties as Record<string, JsonSchema>, do: steps },
    required: ["at", "do"],
  };
  return { anyOf: [one, { type: "array", items: one }] };
}
