/**
 * Commands that walk through a program: load, list, step, next, until, continue, print, info.
 *
 * @module
 */

import { escapeControl } from "../../kernel/escape.ts";
import { cellText, type Program } from "../../machine/program.ts";
import { formatDiagnostic } from "../../scenario/diagnostics.ts";
import { scenarioText } from "../../scenario/write.ts";
import { checkScenario } from "../../scenario/scenario.ts";
import { parseVariable } from "../../scenario/variable_text.ts";
import { amount } from "../../report/numbers.ts";
import { table } from "../../report/layout.ts";
import { stepListText } from "../../report/steps_text.ts";
import type { Command, Environment } from "../command.ts";
import { expressionOf, valueOf } from "../conditions.ts";
import { countOf, placeOf } from "../places.ts";
import { runOn, type RunOnOptions } from "../running.ts";
import type { Session } from "../session.ts";
import { addressLiteral, literal, printing, snippet } from "../snippet.ts";
import { STOP_COMMANDS } from "./stops.ts";
import { CommandError, wordsOf } from "../words.ts";

const GROUP = "Walking";
const TICKS = { name: "n", means: "count", about: "How many (default 1)", optional: true } as const;

const LOAD: Command = {
  name: "load",
  group: GROUP,
  about: "Load a scenario; the session then stands before its first step",
  args: [
    { name: "file", means: "scenario", about: "The file" },
    {
      name: "variables",
      means: "text",
      about: "Values for its variables: name=value",
      optional: true,
      rest: true,
    },
  ],
  options: [
    {
      name: "cell",
      value: "cell",
      means: "cell",
      about: "Cell of its matrix: its number, or a part of its name (default 1)",
    },
  ],
  details: "Of a scenario with a matrix it lists the cells; their names are those that run writes.",
  examples: [
    ["load scenarios/ksm-merge-kvm.yaml", "a scenario"],
    ["load scenarios/ksm-merge-kvm.yaml pages=4", "with another number of pages"],
    ["load scenarios/language/ksm-sweep.yaml --cell 2", "the second cell of its matrix"],
  ],
  run({ session, readFile, includesOf }, { args, options: { cell } }) {
    const { file } = args;
    const text = readFile(file);
    const variables = variablesOf(args.variables);
    const read = includesOf(file);
    const options = { file, variables, ...(read === undefined ? {} : { read }) };
    const { programs, diagnostics, included } = checkScenario(text, options);
    if (programs.length === 0) {
      const lines = diagnostics.map((one) => {
        const place = one.file ?? file;
        return formatDiagnostic(one, included.get(place) ?? text, place);
      });
      throw new CommandError(`Cannot load ${args.file}:\n${lines.join("\n")}`);
    }
    const at = cellAt(programs, cell);
    const program = programs[at];
    const cells = programs.length > 1 ? { cells: programs.map(cellText) } : {};
    session.load(program, { file: args.file, text, ...cells });
    return `${
      escapeControl(program.name)
    }: ${program.steps.length} steps, kernel ${session.kernel}, ` +
      `policy ${session.settings.policy}\n${cellsText(programs, at)}`;
  },
  ts({ readFile, includesOf }, { args, options: { cell } }) {
    const variables = literal(variablesOf(args.variables));
    const source = literal(readFile(args.file));
    const read = includesOf(args.file);
    const at = cell === undefined ? 0 : cellAt(
      checkScenario(readFile(args.file), {
        file: args.file,
        variables: variablesOf(args.variables),
        ...(read === undefined ? {} : { read }),
      }).programs,
      cell,
    );
    const parsed = `{ file, variables: ${variables} }`;
    const program = at === 0
      ? `parseScenario(source, ${parsed})`
      : `checkScenario(source, ${parsed}).programs[${at}]`;
    return snippet([at === 0 ? "parseScenario" : "checkScenario"], [
      `const source = ${source};`,
      `const file = ${literal(args.file)};`,
      `const program = ${program};`,
      "session.load(program, { file, text: source });",
      "const { name, steps } = program;",
      "const { kernel, settings: { policy } } = session;",
      "console.log(`${name}: ${steps.length} steps, kernel ${kernel}, policy ${policy}`);",
    ]);
  },
};

