/**
 * Programs written as scenario files.
 *
 * @module
 */

import { argumentText } from "../machine/arguments.ts";
import { DEFAULT_MACHINE, type Gate, type Program, type Step } from "../machine/program.ts";
import type { ArgumentSpec, ArgumentValue } from "../machine/spec.ts";

/** What a scenario is to expect of the run from which it was written. */
export interface ObservedRun {
  /** Name of the kernel profile. */
  readonly kernel: string;
  /** Name of the policy. */
  readonly policy: string;
  /** Violations of the run. */
  readonly violations: number;
  /** Figures at the end by dotted name. */
  readonly figures: Readonly<Record<string, number>>;
  /** What came of the steps, in order. */
  readonly steps: readonly ObservedStep[];
}

/** What came of a step. */
export interface ObservedStep {
  /** Return value. */
  readonly ret: number;
  /** Number of violations. */
  readonly violations: number;
  /** Return values of the steps of its interludes, those that were reached. */
  readonly meanwhile?: ReadonlyMap<Step, number>;
}

/**
 * Writes a program as a scenario; loops stay expanded, and the program's expectations are left out.
 *
 * What is decided while running becomes a condition of each step, and a loop that waits for
 * something is only as long as its passes.
 *
 * @param program The program.
 * @param observed What a run of it came to, to be expected again; nothing unless given.
 * @returns YAML that parses to the same operations on the same machine.
 * @example
 * ```ts
 * import { parseScenario } from "./scenario.ts";
 * import { scenarioText } from "./write.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const source = "name: A nap\n\nsteps:\n  - wait: { time: 20000000 }\n";
 * assertEquals(scenarioText(parseScenario(source)).endsWith("  - wait: { time: 20000000 }\n"), true);
 * ```
 */
export function scenarioText(program: Program, observed?: ObservedRun): string {
  const blocks = [headLines(program), actorLines(program)];
  blocks.push([
    "steps:",
    ...(program.steps.length === 0
      ? ["  - wait: { time: 0 }"]
      : program.steps.flatMap((step, at) => stepLines(step, outcomeOf(observed, at)))),
  ]);
  if (observed !== undefined) blocks.push(observedLines(observed));
  return blocks.filter(({ length }) => length > 0).map((lines) => lines.join("\n")).join("\n\n") +
    "\n";
}

function headLines(program: Program): string[] {
  const { name, about, tags, kernel, kernels, switches, machine, costs, faults } = program;
  const differs = Object.entries(machine).filter(([key, value]) =>
    Reflect.get(DEFAULT_MACHINE, key) !== value
  );
  return [
    `name: ${scalarText(name)}`,
    ...(about === "" ? [] : [`about: ${scalarText(about)}`]),
    ...(tags.length === 0 ? [] : [`tags: [${tags.map(scalarText).join(", ")}]`]),
    `kernel: ${scalarText(kernel)}`,
    ...(kernels.length > 1 ? [`kernels: [${kernels.map(scalarText).join(", ")}]`] : []),
    ...mapLines("switches", Object.entries(switches)),
    ...mapLines("machine", differs),
    ...mapLines("costs", Object.entries(costs)),
    ...(faults.length === 0 ? [] : [`faults: [${faults.join(", ")}]`]),
  ];
}

function actorLines({ policies, processes, listeners }: Program): string[] {
  const lines: string[] = [];
  if (Object.keys(policies).length > 0) lines.push("policies:");
  for (const [name, { base, useChangePte, events }] of Object.entries(policies)) {
    const own = useChangePte === undefined ? [] : [`useChangePte: ${useChangePte}`];
    const actions = Object.entries(events).map(([event, action]) => `${event}: ${action}`);
    const parts = [`base: ${scalarText(base)}`, ...own, `events: { ${actions.join(", ")} }`];
    lines.push(`  ${name}: { ${parts.join(", ")} }`);
  }
  if (processes.length > 0) {
    lines.push(`processes: { ${processes.map(({ name }) => `${name}: {}`).join(", ")} }`);
  }
  if (listeners.length > 0) lines.push("listeners:");
  for (const { name, kind, process, policy, options } of listeners) {
    const own = policy === undefined ? [] : [`policy: ${scalarText(policy)}`];
    const others = Object.entries(options).map(([key, value]) => `${key}: ${valueText(value)}`);
    const parts = [`kind: ${kind}`, `process: ${process}`, ...own, ...others];
    lines.push(`  ${name}: { ${parts.join(", ")} }`);
  }
  return lines;
}

/** What came of one step, and where. */
interface Outcome extends ObservedStep {
  readonly run: ObservedRun;
}

