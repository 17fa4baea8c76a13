/**
 * How results are rendered.
 *
 * @module
 */

import { type Palette, PLAIN } from "./palette.ts";

/** How to render results; all that is left out has its default. */
export interface ReportOptions {
  /** Colours; none unless given. */
  readonly palette?: Palette;
  /** How the command line is called in the commands that repeat a run; `mmulab` unless given. */
  readonly invocation?: string;
  /** Words that such a command needs as well, such as `--seed` and `7`. */
  readonly settings?: readonly string[];
  /** Columns of the terminal; without them no table is too wide. */
  readonly width?: number;
}

/** The same with all defaults filled in. */
export type Rendering = Required<Omit<ReportOptions, "width">> & Pick<ReportOptions, "width">;

/**
 * Fills in the defaults.
 *
 * @param options What was asked for.
 * @returns All of it.
 */
export function renderingOf(options: ReportOptions): Rendering {
  return { palette: PLAIN, invocation: "mmulab", settings: [], ...options };
}
