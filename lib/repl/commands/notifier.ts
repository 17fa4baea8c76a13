/**
 * Commands that show the notifier: the chain, listeners, their counters and what they were told.
 *
 * @module
 */

import type { TraceRecord } from "../../kernel/trace.ts";
import { chainText, countersText, listenerText } from "../../report/listeners_text.ts";
import { eventsText, ftraceText } from "../../report/trace_text.ts";
import type { Command } from "../command.ts";
import { countOf, processNamed, requireListener } from "../places.ts";
import type { Session } from "../session.ts";
import { literal, printing } from "../snippet.ts";

const GROUP = "Notifier";
const LAST = { name: "n", value: "count", about: "How many of the last records (default 20)" };

const CHAIN: Command = {
  name: "chain",
  group: GROUP,
  about: "Show listeners in the order in which they are called, open windows and who they block",
  args: [{ name: "process", means: "process", about: "The process", optional: true }],
  examples: [["chain", "that of the process of set"]],
  run: ({ session }, { args }) => chainText(session.machine, processNamed(session, args.process)),
  ts: ({ session }, { args }) =>
    printing(
      ["chainText"],
      `chainText(session.machine, ${literal(processNamed(session, args.process))})`,
    ),
};

const LISTENER: Command = {
  name: "listener",
  group: GROUP,
  about: "Show a listener: its state, policy, what it registered, its translations",
  args: [{ name: "name", means: "listener", about: "The listener" }],
  options: [{ name: "n", value: "count", about: "Most translations shown (default 64)" }],
  examples: [["listener guest", "all there is to know of guest"]],
  run({ session }, { args, options }) {
    requireListener(session.machine, args.name);
    return listenerText(session.machine, args.name, numberOf(options.n, 64));
  },
  ts({ session }, { args, options }) {
    requireListener(session.machine, args.name);
    const limit = numberOf(options.n, 64);
    return printing(
      ["listenerText"],
      `listenerText(session.machine, ${literal(args.name)}, ${limit})`,
    );
  },
};

const COUNTERS: Command = {
  name: "counters",
  group: GROUP,
  about: "Show what listeners counted",
  args: [{ name: "name", means: "listener", about: "Only this listener", optional: true }],
  examples: [["counters", "all listeners side by side"], ["counters guest", "one"]],
  run({ session }, { args }) {
    if (args.name !== undefined) requireListener(session.machine, args.name);
    return countersText(session.machine, args.name === undefined ? undefined : [args.name]);
  },
  ts(_, { args }) {
    const names = args.name === undefined ? "" : `, ${literal([args.name])}`;
    return printing(["countersText"], `countersText(session.machine${names})`);
  },
};

const EVENTS: Command = {
  name: "events",
  group: GROUP,
  about: "Show the last windows, callbacks and device faults, with their operations",
  args: [],
  options: [LAST],
  examples: [["events", "the last 20"], ["events -n 5", "the last 5"]],
  run({ session }, { options }) {
    return eventsText(
      session.machine,
      lastRecords(session, numberOf(options.n, 20)),
      (record) => recordOrigin(session, record),
    );
  },
  ts: (_, { options }) =>
    printing(
      ["eventsText", "lastRecords", "recordOrigin"],
      `eventsText(session.machine, lastRecords(session, ${
        numberOf(options.n, 20)
      }), (record) => recordOrigin(session, record))`,
    ),
};

const TRACE: Command = {
  name: "trace",
  group: GROUP,
  about: "Show the last records of the trace in the format of ftrace",
  args: [],
  options: [LAST],
  examples: [["trace -n 100 > trace.txt", "into a file"]],
  run: ({ session }, { options }) =>
    ftraceText(session.machine, lastRecords(session, numberOf(options.n, 20))),
  ts: (_, { options }) =>
    printing(
      ["ftraceText", "lastRecords"],
      `ftraceText(session.machine, lastRecords(session, ${numberOf(options.n, 20)}))`,
    ),
};

/**
 * Takes the last records of a session's trace, borders of operations left out.
 *
 * @param session The session.
 * @param count Most records.
 * @returns The records in order.
 */
export function lastRecords(session: Session, count: number): TraceRecord[] {
  const { trace } = session.machine.host;
  const found: TraceRecord[] = [];
  for (let at = trace.length - 1; at >= 0 && found.length < count; at--) {
    const record = trace.at(at);
    if (!record.kind.startsWith("operation_")) found.push(record);
  }
  return found.reverse();
}

/**
 * Finds the tick and the operation of a record.
 *
 * @param session The session.
 * @param record The record.
 * @returns Number of the tick, from 1, and the operation in short.
 */
export function recordOrigin(
  session: Session,
  record: TraceRecord,
): { tick: number; label: string } {
  const { ticks } = session.journal;
  let low = 0;
  let high = ticks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ticks[middle].firstRecord <= record.index) low = middle + 1;
    else high = middle;
  }
  return { tick: low, label: ticks[low - 1]?.result.label ?? "" };
}

function numberOf(text: string | true | undefined, otherwise: number): number {
  return typeof text === "string" ? countOf(text, "a number of records") : otherwise;
}

/** The commands, in the order of documentation. */
export const NOTIFIER_COMMANDS: readonly Command[] = [CHAIN, LISTENER, COUNTERS, EVENTS, TRACE];
