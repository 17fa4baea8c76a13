/**
 * The options that only `run` has: what is selected, how it is run and what is written.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";
import { parseTags, type TagFilter } from "../scenario/tag_expression.ts";
import { type Destination, REPORT_KINDS, TRACE_FORMATS } from "./destinations.ts";
import { suggestion } from "../scenario/suggest.ts";

/** The options as they come from the command line. */
export interface RawRunnerOptions {
  /** Expression over tags. */
  readonly tags?: string | undefined;
  /** Text that name or file must have. */
  readonly filter?: string | undefined;
  /** Part of the scenarios, such as `1/3`. */
  readonly shard?: string | undefined;
  /** Whether to stop after the first failure. */
  readonly failFast?: boolean | undefined;
  /** Whether to shuffle, or the seed for it. */
  readonly shuffle?: number | true | undefined;
  /** Whether to show what would run. */
  readonly dryRun?: boolean | undefined;
  /** Whether to measure. */
  readonly profile?: boolean | undefined;
  /** Whether to say what was reached. */
  readonly coverage?: boolean | undefined;
  /** Whether to run only what failed. */
  readonly rerunFailed?: boolean | undefined;
  /** Reports to write. */
  readonly report?: readonly string[] | undefined;
  /** Traces to write. */
  readonly trace?: readonly string[] | undefined;
  /** Most trace records of a run. */
  readonly traceLimit?: number | undefined;
  /** Scenarios that run at the same time. */
  readonly jobs?: number | undefined;
}

/** One part of several. */
export interface Shard {
  /** Which part, from 1. */
  readonly index: number;
  /** How many there are. */
  readonly of: number;
}

/** The options of a run. */
export interface RunnerSettings {
  /** Test of the tags; all where missing. */
  readonly tags?: TagFilter;
  /** Text that name or file must have, in lower case. */
  readonly filter?: string;
  /** The part to run. */
  readonly shard?: Shard;
  /** Whether to stop after the first failure. */
  readonly failFast: boolean;
  /** Seed of the order; that of the command line where missing. */
  readonly shuffle?: number;
  /** Whether to show what would run. */
  readonly dryRun: boolean;
  /** Whether to measure. */
  readonly profile: boolean;
  /** Whether to say what was reached. */
  readonly coverage: boolean;
  /** Whether to run only what failed. */
  readonly rerunFailed: boolean;
  /** Reports to write. */
  readonly reports: readonly Destination[];
  /** Traces to write. */
  readonly traces: readonly Destination[];
  /** Most trace records of a run. */
  readonly traceLimit?: number;
  /** Scenarios that run at the same time. */
  readonly jobs: number;
}

/** Most scenarios that run at the same time. */
const MAX_JOBS = 64;

/**
 * Checks the options of a run.
 *
 * @param raw The options.
 * @param chance Makes a seed where the order is left to chance.
 * @returns The settings.
 * @throws {ValidationError} If anything is wrong.
 */
export function runnerSettingsOf(
  raw: RawRunnerOptions,
  chance: () => number = randomSeed,
): RunnerSettings {
  const { tags, filter, shard, shuffle, traceLimit, jobs = 1 } = raw;
  requireRange("--jobs", jobs, 1, MAX_JOBS);
  if (traceLimit !== undefined) requireRange("--trace-limit", traceLimit, 1, 2 ** 26);
  if (typeof shuffle === "number") requireRange("--shuffle", shuffle, 0, Number.MAX_SAFE_INTEGER);
  return {
    ...(tags === undefined ? {} : { tags: readTags(tags) }),
    ...(filter === undefined ? {} : { filter: filter.toLowerCase() }),
    ...(shard === undefined ? {} : { shard: readShard(shard) }),
    failFast: raw.failFast === true,
    ...(shuffle === undefined ? {} : { shuffle: shuffle === true ? chance() : shuffle }),
    dryRun: raw.dryRun === true,
    profile: raw.profile === true,
    coverage: raw.coverage === true,
    rerunFailed: raw.rerunFailed === true,
    reports: (raw.report ?? []).map((text) => readDestination("--report", text, REPORT_KINDS)),
    traces: (raw.trace ?? []).map((text) => readDestination("--trace", text, TRACE_FORMATS)),
    ...(traceLimit === undefined ? {} : { traceLimit }),
    jobs,
  };
}

function readTags(text: string): TagFilter {
  try {
    return parseTags(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new ValidationError(error.message);
    throw error;
  }
}

function readShard(text: string): Shard {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (index >= 1 && of >= index) return { index, of };
  throw new ValidationError(`Cannot read shard "${text}": expected i/n with i from 1 to n`);
}

/**
 * Reads a word such as `junit=out.xml`.
 *
 * @param option The option, for messages.
 * @param text The word.
 * @param kinds The kinds that there are, and whether they go to a file.
 * @returns Kind and file.
 * @throws {ValidationError} If it cannot be read.
 */
export function readDestination(
  option: string,
  text: string,
  kinds: Readonly<Record<string, boolean>>,
): Destination {
  const at = text.indexOf("=");
  const kind = at < 0 ? text : text.slice(0, at);
  const file = at < 0 ? "" : text.slice(at + 1);
  if (!Object.hasOwn(kinds, kind)) {
    const hint = suggestion(kind, Object.keys(kinds));
    const message = `Unknown kind "${kind}" of ${option}`;
    throw new ValidationError(hint === undefined ? message : `${message}. ${hint}`);
  }
  if (!kinds[kind]) {
    if (at < 0) return { kind };
    throw new ValidationError(`Cannot write ${option} ${kind} to a file: it goes to the output`);
  }
  if (file !== "") return { kind, file };
  throw new ValidationError(`Missing file of ${option} ${kind}: write ${option} ${kind}=FILE`);
}

function requireRange(option: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new ValidationError(
    `Option "${option}" must be an integer from ${least} to ${most}, got "${value}"`,
  );
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0];
}
