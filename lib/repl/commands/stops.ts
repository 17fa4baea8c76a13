/**
 * Commands that say where a run stops: break, watch, delete.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { countOf, placeIfAny } from "../places.ts";
import { literal, snippet } from "../snippet.ts";

const GROUP = "Walking";

const BREAK: Command = {
  name: "break",
  aliases: ["b"],
  group: GROUP,
  about: "Stop at a line of the scenario, an event, a callback, or when a condition begins to hold",
  expression: true,
  args: [{
    name: "where",
    means: "text",
    about: "Line, event such as CLEAR, callback such as change_pte, or condition",
    rest: true,
  }],
  examples: [
    ["break 42", "before the step of line 42"],
    ["break CLEAR", "after a step with a CLEAR window"],
    ["break guest.retries > 0", "when the guest first retries"],
  ],
  run({ session, breakpoints }, { args }) {
    const { id, kind, line, text } = breakpoints.add(session, args.where);
    return `breakpoint ${id}: ${kind} ${line ?? text}\n`;
  },
  ts: (_, { args }) =>
    snippet(["Breakpoints"], [
      "const breakpoints = new Breakpoints();",
      `const { id, kind, line, text } = breakpoints.add(session, ${literal(args.where)});`,
      "console.log(`breakpoint ${id}: ${kind} ${line ?? text}`);",
    ]),
};

const WATCH: Command = {
  name: "watch",
  group: GROUP,
  about: "Stop when the entry of a page changes: the CPU's or a listener's",
  args: [{ name: "address", means: "address", about: "The page" }],
  examples: [["watch ram[3]", "the fourth page of ram"]],
  run({ session, breakpoints }, { args }) {
    const { id, text } = breakpoints.watch(session, args.address);
    const isThere = placeIfAny(session, text) !== undefined;
    return `watch ${id}: ${text}${isThere ? "" : ", which is not mapped yet"}\n`;
  },
  ts: (_, { args }) =>
    snippet(["Breakpoints", "placeIfAny"], [
      "const breakpoints = new Breakpoints();",
      `const { id, text } = breakpoints.watch(session, ${literal(args.address)});`,
      'const note = placeIfAny(session, text) ? "" : ", which is not mapped yet";',
      "console.log(`watch ${id}: ${text}${note}`);",
    ]),
};

const DELETE: Command = {
  name: "delete",
  group: GROUP,
  about: "Delete a breakpoint or watched page, or all",
  args: [{ name: "number", means: "count", about: "Its number", optional: true }],
  examples: [["delete 1", "the first"], ["delete", "all"]],
  run({ breakpoints }, { args }) {
    breakpoints.delete(
      args.number === undefined ? undefined : countOf(args.number, "the number of a breakpoint"),
    );
    return "";
  },
  ts: (_, { args }) =>
    snippet(["Breakpoints"], [
      "const breakpoints = new Breakpoints();",
      `breakpoints.delete(${args.number ?? ""});`,
    ]),
};

/** The commands, in the order of documentation. */
export const STOP_COMMANDS: readonly Command[] = [BREAK, WATCH, DELETE];