/** Most cells that are listed. */
const MOST_CELLS = 20;

/** Lists the cells of a matrix. */
function cellsText(programs: readonly Program[], at: number): string {
  if (programs.length < 2) return "";
  const width = String(programs.length).length;
  const cells = programs.slice(0, MOST_CELLS).map((program, index) =>
    `${index === at ? "=>" : "  "} ${String(index + 1).padStart(width)} ${cellText(program)}`
  );
  const left = programs.length - cells.length;
  const head = `Cell ${at + 1} of ${programs.length}; --cell loads another one`;
  const lines = [head, ...cells, ...(left > 0 ? [`   and ${left} more`] : [])];
  return lines.map((line) => `${escapeControl(line)}\n`).join("");
}

/** Finds the cell that is asked for. */
function cellAt(programs: readonly Program[], asked: string | true = "1"): number {
  const names = programs.map(cellText);
  const word = String(asked);
  const found = /^[0-9]+$/.test(word)
    ? [Number(word) - 1].filter((at) => at >= 0 && at < programs.length)
    : names.flatMap((name, at) => name.toLowerCase().includes(word.toLowerCase()) ? [at] : []);
  if (found.length === 1) return found[0];
  if (names.length < 2) throw new CommandError(`Cannot find cell "${word}": there is no matrix`);
  const known = `cells are ${names.slice(0, MOST_CELLS).join(", ")}`;
  const what = found.length === 0 ? `No cell is "${word}"` : `${found.length} cells have "${word}"`;
  throw new CommandError(`${what}; ${known}`);
}

const LIST: Command = {
  name: "list",
  aliases: ["l"],
  group: GROUP,
  about: "List the steps around the next one; => marks it",
  args: [
    { name: "first", means: "count", about: "First step shown", optional: true },
    { name: "last", means: "count", about: "Last step shown", optional: true },
  ],
  examples: [["list", "ten steps"], ["list 1 100", "a hundred"]],
  run({ session }, { args }) {
    const [from, to] = listRange(session, args);
    return stepListText(session.steps, session.tick, from, to);
  },
  ts({ session }, { args }) {
    const range = listRange(session, args).join(", ");
    return printing(["stepListText"], `stepListText(session.steps, session.tick, ${range})`);
  },
};

const STEP = runner({
  name: "step",
  aliases: ["s"],
  about: "Carry out the next step, or several",
  args: [TICKS],
  examples: [["step", "one"], ["step 5", "five"]],
}, (args) => ({ ticks: args.n === undefined ? 1 : countOf(args.n, "a number of steps") }));

const NEXT = runner({
  name: "next",
  aliases: ["n"],
  about: "Carry out steps up to the next line of the scenario: a loop as a whole",
  args: [],
  examples: [["next", "to the next line"]],
}, () => ({ line: true }));

const UNTIL = runner({
  name: "until",
  about: "Carry out steps until a condition holds",
  expression: true,
  args: [{ name: "condition", means: "text", about: "Over figures, tick and ret", rest: true }],
  examples: [["until ksm.pages_sharing > 0", "until ksmd has merged a page"]],
}, (args) => {
  expressionOf(args.condition);
  return { until: args.condition };
});

const CONTINUE = runner({
  name: "continue",
  aliases: ["c", "run", "r"],
  about: "Carry out steps until a breakpoint stops it, or none is left",
  args: [],
  examples: [["continue", "to the next breakpoint, or the end"]],
}, () => ({}));

const PRINT: Command = {
  name: "print",
  aliases: ["p"],
  group: GROUP,
  about: "Compute an expression over figures, tick and ret, or show where pages are",
  expression: true,
  args: [{ name: "expression", means: "text", about: "As in scenarios", rest: true }],
  examples: [
    ["print guest.faults", "a figure"],
    ["print ksm.pages_sharing * 4096", "bytes that KSM saves"],
    ["print ram[3]", "an address"],
  ],
  run({ session }, { args }) {
    const place = placeIn({ session }, args.expression);
    if (place !== undefined) return `${place}\n`;
    return `${valueOf(session, args.expression)}\n`;
  },
  ts({ session }, { args }) {
    const place = placeIn({ session }, args.expression);
    const value = place ?? `valueOf(session, ${literal(args.expression)})`;
    return snippet(place === undefined ? ["valueOf"] : [], [
      `console.log(String(${place === undefined ? value : literal(place)}));`,
    ]);
  },
};

