/**
 * The thread that runs scenarios for `--jobs`; only started as a worker.
 *
 * @module
 */

import { newProgram } from "../machine/program.ts";
import { type Answer, carryOut, type Work } from "./jobs.ts";
import { checkFile } from "./load.ts";
import { type Outcome, runOne } from "./run_one.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Work>) => void) | null;
  postMessage(answer: Answer): void;
}

const NOTHING = newProgram({ name: "" });

function isWorker(scope: unknown): scope is WorkerScope {
  return typeof scope === "object" && scope !== null && "postMessage" in scope;
}

function answer(work: Work, post: (answer: Answer) => void): void {
  let file = "a scenario";
  try {
    const run = (index: number) => {
      file = work.jobs[index].file;
      return runJob(work, index);
    };
    for (const done of carryOut(work, run)) post(done);
    post({ done: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    post({ crash: `Cannot run ${file}: ${message}` });
  }
}

function runJob({ jobs, variables, request }: Work, index: number): Outcome {
  const { file, text, cell, kernels } = jobs[index];
  const { seed, policies } = request;
  const options = { variables: Object.fromEntries(variables), seed, policies };
  const { checked, programs } = checkFile({ file, text }, options);
  const program = programs.at(cell);
  return program === undefined
    ? { problem: checked }
    : postable(runOne({ file, program, cell, kernels }, request));
}

/** Programs have functions, which cannot go to another thread; there they are known anyway. */
function postable(outcome: Outcome): Outcome {
  if ("problem" in outcome) return outcome;
  const comparisons = outcome.comparisons.map((one) => ({ ...one, program: NOTHING }));
  return { ...outcome, comparisons };
}

const scope: unknown = globalThis;
if (isWorker(scope)) {
  scope.onmessage = ({ data }) => answer(data, (message) => scope.postMessage(message));
}
