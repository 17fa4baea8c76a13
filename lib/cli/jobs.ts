/**
 * Running scenarios on several threads, with the outcomes in the order of the scenarios.
 *
 * This thread runs scenarios too, so that `--jobs 2` starts one worker. It starts while the scenarios
 * are still being read. Every thread knows all jobs and takes the next one by counting a shared
 * number up: nobody waits for an answer before going on.
 *
 * @module
 */

import { endsRun, type Outcome, type RunRequest } from "./run_one.ts";
import type { Settings } from "./settings.ts";

/** A scenario to run. */
export interface Job {
  /** Name of the file. */
  readonly file: string;
  /** What is in it. */
  readonly text: string;
  /** Which cell of its matrix. */
  readonly cell: number;
  /** The kernel profiles under which it runs. */
  readonly kernels: readonly string[];
}

/** All jobs, as every thread gets them. */
export interface Work {
  /** The jobs. */
  readonly jobs: readonly Job[];
  /** Their indices in the order in which they are taken. */
  readonly order: readonly number[];
  /** Variables with their values. */
  readonly variables: Settings["variables"];
  /** How to run them. */
  readonly request: RunRequest;
  /** Whether a failure ends the run. */
  readonly failFast: boolean;
  /** How many jobs were taken, and the first index that no longer counts. */
  readonly shared: Int32Array;
}

/** What a thread says: what came of a job, that it broke down, or that it has found no more. */
export type Answer =
  | { readonly index: number; readonly outcome: Outcome }
  | { readonly crash: string }
  | { readonly done: true };

const TAKEN = 0;
const END = 1;

/** What is known of jobs before they are shared. */
export type WorkOptions = Omit<Work, "shared" | "order"> & {
  /** About how long each job takes, in any unit. */
  readonly weights: readonly number[];
};

/**
 * Makes jobs ready to be shared: the longest first, unless a failure is to end the run.
 *
 * @param options The jobs.
 * @returns The work.
 */
export function newWork({ weights, ...work }: WorkOptions): Work {
  const order = work.jobs.map((_, index) => index);
  if (!work.failFast) order.sort((one, other) => weights[other] - weights[one]);
  const shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  Atomics.store(shared, END, order.length);
  return { ...work, order, shared };
}

/**
 * Carries out jobs until none is left.
 *
 * @param work The jobs.
 * @param run Runs the job of an index.
 * @yields What came of each.
 */
export function* carryOut(
  { order, shared, failFast }: Work,
  run: (index: number) => Outcome,
): Generator<{ readonly index: number; readonly outcome: Outcome }> {
  while (true) {
    const index = order[Atomics.add(shared, TAKEN, 1)];
    if (index === undefined) return;
    if (index >= Atomics.load(shared, END)) continue;
    const outcome = run(index);
    if (failFast && endsRun(outcome)) lower(shared, index + 1);
    yield { index, outcome };
  }
}

/** Sets the end to an index, unless it lies before. */
function lower(shared: Int32Array, end: number): void {
  for (let seen = Atomics.load(shared, END); end < seen;) {
    const found = Atomics.compareExchange(shared, END, seen, end);
    if (found === seen) return;
    seen = found;
  }
}

/** Workers that are ready to run jobs beside this thread. */
export class Threads {
  readonly #workers: Worker[];

  /**
   * Starts workers.
   *
   * @param count How many.
   */
  constructor(count: number) {
    this.#workers = Array.from(
      { length: count },
      () => new Worker(new URL("./job_worker.ts", import.meta.url), { type: "module" }),
    );
  }

  /**
   * Runs jobs here and on the workers.
   *
   * @param work The jobs.
   * @param here Runs the job of an index on this thread.
   * @returns The outcomes in the order of the jobs, up to the first that ends the run.
   * @throws {Error} If a worker breaks down.
   */
  async run(work: Work, here: (index: number) => Outcome): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const there = this.#workers.map((worker) => delegate(worker, work, outcomes));
    for (const { index, outcome } of carryOut(work, here)) outcomes[index] = outcome;
    await Promise.all(there);
    return outcomes.slice(0, Atomics.load(work.shared, END));
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }
}

/** Lets a worker run jobs; resolves when it finds no more. */
function delegate(worker: Worker, work: Work, outcomes: Outcome[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {}); // it is waited for later
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    if ("outcome" in data) outcomes[data.index] = data.outcome;
    else if ("done" in data) resolve();
    else reject(new Error(data.crash));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`Cannot run scenarios on a thread: ${event.message}`));
  };
  worker.postMessage(work);
  return promise;
}
