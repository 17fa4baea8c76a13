/**
 * One block of an `expect:` while it is being read.
 *
 * @module
 */

import type {
  CompareExpectation,
  Condition,
  Demand,
  Expectation,
  LineRange,
} from "../machine/expectation.ts";
import type { Entry, Node } from "./document.ts";
import type { Scope } from "./scope.ts";
import { usesOf, variablesOf } from "./uses.ts";

/** What the `expect:` of a file says: demands on one run, and on a comparison of runs. */
export interface Expectations {
  /** Demands on one run. */
  readonly expect: Expectation[];
  /** Demands on a comparison of policies. */
  readonly compare: CompareExpectation[];
  /** Demands on a comparison of kernels. */
  readonly compareKernels: CompareExpectation[];
  /** Demands that must hold in some run. */
  readonly sometimes: Expectation[];
}

/**
 * Starts without demands.
 *
 * @returns What receives them.
 */
export function noExpectations(): Expectations {
  return { expect: [], compare: [], compareKernels: [], sometimes: [] };
}

/** One block and what was found in it. */
export interface ExpectBlock {
  /** The surroundings. */
  readonly scope: Scope;
  /** Where the block applies. */
  readonly when: Condition;
  /** Receives what is found. */
  readonly found: Expectations;
  /** Lines of the entry that is being read; shared by all that is found in it. */
  readonly lines: LineRange;
}

/**
 * Adds a demand on one run.
 *
 * @param block The block.
 * @param entry Where it is written.
 * @param demand The demand.
 * @param name Its name, where the key does not say all of it.
 * @param around Other nodes that belong to it, such as the range.
 */
export function addDemand(
  block: ExpectBlock,
  entry: Entry,
  demand: Demand,
  name: string = entry.key.text,
  around: readonly Node[] = [],
): void {
  const { scope, when, lines } = block;
  const text = `${name}: ${valueText(entry.value)}`;
  // Of several demands under one key each has the place of its own value
  const isShared = entry.value.span.offset > entry.key.span.offset && demand.kind === "that";
  const position = scope.position(isShared ? entry.value : entry.key);
  const written = usesOf([...around, entry.key, entry.value], scope);
  const uses = demand.kind === "that" && entry.value.kind === "scalar"
    ? [...written, ...variablesOf(entry.value.text, scope)]
    : written;
  const named = uses.length === 0 ? {} : { uses };
  block.found.expect.push({ demand, text, when, position, lines, ...named });
}

/**
 * Writes a value on one line, as the file has it.
 *
 * @param node The value.
 * @returns Text such as `{ legacy: > followup }`.
 */
export function valueText(node: Node): string {
  if (node.kind === "scalar") return node.text;
  if (node.kind === "list") return `[${node.items.map(valueText).join(", ")}]`;
  const members = node.entries.map(({ key, value }) => `${key.text}: ${valueText(value)}`);
  return `{ ${members.join(", ")} }`;
}
