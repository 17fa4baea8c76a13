/**
 * Files that a run writes: whether it may, and writing them.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";

/** Something to write. */
export interface Destination {
  /** What is written, such as `junit`. */
  readonly kind: string;
  /** Where to; to the output where missing. */
  readonly file?: string;
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
        escapeControl(file)
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
 * Writes a file.
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
  try {
    Deno.writeTextFileSync(file, text, options);
    return undefined;
  } catch (error) {
    const known = error instanceof Deno.errors.NotFound ? "no such folder" : undefined;
    const reason = known ?? (error instanceof Error ? error.message.replace(/\.$/, "") : "");
    return `Cannot write ${quoted(file)}: ${escapeControl(reason)}`;
  }
}

function quoted(file: string): string {
  return `"${escapeControl(file)}"`;
}
