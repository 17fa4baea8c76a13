// deno-lint-ignore-file no-console
/**
 * Runs random programs under every kernel and policy until one breaks an invariant.
 *
 * ```sh
 * deno task fuzz [COUNT] [SEED]
 * ```
 *
 * A failure is shrunk and printed as a scenario file; the exit code is then 1.
 *
 * @module
 */

import { tryProgram } from "../tests/fuzz/campaign.ts";

/** Programs of one run. */
const COUNT = 10_000;
/** Programs between two lines of progress. */
const STEP = 50;

if (import.meta.main) Deno.exit(main(Deno.args));

/** Runs the programs; the exit code is 1 if one fails, 2 if the arguments are wrong. */
function main(args: readonly string[]): number {
  const [count = COUNT, seed = 1] = args.map(Number);
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
    console.error("Cannot fuzz: expected a number of programs and a seed");
    return 2;
  }
  for (let done = 0; done < count; done++) {
    const finding = tryProgram(seed + done);
    if (finding !== null) {
      console.error(`Program ${seed + done}: ${finding.fault.message}`);
      console.log(finding.scenario);
      return 1;
    }
    if ((done + 1) % STEP === 0) console.error(`${done + 1} of ${count} programs, no failure`);
  }
  console.error(`${count} programs from seed ${seed}: no failure`);
  return 0;
}
