/**
 * The command `run`.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";
import { columnsOf } from "../machine/program.ts";
import type { CheckedFile } from "../report/json.ts";
import { runJson } from "../report/json.ts";
import { amount } from "../report/numbers.ts";
import type { DocumentOptions } from "../report/report_document.ts";
import { hasPassed, isInconclusive, isSkipped, type ScenarioResult } from "../report/results.ts";
import type { TraceFormat } from "../report/render_trace.ts";
import { runText } from "../report/run_text.ts";
import { loadAll, reportProblems } from "./check_command.ts";
import { writeFile, writeProblems } from "./destinations.ts";
import { judgeFiles } from "./judge.ts";
import { FAILED, INCONCLUSIVE, PASSED } from "./exit_code.ts";
import type { Threads } from "./jobs.ts";
import { isWrong } from "./load.ts";
import { refuse, type Streams, type TextStream } from "./output.ts";
import { newProgress } from "./progress.ts";
import { endsRun, type Outcome, runOne, type RunRequest } from "./run_one.ts";
import { keepFailed, readFailed } from "./run_state.ts";
import { type RawRunnerOptions, type RunnerSettings, runnerSettingsOf } from "./runner_settings.ts";
import { isSelected, noKernelText, type PlannedScenario, select } from "./selection.ts";
import type { Settings } from "./settings.ts";

/** A scenario that ran, with what was measured. */
interface Ran {
  readonly planned: PlannedScenario;
  readonly result: ScenarioResult;
  readonly wall_ms: readonly number[];
}

/**
 * Runs scenarios and reports whether they passed.
 *
 * @param paths Files, folders and patterns.
 * @param settings The options that all commands have.
 * @param raw The options that only this one has.
 * @param streams Where to write.
 * @param read Takes the names of the files that were read.
 * @returns The exit code.
 * @throws {ValidationError} If an option is wrong.
 */
export async function run(
  paths: readonly string[],
  settings: Settings,
  raw: RawRunnerOptions,
  streams: Streams,
  read: Set<string> = new Set(),
): Promise<number> {
  const runner = runnerSettingsOf(raw);
  if (settings.json && runner.reports.some(({ file }) => file === undefined)) {
    throw new ValidationError("Cannot write --json and --report github to the same output");
  }
  const files = filesOf(paths, runner);
  if (typeof files === "string") return refuse(files, streams.err);
  if (files.length === 0) {
    streams.out.write("Nothing failed in the last run\n");
    return PASSED;
  }
  using threads = await startThreads(settings, runner);
  const loaded = loadAll(files, settings);
  for (const file of loaded.sources.keys()) read.add(file);
  if (isWrong(loaded)) return reportProblems(loaded, settings, streams);
  const chosen = loaded.scenarios.filter((scenario) => isSelected(scenario, runner));
  const selected = chosen.length;
  if (selected === 0) return refuse(nothingText(loaded.scenarios), streams.err);
  const nothing = noKernelText(chosen, settings.kernels);
  if (nothing !== undefined) return refuse(nothing, streams.err);
  const planned = select(loaded.scenarios, runner);
  if (runner.shuffle !== undefined) {
    streams.err.write(`shuffled: repeat this order with --shuffle=${runner.shuffle}\n`);
  }
  if (runner.dryRun) return await showPlan(planned, settings, streams);
  const [forbidden] = writeProblems([...runner.reports, ...runner.traces]);
  if (forbidden !== undefined) return refuse(forbidden, streams.err);
  const { ran, problems } = await runAll(planned, {
    settings,
    runner,
    sources: loaded.sources,
    err: streams.err,
    threads,
  });
  if (problems.length > 0) {
    return reportProblems({ ...loaded, files: problems }, settings, streams);
  }
  const { sources } = loaded;
  const judged = judgeFiles(ran.map(({ result }) => result), loaded.scenarios, settings);
  return await finish(ran.map((one, at) => ({ ...one, result: judged[at] })), {
    settings,
    runner,
    streams,
    sources,
    planned: planned.length,
    selected,
  });
}

