import { assert, assertEquals } from "@std/assert";
import { PREEMPTIONS } from "../../lib/kernel/operation.ts";
import { PROFILES } from "../../lib/kernel/profile.ts";
import { Rng } from "../../lib/kernel/rng.ts";
import { allFigures } from "../../lib/machine/figures.ts";
import { OPERATIONS } from "../../lib/machine/ops/mod.ts";
import type { Step } from "../../lib/machine/program.ts";
import { runProgram } from "../../lib/machine/run.ts";
import { Interpreter } from "../../lib/repl/interpreter.ts";
import { Session } from "../../lib/repl/session.ts";
import { sessionText } from "../../lib/repl/commands/save.ts";
import { CommandError } from "../../lib/repl/words.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";
import { typedStep } from "./prompt.ts";
import { randomProgram } from "../fuzz/generate.ts";

const SESSIONS = 16;
const OPERATIONS_EACH = 80;

/** What may be set at any time; some of it does not fit every session, and is then refused. */
const SETTINGS: readonly string[] = [
  ...Object.keys(PROFILES).map((kernel) => `set kernel ${kernel}`),
  ...["legacy", "followup", "ideal"].map((policy) => `set policy ${policy}`),
  "set check off",
  "set check on",
  "set seed 7",
  "set memory 32 MiB",
  "set nodes 1",
  "process extra",
  "listen late sva",
  "listen kept kvm policy=ideal",
];

/** Makes a session by random steps, some with interludes, and random settings in between. */
async function randomSession(seed: number): Promise<{ session: Session; used: Set<string> }> {
  const rng = new Rng(seed);
  const { steps, ...program } = randomProgram(seed, OPERATIONS_EACH);
  const session = new Session({ ...program, steps: [] });
  const prompt = new Interpreter({ session });
  const used = new Set<string>();
  for (const [at, step] of steps.entries()) {
    if (rng.below(16) === 0) await attempt(() => prompt.execute(one(rng, SETTINGS)), used, "set");
    if (rng.below(24) === 0 && session.tick > 0) session.back(1 + rng.below(2) % session.tick);
    if (rng.below(4) === 0) session.forget();
    const others = steps.slice(at + 1, at + 1 + rng.below(3));
    const name = rng.below(6) === 0 ? { name: `Step ${at}: a $\${title} # of "its" own` } : {};
    const whole = rng.below(3) === 0 && others.length > 0
      ? { ...step, ...name, during: [interlude(rng, others)] }
      : { ...step, ...name };
    await attempt(() => prompt.execute(typedStep(whole)), used, step.operation.name);
    if (session.journal.ticks.at(-1)?.result.meanwhile?.size) used.add("during");
  }
  session.forget();
  return { session, used };
}

function interlude(rng: Rng, steps: readonly Step[]) {
  const at = one(rng, Object.keys(PREEMPTIONS) as (keyof typeof PREEMPTIONS)[]);
  return { at, nth: 1 + rng.below(2), steps };
}

function one<T>(rng: Rng, list: readonly T[]): T {
  return list[rng.below(list.length)];
}

/** Does what may be refused, for instance because a name is gone; nothing has changed then. */
async function attempt(work: () => unknown, used: Set<string>, what: string): Promise<void> {
  try {
    await work();
    used.add(what);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}

Deno.test("a saved session does the same again, whatever was done and set in it", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SESSIONS; seed++) {
    const { session, used } = await randomSession(seed);
    for (const what of used) seen.add(what);
    const text = sessionText(session);
    const { kernel, settings: { policy, check } } = session;
    const result = runProgram(parseScenario(text), { kernel, policy, check });
    const failures = result.failures.map(({ message }) => message);
    assertEquals(failures, [], `seed ${seed}:\n${text}`);
    assertEquals(result.figures, allFigures(session.machine), `seed ${seed}`);
    const records = [...result.machine.host.trace.records(0)];
    assertEquals(records, [...session.machine.host.trace.records(0)], `seed ${seed}`);
  }
  assert(seen.has("during") && seen.has("set"));
  const missing = OPERATIONS.map(({ name }) => name).filter((name) => !seen.has(name));
  assert(missing.length < OPERATIONS.length / 3, `never carried out: ${missing.join(", ")}`);
});
