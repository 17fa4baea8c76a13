/**
 * The command `save`: a session as a scenario.
 *
 * @module
 */

import { readFigure } from "../../machine/figures.ts";
import { scenarioText } from "../../scenario/write.ts";
import type { Command } from "../command.ts";
import type { Session } from "../session.ts";
import { printing } from "../snippet.ts";

/** The command. */
export const SAVE: Command = {
  name: "save",
  group: "Session",
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
