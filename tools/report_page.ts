/**
 * The section of docs/reading-the-reports.md with the counters.
 *
 * @module
 */

import { COUNTER_MEANINGS, counterLabel } from "../lib/report/counters_text.ts";
import { commentOf, type Sections, table } from "./markdown.ts";

/**
 * Writes the section.
 *
 * @param source The text of lib/listeners/counters.ts, which describes each counter.
 * @returns Sections by name.
 */
export function reportSections(source: string): Sections {
  const rows = Object.keys(COUNTER_MEANINGS).map((counter) => [
    `\`${counterLabel(counter)}\``,
    commentOf(source, counter),
  ]);
  return { counters: table(["Row", "What it counts"], rows) };
}
