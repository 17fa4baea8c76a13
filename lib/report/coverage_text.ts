/**
 * What runs have reached, as text.
 *
 * @module
 */

import { type Coverage, SWITCH_SETTINGS } from "../compare/coverage.ts";
import { LISTENER_KINDS } from "../listeners/registry.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import { type Cell, indent, layout } from "./layout.ts";
import { countText } from "./numbers.ts";
import type { Palette } from "./palette.ts";
import { missingLines, siteLines } from "./sites_text.ts";

/** Later kernels' other notifiers alone get the rest. */
const EVENTS = WINDOW_EVENT_NAMES.filter((name) => name !== "RELEASE" && name !== "EXCLUSIVE");

/**
 * Renders what runs have reached, and what not.
 *
 * @param coverage What they have reached.
 * @param palette Colours.
 * @returns Text that ends in a newline.
 */
export function coverageText(coverage: Coverage, palette: Palette): string {
  const sites = new Map(
    Object.entries(coverage.sites).map(([number, count]) => [Number(number), count]),
  );
  return [
    palette.bold("Call sites reached"),
    ...siteLines(sites, palette),
    "",
    palette.bold("Windows by listener and event, and those in which it did something"),
    ...eventLines(coverage, palette),
    "",
    palette.bold("Settings of kernel switches asked for"),
    ...switchLines(coverage, palette),
  ].map((line) => `${line}\n`).join("");
}

function eventLines({ events, listeners }: Coverage, palette: Palette): string[] {
  const head = ["", ...EVENTS].map((text): Cell => ({ text, paint: palette.dim }));
  const kinds = Object.entries(listeners).map(([kind, told]): Cell[] => [
    { text: kind },
    ...EVENTS.map((event) => toldCell(told[event], palette)),
  ]);
  const all = [
    { text: "any" },
    ...EVENTS.map((event) => ({ text: countText(events[event] ?? 0) })),
  ];
  const unused = Object.keys(LISTENER_KINDS).filter((kind) => !Object.hasOwn(listeners, kind));
  const missing = EVENTS.filter((event) => events[event] === undefined);
  return [
    ...indent(layout([head, ...kinds, all], EVENTS.map((_, index) => index + 1)), 2),
    ...missingLines("no window", missing.join(", "), palette),
    ...missingLines("no listener", unused.join(", "), palette),
  ];
}

function toldCell(
  told: { readonly windows: number; readonly acted: number } | undefined,
  { yellow, dim }: Palette,
): Cell {
  if (told === undefined || told.windows === 0) return { text: "-", paint: yellow };
  const text = `${countText(told.windows)}/${countText(told.acted)}`;
  return told.acted === 0 ? { text, paint: dim } : { text };
}

function switchLines({ switches }: Coverage, palette: Palette): string[] {
  const all = Object.entries(SWITCH_SETTINGS);
  const missing = all.map(([name, settings]) => ({
    name,
    isWhole: switches[name] === undefined,
    settings: settings.filter((setting) => !switches[name]?.includes(setting)),
  }));
  const count = all.flatMap(([, settings]) => settings).length;
  const left = missing.flatMap(({ settings }) => settings).length;
  const whole = missing.filter(({ isWhole }) => isWhole).map(({ name }) => name);
  const parts = missing.filter(({ isWhole }) => !isWhole)
    .flatMap(({ name, settings }) => settings.map((setting) => `${name}=${setting}`));
  return [
    `  ${count - left} of ${count}`,
    ...missingLines("settings not asked for", parts.join(", "), palette),
    ...missingLines("switches not asked for", whole.join(", "), palette),
  ];
}
