/**
 * Shapes of numbers: integers, sizes, durations and addresses.
 *
 * @module
 */

import { PAGE_SIZE, TASK_SIZE } from "../kernel/address.ts";
import { quote } from "./diagnostics.ts";
import type { Node } from "./document.ts";
import { type JsonSchema, orExpression } from "./json_schema.ts";
import type { Scope } from "./scope.ts";
import { readScalar, type Shape } from "./shape.ts";
import { type Dimension, parseMeasure, unitNames } from "./units.ts";

/** Bounds of a number. */
export interface Bounds {
  /** Least value allowed; 0 unless told. */
  readonly min?: number;
  /** Greatest value allowed. */
  readonly max?: number;
  /** What the number must be a multiple of. */
  readonly multipleOf?: number;
}

interface NumberSpec extends Bounds {
  readonly wanted: string;
  readonly dimension?: Dimension;
  readonly whole: boolean;
}

/**
 * Makes the shape of an integer.
 *
 * @param bounds Its bounds.
 * @returns The shape.
 */
export function integer(bounds: Bounds = {}): Shape<number> {
  const spec: NumberSpec = { ...bounds, wanted: `an integer${rangeText(bounds)}`, whole: true };
  return {
    read: (node, scope) => readNumber(node, scope, spec),
    schema: () => orExpression(boundsSchema("integer", bounds)),
  };
}

/**
 * Makes the shape of a size in bytes.
 *
 * @param bounds Its bounds.
 * @returns The shape.
 */
export function size(bounds: Bounds = {}): Shape<number> {
  const wanted = `a size${rangeText(bounds)} such as "16 pages" or "64 MiB"`;
  const spec: NumberSpec = { ...bounds, wanted, dimension: "size", whole: true };
  return {
    read: (node, scope) => readNumber(node, scope, spec),
    schema: () => measureSchema("integer", "size", bounds),
  };
}

/**
 * Makes the shape of a duration in nanoseconds.
 *
 * @returns The shape.
 */
export function duration(): Shape<number> {
  const wanted = 'a duration such as "20 ms"';
  const spec: NumberSpec = { wanted, dimension: "duration", whole: false };
  return {
    read: (node, scope) => readNumber(node, scope, spec),
    schema: () => measureSchema("number", "duration", {}),
  };
}

/**
 * Makes the shape of a page-aligned user address.
 *
 * @returns The shape.
 */
export function address(): Shape<number> {
  const bounds = { max: TASK_SIZE, multipleOf: PAGE_SIZE };
  const wanted = 'an address such as "0x7f0000000000"';
  const spec: NumberSpec = { ...bounds, wanted, dimension: "size", whole: true };
  return {
    read: (node, scope) => readNumber(node, scope, spec),
    schema: () => orExpression({ anyOf: [boundsSchema("integer", bounds), { type: "string" }] }),
  };
}

function readNumber(node: Node, scope: Scope, spec: NumberSpec): number | undefined {
  const scalar = readScalar(node, scope, spec.wanted);
  if (scalar === undefined) return undefined;
  const measure = typeof scalar.value === "number"
    ? { value: scalar.value }
    : parseMeasure(scalar.text);
  const isRight = measure !== undefined && fits(measure.value, spec) &&
    (measure.dimension === undefined || measure.dimension === spec.dimension);
  if (!isRight) {
    scope.report(node, `Expected ${spec.wanted}, got ${quote(scalar.text)}`, unitHint(spec));
    return undefined;
  }
  if (spec.multipleOf === undefined || measure.value % spec.multipleOf === 0) return measure.value;
  const message = `Expected a multiple of ${spec.multipleOf}, got ${measure.value}`;
  scope.report(node, message, "Addresses and sizes are whole pages of 4096 bytes");
  return undefined;
}

function fits(value: number, { min = 0, max = Number.MAX_SAFE_INTEGER, whole }: NumberSpec) {
  return Number.isFinite(value) && value >= min && value <= max &&
    (!whole || Number.isInteger(value));
}

function unitHint({ dimension }: NumberSpec): string | undefined {
  return dimension && `Units: ${unitNames(dimension).join(", ")}`;
}

function rangeText({ min = 0, max }: Bounds): string {
  if (max !== undefined) return ` from ${min} to ${max}`;
  return min === 0 ? " not below 0" : ` from ${min}`;
}

function boundsSchema(type: "integer" | "number", { min = 0, max }: Bounds): JsonSchema {
  return max === undefined ? { type, minimum: min } : { type, minimum: min, maximum: max };
}

function measureSchema(
  type: "integer" | "number",
  dimension: Dimension,
  bounds: Bounds,
): JsonSchema {
  const pattern = `^[0-9]+(\\.[0-9]+)?\\s*(${unitNames(dimension).join("|")})?$`;
  return orExpression({ anyOf: [boundsSchema(type, bounds), { type: "string", pattern }] });
}
