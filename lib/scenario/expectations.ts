/**
 * The `expect:` of a step and of the whole file: one block or a list of blocks.
 *
 * A key is a word of {@linkcode EXPECT_KEYS}, a dotted figure, or a group of figures.
 *
 * @module
 */

import { readCondition } from "./conditions.ts";
import { quote } from "./diagnostics.ts";
import type { Entry, Node } from "./document.ts";
import { type Expectations, type ExpectBlock, noExpectations } from "./expect_block.ts";
import { EXPECT_KEYS, type ExpectPlace } from "./expect_keys.ts";
import { figureSchema, readFigures } from "./figure_demands.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { Scope } from "./scope.ts";
import { readMap } from "./shape.ts";
import { linesOf } from "./uses.ts";

/**
 * Reads an `expect:`.
 *
 * @param node The value: one block or a list of blocks.
 * @param scope Its surroundings.
 * @param place Where it stands.
 * @returns What it says; what is wrong is reported and left out.
 */
export function readExpectations(node: Node, scope: Scope, place: ExpectPlace): Expectations {
  const found = noExpectations();
  for (const block of node.kind === "list" ? node.items : [node]) {
    const entries = readMap(block, scope, "a map of expectations", EXAMPLE) ?? [];
    const when = readCondition(entries, scope);
    for (const entry of entries) {
      readEntry(entry, { scope, when, found, lines: linesOf(entry, scope) }, place);
    }
  }
  return found;
}

/**
 * Describes an `expect:` for editors.
 *
 * @param place Where it stands.
 * @returns A JSON Schema.
 */
export function expectationsSchema(place: ExpectPlace): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [name, { about, place: only, schema }] of Object.entries(EXPECT_KEYS)) {
    if (only === undefined || only === place) {
      properties[name] = { description: about, ...schema() };
    }
  }
  const block = { type: "object", properties, additionalProperties: figureSchema() };
  return { anyOf: [block, { type: "array", items: block }] };
}

/** What an expression looks like here, as it is often written alone. */
const EXAMPLE = '{ guest.faults: 3 }, or { that: "guest.faults == 3" } for an expression';

function readEntry(entry: Entry, block: ExpectBlock, place: ExpectPlace): void {
  const name = entry.key.text;
  if (name === "sometimes" && place === "end") return readSometimes(entry, block);
  if (!Object.hasOwn(EXPECT_KEYS, name)) {
    return readFigures(entry, block, "figure", Object.keys(EXPECT_KEYS));
  }
  const only = EXPECT_KEYS[name].place;
  if (only === undefined || only === place) return EXPECT_KEYS[name].read(entry, block, place);
  const where = only === "step" ? "after a step" : "at the end of the file";
  block.scope.report(entry.key, `Key ${quote(name)} is allowed only ${where}`);
}

/** Reads a block within a block: it must hold in some run, not in each. */
function readSometimes({ value }: Entry, block: ExpectBlock): void {
  const found = noExpectations();
  for (const entry of readMap(value, block.scope, "a map of expectations", EXAMPLE) ?? []) {
    const { text } = entry.key;
    if (["when", "sometimes", "compare", "compare_kernels"].includes(text)) {
      block.scope.report(entry.key, `Key ${quote(text)} is not allowed in "sometimes"`);
    } else {
      readEntry(entry, { ...block, found }, "end");
    }
  }
  block.found.sometimes.push(...found.expect);
}
