/**
 * Scenarios: read them, test them, compare policies, and see who notices a mistake.
 *
 * Depends on a YAML parser and nothing else; runs in Deno, in Node and in browsers.
 *
 * ```ts
 * import { compareScenario } from "@mmulab/mmulab/scenario";
 * import { assertEquals } from "@std/assert";
 *
 * const { runs } = compareScenario(`
 * name: mprotect under an ODP region
 * processes: { app: {} }
 * listeners: { nic: { kind: odp, process: app } }
 * steps:
 *   - mmap: { process: app, name: buf, size: 8 pages }
 *   - fill: { range: buf }
 *   - reg_mr: { listener: nic, range: buf, access: ro }
 *   - rdma_read: { listener: nic, range: buf }
 *   - mprotect: { range: buf, prot: r }
 *   - rdma_read: { listener: nic, range: buf }
 * `);
 * assertEquals(runs.map((run) => run.figures["nic.faults"]), [16, 8, 8]);
 * ```
 *
 * @module
 */

export {
  type CompareOptions,
  comparePolicies,
  type CompareProgress,
  compareSteps,
  type Comparison,
  type RunSummary,
} from "./lib/compare/compare.ts";
export { StepError } from "./lib/compare/step_error.ts";
export type { Consumption } from "./lib/compare/consumers.ts";
export type { EventTally } from "./lib/compare/event_meter.ts";
export {
  type EventProgress,
  type EventRow,
  type EventTable,
  type EventTableOptions,
  type SiteCounts,
  tabulateEvents,
  tabulateRuns,
} from "./lib/compare/event_table.ts";
export type { ByColumn, ListenerComparison, WindowCounts } from "./lib/compare/listeners.ts";
export {
  mutate,
  type MutateOptions,
  mutateRuns,
  type Mutation,
  type MutationProgress,
  type MutationReport,
} from "./lib/compare/mutate.ts";
export type { RunsOfProgram } from "./lib/compare/over_runs.ts";
export {
  type ScenarioTest,
  type TestedCell,
  type TestProgress,
  testScenario,
  type TestScenarioOptions,
  testSteps,
} from "./lib/compare/test_scenario.ts";
export {
  compareScenario,
  type CompareScenarioOptions,
  runScenario,
  type RunScenarioOptions,
  type ScenarioSource,
} from "./lib/compare/run_scenario.ts";
export { type Diagnostic, formatDiagnostic, ScenarioError } from "./lib/scenario/diagnostics.ts";
export { attachListener, type Attachment } from "./lib/machine/attach.ts";
export {
  type CompareExpectation,
  type ComputedQuantity,
  type Condition,
  type Countable,
  type Demand,
  type Expectation,
  type LineRange,
  type Matcher,
  type NamedQuantity,
  type NamedValue,
  PAGE_FLAGS,
  PAGE_NUMBERS,
  type PageDemand,
  type PageFlag,
  type PageNumber,
  type PlacedRange,
  type Quantity,
  type SequenceItem,
  type VmaDemand,
  type Written,
} from "./lib/machine/expectation.ts";
export type { BinaryOperator, Expression, NameValues, Value } from "./lib/machine/expression.ts";
export type { Failure, ResolvedValue } from "./lib/machine/observed.ts";
export { operation, OPERATIONS } from "./lib/machine/ops/mod.ts";
export {
  type Capture,
  type Formula,
  type Gate,
  type Interlude,
  type LateArguments,
  type LoopEnd,
  type MachineSettings,
  newProgram,
  newStep,
  type PageSource,
  type Program,
  type ProgramListener,
  type ProgramPolicy,
  type ProgramProcess,
  type SourcePosition,
  type Step,
} from "./lib/machine/program.ts";
export {
  type PlacedViolation,
  prepareMachine,
  type RunOptions,
  runProgram,
  type RunResult,
  runSteps,
  type StepResult,
} from "./lib/machine/run.ts";
export {
  type CheckedScenario,
  checkScenario,
  parseScenario,
  type ScenarioOptions,
} from "./lib/scenario/scenario.ts";
export type { IncludedFile, ReadInclude } from "./lib/scenario/includes.ts";
export { type KnownNames, parseSteps, type StepTextOptions } from "./lib/scenario/step_text.ts";
export type { Variables } from "./lib/scenario/variables.ts";
export type { FigureNames, ListenerKind, Vocabulary } from "./lib/scenario/vocabulary.ts";
export { type ObservedRun, type ObservedStep, scenarioText } from "./lib/scenario/write.ts";
