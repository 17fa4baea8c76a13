/**
 * Ctrl-R: searching backwards through the lines typed, as readline does.
 *
 * @module
 */

/** The key that begins a search, and goes on to an older line. */
export const CTRL_R = "\x12";
/** Keys that give the search up: Ctrl-C and Ctrl-G. */
const GIVING_UP: readonly string[] = ["\x03", "\x07"];
const ERASING: readonly string[] = ["\x7f", "\b"];
const ENTER: readonly string[] = ["\r", "\n"];

/**
 * A search under way.
 *
 * @example
 * ```ts
 * import { CTRL_R, HistorySearch } from "./history_search.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const search = new HistorySearch(["step 2", "vm -p", "step"]);
 * for (const key of [CTRL_R, "s", "t", CTRL_R]) search.press(key);
 * assertEquals(search.prompt, "(reverse-i-search)`st': step");
 * assertEquals(search.press("\r"), "step\r");
 * ```
 */
export class HistorySearch {
  readonly #history: readonly string[];
  #text = "";
  #found = -1;
  #failed = false;

  /**
   * Begins a search.
   *
   * @param history The lines, last first.
   */
  constructor(history: readonly string[]) {
    this.#history = history;
  }

  /** What stands on the terminal meanwhile. */
  get prompt(): string {
    const state = this.#failed ? "failed reverse-i-search" : "reverse-i-search";
    return `(${state})\`${this.#text}': ${this.#line}`;
  }

  /**
   * Takes a key.
   *
   * @param key A character, or the sequence of a key that moves the cursor.
   * @returns What to type in place of the search when it has ended, else undefined.
   */
  press(key: string): string | undefined {
    if (key === CTRL_R) this.#find(this.#found + 1);
    else if (ERASING.includes(key)) this.#type(this.#text.slice(0, -1));
    else if (key >= " " && !key.startsWith("\x1b")) this.#type(this.#text + key);
    else if (GIVING_UP.includes(key)) return "";
    else return this.#line + (ENTER.includes(key) ? key : "");
    return undefined;
  }

  get #line(): string {
    return this.#text === "" ? "" : this.#history[this.#found] ?? "";
  }

  #type(text: string): void {
    this.#text = text;
    this.#find(0);
  }

  #find(from: number): void {
    if (this.#text === "") return;
    const found = this.#history.findIndex((line, at) => at >= from && line.includes(this.#text));
    this.#failed = found < 0;
    if (found >= 0) this.#found = found;
  }
}
