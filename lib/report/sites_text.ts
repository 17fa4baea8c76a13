/**
 * Which call sites sent windows.
 *
 * @module
 */

import { CALL_SITES, type CallSite, SITE } from "../notifier/range.ts";
import { type Cell, indent, layout, wrap } from "./layout.ts";
import { amount } from "./numbers.ts";
import type { Palette } from "./palette.ts";

/**
 * Lists the call sites that were reached, and names those that were not or cannot be.
 *
 * @param sites Windows by number of the call site.
 * @param palette Colours.
 * @returns Lines.
 */
export function siteLines(sites: ReadonlyMap<number, number>, palette: Palette): string[] {
  const reached = CALL_SITES.filter(({ number }) => (sites.get(number) ?? 0) > 0);
  const modelled = new Set<number>(Object.values(SITE));
  const missing = CALL_SITES.filter(({ number }) => !sites.has(number) && modelled.has(number));
  const unknown = CALL_SITES.filter(({ number }) => !modelled.has(number));
  const rows = reached.map((site): Cell[] => [
    { text: `#${site.number}` },
    { text: site.function },
    { text: site.event },
    { text: amount(sites.get(site.number) ?? 0, "window") },
  ]);
  const names = (some: readonly CallSite[]) =>
    some.map((site) => `#${site.number} ${site.function}`).join(", ");
  return [
    ...indent(layout(rows, [0, 3]), 2),
    `  ${reached.length} of ${CALL_SITES.length} reached`,
    ...missingLines("not reached", names(missing), palette),
    ...indent(wrap(`not modelled: ${names(unknown)}`, 96), 2),
  ];
}

/**
 * Names what is missing.
 *
 * @param what How it is missing.
 * @param names Its names; nothing is said if there are none.
 * @param palette Colours.
 * @returns Lines.
 */
export function missingLines(what: string, names: string, { yellow }: Palette): string[] {
  return names === "" ? [] : indent(wrap(`${what}: ${names}`, 96), 2).map(yellow);
}
