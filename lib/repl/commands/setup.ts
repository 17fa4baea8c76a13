/**
 * Commands that set a session up and keep it: process, listen, set, save.
 *
 * @module
 */

import { PROFILES } from "../../kernel/profile.ts";
import { LISTENER_KINDS } from "../../listeners/registry.ts";
import { readFigure } from "../../machine/figures.ts";
import type { Program } from "../../machine/program.ts";
import { table } from "../../report/layout.ts";
import { checkScenario } from "../../scenario/scenario.ts";
import { suggestion } from "../../scenario/suggest.ts";
import { parseMeasure } from "../../scenario/units.ts";
import { scenarioText } from "../../scenario/write.ts";
import { type ArgumentMeaning, type Command, MissingArgumentError } from "../command.ts";
import { processOf, requireProcess } from "../places.ts";
import { type Breathe, runBreathing } from "../running.ts";
import type { Session, SessionSettings } from "../session.ts";
import { literal, printing, snippet } from "../snippet.ts";
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

/** The settings, with what their values stand for. */
export const SETTINGS: Readonly<Record<string, ArgumentMeaning>> = {
  kernel: "kernel",
  policy: "policy",
  check: "switch",
  memory: "text",
  nodes: "count",
  seed: "count",
};

const SET: Command = {
  name: "set",
  group: GROUP,
  about: "Set the process that commands mean, or a setting; show the settings",
  details:
    "Settings: kernel, policy, check (on or off), memory, nodes, seed. After a change of one " +
    "of them the ticks are carried out again from the beginning.",
  args: [
    { name: "name", means: "process", about: "A process, or a setting", optional: true },
    { name: "value", means: "text", about: "The value of the setting", optional: true, rest: true },
  ],
  examples: [
    ["set", "all settings"],
    ["set qemu", "commands mean qemu where no process is named"],
    ["set policy ideal", "carry the session out under another policy"],
  ],
  async run({ session, breathe }, { args: { name, value } }) {
    if (name === undefined) return settingsText(session);
    if (value === undefined) {
      requireContext(session, name);
      session.context = name;
      return "";
    }
    await setSetting(session, name, value, breathe);
    return "";
  },
  ts({ session }, { args: { name, value } }) {
    if (name === undefined) return printing(["settingsText"], "settingsText(session)");
    if (value === undefined) {
      requireContext(session, name);
      return snippet([], [`session.context = ${literal(name)};`]);
    }
    const args = [name, value].map(literal).join(", ");
    return snippet(["setSetting"], [`await setSetting(session, ${args});`]);
  },
};

const SAVE: Command = {
  name: "save",
  group: GROUP,
  about: "Write the session as a scenario that does the same and expects the same figures",
  args: [{ name: "file", means: "file", about: "The file" }],
  examples: [["save mine.yaml", "then: mmulab run mine.yaml"]],
  run({ session, writeFile }, { args }) {
    writeFile(args.file, sessionText(session), false);
    return "";
  },
  ts: () => printing(["sessionText"], "sessionText(session)"),
};

/**
 * Writes what a session did as a scenario that does the same, and expects the same figures.
 *
 * @param session The session.
 * @returns YAML.
 */
export function sessionText(session: Session): string {
  const { machine, kernel, settings, tick } = session;
  const names = ["machine.time_ns", "memory.used"];
  for (const [name, { listener }] of machine.listeners) {
    const moved = Object.entries(listener.counters).filter(([, value]) => value !== 0);
    names.push(...moved.map(([key]) => `${name}.${key}`));
  }
  const steps = session.steps.slice(0, tick);
  const remark = settings.policy === "legacy"
    ? ""
    : `# At the prompt: set policy ${settings.policy}\n`;
  return remark + scenarioText({ ...session.program, steps }, {
    kernel,
    policy: settings.policy,
    violations: machine.violations.length,
    steps: session.journal.ticks.map(({ result, violations }) => ({
      ret: result.result.ret,
      violations: violations.length,
      meanwhile: new Map([...result.meanwhile ?? []].map(([step, { ret }]) => [step, ret])),
    })),
    figures: Object.fromEntries(names.map((name) => [name, readFigure(machine, name) ?? 0])),
  });
}

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

