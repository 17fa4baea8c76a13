/**
 * Every operation that a scenario can ask for.
 *
 * @module
 */

import { DRIVERS } from "../drivers.ts";
import type { OperationSpec } from "../spec.ts";
import { findOperation, MM_OPERATIONS } from "./mm_ops.ts";

/** The operations, in the order of documentation. */
export const OPERATIONS: readonly OperationSpec[] = [...MM_OPERATIONS, ...DRIVERS.operations];

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
  return findOperation(OPERATIONS, name);
}
