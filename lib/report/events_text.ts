/**
 * The table of events as text.
 *
 * @module
 */

import type { Consumption } from "../compare/consumers.ts";
import type { EventRow, EventTable } from "../compare/event_table.ts";
import { escapeControl } from "../kernel/escape.ts";
import { type Cell, indent, layout, wrap } from "./layout.ts";
import { amount, countText, timeText } from "./numbers.ts";
import { type Palette, PLAIN } from "./palette.ts";
import { siteLines } from "./sites_text.ts";
import { skippedLines, type SkippedScenario } from "./skipped.ts";

const HEAD = [
  "listener",
  "event",
  "policy",
  "windows",
  "acted",
  "skipped",
  "removed",
  "saved",
  "time",
  "time saved",
];

/**
 * Renders the table of events as the command `events` does.
 *
 * @param table The table.
 * @param palette Colours; none unless given.
 * @param skipped The scenarios that were not run.
 * @returns Text that ends in a newline.
 * @example
 * ```ts
 * import { eventTableText } from "./events_text.ts";
 * import { tabulateEvents } from "../compare/event_table.ts";
 * import { parseScenario } from "../scenario/scenario.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const program = parseScenario("name: A nap\nsteps: [{ wait: { time: 1 ms } }]");
 * assertStringIncludes(eventTableText(tabulateEvents([program])), "1 scenario; saved");
 * ```
 */
export function eventTableText(
  table: EventTable,
  palette: Palette = PLAIN,
  skipped: readonly SkippedScenario[] = [],
): string {
  const lines = [
    `${amount(table.programs, "scenario")}; saved: against ${table.policies[0]}`,
    "",
    ...layout([headCells(palette), ...rowCells(table.rows, palette)], [3, 4, 5, 6, 7, 8, 9]),
    "",
    palette.bold("Who makes use of what a window tells"),
    ...indent(layout(consumptionCells(table, palette), []), 2),
    "",
    palette.bold("Call sites"),
    ...siteLines(table.sites, palette),
  ];
  if (table.leftOut.length > 0) {
    const names = table.leftOut.map((name) => escapeControl(name)).join("; ");
    lines.push("", ...wrap(`Left out, as no kernel of theirs has events: ${names}`, 98));
  }
  return [...lines, ...skippedLines(skipped, palette)].join("\n") + "\n";
}

function headCells({ dim }: Palette): Cell[] {
  return HEAD.map((text) => ({ text, paint: dim }));
}

function rowCells(rows: readonly EventRow[], { green, dim }: Palette): Cell[][] {
  return rows.map((row, index) => {
    const before = rows[index - 1];
    const sameKind = before?.kind === row.kind;
    const sameEvent = sameKind && before?.event === row.event;
    const saved = row.entries_saved > 0 || row.time_saved_ns > 0;
    return [
      { text: sameKind ? "" : row.kind },
      { text: sameEvent ? "" : row.event },
      { text: row.policy },
      { text: countText(row.windows) },
      { text: countText(row.acted) },
      { text: countText(row.skipped) },
      { text: countText(row.dropped) },
      { text: countText(row.entries_saved), paint: saved ? green : dim },
      { text: timeText(row.time_ns) },
      { text: timeText(row.time_saved_ns), paint: saved ? green : dim },
    ];
  });
}

function consumptionCells({ consumption, policies }: EventTable, palette: Palette): Cell[][] {
  return consumption.flatMap((one) =>
    policies.map((policy, index) => [
      { text: index === 0 ? one.what : "" },
      { text: policy },
      consumersCell(one, policy, palette),
    ])
  );
}

function consumersCell({ kinds }: Consumption, policy: string, { yellow }: Palette): Cell {
  const found = kinds[policy] ?? [];
  return found.length > 0 ? { text: found.join(", ") } : { text: "nobody", paint: yellow };
}