/** Starts workers before anything is read; a listener of the user's own lives on this thread. */
async function startThreads(
  { listeners }: Settings,
  { jobs, dryRun }: RunnerSettings,
): Promise<Threads | undefined> {
  if (jobs === 1 || dryRun || listeners.length > 0) return undefined;
  const { Threads } = await import("./jobs.ts");
  return new Threads(jobs - 1);
}

/** The files to run: those given, or among them those that failed last time. */
function filesOf(paths: readonly string[], { rerunFailed }: RunnerSettings) {
  if (!rerunFailed) {
    if (paths.length === 0) throw new ValidationError("Missing argument(s): files");
    return paths;
  }
  const last = readFailed();
  if ("problem" in last) return last.problem;
  if (paths.length === 0) return last.files;
  const roots = paths.map((path) => path.replace(/\/+$/, ""));
  return last.files.filter((file) =>
    roots.some((root) => file === root || file.startsWith(`${root}/`))
  );
}

function nothingText(scenarios: readonly { readonly program: { tags: readonly string[] } }[]) {
  const tags = [...new Set(scenarios.flatMap(({ program }) => program.tags))].sort();
  const known = tags.length === 0 ? "they have no tags" : `their tags are ${tags.join(", ")}`;
  return `No scenario is selected of ${scenarios.length}; ${known}`;
}

async function showPlan(
  planned: readonly PlannedScenario[],
  { policies, json }: Settings,
  { out }: Streams,
): Promise<number> {
  const { planJson, planText } = await import("../report/plan_text.ts");
  const plan = planned.map(({ file, program, kernels }) => ({
    file,
    program,
    kernels,
    policies: policies.length > 0 ? policies : columnsOf(program),
  }));
  out.write(
    json ? `${JSON.stringify(planJson(plan), null, 2)}\n` : planText(plan, out.palette),
  );
  return PASSED;
}

/** What the scenarios are run with. */
interface Running {
  readonly settings: Settings;
  readonly runner: RunnerSettings;
  readonly sources: ReadonlyMap<string, string>;
  readonly err: TextStream;
  readonly threads: Threads | undefined;
}

async function runAll(
  planned: readonly PlannedScenario[],
  running: Running,
): Promise<{ ran: Ran[]; problems: CheckedFile[] }> {
  const outcomes = await outcomesOf(planned, running);
  const problems = outcomes.flatMap((outcome) => "problem" in outcome ? [outcome.problem] : []);
  const ran = outcomes.flatMap((outcome, index): Ran[] => {
    if ("problem" in outcome) return [];
    const { file, program } = planned[index];
    const comparisons = outcome.comparisons.map((one) => ({ ...one, program }));
    const { wall_ms } = outcome;
    return [{ planned: planned[index], result: { file, program, comparisons }, wall_ms }];
  });
  return { ran, problems };
}

/** Runs the scenarios: here, one after the other, or on threads as well. */
async function outcomesOf(
  planned: readonly PlannedScenario[],
  { settings, runner, sources, err, threads }: Running,
): Promise<Outcome[]> {
  const request = requestOf(settings, runner);
  const progress = newProgress(err);
  const runHere = (index: number) => {
    const title = `${index + 1} of ${planned.length}: ${planned[index].file}`;
    return runOne(planned[index], request, (at) => progress.update(() => `${title}, ${at()}`));
  };
  try {
    if (threads === undefined) return runInTurn(planned.length, runHere, runner.failFast);
    const { newWork } = await import("./jobs.ts");
    const jobs = planned.map(({ file, cell, kernels }) => {
      return { file, cell, kernels, text: sources.get(file) ?? "" };
    });
    const weights = planned.map(({ program, kernels }) => program.steps.length * kernels.length);
    const { variables } = settings;
    const { failFast } = runner;
    return await threads.run(newWork({ jobs, weights, variables, request, failFast }), runHere);
  } finally {
    progress.done();
  }
}

function runInTurn(
  count: number,
  run: (index: number) => Outcome,
  failFast: boolean,
): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let index = 0; index < count; index++) {
    outcomes.push(run(index));
    if (failFast && endsRun(outcomes[index])) break;
  }
  return outcomes;
}

function requestOf(
  { policies, seed }: Settings,
  { traceLimit, reports, traces, coverage }: RunnerSettings,
): RunRequest {
  const wants = { timelines: reports.length > 0, traces: traces.length > 0 };
  return { policies, seed, traceLimit, coverage, ...wants };
}

