/**
 * Expectations on pages: `pages: { "ram[0..4]": { present: true, soft_dirty: false } }`.
 *
 * @module
 */

import {
  PAGE_FLAGS,
  PAGE_NUMBERS,
  type PageDemand,
  type PageFlag,
  type PageNumber,
  type PlacedRange,
} from "../machine/expectation.ts";
import { listenerName } from "./arguments.ts";
import type { Entry, Node, ScalarNode } from "./document.ts";
import type { JsonSchema } from "./json_schema.ts";
import { matcher } from "./matcher_text.ts";
import { readPlacedRange } from "./range_text.ts";
import type { Scope } from "./scope.ts";
import {
  choice,
  type Field,
  type Fields,
  flag,
  readMap,
  readScalar,
  recordSchema,
  reportUnknown,
  type Shape,
} from "./shape.ts";

/** A demand on pages with the words that it is written in. */
export interface WrittenDemand {
  /** The pages. */
  readonly where: PlacedRange;
  /** The demand. */
  readonly demand: PageDemand;
  /** The entry of the demand. */
  readonly entry: Entry;
  /** The range as it is written. */
  readonly range: ScalarNode;
}

const ACCESSES = ["none", "ro", "rw"] as const;

const FIELDS: Readonly<Record<string, Field<readonly PageDemand[]>>> = {
  ...Object.fromEntries(
    Object.entries(PAGE_FLAGS).map(([name, about]) => [
      name,
      { about, shape: one(flag(), (value) => ({ flag: name as PageFlag, value })) },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(PAGE_NUMBERS).map(([name, about]) => [
      name,
      { about, shape: one(matcher(), (matcher) => ({ number: name as PageNumber, matcher })) },
    ]),
  ),
  same_frame_as: {
    about: "The pages map the frames of these others, one for all or pairwise",
    shape: one(placedRange(), (as) => ({ frames: "same", as })),
  },
  other_frame_than: {
    about: "No page maps the frame of its counterpart",
    shape: one(placedRange(), (as) => ({ frames: "other", as })),
  },
  frames: {
    about: "How many different frames the pages map",
    shape: one(matcher(), (distinctFrames) => ({ distinctFrames })),
  },
  device: { about: "What each listener may do with the pages: none, ro or rw", shape: devices() },
};

/**
 * Reads the value of `pages:`.
 *
 * @param node The node.
 * @param scope Its surroundings.
 * @returns The demands in order.
 */
export function readPages(node: Node, scope: Scope): WrittenDemand[] {
  const written: WrittenDemand[] = [];
  for (const { key, value } of readMap(node, scope, "a map of page ranges") ?? []) {
    const text = scope.resolveText(key);
    const where = text === undefined ? undefined : readPlacedRange(key, text, scope);
    const entries = readMap(value, scope, "a map of page facts", "{ present: true }") ?? [];
    reportUnknown(entries, Object.keys(FIELDS), scope, "page facts");
    for (const entry of entries) {
      if (!Object.hasOwn(FIELDS, entry.key.text)) continue;
      const demands = FIELDS[entry.key.text].shape.read(entry.value, scope) ?? [];
      if (where) written.push(...demands.map((demand) => ({ where, demand, entry, range: key })));
    }
  }
  return written;
}

/**
 * Describes the value of `pages:` for editors.
 *
 * @returns A JSON Schema.
 */
export function pagesSchema(): JsonSchema {
  return { type: "object", additionalProperties: recordSchema(FIELDS as Fields) };
}

function one<T>(shape: Shape<T>, make: (value: T) => PageDemand): Shape<readonly PageDemand[]> {
  return {
    read(node, scope) {
      const value = shape.read(node, scope);
      return value === undefined ? undefined : [make(value)];
    },
    schema: () => shape.schema(),
  };
}

function placedRange(): Shape<PlacedRange> {
  return {
    read(node, scope) {
      const scalar = readScalar(node, scope, 'a range such as "ram[0]"');
      return scalar && readPlacedRange(scalar.node, scalar.text, scope);
    },
    schema: () => ({ type: "string" }),
  };
}

function devices(): Shape<readonly PageDemand[]> {
  const name = listenerName();
  const access = choice("access", ACCESSES);
  return {
    read(node, scope) {
      const demands: PageDemand[] = [];
      for (
        const { key, value } of readMap(node, scope, "a map of listeners", "{ guest: rw }") ?? []
      ) {
        const listener = name.read(key, scope);
        const wanted = access.read(value, scope);
        if (listener && wanted) demands.push({ listener, access: wanted });
      }
      return demands;
    },
    schema: () => ({ type: "object", additionalProperties: access.schema() }),
  };
}
