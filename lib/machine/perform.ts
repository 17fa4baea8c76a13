/**
 * Carrying out operations by name, from code.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import type { Machine } from "./machine.ts";
import { withDefaults } from "./program.ts";
import type { ArgumentKind, Arguments, ArgumentSpec, OperationResult } from "./spec.ts";
import { operation } from "./ops/mod.ts";

/** What values an argument of each kind may have. */
const MAY_BE: Readonly<Record<ArgumentKind, (value: unknown, spec: ArgumentSpec) => boolean>> = {
  process: isText,
  listener: isText,
  file: isText,
  name: isText,
  range: (value) => typeof value === "object" && value !== null && "mapping" in value,
  size: (value) => isCount(value) && value % PAGE_SIZE === 0,
  address: (value) => isCount(value) && value % PAGE_SIZE === 0,
  count: isCount,
  flag: (value) => typeof value === "boolean",
  choice: (value, { choices }) => isText(value) && choices!.includes(value),
  fill: (value) =>
    isCount(value) || (isText(value) && ["same", "unique", "random"].includes(value)),
  duration: isCount,
};

/** What each kind of argument is, in words. */
const WANTED: Readonly<Record<ArgumentKind, string>> = {
  process: "the name of a process",
  listener: "the name of a listener",
  file: "the name of a file",
  name: "a name",
  range: "a range { mapping, firstPage, pages }",
  size: "a number of bytes, page aligned",
  address: "an address in bytes, page aligned",
  count: "a whole number, not negative",
  flag: "true or false",
  choice: "one of",
  fill: 'a number, "same", "unique" or "random"',
  duration: "a number of ns",
};

/**
 * Carries out one operation on a machine, then checks the invariants.
 *
 * A broken invariant does not throw: it is added to {@linkcode Machine.violations}.
 *
 * @param machine The machine.
 * @param name Name of the operation, such as `"mmap"`.
 * @param args Its arguments: sizes in bytes, durations in ns; those left out get their default.
 * @returns Its result; `ret` is a negative error number where it failed.
 * @throws {RangeError} If operation or argument is unknown, or an argument names something that
 * does not exist.
 * @throws {TypeError} If an argument is missing, or is of another type.
 * @example
 * ```ts
 * import { Machine } from "./machine.ts";
 * import { perform } from "./perform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const machine = new Machine();
 * machine.addProcess("app");
 * perform(machine, "mmap", { process: "app", name: "buf", size: 4 * 4096 });
 * perform(machine, "fill", { range: { mapping: "buf", firstPage: 0, pages: 2 } });
 * assertEquals(machine.mm("app").rss, 2);
 * ```
 */
export function perform(machine: Machine, name: string, args: Arguments = {}): OperationResult {
  const spec = operation(name);
  for (const key of Object.keys(args)) {
    if (Object.hasOwn(spec.args, key)) continue;
    const known = Object.keys(spec.args).join(", ") || "none";
    throw new RangeError(`Cannot perform ${name} with argument "${key}": it has ${known}`);
  }
  const complete = withDefaults(spec, args);
  for (const [key, argument] of Object.entries(spec.args)) {
    const value = complete[key];
    if (value === undefined ? argument.required !== true : MAY_BE[argument.kind](value, argument)) {
      continue;
    }
    const wanted = [WANTED[argument.kind], argument.choices?.join(", ")].filter(Boolean).join(" ");
    const got = value === undefined ? "nothing" : JSON.stringify(value);
    throw new TypeError(`Cannot perform ${name}: expected ${wanted} as "${key}", got ${got}`);
  }
  return machine.execute(spec, complete);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
