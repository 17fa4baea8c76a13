/**
 * Ranges in scenarios: `ram`, `ram[3]`, `ram[0..8]`, `ram[4..]`, `child:ram[0]`.
 *
 * Pages are counted from 0; the page after `..` is not part of the range.
 *
 * @module
 */

import { NAME_PATTERN, pagesIn, RANGE_WANTED, rangeParts } from "../machine/arguments.ts";
import type { PlacedRange } from "../machine/expectation.ts";
import type { RangeRef } from "../machine/spec.ts";
import { quote } from "./diagnostics.ts";
import type { Node, ScalarNode } from "./document.ts";
import { FIXED } from "./fixed_limits.ts";
import type { Scope } from "./scope.ts";
import { readScalar } from "./shape.ts";
import { suggestion } from "./suggest.ts";

/** What a range looks like. */
export const RANGE_PATTERN = `${NAME_PATTERN}(?:\\[[0-9]+(?:\\.\\.[0-9]*)?\\])?`;

const PROCESS = new RegExp(`^(${NAME_PATTERN}):`);

/**
 * Reads a range of a mapping, without a process.
 *
 * @param node The node.
 * @param scope Its surroundings.
 * @returns The range, or undefined if something was reported.
 */
export function readRange(node: Node, scope: Scope): RangeRef | undefined {
  const scalar = readScalar(node, scope, RANGE_WANTED);
  if (scalar === undefined) return undefined;
  const placed = readPlacedRange(scalar.node, scalar.text, scope);
  if (placed?.process === undefined) return placed?.range;
  const hint = `Write ${quote(scalar.text.slice(scalar.text.indexOf(":") + 1))}`;
  scope.report(node, "Expected a range without a process", hint);
  return undefined;
}

/**
 * Reads a range that may name a process.
 *
 * @param node Where it is written, for messages.
 * @param text The text, expressions replaced.
 * @param scope Its surroundings.
 * @returns The range, or undefined if something was reported.
 */
export function readPlacedRange(
  node: ScalarNode,
  text: string,
  scope: Scope,
): PlacedRange | undefined {
  const written = text.trim();
  const [prefix = "", process] = PROCESS.exec(written) ?? [];
  const parts = rangeParts(written.slice(prefix.length));
  if (parts === null) {
    scope.report(node, `Expected ${RANGE_WANTED}, got ${quote(text)}`);
    return undefined;
  }
  const { mapping, first, end } = parts;
  if (process !== undefined && !isKnown(node, "process", process, scope.names.processes, scope)) {
    return undefined;
  }
  if (!isKnown(node, "mapping", mapping, scope.names.mappings, scope)) return undefined;
  const { value: most, advice } = FIXED.page_number;
  if (Math.max(Number(first ?? 0) + 1, Number(end ?? 0)) > most) {
    scope.report(node, `Page number is too large: the limit is ${most}`, advice);
    return undefined;
  }
  const range = pagesIn(parts);
  if (typeof range !== "string") return process === undefined ? { range } : { process, range };
  scope.report(node, range);
  return undefined;
}

function isKnown(
  node: ScalarNode,
  what: string,
  name: string,
  known: ReadonlySet<string>,
  scope: Scope,
): boolean {
  if (known.has(name)) return true;
  scope.report(node, `Unknown ${what} ${quote(name)}`, suggestion(name, known));
  return false;
}
