/**
 * The little of JSON Schema that the generated schema uses.
 *
 * @module
 */

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  /** Any member. */
  readonly [key: string]: Json;
}

/** A schema of draft 2020-12. */
export type JsonSchema = JsonObject;

/** Text with an expression, which may stand for any scalar. */
const EXPRESSION_SCHEMA: JsonSchema = { $ref: "#/$defs/expression" };

/**
 * Allows an expression in the place of a scalar.
 *
 * @param schema The schema of the scalar.
 * @returns A schema that allows either.
 */
export function orExpression(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, EXPRESSION_SCHEMA] };
}
