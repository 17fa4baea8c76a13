/**
 * Commands that go through time and compare: back, goto, diff, why, compare.
 *
 * @module
 */

import { comparePolicies, type Comparison } from "../../compare/compare.ts";
import { PROFILES } from "../../kernel/profile.ts";
import { comparisonText } from "../../report/compare_text.ts";
import { stepListText } from "../../report/steps_text.ts";
import type { Command, Environment } from "../command.ts";
import { diffText, whyText } from "../history.ts";
import { countOf, placeOf } from "../places.ts";
import { type Breathe, runBreathing } from "../running.ts";
import type { Session } from "../session.ts";
import { addressLiteral, literal, printing, snippet } from "../snippet.ts";
import { CommandError } from "../words.ts";

const GROUP = "Time travel";

const BACK: Command = {
  name: "back",
  group: GROUP,
  about: "Go back by a tick, or several",
  details: "The machine is made anew and the ticks before are carried out again, which is exact.",
  args: [{ name: "n", means: "count", about: "How many (default 1)", optional: true }],
  examples: [["back", "one tick"], ["back 3", "three"]],
  run(environment, { args }) {
    const ticks = args.n === undefined ? 1 : countOf(args.n, "a number of ticks");
    return go(environment, environment.session.tick - ticks);
  },
  ts({ session }, { args }) {
    const ticks = args.n === undefined ? 1 : countOf(args.n, "a number of ticks");
    return arriving(session, `session.back(${ticks});`);
  },
};

const GOTO: Command = {
  name: "goto",
  group: GROUP,
  about: "Go to a tick, forwards or back; 0 is before the first step",
  args: [{ name: "tick", means: "count", about: "The tick" }],
  examples: [["goto 0", "to the beginning"], ["goto 5", "after the fifth step"]],
  run: (environment, { args }) => go(environment, countOf(args.tick, "the number of a tick")),
  ts: ({ session }, { args }) =>
    arriving(session, `session.goto(${countOf(args.tick, "the number of a tick")});`),
};

const FORGET: Command = {
  name: "forget",
  group: GROUP,
  about: "Forget the steps that lie ahead",
  args: [],
  examples: [["forget", "after going back, to do something else instead"]],
  run({ session }) {
    session.forget();
    return "";
  },
  ts: () => snippet([], ["session.forget();"]),
};

const DIFF: Command = {
  name: "diff",
  group: GROUP,
  about: "Show what differs between two ticks, and what changed it last",
  args: [
    { name: "from", means: "count", about: "A tick" },
    { name: "to", means: "count", about: "A later tick; now unless given", optional: true },
  ],
  examples: [["diff 4", "since tick 4"], ["diff 4 5", "what the fifth step changed"]],
  run({ session }, { args }) {
    const [from, to] = ticksOf(session, args);
    return diffText(session, from, to);
  },
  ts({ session }, { args }) {
    const [from, to] = ticksOf(session, args);
    return printing(["diffText"], `diffText(session, ${from}, ${to})`);
  },
};

const WHY: Command = {
  name: "why",
  group: GROUP,
  about: "Tell the history of a page: in the CPU's table and in that of every listener",
  args: [{ name: "address", means: "address", about: "The page" }],
  examples: [["why ram[3]", "the fourth page of ram"]],
  run({ session }, { args }) {
    const { process, start } = placeOf(session, args.address);
    return whyText(session, process, start);
  },
  ts({ session }, { args }) {
    const { process, start } = placeOf(session, args.address);
    const place = `${literal(process)}, ${addressLiteral(start)}`;
    return printing(["whyText"], `whyText(session, ${place})`);
  },
};

const COMPARE: Command = {
  name: "compare",
  group: GROUP,
  about: "Carry out the session so far under every policy and kernel, side by side",
  args: [{
    name: "kernel",
    means: "kernel",
    about: "Only this kernel profile",
    optional: true,
  }],
  examples: [["compare", "all kernels"], ["compare v5-series", "one"]],
  run: ({ session, breathe }, { args }) =>
    sessionComparison(session, kernelsOf(args.kernel), breathe),
  ts: (_, { args }) =>
    printing(
      ["sessionComparison"],
      `(await sessionComparison(session, ${literal(kernelsOf(args.kernel))}))`,
    ),
};

/**
 * Carries out the ticks of a session under every policy and some kernels.
 *
 * @param session The session.
 * @param kernels The kernel profiles; all unless given.
 * @param breathe Lets others have a turn between two kernels.
 * @returns The comparison as text, which ends in a newline.
 * @throws {RangeError} If a step cannot be carried out under one of them.
 */
export async function sessionComparison(
  session: Session,
  kernels: readonly string[] = Object.keys(PROFILES),
  breathe?: Breathe,
): Promise<string> {
  const steps = session.steps.slice(0, session.tick).map((step) => ({ ...step, expect: [] }));
  const file = session.source?.file ?? "";
  const program = { ...session.program, file, steps, expect: [], compare: [] };
  const comparisons: Comparison[] = [];
  for (const kernel of kernels) {
    await breathe?.();
    comparisons.push(comparePolicies(program, { kernel }));
  }
  return comparisonText(comparisons);
}

function kernelsOf(kernel: string | undefined): string[] {
  const known = Object.keys(PROFILES);
  if (kernel === undefined) return known;
  if (known.includes(kernel)) return [kernel];
  throw new CommandError(`Unknown kernel profile "${kernel}": expected one of ${known.join(", ")}`);
}

function ticksOf(
  session: Session,
  { from, to }: Readonly<Record<string, string>>,
): [from: number, to: number] {
  const ticks = [from, to ?? String(session.tick)].map((text) =>
    countOf(text, "the number of a tick")
  );
  const [first, last] = ticks.sort((one, other) => one - other);
  if (last <= session.tick) return [first, last];
  throw new CommandError(`Cannot look at tick ${last}: the session stands at tick ${session.tick}`);
}

async function go({ session, breathe }: Environment, tick: number): Promise<string> {
  await runBreathing(session.going(tick), breathe);
  return stepListText(
    session.steps,
    tick,
    Math.max(0, tick - 1),
    Math.min(tick + 1, session.steps.length),
  );
}

function arriving({ steps }: Session, move: string): string {
  return printing(
    ["stepListText"],
    "stepListText(session.steps, session.tick, Math.max(0, session.tick - 1), " +
      `Math.min(session.tick + 1, ${steps.length}))`,
    [move],
  );
}

/** The commands, in the order of documentation. */
export const TRAVEL_COMMANDS: readonly Command[] = [BACK, GOTO, FORGET, DIFF, WHY, COMPARE];
