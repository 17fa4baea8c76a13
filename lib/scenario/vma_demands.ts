/**
 * Expectations on vmas: `vmas: { "ram[0..4]": { prot: r, mergeable: true, count: 1 } }`.
 *
 * @module
 */

import type { PlacedRange, VmaDemand } from "../machine/expectation.ts";
import { VMA_FLAGS, VMA_RIGHTS } from "../machine/expect_vmas.ts";
import type { Entry, Node, ScalarNode } from "./document.ts";
import type { JsonSchema } from "./json_schema.ts";
import { matcher } from "./matcher_text.ts";
import { readPlacedRange } from "./range_text.ts";
import type { Scope } from "./scope.ts";
import {
  choice,
  type Field,
  flag,
  readMap,
  recordSchema,
  reportUnknown,
  type Shape,
} from "./shape.ts";

/** A demand on vmas with the words that it is written in. */
export interface WrittenVmaDemand {
  /** The range. */
  readonly where: PlacedRange;
  /** The demand. */
  readonly demand: VmaDemand;
  /** The entry of the demand. */
  readonly entry: Entry;
  /** The range as it is written. */
  readonly range: ScalarNode;
}

const FIELDS: Readonly<Record<string, Field<VmaDemand>>> = {
  count: { about: "Number of vmas", shape: made(matcher(), (count) => ({ count })) },
  prot: {
    about: "Rights of each of them",
    shape: made(choice("rights", VMA_RIGHTS), (prot) => ({ prot })),
  },
  ...Object.fromEntries(
    Object.entries(VMA_FLAGS).map(([name, [, about]]) => [
      name,
      { about, shape: made(flag(), (value) => ({ flag: name, value })) },
    ]),
  ),
};

/**
 * Reads the value of `vmas:`.
 *
 * @param node The node.
 * @param scope Its surroundings.
 * @returns The demands in order.
 */
export function readVmas(node: Node, scope: Scope): WrittenVmaDemand[] {
  const written: WrittenVmaDemand[] = [];
  for (const { key, value } of readMap(node, scope, "a map of ranges") ?? []) {
    const text = scope.resolveText(key);
    const where = text === undefined ? undefined : readPlacedRange(key, text, scope);
    const entries = readMap(value, scope, "a map of facts of vmas") ?? [];
    reportUnknown(entries, Object.keys(FIELDS), scope, "facts of vmas");
    for (const entry of entries) {
      if (!Object.hasOwn(FIELDS, entry.key.text)) continue;
      const demand = FIELDS[entry.key.text].shape.read(entry.value, scope);
      if (where !== undefined && demand !== undefined) {
        written.push({ where, demand, entry, range: key });
      }
    }
  }
  return written;
}

/**
 * Describes the value of `vmas:` for editors.
 *
 * @returns A JSON Schema.
 */
export function vmasSchema(): JsonSchema {
  return { type: "object", additionalProperties: recordSchema(FIELDS) };
}

function made<T>(shape: Shape<T>, make: (value: T) => VmaDemand): Shape<VmaDemand> {
  return {
    read(node, scope) {
      const value = shape.read(node, scope);
      return value === undefined ? undefined : make(value);
    },
    schema: () => shape.schema(),
  };
}
