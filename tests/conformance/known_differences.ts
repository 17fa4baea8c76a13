/**
 * The list of steps that are known to differ from the recordings, with the reason of each.
 *
 * @module
 */

import { type CaseResult, passed } from "./replay.ts";

/** What is wrong with the list. */
export interface Drift {
  /** Steps that differ and are not listed. */
  readonly unexpected: readonly string[];
  /** Listed steps that do as recorded. */
  readonly outdated: readonly string[];
}

/**
 * Reads the list: one step a line, `GROUP/CASE#N REASON`; lines that start with `#` are comments.
 *
 * @param text The list.
 * @returns Reasons by step.
 * @throws {SyntaxError} If a line has no reason.
 */
export function parseKnownDifferences(text: string): Map<string, string> {
  const known = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, step, reason] = /^(\S+#\d+) +(\S.*)$/.exec(line) ?? [];
    if (reason === undefined) throw new SyntaxError(`Cannot read known difference: "${line}"`);
    known.set(step, reason);
  }
  return known;
}

/**
 * Compares results with the list.
 *
 * @param results Results of all cases.
 * @param known The list.
 * @returns Steps to add and to remove.
 */
export function findDrift(
  results: readonly CaseResult[],
  known: ReadonlyMap<string, string>,
): Drift {
  const unexpected: string[] = [];
  const differing = new Set<string>();
  for (const { group, case: name, steps } of results) {
    for (const step of steps) {
      if (passed(step)) continue;
      const id = `${group}/${name}#${step.n}`;
      differing.add(id);
      const fields = new Set(step.differences.map(({ field }) => field));
      if (!known.has(id)) unexpected.push(`${id} ${step.failure ?? [...fields].join(", ")}`);
    }
  }
  return { unexpected, outdated: [...known.keys()].filter((id) => !differing.has(id)) };
}
