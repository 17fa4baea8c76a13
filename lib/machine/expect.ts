/**
 * Evaluation of expectations: after each step, and at the end of a run.
 *
 * Two demands hold without being written: a step does not fail (unless `ret` or `errno` speak of
 * its result), and there are no violations (unless `violations` speaks of them).
 *
 * @module
 */

import { ERRNO, errnoName } from "../kernel/errno.ts";
import type { TraceRecord } from "../kernel/trace.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/events.ts";
import type { Condition, Countable, Demand, Expectation, Matcher } from "./expectation.ts";
import { checkPages } from "./expect_pages.ts";
import { checkSequence } from "./expect_sequence.ts";
import { checkVmas } from "./expect_vmas.ts";
import type { Expression, NameValues } from "./expression.ts";
import { expressionText, treeLines } from "./expression_text.ts";
import { match } from "./matcher.ts";
import type { Failure, Mismatch, Observed } from "./observed.ts";
import type { Program, Step } from "./program.ts";

/** Figures as they were before a step. */
export type Baseline = ReadonlyMap<string, number>;

/** Checked where a step says nothing of violations. */
const NO_VIOLATIONS: Pick<Expectation, "text" | "position"> = {
  text: "violations: 0 (unless others are expected)",
  position: null,
};

/** Checked where a step says nothing of its result. */
const NOT_FAILED: Expectation = {
  demand: { kind: "ret", matcher: { operator: ">=", operand: 0 } },
  text: "ret: '>= 0' (unless ret or errno is expected)",
  when: {},
  position: null,
};

/**
 * Reads the figures whose change a step's expectations ask for; call it before the step.
 *
 * @param expectations The expectations of the step.
 * @param observed The machine before the step.
 * @returns The figures, to be given to {@linkcode checkStep}.
 */
export function takeBaseline(
  expectations: readonly Expectation[],
  observed: Pick<Observed, "figure">,
): Baseline {
  const baseline = new Map<string, number>();
  for (const { demand } of expectations) {
    if (demand.kind === "delta") baseline.set(demand.name, observed.figure(demand.name) ?? 0);
  }
  return baseline;
}

/**
 * Checks everything that is expected after a step.
 *
 * @param program The program.
 * @param index Index of the step.
 * @param observed The machine after the step.
 * @param baseline Figures from before the step.
 * @returns The expectations that do not hold, in the order of the scenario.
 */
export function checkStep(
  program: Program,
  index: number,
  observed: Observed,
  baseline: Baseline,
): Failure[] {
  const step = program.steps[index];
  const failures = checkMeanwhile(step, index, observed, baseline);
  const claims = applicable([...step.expect, ...program.expect], observed);
  const unexpected = unclaimed(claims, observed);
  if (unexpected) {
    failures.push(failure({ ...NO_VIOLATIONS, position: step.position }, index, unexpected));
  }
  return failures;
}

/**
 * Checks what a step itself expects: all there is to check of a step inside another one, as
 * invariants are looked at only between operations.
 *
 * @param step The step.
 * @param index Index of the step that it is, or is part of.
 * @param observed The machine after the step.
 * @param baseline Figures from before the step.
 * @returns The expectations that do not hold.
 */
export function checkMeanwhile(
  step: Step,
  index: number,
  observed: Observed,
  baseline: Baseline,
): Failure[] {
  const wanted = applicable(step.expect, observed);
  const spoken = wanted.some(({ demand }) => demand.kind === "ret" || demand.kind === "errno");
  const all = spoken ? wanted : [{ ...NOT_FAILED, position: step.position }, ...wanted];
  return checkAll(all, index, observed, observed.violations, baseline);
}

/**
 * Checks everything that is expected at the end of a run.
 *
 * @param program The program.
 * @param observed The machine after its final accounting.
 * @returns The expectations that do not hold.
 */
export function checkEnd(program: Program, observed: Observed): Failure[] {
  const wanted = applicable(program.expect, observed);
  const failures = checkAll(wanted, null, observed, observed.allViolations, new Map());
  const unexpected = unclaimed(wanted, observed);
  if (unexpected) failures.push(failure(NO_VIOLATIONS, null, unexpected));
  return failures;
}

/**
 * Looks which expectations hold at the end of a run that need not hold in every run.
 *
 * @param program The program.
 * @param observed The machine after its final accounting.
 * @returns Whether each of them holds, in their order.
 */
export function seenAtEnd({ sometimes }: Program, observed: Observed): boolean[] {
  return sometimes.map(({ demand, when }) =>
    applies(when, observed) &&
    checkDemand(demand, observed, observed.allViolations, new Map()) === undefined
  );
}

/**
 * Tells whether a condition holds in a run.
 *
 * @param when The condition.
 * @param run The kernel profile and, where one is in force, the policy.
 * @returns True if it holds.
 */
export function applies(when: Condition, run: { kernel: string; policy?: string }): boolean {
  if (when.kernels && !when.kernels.includes(run.kernel)) return false;
  if (run.policy === undefined) return true;
  return when.policies === undefined || when.policies.includes(run.policy);
}

/**
 * Puts a mismatch into words and together with its expectation.
 *
 * @param expectation The expectation.
 * @param step Index of the step, or null.
 * @param mismatch What differs.
 * @returns The failure.
 */
export function failure(
  expectation: Pick<Expectation, "text" | "position">,
  step: number | null,
  mismatch: Mismatch,
): Failure {
  const { subject, expected, actual, details } = mismatch;
  const message = `${subject}: expected ${expected}, got ${actual}`;
  const { text, position } = expectation;
  const found = { expectation: text, expected, actual, position, step, message };
  return details === undefined ? found : { ...found, details };
}

