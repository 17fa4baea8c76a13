/**
 * What it costs to import each entry point of the library: start to exit of a process that does
 * nothing else, less that of an empty module; the least and the median of some processes, in ms.
 *
 *     deno run -R --allow-run bench/import_bench.ts
 */

// deno-lint-ignore-file no-console

import { ENTRY_POINTS } from "../tools/architecture.ts";

const ROOT = new URL("..", import.meta.url);
const RUNS = 15;

const EMPTY = "data:text/javascript,";

/** Runs a module in a process of its own and gives the time that it took, in ms. */
async function timeOf(module: string): Promise<number> {
  const start = performance.now();
  const args = ["run", "--no-prompt", module];
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (!success) throw new Error(`Cannot import ${module}`);
  return performance.now() - start;
}

/**
 * Measures the import of a module, in turns with that of none; a first one fills caches.
 *
 * @param file Path of the module from the root.
 * @param runs How many processes.
 * @returns What the import adds, in ms, from the least.
 */
async function importTimes(file: string, runs: number): Promise<number[]> {
  const times: number[] = [];
  await timeOf(file);
  for (let run = 0; run < runs; run++) times.push(-await timeOf(EMPTY) + await timeOf(file));
  return times.sort((one, other) => one - other);
}

if (import.meta.main) {
  for (const file of ENTRY_POINTS) {
    const times = await importTimes(file, RUNS);
    const [least, median] = [times[0], times[RUNS >> 1]].map((time) => time.toFixed(1).padStart(6));
    console.log(`${file.padEnd(12)} ${least} ms ${median} ms`);
  }
}
