/**
 * A scenario in plain words: what is there, what happens, what must hold.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { Program, Step } from "../machine/program.ts";
import { decisionTexts, withoutLaterPasses } from "./decisions.ts";
import { indent, wrap } from "./layout.ts";
import { amount, countText } from "./numbers.ts";
import type { Palette } from "./palette.ts";
import { whenText, wordList } from "./words.ts";

/** How to render. */
export interface ShowOptions {
  /** Colours. */
  readonly palette: Palette;
  /** Columns of the terminal. */
  readonly width?: number;
  /** The other cells of its matrix. */
  readonly cells?: readonly string[];
}

/** Most characters in a line of prose. */
const PROSE_WIDTH = 96;

/**
 * Says what a scenario does.
 *
 * @param program The scenario.
 * @param options Colours and width.
 * @returns Text that ends in a newline.
 */
export function showText(
  program: Program,
  { palette, width, cells = [] }: ShowOptions,
): string {
  const columns = Math.min(PROSE_WIDTH, width ?? PROSE_WIDTH);
  const prose = (text: string, by: number) =>
    indent(wrap(escapeControl(text.replace(/\s+/g, " ")), columns - by), by);
  const lines = [palette.bold(escapeControl(program.name))];
  lines.push(
    ...prose(program.about, 2),
    "",
    ...worldLines(program).flatMap((one) => prose(one, 2)),
  );
  if (cells.length > 0) lines.push(...prose(`It runs for ${wordList(cells)} as well.`, 2));
  lines.push("", "What happens");
  for (const part of withoutLaterPasses(program.steps)) {
    if ("step" in part) lines.push(...stepLines(part.step, `${part.index + 1}. `, prose));
    else lines.push(...prose(`And so on, for up to ${amount(part.left, "more step")}.`, 2));
  }
  const ends = endLines(program);
  if (ends.length > 0) lines.push("", "What must hold at the end");
  lines.push(...ends.flatMap((one) => prose(one, 2)));
  return lines.join("\n") + "\n";
}

type Prose = (text: string, by: number) => string[];

/** The computer, its processes and its devices, a sentence each. */
function worldLines(program: Program): string[] {
  const { machine, processes, listeners, kernels, tags, faults } = program;
  const memory = `${countText(machine.memory / 2 ** 20)} MiB of memory`;
  const nodes = machine.nodes === 1 ? "" : ` on ${machine.nodes} nodes`;
  return [
    `A machine with ${memory}${nodes}, under ${wordList(kernels)}.`,
    ...(processes.length === 0
      ? []
      : [`Its processes are ${wordList(processes.map(({ name }) => name))}.`]),
    ...listeners.map(({ name, kind, process, policy }) =>
      `${name} is a ${kind} listener on ${process}${
        policy === undefined ? "" : `, always with policy ${policy}`
      }.`
    ),
    ...(faults.length === 0 ? [] : [`The kernel has these mistakes: ${wordList(faults)}.`]),
    ...(tags.length === 0 ? [] : [`Tags: ${tags.join(", ")}.`]),
  ];
}

function stepLines(step: Step, lead: string, prose: Prose, by = 2): string[] {
  const { name, operation, expect, during = [] } = step;
  const who = step.actor === undefined ? "" : `${step.actor}: `;
  const title = name === undefined ? who : `${who}${name}: `;
  const what = `${lead}${title}${operation.about} (${step.label}).`;
  const inner = by + 3;
  return [
    ...prose(what, by),
    ...decisionTexts(step).flatMap((text) => prose(text, inner)),
    ...during.flatMap(({ at, nth, steps }) => [
      ...prose(
        `Meanwhile, when it comes to ${at}${nth === 1 ? "" : ` for the ${nth}th time`}:`,
        inner,
      ),
      ...steps.flatMap((one) => stepLines(one, "- ", prose, inner + 2)),
    ]),
    ...expect.flatMap(({ text, when }) => prose(`must hold${whenText(when)}: ${text}`, inner)),
  ];
}

function endLines({ expect, compare, compareKernels, sometimes }: Program): string[] {
  const all = [...expect, ...compare, ...compareKernels];
  return [
    ...all.map(({ text, when }) => `${text}${whenText(when)}`),
    ...sometimes.map(({ text, when }) => `in some run: ${text}${whenText(when)}`),
  ];
}