/**
 * Changes a setting; the ticks of the session are carried out again.
 *
 * @param session The session.
 * @param name Name of the setting.
 * @param value Its value as typed.
 * @param breathe Lets others have a turn meanwhile.
 * @throws {CommandError} If there is no such setting, or the value does not suit it.
 */
export async function setSetting(
  session: Session,
  name: string,
  value: string,
  breathe?: Breathe,
): Promise<void> {
  const { machine } = session.program;
  switch (name) {
    case "kernel":
      if (!Object.hasOwn(PROFILES, value)) throw unknown("kernel", value, Object.keys(PROFILES));
      return await change(session, { kernel: value }, breathe);
    case "policy":
      return await change(session, { policy: value }, breathe);
    case "check":
      if (value !== "on" && value !== "off") throw unknown("setting", value, ["on", "off"]);
      return await change(session, { check: value === "on" }, breathe);
    case "memory":
    case "nodes":
    case "seed": {
      const number = parseMeasure(value)?.value;
      if (number === undefined) {
        throw new CommandError(
          `Cannot read "${value}": expected a number, or a size such as 64 MiB`,
        );
      }
      return await reconfigure(session, { machine: { ...machine, [name]: number } }, breathe);
    }
    default:
      throw unknown("setting", name, Object.keys(SETTINGS));
  }
}

/**
 * Writes the settings of a session.
 *
 * @param session The session.
 * @returns Text that ends in a newline.
 */
export function settingsText(session: Session): string {
  const { settings, kernel, program: { machine }, context } = session;
  return table([
    ["process", context ?? "(the first)"],
    ["kernel", kernel],
    ["policy", settings.policy],
    ["check", settings.check ? "on" : "off"],
    ["memory", `${machine.memory / 2 ** 20} MiB`],
    ["nodes", String(machine.nodes)],
    ["seed", String(machine.seed)],
  ]).join("\n") + "\n";
}

/** A process that commands are to mean; the name of a setting lacks its value. */
function requireContext(session: Session, name: string): void {
  const { processes } = session.machine;
  const means = processes.has(name) ? undefined : SETTINGS[name];
  if (means !== undefined) throw new MissingArgumentError(SET, { name: "value", means });
  requireProcess(session.machine, name);
}

function listenerLine(session: Session, args: Readonly<Record<string, string>>): string {
  const { name, kind, process = processOf(session), options = "" } = args;
  if (!Object.hasOwn(LISTENER_KINDS, kind)) {
    throw unknown("kind of listener", kind, Object.keys(LISTENER_KINDS));
  }
  const pairs = wordsOf(options).map((word) => {
    const pair = /^(\w+)=([^]*)$/.exec(word);
    if (pair === null) throw new CommandError(`Cannot read "${word}": expected option=value`);
    return `${pair[1]}: ${pair[2]}`;
  });
  const parts = [`kind: ${kind}`, `process: ${literal(process)}`, ...pairs];
  return `${literal(name)}: { ${parts.join(", ")} }`;
}

/** Has the scenario reader look at what was changed, then carries the ticks out again. */
async function reconfigure(
  session: Session,
  program: Partial<Omit<Program, "steps">>,
  breathe: Breathe | undefined,
): Promise<void> {
  checked(scenarioText({ ...session.program, ...program, steps: [], expect: [] }));
  await runBreathing(session.reconfiguring({ program }), breathe);
}

async function change(
  session: Session,
  settings: Partial<SessionSettings>,
  breathe: Breathe | undefined,
): Promise<void> {
  await runBreathing(session.reconfiguring({ settings }), breathe);
}

function checked(text: string): Program {
  const { program, diagnostics } = checkScenario(text);
  if (program !== undefined) return program;
  const lines = diagnostics.map(({ message, hint }) =>
    hint === undefined ? message : `${message}. ${hint}`
  );
  throw new CommandError(lines.join("\n"));
}

function unknown(what: string, word: string, known: readonly string[]): CommandError {
  const hint = suggestion(word, known) ?? `Expected one of ${known.join(", ")}`;
  return new CommandError(`Unknown ${what} "${word}". ${hint}`);
}

/** The commands, in the order of documentation. */
export const SETUP_COMMANDS: readonly Command[] = [PROCESS, LISTEN, SET, SAVE];
