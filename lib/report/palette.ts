/**
 * Colours of rendered text, put in from outside.
 *
 * @module
 */

/** Ways to make text stand out; each returns the text with the same visible characters. */
export interface Palette {
  /** For titles. */
  bold(text: string): string;
  /** For what may be skipped. */
  dim(text: string): string;
  /** For what is wrong. */
  red(text: string): string;
  /** For what is right. */
  green(text: string): string;
  /** For what deserves a look. */
  yellow(text: string): string;
}

/** No colours: for files, pipes and `NO_COLOR`. */
export const PLAIN: Palette = {
  bold: (text) => text,
  dim: (text) => text,
  red: (text) => text,
  green: (text) => text,
  yellow: (text) => text,
};

/** Colours of a terminal. */
export const ANSI: Palette = {
  bold: (text) => sgr(1, text, 22),
  dim: (text) => sgr(2, text, 22),
  red: (text) => sgr(31, text, 39),
  green: (text) => sgr(32, text, 39),
  yellow: (text) => sgr(33, text, 39),
};

function sgr(on: number, text: string, off: number): string {
  return text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;
}
