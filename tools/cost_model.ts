/**
 * The sections of docs/cost-model.md, from the tables of costs.
 *
 * @module
 */

import { type Cost, COSTS } from "../lib/kernel/costs.ts";
import { LISTENER_COSTS } from "../lib/listeners/costs.ts";
import { commentOf, type Sections, table } from "./markdown.ts";

/** The sources of the tables, for what they say of each cost. */
export interface CostSources {
  /** Text of lib/kernel/costs.ts. */
  readonly mm: string;
  /** Text of lib/listeners/costs.ts. */
  readonly listeners: string;
}

/**
 * Writes the sections.
 *
 * @param sources The sources of the tables.
 * @returns Sections by name.
 */
export function costSections(sources: CostSources): Sections {
  const all = Object.values<Cost>({ ...COSTS, ...LISTENER_COSTS });
  const guessed = all.filter(({ source }) => source.startsWith("assumed")).length;
  return {
    count: `${all.length} costs, ${guessed} of them assumed.`,
    mm: costTable(COSTS, sources.mm),
    listeners: costTable(LISTENER_COSTS, sources.listeners),
  };
}

function costTable(costs: Readonly<Record<string, Cost>>, text: string): string {
  const rows = Object.entries(costs).map(([name, { ns, source }]) => [
    `\`${name}\``,
    String(ns),
    commentOf(text, name),
    source,
  ]);
  return table(["Cost", "ns", "What it pays for", "Source"], rows);
}
