/**
 * Keeping dependencies away from the environment of the process.
 *
 * @module
 */

import process from "node:process";

/**
 * Hides environment variables that may not be read.
 *
 * The YAML parser looks for two debugging switches there, for which Deno would ask the user. The
 * program needs no permission but that to read files.
 */
export function hideEnvironment(): void {
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") process.env = {};
}
