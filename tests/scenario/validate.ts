/** A validator of the part of JSON Schema that the generated schema uses. */

import type { Json, JsonObject, JsonSchema } from "../../lib/scenario/json_schema.ts";

/** Tells whether a value fits a schema; an unknown keyword is an error. */
export function isValid(value: unknown, schema: JsonSchema, root: JsonSchema = schema): boolean {
  return Object.entries(schema).every(([keyword, wanted]) =>
    KEYWORDS[keyword](value, wanted as never, root, schema)
  );
}

type Keyword = (value: unknown, wanted: never, root: JsonSchema, schema: JsonSchema) => boolean;

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  $schema: () => true,
  $defs: () => true,
  title: () => true,
  description: () => true,
  $ref: (value, wanted: string, root) => isValid(value, resolve(wanted, root), root),
  anyOf: (value, wanted: JsonSchema[], root) => wanted.some((one) => isValid(value, one, root)),
  type: (value, wanted: string | string[]) => [wanted].flat().includes(typeOf(value, wanted)),
  enum: (value, wanted: Json[]) => wanted.some((one) => one === value),
  const: (value, wanted: Json) => value === wanted,
  pattern: (value, wanted: string) =>
    typeof value !== "string" || new RegExp(wanted, "u").test(value),
  minimum: (value, wanted: number) => typeof value !== "number" || value >= wanted,
  maximum: (value, wanted: number) => typeof value !== "number" || value <= wanted,
  required: (value, wanted: string[]) =>
    !isObject(value) || wanted.every((name) => Object.hasOwn(value, name)),
  properties: (value, wanted: Record<string, JsonSchema>, root) =>
    entries(value).every(([name, member]) =>
      !Object.hasOwn(wanted, name) || isValid(member, wanted[name], root)
    ),
  additionalProperties: (value, wanted: boolean | JsonSchema, root, schema) =>
    entries(value).every(([name, member]) =>
      Object.hasOwn(Object(schema.properties), name) ||
      (typeof wanted === "object" ? isValid(member, wanted, root) : wanted)
    ),
  propertyNames: (value, wanted: JsonSchema, root) =>
    entries(value).every(([name]) => isValid(name, wanted, root)),
  items: (value, wanted: JsonSchema, root) =>
    !Array.isArray(value) || value.every((item) => isValid(item, wanted, root)),
  minItems: (value, wanted: number) => !Array.isArray(value) || value.length >= wanted,
};

function resolve(path: string, root: JsonSchema): JsonSchema {
  return path.split("/").slice(1).reduce((at, name) => at[name] as JsonObject, root);
}

function typeOf(value: unknown, wanted: string | string[]): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) && [wanted].flat().includes("integer") ? "integer" : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}