function outcomeOf(run: ObservedRun | undefined, at: number): Outcome | undefined {
  const step = run?.steps[at];
  return run === undefined || step === undefined ? undefined : { ...step, run };
}

/** What came of a step inside an interlude of a step. */
function outcomeMeanwhile(outcome: Outcome | undefined, step: Step): Outcome | undefined {
  const ret = outcome?.meanwhile?.get(step);
  return outcome === undefined || ret === undefined
    ? undefined
    : { ...outcome, ret, violations: 0 };
}

/** A step that failed, or broke an invariant, does so again; elsewhere it may, and need not. */
function outcomeLines({ ret, violations, run }: Outcome): string[] {
  const same = [...(ret < 0 ? [`ret: ${ret}`] : []), ...violationParts(violations, violations)];
  if (same.length === 0) return [];
  const others = [...(ret < 0 ? ['ret: ">= -4095"'] : []), ...violationParts(violations, '">= 0"')];
  return [
    "    expect:",
    `      - { ${[whenText(run), ...same].join(", ")} }`,
    `      - { ${others.join(", ")} }`,
  ];
}

function violationParts(violations: number, expected: number | string): string[] {
  return violations > 0 ? [`violations: ${expected}`] : [];
}

function whenText({ kernel, policy }: ObservedRun): string {
  return `when: { kernel: ${scalarText(kernel)}, policy: ${scalarText(policy)} }`;
}

function stepLines(step: Step, outcome: Outcome | undefined): string[] {
  const { operation, args, name, during } = step;
  const given = Object.entries(args)
    .filter(([key, value]) => operation.args[key]?.default !== value)
    .map(([key, value]) => `${key}: ${valueText(value, operation.args[key])}`);
  const { late, captures = [], gates = [] } = step;
  for (const [key, text] of Object.entries(late?.texts ?? {})) {
    given.push(`${key}: ${JSON.stringify(text)}`);
  }
  const text = `${operation.name}: ${given.length === 0 ? "{}" : `{ ${given.join(", ")} }`}`;
  const own = [
    ...(name === undefined ? [`  - ${text}`] : [`  - name: ${scalarText(name)}`, `    ${text}`]),
    ...(outcome === undefined ? [] : outcomeLines(outcome)),
  ];
  if (gates.length > 0) own.push(`    if: ${JSON.stringify(gates.map(gateText).join(" && "))}`);
  if (captures.length > 0) {
    const parts = captures.map(({ name, text }) =>
      `${name}: ${text.startsWith("{") ? text : JSON.stringify(text)}`
    );
    own.push(`    capture: { ${parts.join(", ")} }`);
  }
  if (during === undefined) return own;
  const meanwhile = during.flatMap(({ at, nth, steps, orAfter }) => [
    `      - at: ${scalarText(at)}`,
    `        nth: ${nth}`,
    ...(orAfter ? ["        or_after: true"] : []),
    "        do:",
    ...steps.flatMap((inner) => stepLines(inner, outcomeMeanwhile(outcome, inner)))
      .map((line) => `        ${line}`),
  ]);
  return [...own, "    during:", ...meanwhile];
}

/** A condition of several steps is asked anew for each of them. */
function gateText({ formula, open }: Gate): string {
  return open ? `(${formula.text})` : `!(${formula.text})`;
}

function observedLines(run: ObservedRun): string[] {
  return [
    "expect:",
    `  - ${whenText(run)}`,
    `    violations: ${run.violations}`,
    ...Object.entries(run.figures).map(([name, value]) => `    ${name}: ${value}`),
    ...violationParts(run.violations, '">= 0"').map((part) => `  - ${part}`),
  ];
}

function mapLines(name: string, entries: readonly (readonly [string, unknown])[]): string[] {
  if (entries.length === 0) return [];
  const inner = entries.map(([key, value]) => `${key}: ${scalarText(String(value))}`).join(", ");
  return [`${name}: { ${inner} }`];
}

function valueText(value: ArgumentValue, spec?: ArgumentSpec): string {
  if (typeof value === "number" && spec?.kind === "address") return `0x${value.toString(16)}`;
  return typeof value === "string" || typeof value === "object"
    ? scalarText(argumentText(value))
    : String(value);
}

/**
 * Writes a text as a YAML scalar: plain where it is read back as it is, in double quotes otherwise.
 *
 * @param text The text.
 * @returns The scalar.
 */
export function scalarText(text: string): string {
  const isPlain = /^(?:[A-Za-z_][\w. /-]*[\w]|[A-Za-z_]|[0-9]+(?:\.[0-9]+)?)$/.test(text);
  const isWord = !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain && (isWord || text === "true" || text === "false")
    ? text
    : JSON.stringify(text.replaceAll("${", () => "$${"));
}