function applicable(expectations: readonly Expectation[], observed: Observed): Expectation[] {
  return expectations.filter(({ when }) => applies(when, observed));
}

function checkAll(
  wanted: readonly Expectation[],
  step: number | null,
  observed: Observed,
  violations: Observed["violations"],
  baseline: Baseline,
): Failure[] {
  const failures: Failure[] = [];
  for (const expectation of wanted) {
    const mismatch = checkDemand(expectation.demand, observed, violations, baseline);
    if (mismatch) failures.push(failure(expectation, step, mismatch));
  }
  return failures;
}

function checkDemand(
  demand: Demand,
  observed: Observed,
  violations: Observed["violations"],
  baseline: Baseline,
): Mismatch | undefined {
  switch (demand.kind) {
    case "ret":
      return checkRet(demand.matcher, observed);
    case "errno":
      return checkErrno(demand.names, observed);
    case "value": {
      const value = observed.result?.values?.[demand.name];
      return checkNumber(demand.name, value, demand.matcher, observed);
    }
    case "figure":
      return checkNumber(demand.name, observed.figure(demand.name), demand.matcher, observed);
    case "delta":
      return checkDelta(demand.name, demand.matcher, observed, baseline);
    case "events": {
      const count = countRecords(observed.records(), demand.what);
      return checkNumber(demand.what, count, demand.matcher, observed);
    }
    case "that":
      return checkThat(demand.expression, observed);
    case "sequence":
    case "unordered":
    case "subsequence":
      return checkSequence(demand.items, observed, demand.kind);
    case "vmas":
      return checkVmas(demand.where, demand.demand, observed);
    case "pages":
      return checkPages(demand.where, demand.demand, observed);
    case "violations":
      return checkViolations(demand, observed, violations);
  }
}

function checkNumber(
  subject: string,
  actual: number | undefined,
  matcher: Matcher,
  observed: Observed,
): Mismatch | undefined {
  const { holds, expected } = match(actual ?? NaN, matcher, (name) => observed.figure(name));
  if (holds && actual !== undefined) return undefined;
  return { subject, expected, actual: actual === undefined ? "nothing of that name" : `${actual}` };
}

function checkDelta(name: string, matcher: Matcher, observed: Observed, baseline: Baseline) {
  const now = observed.figure(name);
  const change = now === undefined ? undefined : now - (baseline.get(name) ?? 0);
  return checkNumber(`change of ${name}`, change, matcher, observed);
}

/** An expression that has no value does not hold. */
function checkThat(expression: Expression, observed: Observed): Mismatch | undefined {
  const { result } = observed;
  const values: NameValues = {
    get(name) {
      if (name === "ret") return result?.ret;
      if (name.startsWith("values.")) return result?.values?.[name.slice("values.".length)];
      return observed.captured?.(name) ?? observed.figure(name);
    },
  };
  const details = treeLines(expression, values);
  const [whole] = details;
  const actual = whole.slice(whole.lastIndexOf(" => ") + " => ".length);
  if (actual === "true") return undefined;
  return { subject: expressionText(expression), expected: "true", actual, details };
}

function checkRet(matcher: Matcher, observed: Observed): Mismatch | undefined {
  const ret = observed.result?.ret;
  const mismatch = checkNumber("ret", ret, matcher, observed);
  if (mismatch === undefined || ret === undefined || ret >= 0) return mismatch;
  return { ...mismatch, actual: `${ret} (${errnoName(ret)})` };
}

function checkErrno(names: readonly (keyof typeof ERRNO)[], observed: Observed) {
  const ret = observed.result?.ret ?? 0;
  if (names.some((name) => ret === -ERRNO[name])) return undefined;
  const actual = ret < 0 ? errnoName(ret) : `success (${ret})`;
  return { subject: "errno", expected: names.join(" or "), actual };
}

function checkViolations(
  demand: Extract<Demand, { kind: "violations" }>,
  observed: Observed,
  violations: Observed["violations"],
): Mismatch | undefined {
  const { invariant, matcher } = demand;
  const found = violations.filter((one) => invariant === undefined || one.invariant === invariant);
  const subject = invariant === undefined ? "violations" : `violations of ${invariant}`;
  const mismatch = checkNumber(subject, found.length, matcher, observed);
  if (mismatch === undefined || found.length === 0) return mismatch;
  return { ...mismatch, actual: `${found.length} (${violationText(found)})` };
}

function violationText(found: Observed["violations"]): string {
  const more = found.length > 1 ? ` and ${found.length - 1} more` : "";
  return `${found[0].invariant}: ${found[0].message}${more}`;
}

/** Finds violations of this step that no expectation speaks of. */
function unclaimed(claims: readonly Expectation[], observed: Observed): Mismatch | undefined {
  const rest = observed.violations.filter(({ invariant }) =>
    !claims.some(({ demand }) =>
      demand.kind === "violations" &&
      (demand.invariant === undefined || demand.invariant === invariant)
    )
  );
  if (rest.length === 0) return undefined;
  return { subject: "violations", expected: "none", actual: violationText(rest) };
}

function countRecords(records: Iterable<TraceRecord>, what: Countable): number {
  let count = 0;
  for (const record of records) {
    if (record.kind === what) count++;
    else if (record.kind !== "invalidate_range_start") continue;
    else if (what === "windows" || WINDOW_EVENT_NAMES[record.event] === what) count++;
  }
  return count;
}
