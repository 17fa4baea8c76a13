/**
 * Scenarios that were not run, in the reports on sets of scenarios.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { Palette } from "./palette.ts";

/** A scenario that was not run, because it names none of the kernels asked for. */
export interface SkippedScenario {
  /** Name of the file. */
  readonly file: string;
  /** Title. */
  readonly name: string;
  /** Why, such as `names only v5.2`. */
  readonly reason: string;
}

/**
 * Lists what was skipped.
 *
 * @param skipped The scenarios.
 * @param palette Colours.
 * @returns Lines, the first of them empty; none where there is nothing.
 */
export function skippedLines(skipped: readonly SkippedScenario[], { yellow }: Palette): string[] {
  if (skipped.length === 0) return [];
  const lines = skipped.map(({ file, reason }) => `  ${escapeControl(file)}: ${reason}`);
  return ["", yellow("Skipped"), ...lines];
}
