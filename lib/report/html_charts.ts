/**
 * Charts of the HTML report, as SVG inside the page.
 *
 * @module
 */

import { counterLabel } from "./counters_text.ts";
import type { ReportListener, ReportTimeline } from "./document.ts";
import { escapeMarkup as text } from "./markup.ts";
import { amount, countText, timeText } from "./numbers.ts";

/** Counters that are drawn, as far as they are not 0. */
const DRAWN = [
  "dropped",
  "kept",
  "faults",
  "refaults",
  "tlb_flushes",
  "tracking_rebuilt",
  "time_ns",
];
const WIDTH = 720;
const LEFT = 190;
const BAR = 14;
const ROW = 18;
/** Bars and boxes have so many colours. */
const COLOURS = 4;

/**
 * Draws the counters of a listener: a bar per counter and policy.
 *
 * @param listener The listener.
 * @param columns The policies.
 * @returns A figure, or nothing where all counters are 0.
 */
export function counterChart(listener: ReportListener, columns: readonly string[]): string {
  const drawn = DRAWN.filter((counter) => Object.hasOwn(listener.counters, counter));
  if (drawn.length === 0) return "";
  let y = 4;
  const parts = drawn.flatMap((counter) => {
    const bars = barsOf(counter, listener.counters[counter], columns, y);
    y += columns.length * BAR + 10;
    return bars;
  });
  const title = `What ${listener.name} did under ${columns.join(", ")}`;
  return figure(title, y, parts, "Bars of one counter share a scale.");
}

/**
 * Draws the windows of a run over virtual time, a row per kernel function.
 *
 * @param timeline The windows.
 * @returns A figure, or a sentence where there is none.
 */
export function windowChart({ policy, total, windows }: ReportTimeline): string {
  if (windows.length === 0) return `<p class="dim">${text(policy)}: no windows</p>`;
  const first = windows[0].start_ns;
  const last = Math.max(...windows.map(({ start_ns, end_ns }) => end_ns ?? start_ns));
  const scale = (WIDTH - LEFT - 10) / Math.max(1, last - first);
  const sites = [...new Set(windows.map(({ site }) => site))];
  const rows = sites.map((site, row) => label(site, row * ROW + 14));
  const events = [...new Set(windows.map(({ event }) => event))].sort();
  const boxes = windows.map(({ site, event, process, start, end, start_ns, end_ns }) => {
    const x = LEFT + (start_ns - first) * scale;
    const width = Math.max(1.5, ((end_ns ?? last) - start_ns) * scale);
    const y = sites.indexOf(site) * ROW + 3;
    const range = `0x${start.toString(16)} to 0x${end.toString(16)}`;
    const times = `${timeText(start_ns)} to ${end_ns === null ? "the end" : timeText(end_ns)}`;
    const title = `${event} of ${process}, ${range}, ${times}`;
    const colour = events.indexOf(event) % COLOURS;
    return `<rect class="c${colour}" x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}"` +
      ` height="${BAR - 2}"><title>${text(title)}</title></rect>`;
  });
  const shown = windows.length < total ? `first ${windows.length} of ` : "";
  const caption = `${policy}: ${shown}${amount(total, "window")} from ${timeText(first)} to ` +
    `${timeText(last)} (${events.join(", ")})`;
  return figure(`Windows under ${policy}`, sites.length * ROW + 4, [...rows, ...boxes], caption);
}

function barsOf(
  counter: string,
  values: readonly number[],
  columns: readonly string[],
  top: number,
): string[] {
  const most = Math.max(1, ...values);
  const room = WIDTH - LEFT - 90;
  return columns.flatMap((column, index) => {
    const value = values[index] ?? 0;
    const y = top + index * BAR;
    const shown = counter === "time_ns" ? timeText(value) : countText(value);
    const width = ((room * value) / most).toFixed(1);
    return [
      label(`${index === 0 ? `${counterLabel(counter)}, ` : ""}${column}`, y + 11),
      `<rect class="c${index % COLOURS}" x="${LEFT}" y="${y}" width="${width}" height="${
        BAR - 2
      }"/>`,
      `<text x="${(LEFT + Number(width) + 6).toFixed(1)}" y="${y + 11}">${text(shown)}</text>`,
    ];
  });
}

function label(words: string, y: number): string {
  const short = words.length > 28 ? `${words.slice(0, 27)}…` : words;
  return `<text x="${LEFT - 8}" y="${y}" text-anchor="end">${text(short)}</text>`;
}

function figure(title: string, height: number, parts: readonly string[], caption: string): string {
  const axis = `<line class="axis" x1="${LEFT}" y1="0" x2="${LEFT}" y2="${height}"/>`;
  return `<figure><svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img">` +
    `<title>${text(title)}</title>${axis}${parts.join("")}</svg>` +
    `<figcaption>${text(caption)}</figcaption></figure>`;
}
