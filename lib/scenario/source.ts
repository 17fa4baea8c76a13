/**
 * The text of one file and its lines.
 *
 * @module
 */

import type { SourcePosition } from "../machine/program.ts";

/** The text of a file, with line and column of every offset. */
export class SourceText {
  /** Name of the file. */
  readonly file: string;
  /** The text. */
  readonly text: string;
  readonly #lineStarts: number[] = [0];

  /**
   * Finds the lines of a text.
   *
   * @param text The text.
   * @param file Name of the file for messages.
   */
  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /**
   * Finds line and column of an offset.
   *
   * @param offset Offset into the text.
   * @returns The position.
   */
  position(offset: number): SourcePosition {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#lineStarts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - this.#lineStarts[low] + 1 };
  }

  /**
   * Reads one line.
   *
   * @param line Line, from 1.
   * @returns The line without its end.
   */
  line(line: number): string {
    const start = this.#lineStarts[line - 1];
    const end = this.#lineStarts[line] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, "");
  }
}
