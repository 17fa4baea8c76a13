/**
 * Expectations on figures: `guest.faults: 3`, or in a group `guest: { faults: 3, windows: 1 }`.
 *
 * @module
 */

import { quote } from "./diagnostics.ts";
import type { Entry, ScalarNode } from "./document.ts";
import { addDemand, type ExpectBlock } from "./expect_block.ts";
import { figureProblem, groupNames } from "./figures.ts";
import type { JsonSchema } from "./json_schema.ts";
import { matcher } from "./matcher_text.ts";
import { describe } from "./shape.ts";
import { suggestion } from "./suggest.ts";

/** Whether the value of a figure is meant or its change during a step. */
export type FigureKind = "figure" | "delta";

/**
 * Reads one figure or one group of figures.
 *
 * @param entry The entry: a dotted figure or a group.
 * @param block The block it stands in.
 * @param kind What of the figure is meant.
 * @param words Other words that may stand in its place, for suggestions.
 */
export function readFigures(
  entry: Entry,
  block: ExpectBlock,
  kind: FigureKind,
  words: readonly string[] = [],
): void {
  const path = block.scope.resolveText(entry.key);
  if (path === undefined) return;
  if (path.includes(".")) return readFigure(entry, entry.key, path, block, kind);
  if (entry.value.kind !== "map") {
    if (groupNames(block.scope).includes(path)) {
      const example = `Such as { ${path}: { NAME: ... } }, or ${path}.NAME`;
      const message = `Expected a map of figures of ${quote(path)}, got ${describe(entry.value)}`;
      return block.scope.report(entry.value, message, example);
    }
    const hint = suggestion(path, [...words, ...groupNames(block.scope)]);
    return block.scope.report(entry.key, `Unknown expectation ${quote(path)}`, hint);
  }
  for (const { key, value } of entry.value.entries) {
    readFigure({ key, value }, key, `${path}.${key.text}`, block, kind);
  }
}

/**
 * Describes a figure or a group of figures for editors.
 *
 * @returns A JSON Schema.
 */
export function figureSchema(): JsonSchema {
  const value = matcher().schema();
  return { anyOf: [value, { type: "object", additionalProperties: value }] };
}

function readFigure(
  entry: Entry,
  at: ScalarNode,
  name: string,
  block: ExpectBlock,
  kind: FigureKind,
): void {
  const problem = figureProblem(name, block.scope);
  if (problem) block.scope.report(at, problem.message, problem.hint);
  const read = matcher().read(entry.value, block.scope);
  if (read === undefined || problem) return;
  const written = kind === "delta" ? `delta ${name}` : name;
  addDemand(block, entry, { kind, name, matcher: read }, written);
}
