/**
 * The formats of traces by name.
 *
 * @module
 */

import { perfettoJson, type TracedRun } from "./trace_events.ts";
import { ftraceText, traceLines } from "./trace_files.ts";

/** A format of traces: for Perfetto and chrome://tracing, as ftrace, or a line per record. */
export type TraceFormat = "perfetto" | "ftrace" | "jsonl";

const RENDERERS: Readonly<Record<TraceFormat, (runs: readonly TracedRun[]) => string>> = {
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
export function renderTrace(format: TraceFormat, runs: readonly TracedRun[]): string {
  if (!Object.hasOwn(RENDERERS, format)) {
    const known = Object.keys(RENDERERS).join(", ");
    throw new RangeError(`Cannot make trace "${format}": expected one of ${known}`);
  }
  return RENDERERS[format](runs);
}
