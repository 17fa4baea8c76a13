/**
 * The library of scenarios that comes with the program.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { ValidationError } from "@cliffy/command";

/**
 * Names the library of scenarios where no file is named.
 *
 * @param paths Files and folders of the command line.
 * @returns The paths, or the folder of the library.
 * @throws {ValidationError} If the program does not run from files.
 */
export function libraryOr(paths: readonly string[]): readonly string[] {
  if (paths.length > 0) return paths;
  const folder = new URL("../../scenarios", import.meta.url);
  if (folder.protocol !== "file:") {
    throw new ValidationError("Cannot find the scenarios of the library: name files or folders");
  }
  return [shortPath(fileURLToPath(folder))];
}

/** A path from the current folder, where it lies below. */
function shortPath(path: string): string {
  try {
    const here = `${Deno.cwd()}/`;
    return path.startsWith(here) ? path.slice(here.length) : path;
  } catch {
    return path;
  }
}