const INFO: Command = {
  name: "info",
  aliases: ["i"],
  group: GROUP,
  about: "Show where the session stands, its settings and its breakpoints",
  details:
    "With --ts it prints how to make the session, which the code of the other commands uses.",
  args: [],
  examples: [["info", "the session"], ["info --ts", "code that makes the session"]],
  run: ({ session, breakpoints }) => infoText({ session, breakpoints }),
  ts({ session }) {
    const { policy, check } = session.settings;
    return snippet(["parseScenario", "Session"], [
      `const program = parseScenario(${literal(scenarioText(session.program))});`,
      `const session = new Session(program, ${literal({ policy, check })});`,
      `session.goto(${session.tick});`,
      "const { tick, steps, kernel } = session;",
      `console.log(\`tick \${tick} of \${steps.length}, kernel \${kernel}, policy ${policy}, \` +`,
      `  ${literal(`checks ${check ? "on" : "off"}`)});`,
    ]);
  },
};

/** The state of a session. */
function infoText({ session, breakpoints }: Pick<Environment, "session" | "breakpoints">): string {
  const { tick, steps, kernel, settings } = session;
  const head = `tick ${tick} of ${steps.length}, kernel ${kernel}, policy ${settings.policy}, ` +
    `checks ${settings.check ? "on" : "off"}`;
  const rows = breakpoints.list.map(({ id, kind, text }) => [`${id}`, kind, text]);
  return [head, ...table(rows, 2)].join("\n") + "\n";
}

/** A command that runs on. */
function runner(
  parts: Omit<Command, "group" | "run" | "ts">,
  optionsOf: (args: Readonly<Record<string, string>>) => RunOnOptions,
): Command {
  return {
    ...parts,
    group: GROUP,
    run({ session, breakpoints, breathe }, { args }) {
      return runOn(session, { ...optionsOf(args), breakpoints, breathe });
    },
    ts({ breakpoints }, { args }) {
      const made = breakpoints.list.map(({ kind, text }) =>
        kind === "watch"
          ? `breakpoints.watch(session, ${literal(text)});`
          : `breakpoints.add(session, ${literal(text)});`
      );
      const before = made.length === 0 ? [] : ["const breakpoints = new Breakpoints();", ...made];
      const given = Object.entries(optionsOf(args)).map(([key, value]) =>
        `${key}: ${literal(value)}`
      );
      const options = [...given, ...(made.length === 0 ? [] : ["breakpoints"])].join(", ");
      return printing(
        ["runOn", ...(made.length === 0 ? [] : ["Breakpoints"])],
        `(await runOn(session, ${options === "" ? "{}" : `{ ${options} }`}))`,
        before,
      );
    },
  };
}

function listRange(
  { tick, steps }: Session,
  { first, last }: Readonly<Record<string, string>>,
): [from: number, to: number] {
  const number = (text: string) => countOf(text, "the number of a step");
  const from = first === undefined ? Math.max(0, tick - 4) : Math.max(1, number(first)) - 1;
  const to = last === undefined ? from + 10 : number(last);
  if (first !== undefined && (from >= steps.length || to <= from)) {
    throw new CommandError(
      `Cannot list steps ${from + 1} to ${to}: the session has ${amount(steps.length, "step")}`,
    );
  }
  return [from, Math.min(to, steps.length)];
}

/** An address or range, written out; undefined where the text is none that exists. */
function placeIn({ session }: Pick<Environment, "session">, text: string): string | undefined {
  if (/^[0-9.]+$/.test(text)) return undefined;
  try {
    const { process, start, end } = placeOf(session, text);
    return `${process}:${addressLiteral(start)}-${addressLiteral(end)}`;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

function variablesOf(text: string | undefined) {
  return Object.fromEntries(wordsOf(text ?? "").map(parseVariable));
}

/** The commands, in the order of documentation. */
export const WALK_COMMANDS: readonly Command[] = [
  LOAD,
  LIST,
  STEP,
  NEXT,
  UNTIL,
  CONTINUE,
  ...STOP_COMMANDS,
  PRINT,
  INFO,
];
