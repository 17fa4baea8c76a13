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

function run({ file, text, cell, variables, request }: Job): Outcome {
  const { seed, policies } = request;
  const options = { variables: Object.fromEntries(variables), seed, policies };
  const { checked, programs } = checkFile({ file, text }, options);
  const program = programs.at(cell);
  return program === undefined
    ? { problem: checked }
    : postable(runOne({ file, program, cell }, request));
}

/** What steps of interludes gave back is kept by step, and steps cannot go to another thread. */
function postable(outcome: Outcome): Outcome {
  if ("problem" in outcome) return outcome;
  const comparisons = outcome.comparisons.map(({ runs, ...comparison }) => ({
    ...comparison,
    runs: runs.map((run) => ({
      ...run,
      steps: run.steps.map(({ meanwhile: _, ...step }) => step),
    })),
  }));
  return { ...outcome, comparisons };
}

const scope: unknown = globalThis;
if (isWorker(scope)) {
  scope.onmessage = ({ data }) => scope.postMessage(answer(data));
}
