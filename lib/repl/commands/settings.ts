/**
 * The command `set`: the settings of a session.
 *
 * @module
 */

import { PROFILES } from "../../kernel/profile.ts";
import { table } from "../../report/layout.ts";
import { parseMeasure } from "../../scenario/units.ts";
import { type ArgumentMeaning, type Command, MissingArgumentError } from "../command.ts";
import { requireProcess, unknownName } from "../places.ts";
import { type Breathe, runBreathing } from "../running.ts";
import type { Session, SessionSettings } from "../session.ts";
import { literal, printing, snippet } from "../snippet.ts";
import { CommandError } from "../words.ts";
import { reconfigure } from "./setup.ts";

/** The settings, with what their values stand for. */
export const SETTINGS: Readonly<Record<string, ArgumentMeaning>> = {
  kernel: "kernel",
  policy: "policy",
  check: "switch",
  memory: "text",
  nodes: "count",
  seed: "count",
};

/** The command. */
export const SET: Command = {
  name: "set",
  group: "Session",
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
      if (!Object.hasOwn(PROFILES, value)) {
        throw unknownName("kernel", value, Object.keys(PROFILES));
      }
      return await change(session, { kernel: value }, breathe);
    case "policy":
      return await change(session, { policy: value }, breathe);
    case "check":
      if (value !== "on" && value !== "off") throw unknownName("setting", value, ["on", "off"]);
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
      throw unknownName("setting", name, Object.keys(SETTINGS));
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
  if (!session.machine.processes.has(name) && Object.hasOwn(SETTINGS, name)) {
    throw new MissingArgumentError(SET, { name: "value", means: SETTINGS[name] });
  }
  requireProcess(session.machine, name);
}

async function change(
  session: Session,
  settings: Partial<SessionSettings>,
  breathe: Breathe | undefined,
): Promise<void> {
  await runBreathing(session.reconfiguring({ settings }), breathe);
}
