/**
 * Evaluation of expectations: after each step, and at the end of a run.
 *
 * Two demands hold without being written: a step does not fail (unless `ret` or `errno` speak of
 * its result), and there are no violations (unless `violations` speaks of them).
 *
 * @module
 */

import { ERRNO, errnoName } from "../kernel/errno.ts";
import type { Condition, Demand, Expectation, Matcher } from "./expectation.ts";
import {
  type Baseline,
  checkNumber,
  checkNumberDemand,
  isNumberDemand,
  numbersDiff,
} from "./expect_numbers.ts";
import { checkPages } from "./expect_pages.ts";
import { checkSequence } from "./expect_sequence.ts";
import { checkVmas } from "./expect_vmas.ts";
import type { Expression, NameValues } from "./expression.ts";
import { expressionText, treeLines } from "./expression_text.ts";
import type { Failure, Mismatch, Observed } from "./observed.ts";
import type { Program, Step } from "./program.ts";
import { resolvedValues } from "./resolved.ts";

export type { Baseline } from "./expect_numbers.ts";

/** Checked where a step says nothing of violations. */
const NO_VIOLATIONS: Expectation = {
  demand: { kind: "violations", matcher: { operator: "==", operand: 0 } },
  when: {},
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
    const expectation = { ...NO_VIOLATIONS, position: step.position };
    failures.push(failure(expectation, index, resolved(expectation, unexpected, observed, step)));
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
  return checkAll(all, { step, index, observed, violations: observed.violations, baseline });
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
  const violations = observed.allViolations;
  const failures = checkAll(wanted, { index: null, observed, violations, baseline: new Map() });
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
  expectation: Pick<Expectation, "text" | "position" | "lines">,
  step: number | null,
  { subject, ...mismatch }: Mismatch,
): Failure {
  const { text, position, lines } = expectation;
  const message = `${subject}: expected ${mismatch.expected}, got ${mismatch.actual}`;
  const found = { expectation: text, ...mismatch, position, step, message };
  return lines === undefined ? found : { ...found, lines };
}

function applicable(expectations: readonly Expectation[], observed: Observed): Expectation[] {
  return expectations.filter(({ when }) => applies(when, observed));
}

/** What is looked at. */
interface Check {
  /** The step, and its index; null at the end. */
  readonly step?: Step;
  readonly index: number | null;
  readonly observed: Observed;
  readonly violations: Observed["violations"];
  readonly baseline: Baseline;
}

function checkAll(wanted: readonly Expectation[], check: Check): Failure[] {
  const { step, index, observed, violations, baseline } = check;
  const failures: Failure[] = [];
  const compared = new Set<Expectation["lines"]>();
  for (const expectation of wanted) {
    const { demand, lines } = expectation;
    const mismatch = checkDemand(demand, observed, violations, baseline);
    if (mismatch === undefined) continue;
    // The numbers of one entry are compared once, where the first of them fails
    const together = isNumberDemand(demand) && lines !== undefined && !compared.has(lines)
      ? wanted.filter((other) => other.lines === lines)
      : [];
    if (together.length > 0) compared.add(lines);
    const diff = numbersDiff(together, observed, baseline);
    const whole = diff.length === 0 ? mismatch : { ...mismatch, diff };
    failures.push(failure(expectation, index, resolved(expectation, whole, observed, step)));
  }
  return failures;
}

/** The mismatch with what the names in the expectation and in its step stand for. */
function resolved(
  expectation: Expectation,
  mismatch: Mismatch,
  observed: Observed,
  step: Step | undefined,
): Mismatch {
  const values = resolvedValues(expectation, observed, step);
  return values.length === 0 ? mismatch : { ...mismatch, values };
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
    case "value":
    case "figure":
    case "delta":
    case "events":
      return checkNumberDemand(demand, observed, baseline);
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
