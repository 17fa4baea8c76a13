/**
 * Bundles of the library, as one makes them for Node and for pages.
 *
 * @module
 */

import { assert } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** A folder below `tmp` that is removed at the end of the block. */
export async function newFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  await Deno.mkdir(new URL("tmp", ROOT), { recursive: true });
  const path = await Deno.makeTempDir({ dir: "tmp", prefix: "bundle_" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/**
 * Puts a module and all that it imports into one file.
 *
 * @param module Path of the module from the root.
 * @param output Path of the file.
 * @param format `esm` for modules, `iife` for pages.
 */
export async function bundle(module: string, output: string, format: "esm" | "iife") {
  const args = ["bundle", "--quiet", "--platform", "browser", "--format", format];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "-o", output, module],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/**
 * Finds a program.
 *
 * @param paths Where it may be, or names to look for on the path.
 * @returns The first that starts, or undefined.
 */
export async function findProgram(...paths: string[]): Promise<string | undefined> {
  for (const path of paths) {
    const found = await new Deno.Command(path, { args: ["--version"] }).output()
      .then(({ success }) => success, () => false);
    if (found) return path;
  }
  return undefined;
}
