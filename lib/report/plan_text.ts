/**
 * What would run: the operations of each scenario after loops and expressions, without running it.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { Program, SourcePosition, Step } from "../machine/program.ts";
import { decisionTexts, withoutLaterPasses } from "./decisions.ts";
import { indent } from "./layout.ts";
import { amount } from "./numbers.ts";
import type { Palette } from "./palette.ts";
import { skipText } from "./results.ts";
import { whenText } from "./words.ts";

/** A scenario that would run. */
export interface PlannedRun {
  /** Name of the file. */
  readonly file: string;
  /** The program. */
  readonly program: Program;
  /** Kernel profiles. */
  readonly kernels: readonly string[];
  /** Policies. */
  readonly policies: readonly string[];
}

/** One operation of {@linkcode PlanJson}. */
export interface PlannedStepJson {
  /** Name of the operation. */
  readonly operation: string;
  /** The step in short. */
  readonly label: string;
  /** Its title, or null. */
  readonly name: string | null;
  /** Name of the actor that does it, where there are several. */
  readonly actor?: string;
  /** Line in the file, or null. */
  readonly line: number | null;
  /** Conditions, captures and the like, in words; nothing where all is known before the run. */
  readonly decisions?: readonly string[];
  /** What must hold afterwards. */
  readonly expect: readonly string[];
  /** What others do meanwhile. */
  readonly during: readonly {
    /** The point at which the operation is interrupted. */
    readonly at: string;
    /** What they do. */
    readonly steps: readonly PlannedStepJson[];
  }[];
}

/** What `run --dry-run --json` writes. */
export interface PlanJson {
  /** Shape of the document. */
  readonly format: "mmulab.plan/1";
  /** The scenarios in the order of the run. */
  readonly scenarios: readonly {
    /** Name of the file. */
    readonly file: string;
    /** Title. */
    readonly name: string;
    /** Kernel profiles. */
    readonly kernels: readonly string[];
    /** Policies. */
    readonly policies: readonly string[];
    /** The operations in order. */
    readonly steps: readonly PlannedStepJson[];
  }[];
}

/**
 * Renders a plan.
 *
 * @param plan The scenarios.
 * @param palette Colours.
 * @returns Text that ends in a newline.
 */
export function planText(plan: readonly PlannedRun[], palette: Palette): string {
  const runs = plan.reduce((sum, one) => sum + one.kernels.length * one.policies.length, 0);
  const blocks = plan.map((one) => [...scenarioLines(one, palette), ""]);
  const sum = `${amount(plan.length, "scenario")}, ${amount(runs, "run")}: nothing was run`;
  return [...blocks.flat(), sum].join("\n") + "\n";
}

/**
 * Puts a plan into its JSON shape.
 *
 * @param plan The scenarios.
 * @returns Plain data.
 */
export function planJson(plan: readonly PlannedRun[]): PlanJson {
  const scenarios = plan.map(({ file, program, kernels, policies }) => ({
    file,
    name: program.name,
    kernels,
    policies,
    steps: program.steps.map(stepJson),
  }));
  return { format: "mmulab.plan/1", scenarios };
}

function scenarioLines(plan: PlannedRun, { bold, dim }: Palette): string[] {
  const { file, program, kernels, policies } = plan;
  const width = String(program.steps.length).length;
  return [
    `${bold(escapeControl(program.name))}  ${dim(escapeControl(file))}`,
    escapeControl(
      kernels.length === 0
        ? `  not under the kernels asked for: it ${skipText(plan)}`
        : `  under ${kernels.join(", ")} with ${policies.join(", ")}`,
    ),
    ...withoutLaterPasses(program.steps).flatMap((part) =>
      "left" in part
        ? [dim(`  ${" ".repeat(width)}  ${laterText(part.left)}`)]
        : stepLines(part.step, `  ${String(part.index + 1).padStart(width)}  `, { file, dim })
    ),
    ...program.expect.map(({ text, when }) =>
      dim(escapeControl(`  expect at the end${whenText(when)}: ${text}`))
    ),
    ...program.compare.map(({ text, when }) =>
      dim(escapeControl(`  expect of policies${whenText(when)}: ${text}`))
    ),
    ...program.compareKernels.map(({ text, when }) =>
      dim(escapeControl(`  expect of kernels${whenText(when)}: ${text}`))
    ),
    ...program.sometimes.map(({ text, when }) =>
      dim(escapeControl(`  expect in some run${whenText(when)}: ${text}`))
    ),
  ];
}

function laterText(count: number): string {
  return `up to ${amount(count, "more step")} in further passes`;
}

/** How the lines of a step are written. */
interface StepStyle {
  readonly file: string;
  readonly dim: (text: string) => string;
}

function stepLines(step: Step, lead: string, style: StepStyle): string[] {
  const { file, dim } = style;
  const inner = (step.during ?? []).flatMap(({ at, nth, steps, orAfter }) => [
    `at ${at}${nth === 1 ? "" : `, visit ${nth}`}${orAfter ? ", or after it" : ""}:`,
    ...steps.flatMap((one) => stepLines(one, "  ", style)),
  ]);
  const line = step.position === null ? "" : dim(`  ${lineText(step.position, file)}`);
  return [
    `${lead}${actorText(step)}${escapeControl(step.label)}${line}`,
    ...indent([
      ...decisionTexts(step).map((text) => dim(escapeControl(text))),
      ...inner,
      ...step.expect.map(({ text, when }) => dim(escapeControl(`expect${whenText(when)} ${text}`))),
    ], lead.length + 2),
  ];
}

function actorText({ actor }: Step): string {
  return actor === undefined ? "" : `[${escapeControl(actor)}] `;
}

/** The line, with the name of the file where it is another one. */
function lineText({ file, line }: SourcePosition, main: string): string {
  return file === main ? `line ${line}` : `${escapeControl(file)}:${line}`;
}

function stepJson(step: Step): PlannedStepJson {
  return {
    operation: step.operation.name,
    label: step.label,
    name: step.name ?? null,
    ...(step.actor === undefined ? {} : { actor: step.actor }),
    line: step.position?.line ?? null,
    ...(decisionTexts(step).length === 0 ? {} : { decisions: decisionTexts(step) }),
    expect: step.expect.map(({ text, when }) => `${text}${whenText(when)}`),
    during: (step.during ?? []).map(({ at, steps }) => ({ at, steps: steps.map(stepJson) })),
  };
}
