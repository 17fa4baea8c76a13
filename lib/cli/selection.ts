/**
 * Which scenarios run, and in which order.
 *
 * @module
 */

import { Rng } from "../kernel/rng.ts";
import { cellText } from "../machine/program.ts";
import type { LoadedScenario } from "./load.ts";
import { skipText } from "../report/results.ts";
import type { SkippedScenario } from "../report/skipped.ts";
import type { RunnerSettings } from "./runner_settings.ts";

/** A scenario with its place among all that were selected. */
export interface PlannedScenario extends LoadedScenario {
  /** Place among the selected scenarios of all shards, from 0. */
  readonly order: number;
}

/** What selects. */
export type Selection = Pick<RunnerSettings, "tags" | "filter" | "shard" | "shuffle">;

/**
 * Selects scenarios by tags and text, shuffles them and takes the part that is asked for.
 *
 * The parts of all shards together are the whole, whatever the order.
 *
 * @param scenarios The scenarios.
 * @param selection What selects.
 * @returns The scenarios to run, in their order.
 */
export function select(
  scenarios: readonly LoadedScenario[],
  selection: Selection,
): PlannedScenario[] {
  const { shuffle, shard } = selection;
  const found = scenarios.filter((scenario) => isSelected(scenario, selection));
  if (shuffle !== undefined) shuffleInPlace(found, new Rng(shuffle));
  const planned = found.map((scenario, order) => ({ ...scenario, order }));
  if (shard === undefined) return planned;
  return planned.filter(({ order }) => order % shard.of === shard.index - 1);
}

/**
 * Tells whether tags and text select a scenario.
 *
 * @param scenario The scenario.
 * @param selection What selects.
 * @returns True if so.
 */
export function isSelected(
  { file, program }: LoadedScenario,
  { tags, filter }: Selection,
): boolean {
  if (tags !== undefined && !tags(program.tags)) return false;
  const text = `${file} ${cellText(program)}\n${program.name}`;
  return filter === undefined || text.toLowerCase().includes(filter);
}

/** Scenarios that run, and those that do not, because they name none of the kernels asked for. */
export interface UnderKernels {
  /** The scenarios that run, with the kernels under which they do as those of their programs. */
  readonly running: readonly LoadedScenario[];
  /** The others. */
  readonly skipped: readonly SkippedScenario[];
}

/**
 * Leaves out the scenarios that run under no kernel.
 *
 * @param scenarios The scenarios.
 * @returns Those that run, and those that do not.
 */
export function underKernels(scenarios: readonly LoadedScenario[]): UnderKernels {
  const running = scenarios.flatMap((one) =>
    one.kernels.length === 0 ? [] : [{ ...one, program: { ...one.program, kernels: one.kernels } }]
  );
  const skipped = scenarios.filter(({ kernels }) => kernels.length === 0).map((
    { file, program },
  ) => ({ file, name: program.name, reason: skipText({ program }) }));
  return { running, skipped };
}

/**
 * Says that no scenario runs under the kernels that are asked for.
 *
 * @param scenarios The scenarios.
 * @param kernels The kernels.
 * @returns A sentence without a final period; undefined where one runs.
 */
export function noKernelText(
  scenarios: readonly LoadedScenario[],
  kernels: readonly string[],
): string | undefined {
  if (scenarios.some((scenario) => scenario.kernels.length > 0)) return undefined;
  const known = [...new Set(scenarios.flatMap(({ program }) => program.kernels))].sort();
  return `No scenario of ${scenarios.length} names ${kernels.join(" or ")}; ` +
    `their kernels are ${known.join(", ")}. A file that is named itself runs under any kernel`;
}

function shuffleInPlace<T>(items: T[], rng: Rng): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = rng.below(last + 1);
    [items[last], items[other]] = [items[other], items[last]];
  }
}
