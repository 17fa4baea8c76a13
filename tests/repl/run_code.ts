/**
 * Runs the library code that commands print.
 *
 * @module
 */

import * as core from "../../mod.ts";
import * as repl from "../../repl.ts";
import * as report from "../../report.ts";
import * as scenario from "../../scenario.ts";
import type { Session } from "../../lib/repl/session.ts";

/** What the package exports, by the specifier that code imports from. */
const LIBRARY: Readonly<Record<string, object>> = {
  "@mmulab/mmulab": core,
  "@mmulab/mmulab/repl": repl,
  "@mmulab/mmulab/report": report,
  "@mmulab/mmulab/scenario": scenario,
};

/** Makes asynchronous functions out of text. */
const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<void>;

/**
 * Runs code against the entry points of the package.
 *
 * @param code What `--ts` printed.
 * @param session What the code calls `session`; where undefined, the code makes one itself.
 * @returns What it wrote to the console.
 */
export async function runCode(code: string, session?: Session): Promise<string> {
  const body = code.replace(
    /^import \{([^}]*)\} from "([^"]*)";$/gm,
    (_, names: string, entry: string) => {
      for (const name of names.split(",").map((name) => name.trim())) {
        if (!(name in LIBRARY[entry])) throw new Error(`${entry} has no "${name}"`);
      }
      return `const {${names}} = library["${entry}"];`;
    },
  );
  let output = "";
  const console = { log: (text: string) => output += `${text}\n` };
  const parameters = session === undefined ? [] : ["session"];
  const run = new AsyncFunction("library", "console", ...parameters, body);
  await run(LIBRARY, console, ...(session === undefined ? [] : [session]));
  return output;
}
