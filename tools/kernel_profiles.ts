/**
 * Writes the tables of docs/kernel-profiles.md anew, from lib/kernel/profile.ts.
 *
 * Run it after a change of a switch: `deno run -R -W=docs tools/kernel_profiles.ts`.
 *
 * @module
 */

import { type KernelProfile, PROFILES } from "../lib/kernel/profile.ts";

const SOURCE = new URL("../lib/kernel/profile.ts", import.meta.url);

/** The page that has the tables. */
export const PAGE: URL = new URL("../docs/kernel-profiles.md", import.meta.url);

const BEGIN = "<!-- switches: written by tools/kernel_profiles.ts -->\n";
const END = "<!-- end of switches -->\n";

/**
 * Puts the tables in place.
 *
 * @param page The page.
 * @param source The source of the profiles, for what it says of each switch.
 * @returns The page with tables that are up to date.
 * @throws {Error} If the page has no place for them, or a switch is not described.
 */
export function withTables(page: string, source: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error("Cannot find the place of the tables in the page");
  return `${page.slice(0, from)}${BEGIN}\n${tables(source)}\n${page.slice(to)}`;
}

/**
 * Reads the page and what it has to be.
 *
 * @returns The page as it is, and as it should be.
 */
export async function readPage(): Promise<{ found: string; wanted: string }> {
  const found = await Deno.readTextFile(PAGE);
  return { found, wanted: withTables(found, await Deno.readTextFile(SOURCE)) };
}

function tables(source: string): string {
  const names = Object.keys(PROFILES["v5.2"]).filter((name) =>
    name !== "name"
  ) as (keyof KernelProfile)[];
  const values = table(
    ["Switch", ...Object.keys(PROFILES)],
    names.map((name) => [
      `\`${name}\``,
      ...Object.values(PROFILES).map((profile) => valueText(profile[name])),
    ]),
  );
  const meanings = names.map((name) => `- \`${name}\`: ${describe(source, name)}\n`).join("");
  return `${values}\n${wrapped(meanings)}`;
}

function valueText(value: string | boolean): string {
  return typeof value === "string" ? value : value ? "yes" : "no";
}

/** What the source says of a switch. */
function describe(source: string, name: string): string {
  const comment = new RegExp(`/\\*\\* ([^\\n]*) \\*/\\n  readonly ${name}:`).exec(source)?.[1];
  if (comment === undefined) throw new Error(`Cannot find the description of switch "${name}"`);
  return comment;
}

/** A table as `deno fmt` leaves it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((word, column) =>
    Math.max(word.length, ...rows.map((row) => row[column].length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |\n`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("");
}

/** Items of a list as `deno fmt` leaves them. */
function wrapped(items: string): string {
  return items.split("\n").map((item) => {
    const lines: string[] = [];
    let line = "";
    for (const word of item.split(" ")) {
      if (line.length + 1 + word.length > 100 && line !== "") {
        lines.push(line);
        line = `  ${word}`;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    return [...lines, line].join("\n");
  }).join("\n");
}

if (import.meta.main) await Deno.writeTextFile(PAGE, (await readPage()).wanted);
