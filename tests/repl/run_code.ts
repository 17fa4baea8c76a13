/**
 * Runs the library code that commands print.
 *
 * @module
 */

import * as library from "../../mod.ts";
import type { Session } from "../../lib/repl/session.ts";

/** Makes asynchronous functions out of text. */
const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<void>;

/**
 * Runs code against mod.ts.
 *
 * @param code What `--ts` printed.
 * @param session What the code calls `session`; where undefined, the code makes one itself.
 * @returns What it wrote to the console.
 */
export async function runCode(code: string, session?: Session): Promise<string> {
  const body = code.replace(
    /^import (\{[^}]*\}) from "@mmulab\/mmulab";$/m,
    (_, names: string) => `const ${names} = library;`,
  );
  for (const name of /^const \{([^}]*)\} = library/m.exec(body)?.[1].split(",") ?? []) {
    if (!(name.trim() in library)) throw new Error(`mod.ts has no "${name.trim()}"`);
  }
  let output = "";
  const console = { log: (text: string) => output += `${text}\n` };
  const parameters = session === undefined ? [] : ["session"];
  const run = new AsyncFunction("library", "console", ...parameters, body);
  await run(library, console, ...(session === undefined ? [] : [session]));
  return output;
}
