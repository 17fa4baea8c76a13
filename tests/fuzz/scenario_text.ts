/**
 * Writing a program as a scenario file.
 *
 * @module
 */

import { argumentText } from "../../lib/machine/arguments.ts";
import type { Program, Step } from "../../lib/machine/program.ts";
import type { ArgumentSpec, ArgumentValue } from "../../lib/machine/spec.ts";
import type { Fault, World } from "./execute.ts";

/**
 * Writes a program that fails as a scenario file that fails in the same way.
 *
 * @param program The program.
 * @param world Kernel and policy under which it fails.
 * @param fault What is wrong.
 * @returns The text of the file.
 */
export function scenarioText(program: Program, world: World, fault: Fault): string {
  const { machine, processes, listeners, steps, name, faults } = program;
  const used = usedNames(steps);
  const kept = listeners.filter((listener) => used.has(listener.name));
  const declared = processes.filter(({ name: process }) =>
    used.has(process) || kept.some((listener) => listener.process === process)
  );
  return [
    `name: ${quote(`${name}: ${fault.invariant} under ${world.kernel}, ${world.policy}`)}`,
    `about: ${quote(fault.message)}`,
    `kernel: ${world.kernel}`,
    `switches: ${JSON.stringify(program.switches)}`,
    `machine: { memory: ${machine.memory}, nodes: ${machine.nodes}, seed: ${machine.seed} }`,
    `processes: { ${declared.map((process) => `${process.name}: {}`).join(", ")} }`,
    ...(kept.length === 0 ? [] : ["listeners:"]),
    ...kept.map(({ name, kind, process }) =>
      `  ${name}: { kind: ${kind}, process: ${process}, policy: ${world.policy} }`
    ),
    ...(faults.length === 0 ? [] : [`faults: [${faults.join(", ")}]`]),
    "steps:",
    ...steps.map((step, index) => stepText(step, fault.returns[index] ?? 0)),
    "",
  ].join("\n");
}

function stepText(step: Step, ret: number): string {
  const during = (step.during ?? []).map(({ at, nth, steps }) =>
    `{ at: ${at}, nth: ${nth}, do: [${steps.map((other) => `{ ${callText(other)} }`).join(", ")}] }`
  );
  return [
    `  - ${callText(step)}`,
    ...(during.length > 0 ? [`    during: [${during.join(", ")}]`] : []),
    ...(ret < 0 ? [`    expect: { ret: ${ret} }`] : []),
  ].join("\n");
}

function callText({ operation, args }: Step): string {
  const words = Object.entries(args).map(([name, value]) =>
    `${name}: ${valueText(operation.args[name], value)}`
  );
  return `${operation.name}: ${words.length === 0 ? "{}" : `{ ${words.join(", ")} }`}`;
}

function valueText(spec: ArgumentSpec, value: ArgumentValue): string {
  if (spec.kind === "address") return `0x${Number(value).toString(16)}`;
  return typeof value === "object" ? quote(argumentText(value)) : String(value);
}

/** Every word of the arguments that may name a process or a listener. */
function usedNames(steps: readonly Step[]): Set<string> {
  const others = steps.flatMap(({ during = [] }) => during.flatMap((one) => one.steps));
  return new Set([...steps, ...others].flatMap(({ args }) => Object.values(args).map(String)));
}

function quote(text: string): string {
  return JSON.stringify(text);
}
