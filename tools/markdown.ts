/**
 * Pages of documentation with sections that are written by tools.
 *
 * @module
 */

/** A section written by a tool: its name in the page, and its text. */
export type Sections = Readonly<Record<string, string>>;

/**
 * Puts sections in place, between `<!-- NAME: written by TOOL -->` and `<!-- end of NAME -->`.
 *
 * @param page The page.
 * @param tool Path of the tool, as the page names it.
 * @param sections The sections; the page has a place for each and for no other of this tool.
 * @returns The page with sections that are up to date.
 * @throws {Error} If a place is missing, or is there for a section that does not exist.
 */
export function withSections(page: string, tool: string, sections: Sections): string {
  const missing = new Set(Object.keys(sections));
  const place = new RegExp(
    `(<!-- ([^:>]+): written by ${RegExp.escape(tool)} -->\n)[^]*?(<!-- end of \\2 -->\n)`,
    "g",
  );
  const result = page.replace(place, (_, begin, name, end) => {
    if (!Object.hasOwn(sections, name)) throw new Error(`Cannot write unknown section "${name}"`);
    missing.delete(name);
    return `${begin}\n${sections[name].trim()}\n\n${end}`;
  });
  if (missing.size === 0) return result;
  throw new Error(`Cannot find the place of section "${[...missing].join('", "')}" in the page`);
}

/**
 * Writes a table as `deno fmt` leaves it.
 *
 * @param head Titles of the columns.
 * @param rows Cells by row.
 * @returns Lines.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |\n`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return line(cells[0]) + rule + cells.slice(1).map(line).join("");
}

/**
 * Writes words of code, such as `` `a`, `b` ``.
 *
 * @param words The words.
 * @returns Text.
 */
export function codes(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}

/**
 * Breaks a paragraph as `deno fmt` does: at 100 characters, never within code.
 *
 * @param paragraph Text on one line.
 * @returns Lines, with one at the end of the paragraph.
 */
export function wrapped(paragraph: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    if (line !== "" && line.length + 1 + word.length > 100) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return `${[...lines, line].join("\n")}\n`;
}

/**
 * Finds what a source says of a member or a constant in the one-line comment above it.
 *
 * @param source The source.
 * @param name The name.
 * @returns The comment, without its full stop.
 * @throws {Error} If there is none.
 */
export function commentOf(source: string, name: string): string {
  const comment = new RegExp(
    `/\\*\\* ([^\\n]*?)\\.? \\*/\\n\\s*(?:readonly |export const )?${name}\\b`,
  ).exec(source)?.[1];
  if (comment === undefined) throw new Error(`Cannot find the description of "${name}"`);
  return comment;
}
