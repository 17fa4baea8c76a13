/**
 * Running scenarios on several threads, with the outcomes in the order of the scenarios.
 *
 * @module
 */

import type { Settings } from "./settings.ts";
import type { Outcome, RunRequest } from "./run_one.ts";

/** What a thread is asked to run. */
export interface Job {
  /** Name of the file. */
  readonly file: string;
  /** What is in it. */
  readonly text: string;
  /** Which cell of its matrix. */
  readonly cell: number;
  /** Variables with their values. */
  readonly variables: Settings["variables"];
  /** How to run it. */
  readonly request: RunRequest;
}

/** What a thread answers. */
export type Answer = { readonly outcome: Outcome } | { readonly crash: string };

/** How to run jobs. */
export interface JobOptions {
  /** Most threads. */
  readonly threads: number;
  /**
   * Tells whether nothing that comes later needs to run.
   *
   * @param outcome What came of a job.
   * @returns True if so.
   */
  isLast(outcome: Outcome): boolean;
  /**
   * Called before each job.
   *
   * @param index Its place.
   */
  onStart?(index: number): void;
}

/**
 * Runs jobs, each on a free thread.
 *
 * @param jobs The jobs.
 * @param options Threads and when to stop.
 * @returns The outcomes in the order of the jobs, up to the first that is the last.
 * @throws {Error} If a thread breaks down.
 */
export async function runJobs(jobs: readonly Job[], options: JobOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  let end = jobs.length;
  const work = async () => {
    using thread = new Thread();
    while (next < end) {
      const index = next++;
      options.onStart?.(index);
      const outcome = await thread.run(jobs[index]);
      outcomes[index] = outcome;
      if (options.isLast(outcome)) end = Math.min(end, index + 1);
    }
  };
  const count = Math.min(options.threads, jobs.length);
  await Promise.all(Array.from({ length: count }, work));
  return outcomes.slice(0, end);
}

/** A worker that runs one job at a time. */
class Thread {
  readonly #worker = new Worker(new URL("./job_worker.ts", import.meta.url), { type: "module" });

  run(job: Job): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ("outcome" in data) resolve(data.outcome);
      else reject(new Error(`Cannot run ${job.file}: ${data.crash}`));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot run ${job.file}: ${event.message}`));
    };
    this.#worker.postMessage(job);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
