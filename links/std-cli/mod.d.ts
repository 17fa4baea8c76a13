/**
 * Types of the part of `@std/cli` 1.0 that this project uses.
 *
 * @module
 */

/** What {@linkcode parseArgs} returns: the options and the arguments left over. */
export interface Args {
  /** Arguments that belong to no option. */
  _: (string | number)[];
  /** One property for each option. */
  // deno-lint-ignore no-explicit-any
  [name: string]: any;
}

/** Options for {@linkcode parseArgs}. */
export interface ParseOptions {
  /** Options without a value. */
  boolean?: readonly string[];
  /** Values of options that are not given. */
  default?: Record<string, unknown>;
  /** Options with a text for value. */
  string?: readonly string[];
  /** Called for options not known; `false` leaves the option out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Takes command line arguments apart. */
export function parseArgs(args: readonly string[], options?: ParseOptions): Args;
