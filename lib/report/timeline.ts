/**
 * What a document holds of a recorded run.
 *
 * @module
 */

import type { RecordedRun } from "../compare/recorded.ts";
import type { ReportPageStep, ReportTimeline } from "./document.ts";

/** Most windows of a run in a document. */
export const MAX_WINDOWS = 200;

/**
 * Cuts a recorded run down to what a document holds of it.
 *
 * @param run The run.
 * @param pages What its steps changed in the page tables.
 * @returns Its first windows.
 */
export function timelineOf(
  { kernel, policy, processes, windows }: RecordedRun,
  pages: readonly ReportPageStep[],
): ReportTimeline {
  const nameOf = (mm: number) => processes.find((one) => one.mm === mm)?.name ?? `mm ${mm}`;
  const shown = windows.slice(0, MAX_WINDOWS)
    .map(({ mm, ...window }) => ({ process: nameOf(mm), ...window }));
  return { kernel, policy, total: windows.length, windows: shown, pages };
}
