/**
 * Selecting scenarios by their tags: `ksm and not (slow or huge)`.
 *
 * From tightest to loosest: `not`, `and`, `or`; parentheses group. A tag is any other word, and
 * may end in `*`. Words of the language count in any case.
 *
 * @module
 */

import { FIXED } from "./fixed_limits.ts";

/** Tells whether tags are selected. */
export type TagFilter = (tags: readonly string[]) => boolean;

/**
 * Reads an expression over tags.
 *
 * @param text The expression.
 * @returns Its test.
 * @throws {SyntaxError} If it cannot be read; the message points at the place.
 * @example
 * ```ts
import { parseTags } from "./tag_expression.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const selects = parseTags("ksm and not slow");
 * assertEquals([["ksm"], ["ksm", "slow"], []].map(selects), [true, false, false]);
 * ```
 */
export function parseTags(text: string): TagFilter {
  const parser = new Parser(text);
  const filter = parser.either(0);
  parser.finish();
  return filter;
}

class Parser {
  readonly #words: { readonly word: string; readonly at: number }[];
  #next = 0;

  constructor(readonly text: string) {
    this.#words = [...text.matchAll(/[()]|[^\s()]+/g)].map(({ 0: word, index }) => ({
      word,
      at: index,
    }));
  }

  either(depth: number): TagFilter {
    const parts = [this.#both(depth)];
    while (this.#take("or")) parts.push(this.#both(depth));
    return parts.length === 1 ? parts[0] : (tags) => parts.some((part) => part(tags));
  }

  finish(): void {
    if (this.#next < this.#words.length) this.#fail('expected "and", "or" or the end');
  }

  #both(depth: number): TagFilter {
    const parts = [this.#one(depth)];
    while (this.#take("and")) parts.push(this.#one(depth));
    return parts.length === 1 ? parts[0] : (tags) => parts.every((part) => part(tags));
  }

  #one(depth: number): TagFilter {
    const { value: most } = FIXED.expression_depth;
    if (depth > most) this.#fail(`nested more than ${most} deep, a limit that is fixed`);
    if (this.#take("not")) {
      const inner = this.#one(depth + 1);
      return (tags) => !inner(tags);
    }
    if (this.#take("(")) {
      const inner = this.either(depth + 1);
      if (!this.#take(")")) this.#fail('expected ")"');
      return inner;
    }
    return this.#tag();
  }

  #tag(): TagFilter {
    const found = this.#words[this.#next];
    if (found === undefined || /^(and|or|\))$/i.test(found.word)) this.#fail("expected a tag");
    this.#next++;
    const { word } = found;
    if (!word.endsWith("*")) return (tags) => tags.includes(word);
    const start = word.slice(0, -1);
    return (tags) => tags.some((tag) => tag.startsWith(start));
  }

  #take(word: string): boolean {
    if (this.#words[this.#next]?.word.toLowerCase() !== word) return false;
    this.#next++;
    return true;
  }

  #fail(wanted: string): never {
    const found = this.#words[this.#next];
    const place = found === undefined
      ? "at the end"
      : `at "${found.word}" in column ${found.at + 1}`;
    throw new SyntaxError(`Cannot read tags "${this.text}": ${wanted} ${place}`);
  }
}
