/**
 * The thread that runs scenarios for `--jobs`; only started as a worker.
 *
 * @module
 */

import type { Answer, Job } from "./jobs.ts";
import { checkFile } from "./load.ts";
import { type Outcome, runOne } from "./run_one.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Job>) => void) | null;
  postMessage(answer: Answer): void;
}

function isWorker(scope: unknown): scope is WorkerScope {
  return typeof scope === "object" && scope !== null && "postMessage" in scope;
}

function answer(job: Job): Answer {
  try {
    return { outcome: run(job) };
  } catch (error) {
    return { crash: error instanceof Error ? error.message : String(error) };
  }
}

function run({ file, text, variables, request }: Job): Outcome {
  const options = { variables: Object.fromEntries(variables), policies: request.policies };
  const { checked, program } = checkFile({ file, text }, options);
  return program === undefined ? { problem: checked } : runOne({ file, program }, request);
}

const scope: unknown = globalThis;
if (isWorker(scope)) {
  scope.onmessage = ({ data }) => scope.postMessage(answer(data));
}
