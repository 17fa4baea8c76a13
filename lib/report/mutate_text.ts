/**
 * The report of `mutate` as text and as JSON.
 *
 * @module
 */

import type { Mutation, MutationReport } from "../compare/mutate.ts";
import { escapeControl } from "../kernel/escape.ts";
import { type FaultName, INJECTABLE_FAULTS, UNSAFE_FAULTS } from "../kernel/faults.ts";
import { siteName } from "../notifier/range.ts";
import { type Cell, indent, layout, wrap } from "./layout.ts";
import { amount } from "./numbers.ts";
import type { Palette } from "./palette.ts";
import { skippedLines, type SkippedScenario } from "./skipped.ts";

/** What `mutate --json` writes. */
export interface MutateReportJson {
  /** Shape of the document. */
  readonly format: "mmulab.mutate/1";
  /** Whether every reached mistake is noticed somewhere, and every unsafe one at all. */
  readonly passed: boolean;
  /** Places where a mistake makes a difference. */
  readonly places: number;
  /** Those of them where somebody notices. */
  readonly noticed: number;
  /** Every place, with the scenarios that reach it and that notice. */
  readonly mutations: readonly (Mutation & { readonly function: string })[];
  /** Mistakes that break safety and that nobody notices. */
  readonly unsafe_holes: readonly FaultName[];
  /** Mistakes that no scenario could make. */
  readonly unreached: readonly FaultName[];
  /** Scenarios that fail as they are. */
  readonly failing: readonly string[];
  /** Scenarios that name none of the kernels asked for. */
  readonly skipped: readonly SkippedScenario[];
}

/**
 * Puts a report into its JSON shape.
 *
 * @param report The report.
 * @param skipped The scenarios that were not run.
 * @returns Plain data.
 */
export function mutateJson(
  report: MutationReport,
  skipped: readonly SkippedScenario[],
): MutateReportJson {
  const { mutations, unsafeHoles, unreached, failing } = report;
  return {
    format: "mmulab.mutate/1",
    passed: hasNoHole(report),
    places: mutations.length,
    noticed: mutations.filter(isNoticed).length,
    mutations: mutations.map((one) => ({ ...one, function: placeName(one) })),
    unsafe_holes: unsafeHoles,
    unreached,
    failing,
    skipped,
  };
}

/**
 * Tells whether every mistake is noticed by somebody.
 *
 * @param report The report.
 * @returns True if each mistake that was reached, and each that breaks safety, is noticed.
 */
export function hasNoHole({ mutations, unsafeHoles, failing }: MutationReport): boolean {
  const faults = new Set(mutations.map(({ fault }) => fault));
  const seen = (name: FaultName) => mutations.some((one) => one.fault === name && isNoticed(one));
  return unsafeHoles.length === 0 && failing.length === 0 && [...faults].every(seen);
}

/**
 * Renders a report.
 *
 * @param report The report.
 * @param palette Colours.
 * @param skipped The scenarios that were not run.
 * @returns Text that ends in a newline.
 */
export function mutateText(
  report: MutationReport,
  palette: Palette,
  skipped: readonly SkippedScenario[],
): string {
  const { mutations, unreached, failing } = report;
  const faults = [...new Set(mutations.map(({ fault }) => fault))];
  const head = ["fault", "safety", "places", "noticed", "scenarios", "what goes wrong"];
  const rows = faults.map((fault) => faultCells(fault, mutations, palette));
  const lines = layout([head.map((text) => ({ text, paint: palette.dim })), ...rows], [2, 3, 4]);
  const holes = mutations.filter((one) => !isNoticed(one));
  if (holes.length > 0) lines.push("", palette.yellow("Holes: nobody notices"));
  lines.push(...holes.map((hole) => `  ${hole.fault} at ${placeName(hole)}, ${reachText(hole)}`));
  if (unreached.length > 0) lines.push("", `Not reached: ${unreached.join(", ")}`);
  for (const file of failing) {
    lines.push("", palette.red(`Left out, as it fails without a fault: ${escapeControl(file)}`));
  }
  lines.push(...skippedLines(skipped, palette));
  return [...lines, "", sumText(report, palette)].join("\n") + "\n";
}

function faultCells(fault: FaultName, all: readonly Mutation[], palette: Palette): Cell[] {
  const mine = all.filter((one) => one.fault === fault);
  const noticed = mine.filter(isNoticed).length;
  const scenarios = new Set(mine.flatMap(({ noticedBy }) => noticedBy)).size;
  const paint = noticed === 0
    ? palette.red
    : noticed < mine.length
    ? palette.yellow
    : palette.green;
  return [
    { text: fault },
    { text: UNSAFE_FAULTS.has(fault) ? "breaks" : "" },
    { text: String(mine.length) },
    { text: String(noticed), paint },
    { text: String(scenarios) },
    { text: INJECTABLE_FAULTS[fault], paint: palette.dim },
  ];
}

function reachText({ reachedBy }: Mutation): string {
  const shown = reachedBy.slice(0, 3).map((file) => escapeControl(file)).join(", ");
  const more = reachedBy.length > 3 ? ` and ${reachedBy.length - 3} more` : "";
  return `reached by ${shown}${more}`;
}

function sumText(report: MutationReport, { green, red }: Palette): string {
  const { mutations, unsafeHoles } = report;
  const noticed = mutations.filter(isNoticed).length;
  const percent = mutations.length === 0 ? 0 : Math.floor((1000 * noticed) / mutations.length) / 10;
  const all = `${noticed} of ${
    amount(mutations.length, "fault and site pair")
  } noticed (${percent}%)`;
  const unsafe = unsafeHoles.length === 0
    ? green("every fault that breaks safety is noticed")
    : red(`nobody notices ${unsafeHoles.join(", ")}`);
  return indent(wrap(all, 98), 0).join("\n") + `; ${unsafe}`;
}

function isNoticed({ noticedBy }: Mutation): boolean {
  return noticedBy.length > 0;
}

function placeName({ site }: Mutation): string {
  return site === 0 ? "any place" : siteName(site);
}