/** How a run was asked for. */
interface Asked {
  readonly settings: Settings;
  readonly runner: RunnerSettings;
  readonly streams: Streams;
  readonly sources: ReadonlyMap<string, string>;
  /** How many scenarios were to run. */
  readonly planned: number;
  /** How many there are in all shards. */
  readonly selected: number;
}

async function finish(ran: readonly Ran[], asked: Asked): Promise<number> {
  const { settings, runner, streams, planned } = asked;
  const { out, err } = streams;
  const results = ran.map(({ result }) => result);
  const options = { palette: out.palette, ...callOf(settings, runner) };
  const coverage = await coverageOf(ran, runner);
  const json = () => `${JSON.stringify({ ...runJson(results, options), ...coverage }, null, 2)}\n`;
  out.write(settings.json ? json() : runText(results, options));
  if (coverage !== undefined && !settings.json) {
    const { coverageText } = await import("../report/coverage_text.ts");
    out.write(`\n${coverageText(coverage.coverage, out.palette)}`);
  }
  const left = planned - ran.length;
  if (left > 0) {
    err.write(`stopped after the first failure: ${amount(left, "scenario")} left out\n`);
  }
  if (runner.profile) {
    const { profileText } = await import("../report/profile_text.ts");
    err.write(profileText(ran, err.palette));
  }
  const failed = results.filter((result) => !hasPassed(result)).map(({ file }) => file);
  const tried = results.filter((result) => !isSkipped(result)).map(({ file }) => file);
  const lost = keepFailed(tried, failed);
  if (lost !== undefined) err.write(`--rerun-failed will not know of this run: ${lost}\n`);
  const trouble = await writeReports(ran, asked, { ...options, ...coverage }) ??
    await writeTraces(ran, runner);
  return trouble === undefined ? exitCodeOf(results) : refuse(trouble, err);
}

/** What all scenarios reached, as a member of a document; undefined where it is not asked for. */
async function coverageOf(ran: readonly Ran[], { coverage }: RunnerSettings) {
  if (!coverage) return undefined;
  const parts = ran.flatMap(({ result }) => result.comparisons.map(({ coverage }) => coverage));
  const { joinCoverage, NO_COVERAGE } = await import("../compare/coverage.ts");
  return { coverage: joinCoverage(parts.map((part) => part ?? NO_COVERAGE)) };
}

/** Writes what was asked for; gives what went wrong. */
async function writeReports(
  ran: readonly Ran[],
  { runner, streams, selected }: Asked,
  options: DocumentOptions,
): Promise<string | undefined> {
  const { reports, shard = null } = runner;
  if (reports.length === 0) return undefined;
  const { reportDocument } = await import("../report/report_document.ts");
  const { renderReport } = await import("../report/render.ts");
  const document = reportDocument(ran.map(({ result }) => result), {
    ...options,
    shard,
    selected,
    orders: ran.map(({ planned }) => planned.order),
  });
  for (const { kind, file } of reports) {
    const text = renderReport(kind, document);
    if (file === undefined) streams.out.write(text);
    const trouble = file === undefined ? undefined : writeFile(file, text);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

async function writeTraces(
  ran: readonly Ran[],
  { traces }: RunnerSettings,
): Promise<string | undefined> {
  if (traces.length === 0) return undefined;
  const { renderTrace } = await import("../report/render_trace.ts");
  const comparisons = ran.flatMap(({ result }) => result.comparisons);
  const runs = comparisons.flatMap(({ traces = [] }) => traces);
  for (const { kind, file } of traces) {
    const trouble = file === undefined
      ? undefined
      : writeFile(file, renderTrace(kind as TraceFormat, runs));
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

/** How to call the program again. */
function callOf({ invocation, rerun }: Settings, { traceLimit }: RunnerSettings) {
  const limit = traceLimit === undefined ? [] : ["--trace-limit", String(traceLimit)];
  return { invocation, settings: [...rerun, ...limit] };
}

function exitCodeOf(results: readonly ScenarioResult[]): number {
  if (!results.every(hasPassed)) return FAILED;
  return results.some(isInconclusive) ? INCONCLUSIVE : PASSED;
}
