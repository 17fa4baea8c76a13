/**
 * Writes docs/tutorial.md anew: carries its session out and puts in what it prints now.
 *
 * ```sh
 * deno run -RW=docs tools/tutorial.ts
 * ```
 *
 * @module
 */

import { Interpreter } from "../lib/repl/interpreter.ts";
import { CommandError } from "../lib/repl/words.ts";

const TUTORIAL = new URL("../docs/tutorial.md", import.meta.url);
const PROMPT = "mmulab> ";

/**
 * Carries the session of a text out.
 *
 * @param markdown The text, with `console` blocks.
 * @returns The text with the output of each line behind it.
 */
export async function rewrite(markdown: string): Promise<string> {
  const files = new Map<string, string>();
  const interpreter = new Interpreter({
    readFile(path) {
      const text = files.get(path);
      if (text === undefined) throw new CommandError(`Cannot read ${path}`);
      return text;
    },
    writeFile: (path, text) => files.set(path, text),
  });
  const lines: string[] = [];
  let isInside = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) isInside = line === "```console";
    if (isInside && line !== "```console" && !line.startsWith(PROMPT)) continue;
    lines.push(line);
    if (!line.startsWith(PROMPT)) continue;
    const output = await interpreter.execute(line.slice(PROMPT.length));
    lines.push(...output.split("\n").slice(0, -1).map((text) => text.trimEnd()));
  }
  return lines.join("\n");
}

if (import.meta.main) {
  await Deno.writeTextFile(TUTORIAL, await rewrite(await Deno.readTextFile(TUTORIAL)));
}
