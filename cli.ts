/**
 * The command line of mmulab.
 *
 * ```sh
 * deno run -R cli.ts compare scenarios/ksm-merge-kvm.yaml
 * ```
 *
 * It needs no permission but that to read the scenario files.
 *
 * @module
 */

import { invocationOf } from "./lib/cli/invocation.ts";
import { runCommandLine } from "./lib/cli/main.ts";

/**
 * Runs a command line and writes to the streams of the process.
 *
 * @param args The words of the command line; those of the process unless given.
 * @returns The exit code: 0 passed, 1 failed, 2 a scenario or the command line is wrong,
 * 3 all passed, but a trace was full.
 * @example
 * ```ts ignore
 * import { main } from "@mmulab/mmulab/cli";
 *
 * Deno.exit(await main(["run", "scenarios/ksm-merge-kvm.yaml"]));
 * ```
 */
export function main(args: readonly string[] = Deno.args): Promise<number> {
  return runCommandLine(args, { invocation: invocationOf(import.meta.url) });
}

if (import.meta.main) Deno.exitCode = await main();
