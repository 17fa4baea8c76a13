/**
 * Scenarios in short: one line each.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { Program } from "../machine/program.ts";
import { layout } from "./layout.ts";
import { amount } from "./numbers.ts";
import type { Palette } from "./palette.ts";

/** A scenario that can be run. */
export interface ListedScenario {
  /** Name of the file. */
  readonly file: string;
  /** The program. */
  readonly program: Program;
}

/** What `list --json` writes. */
export interface ListJson {
  /** Shape of the document. */
  readonly format: "mmulab.list/1";
  /** The scenarios in the order of the command line. */
  readonly scenarios: readonly {
    /** Name of the file. */
    readonly file: string;
    /** Title. */
    readonly name: string;
    /** What it shows. */
    readonly about: string;
    /** Words to select it by. */
    readonly tags: readonly string[];
    /** Kernel profiles under which it must pass. */
    readonly kernels: readonly string[];
    /** Number of steps, loops expanded. */
    readonly steps: number;
  }[];
}

/**
 * Renders a list of scenarios.
 *
 * @param scenarios The scenarios.
 * @param palette Colours.
 * @returns Text that ends in a newline.
 */
export function listText(scenarios: readonly ListedScenario[], { bold, dim }: Palette): string {
  const rows = scenarios.map(({ file, program }) => [
    { text: escapeControl(program.name), paint: bold },
    { text: amount(program.steps.length, "step") },
    { text: escapeControl(program.kernels.join(", ")) },
    { text: escapeControl(program.tags.join(", ")) },
    { text: escapeControl(file), paint: dim },
  ]);
  return [...layout(rows, [1]), amount(scenarios.length, "scenario")].join("\n") + "\n";
}

/**
 * Puts a list of scenarios into its JSON shape.
 *
 * @param scenarios The scenarios.
 * @returns Plain data.
 */
export function listJson(scenarios: readonly ListedScenario[]): ListJson {
  return {
    format: "mmulab.list/1",
    scenarios: scenarios.map(({ file, program: { name, about, tags, kernels, steps } }) => ({
      file,
      name,
      about,
      tags,
      kernels,
      steps: steps.length,
    })),
  };
}
