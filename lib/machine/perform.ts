/**
 * Carrying out operations by name, from code.
 *
 * @module
 */

import { completeArguments } from "./arguments.ts";
import type { Machine } from "./machine.ts";
import { elsewhere, requireMachine } from "./machine_options.ts";
import { findOperation, MM_OPERATIONS } from "./ops/mm_ops.ts";
import type { Arguments, OperationResult } from "./spec.ts";

/**
 * Carries out one operation on a machine, then checks the invariants.
 *
 * A broken invariant does not throw: it is added to {@linkcode Machine.violations}.
 *
 * @param machine The machine.
 * @param name Name of the operation, such as `"mmap"`: one of mm/ or of the machine's drivers.
 * @param args Its arguments: sizes in bytes, durations in ns, ranges as text such as `"buf[0..2]"` or
 * written out; those left out get their default.
 * @returns Its result; `ret` is a negative error number where it failed.
 * @throws {RangeError} If operation or argument is unknown, or an argument names something that
 * does not exist.
 * @throws {TypeError} If an argument is missing or of another type, or it is no machine.
 * @example
 * ```ts
 * import { Machine } from "./machine.ts";
 * import { perform } from "./perform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const machine = new Machine();
 * machine.addProcess("app");
 * perform(machine, "mmap", { process: "app", name: "buf", size: 4 * 4096 });
 * perform(machine, "fill", { range: "buf[0..2]" });
 * assertEquals(machine.mm("app").rss, 2);
 * ```
 */
export function perform(machine: Machine, name: string, args: Arguments = {}): OperationResult {
  requireMachine(machine);
  const { drivers } = machine;
  const known = [...MM_OPERATIONS, ...drivers.operations];
  const spec = findOperation(known, name, elsewhere(drivers));
  return machine.execute(spec, completeArguments(spec, args));
}
