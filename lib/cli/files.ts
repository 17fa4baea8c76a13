/**
 * Scenario files on disk: finding and reading them.
 *
 * Whatever may be wrong with a path comes back as a message.
 *
 * @module
 */

import { reasonOf } from "./error_text.ts";
import { FIXED } from "../scenario/fixed_limits.ts";
import { nearest } from "../scenario/suggest.ts";
import { expandGlob, isGlob } from "./glob.ts";

/** Most bytes of a file that are read: more than any scenario may have. */
export const MAX_FILE_BYTES: number = FIXED.file_bytes.value;

/** What is wrong with a file, before a line of it was understood. */
export interface FileProblem {
  /** Message without a final period. */
  readonly message: string;
  /** Line, from 1, where one is to blame. */
  readonly line?: number;
  /** What to do about it. */
  readonly hint?: string;
}

/** A file that was asked for: its text, or what is wrong. */
export type FoundFile =
  | {
    /** Name as given, or found in a folder. */
    readonly file: string;
    /** What is in it. */
    readonly text: string;
  }
  | {
    /** Name as given. */
    readonly file: string;
    /** What is wrong. */
    readonly problem: FileProblem;
  };

/**
 * Reads scenario files; a folder stands for all `.yaml` files below it that are no parts.
 *
 * @param paths Files, folders and patterns.
 * @returns One entry per file, each file once, folders in alphabetical order.
 */
export function readFiles(paths: readonly string[]): FoundFile[] {
  const found = new Map<string, FoundFile>();
  for (const path of paths) {
    for (const one of expand(path)) {
      const entry = typeof one === "string" ? readOne(one) : one;
      if (!found.has(entry.file)) found.set(entry.file, entry);
    }
  }
  return [...found.values()];
}

/**
 * Finds the files that paths stand for, without reading them.
 *
 * @param paths Files, folders and patterns.
 * @returns The files, and each path that stands for none as it is.
 */
export function findFiles(paths: readonly string[]): string[] {
  const found = paths.flatMap(expand).map((one) => typeof one === "string" ? one : one.file);
  return [...new Set(found)];
}

function expand(path: string): (string | FoundFile)[] {
  try {
    if (!Deno.statSync(path).isDirectory) return [path];
    const files = filesBelow(path.replace(/(?<=.)\/+$/, ""));
    if (files.length > 0) return files;
    return [{ file: path, problem: { message: "Cannot find scenarios: no .yaml file in folder" } }];
  } catch (error) {
    if (isGlob(path) && error instanceof Deno.errors.NotFound) return expandPattern(path);
    return [{ file: path, problem: problemOf(path, error) }];
  }
}

function expandPattern(pattern: string): (string | FoundFile)[] {
  const files = expandGlob(pattern).filter((file) => !isPartName(file));
  if (files.length > 0) return files;
  return [{
    file: pattern,
    problem: { message: "Cannot find scenarios: no file fits the pattern" },
  }];
}

/** A `.yaml` file is taken for a scenario, but not a `.part.yaml`, which others include. */
function isScenarioName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !isPartName(name);
}

function isPartName(name: string): boolean {
  return /\.part\.ya?ml$/.test(name);
}

/** The scenario files below a folder; hidden folders and links to folders are left out. */
function filesBelow(folder: string): (string | FoundFile)[] {
  const entries = entriesOf(folder);
  if (!Array.isArray(entries)) return [{ file: folder, problem: entries }];
  return entries.flatMap(({ name, isDirectory }) => {
    const path = folder === "/" ? `/${name}` : `${folder}/${name}`;
    if (isDirectory) return name.startsWith(".") ? [] : filesBelow(path);
    return isScenarioName(name) ? [path] : [];
  });
}

/** What is in a folder, in alphabetical order, or what is wrong with it. */
function entriesOf(folder: string): Deno.DirEntry[] | FileProblem {
  try {
    return [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    return problemOf(folder, error);
  }
}

/**
 * Reads one file.
 *
 * @param file Its name.
 * @returns Its text, or what is wrong.
 */
export function readOne(file: string): FoundFile {
  try {
    const { isFile, isFifo, isDirectory } = Deno.statSync(file);
    if (isDirectory) {
      return { file, problem: { message: "Cannot read: expected a file, got a folder" } };
    }
    if (!isFile && !isFifo) {
      return { file, problem: { message: "Cannot read: not a regular file" } };
    }
    const bytes = readBytes(file);
    if (bytes.length > MAX_FILE_BYTES) {
      const message = `Cannot read: more than ${MAX_FILE_BYTES} bytes`;
      return { file, problem: { message, hint: FIXED.file_bytes.advice } };
    }
    return decode(file, bytes);
  } catch (error) {
    return { file, problem: problemOf(file, error) };
  }
}

/** Reads a file, at most one byte more than allowed. */
function readBytes(path: string): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(Math.min(file.statSync().size, MAX_FILE_BYTES) + 1);
  let all = bytes;
  let length = 0;
  for (let read = file.readSync(all); read !== null; read = file.readSync(all.subarray(length))) {
    length += read;
    if (length > MAX_FILE_BYTES) break;
    if (length === all.length) {
      const wider = new Uint8Array(Math.min(2 * length + 4096, MAX_FILE_BYTES + 1));
      wider.set(all);
      all = wider;
    }
  }
  return all.subarray(0, length);
}

function decode(file: string, bytes: Uint8Array): FoundFile {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    return { file, text: decoder.decode(bytes) };
  } catch {
    const line = badLine(bytes);
    return { file, problem: { message: "Cannot read: expected text in UTF-8", line } };
  }
}

/** The first line that is not UTF-8. */
function badLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start);
    const stop = end < 0 ? bytes.length : end + 1;
    try {
      decoder.decode(bytes.subarray(start, stop));
    } catch {
      return line;
    }
    start = stop;
  }
  return line;
}

function problemOf(path: string, error: unknown): FileProblem {
  const { errors } = Deno;
  if (error instanceof errors.NotFound) {
    if (path.includes("\ufffd")) return { message: "Cannot read: expected a name in UTF-8" };
    const near = neighbour(path);
    const message = "Cannot read: no such file or folder";
    return near === undefined ? { message } : { message, hint: `Did you mean ${near}?` };
  }
  if (error instanceof errors.NotCapable) {
    return { message: "Cannot read: Deno was not allowed to", hint: "Give it --allow-read" };
  }
  if (error instanceof errors.PermissionDenied) {
    return { message: "Cannot read: permission denied" };
  }
  if (error instanceof errors.NotADirectory) return { message: "Cannot read: not a folder" };
  if (error instanceof errors.FilesystemLoop) return { message: "Cannot read: links in a circle" };
  return { message: `Cannot read: ${reasonOf(error)}` };
}

/** The file beside a missing one with the most similar name. */
function neighbour(path: string): string | undefined {
  const at = path.lastIndexOf("/") + 1;
  const folder = path.slice(0, at);
  try {
    const names = [...Deno.readDirSync(folder === "" ? "." : folder)].map(({ name }) => name)
      .sort();
    const near = nearest(path.slice(at), names);
    return near === undefined ? undefined : folder + near;
  } catch {
    return undefined;
  }
}
