/**
 * The operations that need no driver that is built in: those of mm/, and of devices that fault on
 * their own.
 *
 * @module
 */

import type { OperationSpec } from "../spec.ts";
import { DAEMON_OPS } from "./daemon_ops.ts";
import { FAULTING_OPS } from "./faulting_ops.ts";
import { FILE_OPS } from "./file_ops.ts";
import { MEMORY_OPS } from "./memory_ops.ts";
import { MIGRATION_OPS } from "./migration_ops.ts";
import { PRECOPY_OPS } from "./precopy_ops.ts";
import { PROCESS_OPS } from "./process_ops.ts";
import { TRAP_OPS } from "./trap_ops.ts";

/** The operations, in the order of documentation. */
export const MM_OPERATIONS: readonly OperationSpec[] = [
  ...MEMORY_OPS,
  ...FILE_OPS,
  ...PROCESS_OPS,
  ...DAEMON_OPS,
  ...MIGRATION_OPS,
  ...TRAP_OPS,
  ...PRECOPY_OPS,
  ...FAULTING_OPS,
];

/**
 * Finds an operation by its name.
 *
 * @param operations The operations that there are.
 * @param name The name.
 * @param elsewhere Where there are others, for the error.
 * @returns The operation.
 * @throws {RangeError} If there is no such operation.
 */
export function findOperation(
  operations: readonly OperationSpec[],
  name: string,
  elsewhere = "",
): OperationSpec {
  const found = operations.find((spec) => spec.name === name);
  if (found !== undefined) return found;
  const known = operations.map((spec) => spec.name).join(", ");
  throw new RangeError(`Cannot find operation "${name}": expected one of ${known}${elsewhere}`);
}
