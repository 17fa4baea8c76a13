/**
 * A failed expectation for readers: what was expected, what came, where it stands.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import { cellText } from "../machine/program.ts";
import type { Failure } from "../machine/observed.ts";
import type { PlacedViolation } from "../machine/run.ts";
import type { GroupedFailure, Occurrence } from "./failures.ts";
import { indent } from "./layout.ts";
import { amount } from "./numbers.ts";
import type { Rendering } from "./options.ts";
import type { Palette } from "./palette.ts";
import type { ScenarioResult } from "./results.ts";
import { shellWord } from "./shell.ts";
import { excerpt, placeText } from "./source_text.ts";

/** The runs that a failure is about, where they are all runs of something. */
const OVER: Readonly<Record<string, string>> = {
  kernels: "all kernels together",
  file: "all runs of the file",
};

/** From this length on, what was expected and what came get lines of their own. */
const LONG_MESSAGE = 80;
/** Most violations shown for one failure. */
const MAX_VIOLATIONS = 5;

/**
 * Renders a failure.
 *
 * @param group The failure and the runs in which it came up.
 * @param result The scenario.
 * @param options Colours and the way to rerun.
 * @returns Lines.
 */
export function failureText(
  group: GroupedFailure,
  result: ScenarioResult,
  options: Rendering,
): string[] {
  const { failure, violations, lost } = group;
  const { message, position, expectation, hint, lines, values = [], details = [], diff } = failure;
  const { palette } = options;
  const told = hint === undefined ? {} : { hint };
  const headline = position === null
    ? [
      palette.bold(`${escapeControl(result.file)}: ${escapeControl(message)}`),
      ...(hint === undefined ? [] : [palette.yellow(`  = ${escapeControl(hint)}`)]),
    ]
    : excerpt({ message, position, lines, ...told }, result.program.sources, palette);
  const facts: string[] = [];
  const add = (key: string, texts: readonly string[], paint = (text: string) => text) =>
    facts.push(
      ...texts.map((text, at) =>
        factLine(at === 0 ? key : "", paint(escapeControl(text)), palette)
      ),
    );
  if (message.length > LONG_MESSAGE && violations.length === 0 && diff === undefined) {
    add("wanted", [failure.expected]);
    add("got", [failure.actual]);
  }
  if (position === null) add("expect", [expectation]);
  add("values", values.map(({ name, value }) => `${name} = ${value}`));
  add("tree", details);
  add("diff", diff ?? [], (line) => paintDiff(line, palette));
  if (lost > 0) {
    add("trace", [`it was full and lost ${amount(lost, "record")}: --trace-limit keeps more`]);
  }
  add("after", [afterText(group, result)]);
  add("used", usedAt(group, result));
  add("under", [OVER[failure.over ?? "run"] ?? underText(group.occurrences)]);
  facts.push(...violationLines(violations, palette));
  const occurrence = { ...group.occurrences[0], over: failure.over };
  add("rerun", [rerunText(occurrence, result, options)]);
  return [...headline, ...indent(facts, 4)];
}

function paintDiff(line: string, { red, green, dim }: Palette): string {
  return line.startsWith("- ") ? red(line) : line.startsWith("+ ") ? green(line) : dim(line);
}

/**
 * Writes the command that repeats one run of one scenario.
 *
 * @param occurrence The run.
 * @param scenario The scenario.
 * @param options How the program is called.
 * @returns A line for a shell.
 */
export function rerunText(
  { kernel, policy, over }: Occurrence & { readonly over?: Failure["over"] | undefined },
  { file, program, comparisons = [] }:
    & Pick<ScenarioResult, "file" | "program">
    & Partial<Pick<ScenarioResult, "comparisons">>,
  options: Pick<Rendering, "invocation" | "settings">,
): string {
  const cell = program.cell === undefined ? [] : ["--filter", cellText(program)];
  const ran = comparisons.map((one) => one.kernel);
  const isUsual = ran.join() === program.kernels.join();
  const kernels = over === undefined ? [kernel] : over === "file" || isUsual ? [] : ran;
  const words = [
    file,
    ...(over === "file" ? [] : cell),
    ...kernels.flatMap((one) => ["--kernel", one]),
    ...(policy === null ? [] : ["--policy", policy]),
  ];
  const quoted = [...words, ...options.settings].map(shellWord);
  return [options.invocation, "run", ...quoted].join(" ");
}

function factLine(key: string, text: string, { dim }: Palette): string {
  return `${dim(key.padStart(6))}  ${text}`;
}

function afterText({ failure }: GroupedFailure, { program }: ScenarioResult): string {
  if (failure.step === null) return "the last step";
  const step = program.steps[failure.step];
  const title = step.name === undefined ? step.label : `${step.name}: ${step.label}`;
  const place = step.position === null ? "" : ` (${placeText(step.position)})`;
  return `step ${failure.step + 1} of ${program.steps.length}: ${title}${place}`;
}

/** Where the fragments and files are used that the step is part of. */
function usedAt({ failure }: GroupedFailure, { program }: ScenarioResult): string[] {
  const step = failure.step === null ? undefined : program.steps[failure.step];
  return (step?.via ?? []).map((position) => `at ${placeText(position)}`);
}

function underText(occurrences: readonly Occurrence[]): string {
  const byKernel = new Map<string, string[]>();
  for (const { kernel, policy } of occurrences) {
    byKernel.set(kernel, [...byKernel.get(kernel) ?? [], ...(policy === null ? [] : [policy])]);
  }
  return [...byKernel]
    .map(([kernel, policies]) =>
      policies.length === 0 ? kernel : `${kernel} (${policies.join(", ")})`
    )
    .join(", ");
}

function violationLines(violations: readonly PlacedViolation[], palette: Palette): string[] {
  const lines = violations.slice(0, MAX_VIOLATIONS).map((violation) =>
    factLine("breach", escapeControl(violationText(violation)), palette)
  );
  const more = violations.length - MAX_VIOLATIONS;
  return more > 0 ? [...lines, factLine("", `and ${more} more`, palette)] : lines;
}

function violationText({ invariant, message, listener, process, address }: PlacedViolation) {
  const where = [
    ...(listener === undefined ? [] : [listener]),
    ...(process === undefined ? [] : [process]),
    ...(address === undefined ? [] : [`0x${address.toString(16)}`]),
  ];
  return `${invariant}: ${message}${where.length > 0 ? ` (${where.join(", ")})` : ""}`;
}
