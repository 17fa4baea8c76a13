/**
 * Files that a scenario includes: asked for by path, read once, parsed once.
 *
 * Reading is the caller's business, and so is refusing what may not be read.
 *
 * @module
 */

import { quote, type Reporter, type Span } from "./diagnostics.ts";
import { type Node, readDocument } from "./document.ts";
import { raiseHint } from "./raised_limits.ts";
import { SourceText } from "./source.ts";

/** What came of reading an included file. */
export type IncludedFile =
  | {
    /** Name of the file for messages; the same for the same file. */
    readonly file: string;
    /** What is in it. */
    readonly text: string;
  }
  | {
    /** Why it cannot be read, without a final period. */
    readonly problem: string;
    /** What to do about it. */
    readonly hint?: string;
  };

/**
 * Reads a file that another one includes.
 *
 * @param path The path as written.
 * @param from Name of the file in which it is written.
 * @returns The file, or why it may not or cannot be read.
 */
export type ReadInclude = (path: string, from: string) => IncludedFile;

const REFUSED: ReadInclude = () => ({ problem: "nothing can be included here" });

/** The files that were included so far. */
export class Includes {
  readonly #read: ReadInclude;
  readonly #nodes = new Map<string, Node | undefined>();
  readonly #texts = new Map<string, string>();

  /**
   * Starts with none.
   *
   * @param read Reads a file; nothing can be included unless given.
   */
  constructor(read: ReadInclude = REFUSED) {
    this.#read = read;
  }

  /** The texts of the files by name. */
  get texts(): ReadonlyMap<string, string> {
    return this.#texts;
  }

  /**
   * Reads and parses a file; what is wrong with it is reported.
   *
   * @param path The path as written.
   * @param at Where it is written.
   * @param reporter Where to report.
   * @returns Name and top node, or undefined.
   */
  load(path: string, at: Span, reporter: Reporter): { file: string; node: Node } | undefined {
    const from = (at.source ?? reporter.main).file;
    const found = this.#read(path, from);
    if ("problem" in found) {
      reporter.report(at, `Cannot include ${quote(path)}: ${found.problem}`, found.hint);
      return undefined;
    }
    const { file, text } = found;
    if (!this.#texts.has(file)) {
      const { includes: most } = reporter.limits;
      if (this.#texts.size >= most) {
        const message = `Too many files are included: the limit is ${most}`;
        reporter.report(at, message, raiseHint("includes"));
        return undefined;
      }
      this.#texts.set(file, text);
      this.#nodes.set(file, readDocument(reporter, new SourceText(text, file)));
    }
    const node = this.#nodes.get(file);
    return node && { file, node };
  }
}
