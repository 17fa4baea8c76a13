/**
 * The formats of traces by name.
 *
 * @module
 */

import { perfettoJson, type TracedRun } from "./trace_events.ts";
import { ftraceText, traceLines } from "./trace_files.ts";

const RENDERERS: Readonly<Record<string, (runs: readonly TracedRun[]) => string>> = {
  perfetto: perfettoJson,
  ftrace: ftraceText,
  jsonl: traceLines,
};

/**
 * Renders recorded runs.
 *
 * @param format Name of the format, such as `perfetto`.
 * @param runs The runs.
 * @returns The trace.
 * @throws {RangeError} If there is no such format.
 */
export function renderTrace(format: string, runs: readonly TracedRun[]): string {
  if (!Object.hasOwn(RENDERERS, format)) {
    throw new RangeError(`Cannot render trace "${format}": unknown format`);
  }
  return RENDERERS[format](runs);
}
