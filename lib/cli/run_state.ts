/**
 * What failed in the last run, kept in a file for `--rerun-failed`.
 *
 * The file is written only where Deno was allowed to write it; nobody is asked.
 *
 * @module
 */

import { mayWrite, writeFile } from "./destinations.ts";
import { reasonOf } from "./error_text.ts";

/** Folder of the file. */
const STATE_FOLDER = ".mmulab";
/** The file. */
const STATE_FILE: string = `${STATE_FOLDER}/failed.json`;

/**
 * Reads which scenario files failed.
 *
 * @returns The files, or what is wrong.
 */
export function readFailed(): { readonly files: readonly string[] } | { readonly problem: string } {
  const advice = `let "run" write it with --allow-write=${STATE_FOLDER}`;
  let text: string;
  try {
    text = Deno.readTextFileSync(STATE_FILE);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no record of a run"
      : "its record may not be read";
    return { problem: `Cannot rerun what failed: ${reason} in ${STATE_FILE}; ${advice}` };
  }
  const files = filesIn(text);
  if (files !== undefined) return { files };
  return { problem: `Cannot rerun what failed: ${STATE_FILE} is damaged; remove it and ${advice}` };
}

/**
 * Keeps which files failed; those that did not run this time stay as they were.
 *
 * @param ran Files that ran.
 * @param failed Files among them that failed.
 * @returns Why they are not kept, or undefined; nothing is said where Deno may not write.
 */
export function keepFailed(
  ran: readonly string[],
  failed: readonly string[],
): string | undefined {
  if (!mayWrite(STATE_FOLDER)) return undefined;
  const before = readFailed();
  const old = "files" in before ? before.files.filter((file) => !ran.includes(file)) : [];
  try {
    Deno.mkdirSync(STATE_FOLDER, { recursive: true });
  } catch (error) {
    return `Cannot make "${STATE_FOLDER}": ${reasonOf(error)}`;
  }
  const files = [...new Set([...old, ...failed])].sort();
  return writeFile(STATE_FILE, JSON.stringify({ format: "mmulab.failed/1", files }) + "\n");
}

function filesIn(text: string): string[] | undefined {
  try {
    const { files } = JSON.parse(text);
    const good = Array.isArray(files) && files.every((file) => typeof file === "string");
    return good ? files : undefined;
  } catch {
    return undefined;
  }
}
