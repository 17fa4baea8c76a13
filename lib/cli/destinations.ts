/**
 * Files that a run writes: whether it may, and writing them.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import { shellWord } from "../report/shell.ts";
import { reasonOf } from "./error_text.ts";
import { writeAll } from "./output.ts";

/** Something to write. */
export interface Destination {
  /** What is written, such as `junit`. */
  readonly kind: string;
  /** Where to; to the output where missing. */
  readonly file?: string | undefined;
}

/** The kinds of reports, and whether each goes to a file. */
export const REPORT_KINDS: Readonly<Record<string, boolean>> = {
  junit: true,
  tap: true,
  json: true,
  jsonl: true,
  html: true,
  github: false,
};

/** The formats of traces, and whether each goes to a file. */
export const TRACE_FORMATS: Readonly<Record<string, boolean>> = {
  perfetto: true,
  ftrace: true,
  jsonl: true,
};

/**
 * Finds what keeps files from being written, before anything has run.
 *
 * @param destinations The files.
 * @returns What is wrong and what to do about it; nothing if all can be written.
 */
export function writeProblems(destinations: readonly Destination[]): string[] {
  const seen = new Set<string>();
  return destinations.flatMap(({ file }) => {
    if (file === undefined) return [];
    if (seen.has(file)) return [`Cannot write ${quoted(file)} twice`];
    seen.add(file);
    if (mayWrite(file)) return [];
    return [
      `Cannot write ${quoted(file)}: Deno was not allowed to. Give it --allow-write=${
        shellWord(file)
      }`,
    ];
  });
}

/**
 * Tells whether a file may be written, without asking.
 *
 * @param path The file.
 * @returns True if so.
 */
export function mayWrite(path: string): boolean {
  return Deno.permissions.querySync({ name: "write", path }).state === "granted";
}

/**
 * Writes a file; one that cannot be written to its end is removed.
 *
 * @param file The file.
 * @param text What is to be in it.
 * @param options Whether it has to be a new file.
 * @returns What went wrong, or undefined.
 */
export function writeFile(
  file: string,
  text: string,
  options: { readonly createNew?: boolean } = {},
): string | undefined {
  let isBegun = false;
  try {
    using opened = Deno.openSync(file, { write: true, create: true, truncate: true, ...options });
    isBegun = opened.statSync().isFile;
    writeAll(opened, text);
    return undefined;
  } catch (error) {
    if (isBegun) removeIfPossible(file);
    const isNoFolder = error instanceof Deno.errors.NotFound;
    return `Cannot write ${quoted(file)}: ${isNoFolder ? "no such folder" : reasonOf(error)}`;
  }
}

function removeIfPossible(file: string): void {
  try {
    Deno.removeSync(file);
  } catch {
    // What keeps it from being written is told anyway.
  }
}

function quoted(file: string): string {
  return `"${escapeControl(file)}"`;
}
