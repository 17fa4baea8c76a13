/**
 * The table of events as a heat map: an SVG image, or an HTML page around it.
 *
 * Self-contained: no scripts, no style sheets, no fonts from elsewhere.
 *
 * @module
 */

import type { EventRow, EventTable } from "../compare/event_table.ts";
import { CALL_SITES, EVENT_NAMES } from "../notifier/range.ts";
import { escapeMarkup } from "./markup.ts";
import { amount, timeText } from "./numbers.ts";

const CELL = { width: 112, height: 30 };
const LEFT = 200;
const TOP = 64;
const FONT = "font-family='system-ui, sans-serif' font-size='12'";

/**
 * Draws how much of its removals each listener saves for each event under each policy.
 *
 * @param table The table.
 * @returns An SVG document.
 */
export function heatMapSvg(table: EventTable): string {
  const rows = table.kinds.flatMap((kind) => table.policies.map((policy) => ({ kind, policy })));
  const width = LEFT + EVENT_NAMES.length * CELL.width + 16;
  const height = TOP + rows.length * CELL.height + 48;
  const parts = [
    `<svg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${height}' ` +
    `viewBox='0 0 ${width} ${height}' role='img' ${FONT}>`,
    "<title>Translations that listeners keep, by event and policy</title>",
    `<rect width='${width}' height='${height}' fill='#ffffff'/>`,
    text(12, 24, "Windows seen, and what is saved against legacy", "font-weight='bold'"),
    ...EVENT_NAMES.map((event, column) => text(LEFT + column * CELL.width + 4, TOP - 10, event)),
    ...rows.flatMap(({ kind, policy }, index) => [
      text(12, middle(index), `${kind}  ${policy}`),
      ...EVENT_NAMES.map((event, column) =>
        cell(findRow(table.rows, kind, event, policy), index, column)
      ),
    ]),
    text(12, height - 16, "white: no window; grey: nothing saved; green: entries or time saved"),
    "</svg>",
  ];
  return parts.join("\n") + "\n";
}

/**
 * Writes an HTML page with the heat map, the consumers and the call sites.
 *
 * @param table The table.
 * @returns An HTML document.
 */
export function heatMapHtml(table: EventTable): string {
  const consumers = table.consumption.map(({ what, kinds }) => [
    what,
    ...table.policies.map((policy) => kinds[policy]?.join(", ") || "nobody"),
  ]);
  const sites = CALL_SITES.map(({ number, function: name, event }) => [
    `#${number}`,
    name,
    event,
    String(table.sites.get(number) ?? 0),
  ]);
  return [
    "<!doctype html>",
    "<html lang='en'><head><meta charset='utf-8'><title>Who consumes MMU notifier events</title>",
    "<style>body{font-family:system-ui,sans-serif;margin:2em}",
    "table{border-collapse:collapse}td,th{padding:2px 10px;text-align:left}</style></head><body>",
    `<h1>Who consumes MMU notifier events</h1><p>${amount(table.programs, "scenario")}</p>`,
    heatMapSvg(table),
    "<h2>Who makes use of what a window tells</h2>",
    htmlTable(["", ...table.policies], consumers),
    "<h2>Call sites</h2>",
    htmlTable(["", "function", "event", "windows"], sites),
    "</body></html>",
  ].join("\n") + "\n";
}

function findRow(rows: readonly EventRow[], kind: string, event: string, policy: string) {
  return rows.find((row) => row.kind === kind && row.event === event && row.policy === policy);
}

function cell(row: EventRow | undefined, index: number, column: number): string {
  const x = LEFT + column * CELL.width;
  const y = TOP + index * CELL.height;
  const box = `x='${x}' y='${y}' width='${CELL.width - 2}' height='${CELL.height - 2}'`;
  if (row === undefined) return `<rect ${box} fill='#ffffff' stroke='#eeeeee'/>`;
  const words =
    `${row.event} of ${row.kind} under ${row.policy}: ${amount(row.windows, "window")}, ` +
    `${row.skipped} skipped, ${row.entries_saved} entries and ${timeText(row.time_saved_ns)} saved`;
  const label = row.entries_saved === 0
    ? `${row.windows}`
    : `${row.windows} / ${row.entries_saved > 0 ? "−" : "+"}${Math.abs(row.entries_saved)}`;
  return `<g><title>${escapeMarkup(words)}</title><rect ${box} fill='${colourOf(row)}'/>` +
    `${text(x + 6, middle(index), label)}</g>`;
}

/** From grey, where nothing is saved, to green, where all is. */
function colourOf(row: EventRow): string {
  const before = row.dropped + row.entries_saved;
  const share = before > 0 ? row.entries_saved / before : row.time_saved_ns > 0 ? 0.2 : 0;
  const part = Math.max(0, Math.min(1, share));
  const mix = (from: number, to: number) => Math.round(from + (to - from) * part);
  return `rgb(${mix(228, 90)},${mix(228, 190)},${mix(228, 110)})`;
}

function middle(index: number): number {
  return TOP + index * CELL.height + CELL.height / 2 + 4;
}

function text(x: number, y: number, words: string, more = ""): string {
  return `<text x='${x}' y='${y}' ${more}>${escapeMarkup(words)}</text>`;
}

function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((one) => `<${tag}>${escapeMarkup(one)}</${tag}>`).join("")}</tr>`;
  return `<table>${line(head, "th")}${rows.map((row) => line(row, "td")).join("\n")}</table>`;
}
