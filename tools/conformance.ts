// deno-lint-ignore-file no-console
/**
 * Replays recordings of a real kernel and tells where the simulator differs.
 *
 * ```sh
 * deno task conformance [--filter=TEXT] [--verbose] [--json] [DIR]
 * ```
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { FIELDS } from "../tests/conformance/compare.ts";
import { loadCases } from "../tests/conformance/load.ts";
import { type CaseResult, passed, replayCase, totals } from "../tests/conformance/replay.ts";

const OWN_RECORDINGS = new URL("../tests/conformance/recordings/", import.meta.url);

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Runs the command; the exit code is 1 if anything differs, 2 if there is nothing to replay. */
async function main(args: string[]): Promise<number> {
  const options = parseArgs(args, {
    boolean: ["verbose", "json"],
    string: ["filter"],
    default: { filter: "" },
  });
  const cases = (await loadCases(String(options._[0] ?? OWN_RECORDINGS.pathname)))
    .filter((recorded) => `${recorded.group}/${recorded.case}`.includes(options.filter));
  if (cases.length === 0) {
    console.error("Cannot replay: no recorded cases found");
    return 2;
  }
  const results = cases.map(replayCase);
  if (options.json) console.log(JSON.stringify({ results, totals: totals(results) }));
  else report(results, options.verbose);
  return results.every(({ steps }) => steps.every(passed)) ? 0 : 1;
}

function report(results: readonly CaseResult[], verbose: boolean): void {
  for (const result of results) reportCase(result, verbose);
  const steps = results.flatMap((result) => result.steps);
  const good = steps.filter(passed).length;
  const goodCases = results.filter((result) => result.steps.every(passed)).length;
  reportGroups(results);
  console.log(
    `cases: ${goodCases} passed, ${results.length - goodCases} failed; ` +
      `steps: ${good} passed, ${steps.length - good} failed`,
  );
  const sums = totals(results);
  for (const field of FIELDS) {
    const { compared, equal } = sums[field];
    console.log(`${field}: ${equal} of ${compared} (${percent(equal, compared)})`);
  }
}

/** A line for each difference of a failing step; with --verbose the passing steps as well. */
function reportCase(result: CaseResult, verbose: boolean): void {
  for (const step of result.steps) {
    const name = `${result.group}/${result.case}#${step.n} ${step.op}`;
    if (passed(step)) {
      if (verbose) console.log(`${name}: ok`);
      continue;
    }
    if (step.failure !== undefined) console.log(`${name}: ${step.failure}`);
    for (const { field, want, got } of step.differences) {
      console.log(`${name}: ${field}: recorded ${want} | replayed ${got}`);
    }
  }
}

function reportGroups(results: readonly CaseResult[]): void {
  for (const group of new Set(results.map((result) => result.group))) {
    const steps = results.filter((result) => result.group === group).flatMap(({ steps }) => steps);
    const good = steps.filter(passed).length;
    console.log(`${group}: ${good} of ${steps.length} steps (${percent(good, steps.length)})`);
  }
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${(100 * part / whole).toFixed(2)} %`;
}
