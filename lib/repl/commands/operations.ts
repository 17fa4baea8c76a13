/**
 * One command for each operation of a scenario, made from its specification.
 *
 * @module
 */

import { OPERATIONS } from "../../machine/ops/mod.ts";
import type { Expectation } from "../../machine/expectation.ts";
import type { Step } from "../../machine/program.ts";
import type { ArgumentSpec, OperationSpec } from "../../machine/spec.ts";
import type { ArgumentMeaning, Command, CommandArgument } from "../command.ts";
import { type Breathe, runBreathing, ticksText } from "../running.ts";
import type { Session } from "../session.ts";
import { readShortForm, readYamlStep, shortUsage } from "../short_form.ts";
import { literal, printing } from "../snippet.ts";
import { wordsOf } from "../words.ts";

const GROUP = "Operations";

/** Holds of every result: error numbers end at 4095. */
const ANY_RESULT: Expectation = {
  demand: { kind: "ret", matcher: { operator: ">=", operand: -4095 } },
  text: "ret: '>= -4095'",
  when: {},
  position: null,
};

const MEANINGS: Readonly<Partial<Record<ArgumentSpec["kind"], ArgumentMeaning>>> = {
  process: "process",
  listener: "listener",
  range: "range",
  count: "count",
};

/**
 * Carries out a step as a scenario writes it.
 *
 * @param session The session.
 * @param line YAML, such as `{ mmap: { process: qemu, name: ram, size: 16 pages } }`.
 * @param breathe Lets others have a turn meanwhile.
 * @returns What came of it; text that ends in a newline.
 * @throws {CommandError} If something is wrong with it.
 */
export async function performYaml(
  session: Session,
  line: string,
  breathe?: Breathe,
): Promise<string> {
  return await performSteps(session, readYamlStep(session, line), breathe);
}

function operationCommand(spec: OperationSpec): Command {
  return {
    name: spec.name,
    group: GROUP,
    about: spec.about,
    details: [
      `In short: ${shortUsage(spec)}; any argument may be written name=value.`,
      `As in a scenario: ${spec.name}: { ${Object.keys(spec.args).join(": ..., ")}: ... }.`,
      ...(spec.values === undefined ? [] : [`Gives back: ${valuesText(spec.values)}.`]),
      ...(spec.kernel === undefined ? [] : [`In the kernel: ${spec.kernel}.`]),
    ].join("\n"),
    args: [{
      name: "arguments",
      means: "text",
      about: Object.keys(spec.args).join(", ") || "It has none",
      optional: true,
      rest: true,
    }],
    examples: [[exampleOf(spec), spec.about.toLowerCase()]],
    run: ({ session, breathe }, { args }) =>
      performSteps(session, readShortForm(session, spec, wordsOf(args.arguments ?? "")), breathe),
    ts: ({ session }, { args }) =>
      stepsCode(readShortForm(session, spec, wordsOf(args.arguments ?? ""))),
  };
}

/**
 * Writes library code that carries out a step as a scenario writes it.
 *
 * @param session The session.
 * @param line YAML.
 * @returns Statements that print what came of it.
 * @throws {CommandError} If something is wrong with it.
 */
export function yamlCode(session: Session, line: string): string {
  readYamlStep(session, line);
  return printing(["performYaml"], `(await performYaml(session, ${literal(line)}))`);
}

/** Library code that carries out steps and prints what came of them. */
function stepsCode(steps: readonly Step[]): string {
  const made = steps.map(({ operation, args, label }) => {
    const step = `newStep(operation(${literal(operation.name)}), ${literal(args)})`;
    return `{ ...${step}, label: ${literal(label)} }`;
  });
  return printing(
    ["newStep", "operation", "performSteps"],
    "(await performSteps(session, steps))",
    [
      `const steps = [${made.join(", ")}];`,
    ],
  );
}

/**
 * Puts steps onto the line where the session stands, and carries them out.
 *
 * @param session The session.
 * @param steps The steps.
 * @param breathe Lets others have a turn meanwhile.
 * @returns What came of them; text that ends in a newline.
 * @throws {RangeError} If one cannot be carried out; the session is then as before.
 */
export async function performSteps(
  session: Session,
  steps: readonly Step[],
  breathe?: Breathe,
): Promise<string> {
  const { tick } = session;
  await runBreathing(session.performing(steps.map(mayFail)), breathe);
  return ticksText(session, tick);
}

/** What is typed may fail, unless it says otherwise: that is a result like any other. */
function mayFail(step: Step): Step {
  const { expect, during } = step;
  const interludes = during?.map((one) => ({ ...one, steps: one.steps.map(mayFail) }));
  return {
    ...step,
    expect: [...expect, ANY_RESULT],
    ...(interludes === undefined ? {} : { during: interludes }),
  };
}

/**
 * Lists the arguments of an operation for completion.
 *
 * @param name Name of the operation.
 * @returns Its arguments in order, with the words a choice has.
 */
export function operationArguments(
  name: string,
): (CommandArgument & { readonly choices?: readonly string[] })[] {
  const spec = OPERATIONS.find((one) => one.name === name);
  return Object.entries(spec?.args ?? {}).map(([key, arg]) => ({
    name: key,
    means: MEANINGS[arg.kind] ?? "text",
    about: arg.about,
    optional: arg.required !== true,
    ...choicesOf(arg),
  }));
}

function valuesText(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, about]) => `${name} (${about})`).join(", ");
}

function choicesOf({ kind, choices }: ArgumentSpec): { choices?: readonly string[] } {
  if (kind === "choice") return choices === undefined ? {} : { choices };
  if (kind === "fill") return { choices: ["same", "unique", "random"] };
  return kind === "flag" ? { choices: ["true", "false"] } : {};
}

const SAMPLES: Readonly<Record<ArgumentSpec["kind"], string>> = {
  process: "qemu",
  listener: "guest",
  name: "ram",
  range: "ram",
  size: "16p",
  address: "0x7f0000000000",
  count: "1",
  flag: "true",
  choice: "",
  fill: "same",
  duration: '"20 ms"',
  file: "data",
};

/** A call with every argument that must be given. */
function exampleOf(spec: OperationSpec): string {
  const words = Object.entries(spec.args).filter(([, { required }]) => required === true)
    .map(([, { kind, choices, introduces }]) =>
      introduces === "process" ? "child" : kind === "choice" ? choices?.at(1) ?? "" : SAMPLES[kind]
    );
  return [spec.name, ...words].join(" ");
}

/** The commands, in the order of the operations. */
export const OPERATION_COMMANDS: readonly Command[] = OPERATIONS.map(operationCommand);
