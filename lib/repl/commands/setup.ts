/**
 * Commands that set a session up: process, listen.
 *
 * @module
 */

import { LISTENER_KINDS } from "../../listeners/registry.ts";
import type { Program } from "../../machine/program.ts";
import { checkScenario } from "../../scenario/scenario.ts";
import { scenarioText } from "../../scenario/write.ts";
import type { Command } from "../command.ts";
import { processOf, unknownName } from "../places.ts";
import { type Breathe, runBreathing } from "../running.ts";
import type { Session } from "../session.ts";
import { literal, snippet } from "../snippet.ts";
import { CommandError, wordsOf } from "../words.ts";

const GROUP = "Session";

const PROCESS: Command = {
  name: "process",
  group: GROUP,
  about: "Add a process that exists from the beginning; the ticks are carried out again",
  args: [{ name: "name", means: "text", about: "Its name" }],
  examples: [["process qemu", "a process named qemu"]],
  async run({ session, breathe }, { args }) {
    await addProcess(session, args.name, breathe);
    return "";
  },
  ts: (_, { args }) =>
    snippet(["addProcess"], [`await addProcess(session, ${literal(args.name)});`]),
};

const LISTEN: Command = {
  name: "listen",
  group: GROUP,
  about: "Add a listener that is there from the beginning; the ticks are carried out again",
  args: [
    { name: "name", means: "text", about: "Its name" },
    { name: "kind", means: "listener kind", about: "Kind of driver" },
    { name: "process", means: "process", about: "The process it listens on", optional: true },
    {
      name: "options",
      means: "text",
      about: "policy=NAME, option=value",
      optional: true,
      rest: true,
    },
  ],
  examples: [
    ["listen guest kvm qemu", "a guest on qemu"],
    ["listen nic odp qemu policy=ideal", "a NIC that keeps its policy"],
  ],
  async run({ session, breathe }, { args }) {
    await addListener(session, listenerLine(session, args), breathe);
    return "";
  },
  ts({ session }, { args }) {
    const line = literal(listenerLine(session, args));
    return snippet(["addListener"], [`await addListener(session, ${line});`]);
  },
};

/**
 * Adds a process that exists from the beginning.
 *
 * @param session The session; its ticks are carried out again.
 * @param name Name of the process.
 * @param breathe Lets others have a turn meanwhile.
 * @throws {CommandError} If that is no name for a process, or it is taken.
 */
export async function addProcess(session: Session, name: string, breathe?: Breathe): Promise<void> {
  const processes = [...session.program.processes, { name }];
  await reconfigure(session, { processes }, breathe);
}

/**
 * Adds a listener that is there from the beginning.
 *
 * @param session The session; its ticks are carried out again.
 * @param line YAML: its name and what a scenario says of it.
 * @param breathe Lets others have a turn meanwhile.
 * @throws {CommandError} If something is wrong with it.
 */
export async function addListener(
  session: Session,
  line: string,
  breathe?: Breathe,
): Promise<void> {
  const empty = { ...session.program, listeners: [], steps: [], expect: [] };
  const text = scenarioText({ ...empty, listeners: session.program.listeners });
  const source = session.program.listeners.length === 0
    ? text.replace("\nsteps:", `\nlisteners:\n  ${line}\n\nsteps:`)
    : text.replace("\nlisteners:\n", `\nlisteners:\n  ${line}\n`);
  const [added, ...others] = checked(source).listeners;
  await reconfigure(session, { listeners: [...others, added] }, breathe);
}

function listenerLine(session: Session, args: Readonly<Record<string, string>>): string {
  const { name, kind, process = processOf(session), options = "" } = args;
  if (!Object.hasOwn(LISTENER_KINDS, kind)) {
    throw unknownName("kind of listener", kind, Object.keys(LISTENER_KINDS));
  }
  const pairs = wordsOf(options).map((word) => {
    const pair = /^(\w+)=([^]*)$/.exec(word);
    if (pair === null) throw new CommandError(`Cannot read "${word}": expected option=value`);
    return `${pair[1]}: ${pair[2]}`;
  });
  const parts = [`kind: ${kind}`, `process: ${literal(process)}`, ...pairs];
  return `${literal(name)}: { ${parts.join(", ")} }`;
}

/**
 * Changes the program of a session, once the scenario reader has looked at it.
 *
 * @param session The session; its ticks are carried out again.
 * @param program What is different.
 * @param breathe Lets others have a turn meanwhile.
 * @throws {CommandError} If something is wrong with it.
 */
export async function reconfigure(
  session: Session,
  program: Partial<Omit<Program, "steps">>,
  breathe: Breathe | undefined,
): Promise<void> {
  checked(scenarioText({ ...session.program, ...program, steps: [], expect: [] }));
  await runBreathing(session.reconfiguring({ program }), breathe);
}

function checked(text: string): Program {
  const { program, diagnostics } = checkScenario(text);
  if (program !== undefined) return program;
  const lines = diagnostics.map(({ message, hint }) =>
    hint === undefined ? message : `${message}. ${hint}`
  );
  throw new CommandError(lines.join("\n"));
}

/** The commands, in the order of documentation. */
export const SETUP_COMMANDS: readonly Command[] = [PROCESS, LISTEN];
