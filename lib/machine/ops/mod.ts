/**
 * Every operation that a scenario can ask for.
 *
 * @module
 */

import type { OperationSpec } from "../spec.ts";
import { COMPACTION_OPS, KSM_OPS, RECLAIM_OPS, THP_OPS } from "./daemon_ops.ts";
import { DEVICE_OPS, GPU_OPS, MIRROR_OPS } from "./device_ops.ts";
import { FILE_OPS } from "./file_ops.ts";
import { GRANT_OPS } from "./grant_ops.ts";
import { MEMORY_OPS } from "./memory_ops.ts";
import { MIGRATION_OPS } from "./migration_ops.ts";
import { PRECOPY_OPS } from "./precopy_ops.ts";
import { PROCESS_OPS } from "./process_ops.ts";
import { TRAP_OPS } from "./trap_ops.ts";

/** The operations, in the order of documentation. */
export const OPERATIONS: readonly OperationSpec[] = [
  ...MEMORY_OPS,
  ...FILE_OPS,
  ...PROCESS_OPS,
  ...KSM_OPS,
  ...THP_OPS,
  ...COMPACTION_OPS,
  ...MIGRATION_OPS,
  ...RECLAIM_OPS,
  ...TRAP_OPS,
  ...DEVICE_OPS,
  ...GPU_OPS,
  ...GRANT_OPS,
  ...MIRROR_OPS,
  ...PRECOPY_OPS,
];

/**
 * Finds an operation by its name.
 *
 * @param name Key of a step, such as `"mmap"`.
 * @returns The operation.
 * @throws {RangeError} If there is no such operation.
 * @example
 * ```ts
 * import { operation } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(operation("mmap").kernel, "mm/mmap.c: mmap_region");
 * ```
 */
export function operation(name: string): OperationSpec {
  const found = OPERATIONS.find((spec) => spec.name === name);
  if (found !== undefined) return found;
  const known = OPERATIONS.map((spec) => spec.name).join(", ");
  throw new RangeError(`Cannot find operation "${name}": expected one of ${known}`);
}
