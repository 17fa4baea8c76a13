/**
 * The section of docs/fidelity.md with the figures of the conformance test.
 *
 * @module
 */

import { FIELDS } from "../tests/conformance/compare.ts";
import { type CaseResult, passed, totals } from "../tests/conformance/replay.ts";
import { type Sections, table } from "./markdown.ts";

/** What each compared part is. */
const PARTS: Readonly<Record<typeof FIELDS[number], string>> = {
  ret: "Return value and error number",
  extra: "Further results, such as the status of each page of move_pages",
  rangeEvents: "The callbacks in order, with event and range, invalidate_range left out",
  events: "The same with invalidate_range",
  pages: "Entries of the page tables: present, soft-dirty, swapped, which frame",
  phys: "Frames: flags and how often they are mapped",
  vmas: "Mappings: borders, rights, flags",
};

/**
 * Writes the section.
 *
 * @param results Results of all cases.
 * @returns Sections by name.
 */
export function fidelitySections(results: readonly CaseResult[]): Sections {
  const steps = results.flatMap((result) => result.steps);
  const sums = totals(results);
  const rows = FIELDS.map((field) => {
    const { compared, equal } = sums[field];
    return [`\`${field}\``, PARTS[field], String(compared), String(equal)];
  });
  const good = results.filter((result) => result.steps.every(passed)).length;
  return {
    figures: [
      `${good} of ${results.length} cases and ${
        steps.filter(passed).length
      } of ${steps.length} steps are as recorded.\n`,
      table(["Part", "What it is", "Compared", "Equal"], rows),
    ].join("\n"),
  };
}
