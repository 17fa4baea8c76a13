/**
 * Reports as JUnit XML: a suite per scenario, a case per run and per comparison.
 *
 * Times are virtual, so that two runs give the same file.
 *
 * @module
 */

import type { ReportDocument, ReportFailure, ReportScenario, Status } from "./document.ts";
import { escapeMarkup as text } from "./markup.ts";

/** One case of a suite. */
export interface ReportCase {
  /** What ran, such as `v5.2 ideal`. */
  readonly name: string;
  /** What it came to. */
  readonly status: Status;
  /** Virtual time in ns. */
  readonly time_ns: number;
  /** What does not hold. */
  readonly failures: readonly ReportFailure[];
  /** Why nothing is known of it, where that is so. */
  readonly reason?: string;
}

/**
 * Renders a run as JUnit XML.
 *
 * @param document The run.
 * @returns Text that ends in a newline.
 */
export function junitXml(document: ReportDocument): string {
  const suites = document.scenarios.map((scenario) => ({ scenario, cases: casesOf(scenario) }));
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="mmulab" ${totals(all)}>`,
    ...suites.flatMap(({ scenario, cases }) => suiteLines(scenario, cases)),
    "</testsuites>",
    "",
  ].join("\n");
}

/**
 * Lists the cases of a scenario: every run, and the comparison under each kernel that has one. One
 * that was skipped is one case.
 *
 * @param scenario The scenario.
 * @returns The cases in order.
 */
export function casesOf({ kernels, failures, status, reason }: ReportScenario): ReportCase[] {
  if (status === "skipped") {
    return [{ name: "not run", status, time_ns: 0, failures, reason: reason ?? "" }];
  }
  return kernels.flatMap(({ kernel, runs, expectations }) => {
    const failed = (policy: string | null) =>
      failures.filter((one) =>
        one.runs.some((run) => run.kernel === kernel && run.policy === policy)
      );
    const cases = runs.map(({ policy, status, time_ns }): ReportCase => ({
      name: `${kernel} ${policy}`,
      status,
      time_ns,
      failures: failed(policy),
      ...(status === "inconclusive" ? { reason: "the trace was full" } : {}),
    }));
    if (expectations === 0) return cases;
    const compared = failed(null);
    const status = compared.length > 0 ? "failed" : "passed";
    return [...cases, { name: `${kernel} compared`, status, time_ns: 0, failures: compared }];
  });
}

function suiteLines(scenario: ReportScenario, cases: readonly ReportCase[]): string[] {
  const { name, file } = scenario;
  return [
    `  <testsuite name="${text(name)}" file="${text(file)}" ${totals(cases)}>`,
    ...cases.flatMap((one) => caseLines(one, scenario)),
    "  </testsuite>",
  ];
}

function caseLines(one: ReportCase, { file, name }: ReportScenario): string[] {
  const open = `    <testcase name="${text(one.name)}" classname="${text(name)}" file="${
    text(file)
  }" time="${seconds(one.time_ns)}"`;
  const inner = one.failures.map((failure) =>
    `      <failure message="${text(failure.message)}">${text(failure.text)}</failure>`
  );
  if (one.reason !== undefined) {
    const what = one.status === "skipped" ? "Skipped" : "Inconclusive";
    inner.push(`      <skipped message="${what}: ${text(one.reason)}"/>`);
  }
  return inner.length === 0 ? [`${open}/>`] : [`${open}>`, ...inner, "    </testcase>"];
}

function totals(cases: readonly ReportCase[]): string {
  const failed = cases.filter(({ status }) => status === "failed").length;
  const skipped = cases.filter(({ reason }) => reason !== undefined).length;
  const time = cases.reduce((sum, { time_ns }) => sum + time_ns, 0);
  return `tests="${cases.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${
    seconds(time)
  }"`;
}

function seconds(ns: number): string {
  return (ns / 1e9).toFixed(9);
}
