/**
 * Reports: comparisons and runs as text, JSON and pages, and the state of a machine in the formats
 * of the kernel and of crash.
 *
 * ```ts
 * import { report } from "@mmulab/mmulab/report";
 * import { compareScenario } from "@mmulab/mmulab/scenario";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const comparison = compareScenario(`
 * name: A page goes away
 * processes: { app: {} }
 * listeners: { nic: { kind: odp, process: app } }
 * steps:
 *   - mmap: { process: app, name: buf, size: 1 page }
 *   - reg_mr: { listener: nic, range: buf }
 *   - rdma_write: { listener: nic, range: buf }
 *   - munmap: { range: buf }
 * `);
 * assertStringIncludes(report("junit", comparison), 'name="A page goes away"');
 * ```
 *
 * @module
 */

export type { Coverage, EventCoverage } from "./lib/compare/coverage.ts";
export type {
  CallbackName,
  RecordedCallback,
  RecordedOperation,
  RecordedRun,
  RecordedSample,
  RecordedWindow,
} from "./lib/compare/recorded.ts";
export { compareText } from "./lib/report/compare_text.ts";
export type {
  ReportDocument,
  ReportFailure,
  ReportKernel,
  ReportListener,
  ReportPageChange,
  ReportPageStep,
  ReportRun,
  ReportScenario,
  ReportTimeline,
  Status,
} from "./lib/report/document.ts";
export { parseReport } from "./lib/report/document_shape.ts";
export type { ReportOptions } from "./lib/report/options.ts";
export { githubText } from "./lib/report/github.ts";
export { htmlReport } from "./lib/report/html.ts";
export {
  compareJson,
  type CompareReportJson,
  type ComparisonJson,
  type FailureJson,
  type RunJson,
  runJson,
  type RunReportJson,
  type StepJson,
} from "./lib/report/json.ts";
export { junitXml } from "./lib/report/junit.ts";
export { chainText, countersText, listenerText } from "./lib/report/listeners_text.ts";
export { mapsText, smapsText } from "./lib/report/maps_text.ts";
export { kmemText, ksmText, swapText, vmstatText } from "./lib/report/memory_text.ts";
export { pageListText, pagemapText, pageTypesText, rmapText } from "./lib/report/pages_text.ts";
export { ANSI, type Palette, PLAIN } from "./lib/report/palette.ts";
export {
  recordComparison,
  type Recorded,
  type RecordedComparison,
  type RecordOptions,
  recordSteps,
} from "./lib/report/record.ts";
export { MachineRecorder } from "./lib/report/machine_recorder.ts";
export { report, type ReportKind } from "./lib/report/render.ts";
export { renderTrace, type TraceFormat } from "./lib/report/render_trace.ts";
export { type DocumentOptions, reportDocument } from "./lib/report/report_document.ts";
export type { Reportable, Reported, ScenarioResult } from "./lib/report/results.ts";
export { runText } from "./lib/report/run_text.ts";
export type { ExcerptLine } from "./lib/report/source_text.ts";
export { resultText, stepListText, tickText } from "./lib/report/steps_text.ts";
export { tapText } from "./lib/report/tap.ts";
export type { TracedRun } from "./lib/report/trace_events.ts";
export { eventTableText } from "./lib/report/events_text.ts";
export { heatMapHtml, heatMapSvg } from "./lib/report/heat_map.ts";
export type { SkippedScenario } from "./lib/report/skipped.ts";
export { type EventOrigin, eventsText, ftraceText } from "./lib/report/trace_text.ts";
export { psText, vmPagesText, vmText } from "./lib/report/vm_text.ts";
export { pteText, vtopText } from "./lib/report/vtop_text.ts";
