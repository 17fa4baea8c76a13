/**
 * Modules with listeners of the user's own.
 *
 * A module is imported like any other code: it may do what the permissions of the process allow.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { ValidationError } from "@cliffy/command";
import type { CustomListenerFactory } from "../listeners/custom.ts";
import type { Attachment } from "../machine/attach.ts";

/** NAME=FILE or NAME@PROCESS=FILE. */
const NAMED = /^([A-Za-z_][A-Za-z0-9_-]*)(?:@([A-Za-z_][A-Za-z0-9_-]*))?=(.+)$/;

/**
 * Loads the module that a `--listener` option names.
 *
 * @param option `FILE`, `NAME=FILE` or `NAME@PROCESS=FILE`.
 * @returns The listener and where it belongs.
 * @throws {ValidationError} If the module cannot be loaded or exports something else.
 */
export async function loadListener(option: string): Promise<Attachment> {
  const [, name, process] = NAMED.exec(option) ?? [];
  const factory = await importFactory(moduleOf(option));
  return {
    factory,
    ...(name === undefined ? {} : { name }),
    ...(process === undefined ? {} : { process }),
  };
}

/**
 * Finds the file that a `--listener` option names.
 *
 * @param option `FILE`, `NAME=FILE` or `NAME@PROCESS=FILE`.
 * @returns The file.
 */
export function moduleOf(option: string): string {
  return NAMED.exec(option)?.[3] ?? option;
}

/** Imports a module; one that has changed since it was last imported is imported anew. */
async function importFactory(file: string): Promise<CustomListenerFactory> {
  let exported: unknown;
  try {
    const url = pathToFileURL(Deno.realPathSync(file));
    url.searchParams.set("changed", String(Deno.statSync(file).mtime?.getTime()));
    const module: { readonly default?: unknown } = await import(url.href);
    exported = module.default;
  } catch (error) {
    throw new ValidationError(`Cannot load listener "${file}": ${reasonOf(error)}`);
  }
  if (typeof exported === "function") return exported as CustomListenerFactory;
  throw new ValidationError(
    `Cannot load listener "${file}": expected a function as default export, got ${typeof exported}`,
  );
}

function reasonOf(error: unknown): string {
  const { NotFound, NotCapable } = Deno.errors;
  if (error instanceof NotFound) return "no such file";
  if (error instanceof NotCapable) return "Deno was not allowed to. Give it --allow-read";
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0].replace(/\.$/, "");
}
