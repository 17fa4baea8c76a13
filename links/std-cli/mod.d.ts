/**
 * Types of the part of `@std/cli` 1.0 that this project uses.
 *
 * @module
 */

/** What {@linkcode parseArgs} returns: the options and the arguments left over. */
export interface Args {
  /** Arguments that belong to no option. */
  _: (string | number)[];
  /** Arguments after `--`, if they were asked for apart. */
  "--"?: string[];
  /** One property for each option, and for each of its aliases. */
  // deno-lint-ignore no-explicit-any
  [name: string]: any;
}

/** Options for {@linkcode parseArgs}. */
export interface ParseOptions {
  /** Whether arguments after `--` go to the property of that name. */
  "--"?: boolean;
  /** Other names for options. */
  alias?: Record<string, string | readonly string[]>;
  /** Options without a value; `true` means every option that has no `=`. */
  boolean?: boolean | string | readonly string[];
  /** Values of options that are not given. */
  default?: Record<string, unknown>;
  /** Whether everything after the first argument that is no option is left alone. */
  stopEarly?: boolean;
  /** Options with a text for value. */
  string?: string | readonly string[];
  /** Options that may be repeated; their values become an array. */
  collect?: string | readonly string[];
  /** Options that `--no-` in front makes false. */
  negatable?: string | readonly string[];
  /** Called for options not known; `false` leaves the option out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Takes command line arguments apart. */
export function parseArgs(args: readonly string[], options?: ParseOptions): Args;
