/**
 * A line on the terminal that says how far the work has come.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { TextStream } from "./output.ts";

/** Time before the line appears, and between two states of it, in ms. */
const FIRST_AFTER = 1000;
const AGAIN_AFTER = 100;

/** A progress line. */
export interface Progress {
  /**
   * Says what is being done; shown only where it has taken a second so far.
   *
   * @param text Makes the text, which is only called for where it is shown.
   */
  update(text: () => string): void;
  /** Takes the line away. */
  done(): void;
}

/**
 * Makes a progress line; nothing is ever written but to a terminal.
 *
 * @param stream Where to write.
 * @param now The clock, in ms.
 * @returns The line.
 */
export function newProgress(
  stream: TextStream,
  now: () => number = () => performance.now(),
): Progress {
  const most = Math.min(78, (stream.width ?? 80) - 2);
  let next = now() + FIRST_AFTER;
  let shown = false;
  return {
    update(text) {
      if (!stream.isTerminal || now() < next) return;
      next = now() + AGAIN_AFTER;
      shown = true;
      stream.write(`\r\x1b[K${escapeControl(text()).slice(0, most)}`);
    },
    done() {
      if (shown) stream.write("\r\x1b[K");
      shown = false;
    },
  };
}

/**
 * Does long work to its end, with a progress line that says after each part how far it has come.
 *
 * @typeParam Part What the work says after each part.
 * @typeParam Result What comes of it.
 * @param stream Where to write.
 * @param work The work.
 * @param text Makes the text from the last part.
 * @returns What came of it.
 */
export function withProgress<Part, Result>(
  stream: TextStream,
  work: Generator<Part, Result>,
  text: (part: Part) => string,
): Result {
  const progress = newProgress(stream);
  try {
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      progress.update(() => text(value));
    }
  } finally {
    progress.done();
  }
}
