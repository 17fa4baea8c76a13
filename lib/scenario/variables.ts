/**
 * Variables of scenarios: `vars:` in the file, and `name=value` from outside.
 *
 * A value with a unit is a number: `64 MiB` becomes bytes, `20 ms` nanoseconds.
 *
 * @module
 */

import { parse } from "@std/yaml";
import { quote } from "./diagnostics.ts";
import type { Node } from "./document.ts";
import type { Value } from "./expression.ts";
import type { JsonSchema } from "./json_schema.ts";
import { MAX_VARIABLES } from "./limits.ts";
import { NAME_PATTERN } from "./range_text.ts";
import type { Scope } from "./scope.ts";
import { mapOf, readMap, readScalar } from "./shape.ts";
import { suggestion } from "./suggest.ts";
import { newName } from "./arguments.ts";
import { parseMeasure } from "./units.ts";

/** Values of variables by name. */
export type Variables = Readonly<Record<string, Value>>;

/**
 * Reads `vars:`; a value may use the variables above it.
 *
 * @param node The value of `vars:`, or undefined if there is none.
 * @param scope Its surroundings.
 * @param overrides Values from outside; they replace those of the file.
 * @returns A scope with the variables.
 */
export function readVariables(node: Node | undefined, scope: Scope, overrides: Variables): Scope {
  const at = node ?? { span: { offset: 0, length: 1 } };
  const entries = node === undefined ? [] : readMap(node, scope, "a map of variables") ?? [];
  const declared = entries.map(({ key }) => key.text);
  if (entries.length > MAX_VARIABLES) {
    const message = `File has ${entries.length} variables: the limit is ${MAX_VARIABLES}`;
    scope.report(entries[MAX_VARIABLES].key, message);
  }
  let inner = scope;
  for (const { key, value } of entries.slice(0, MAX_VARIABLES)) {
    const name = newName("variable").read(key, scope);
    const own = readScalar(value, inner, "a number, text, true or false");
    if (name === undefined || own === undefined) continue;
    const chosen = Object.hasOwn(overrides, name) ? overrides[name] : own.value;
    inner = inner.with([[name, withUnit(chosen)]]);
  }
  for (const name of Object.keys(overrides)) {
    if (declared.includes(name)) continue;
    scope.report(at, `Unknown variable ${quote(name)} given`, suggestion(name, declared));
  }
  return inner;
}

/**
 * Describes `vars:` for editors.
 *
 * @returns A JSON Schema.
 */
export function variablesSchema(): JsonSchema {
  const value = { type: ["string", "number", "boolean"] };
  return mapOf("variables", undefined, { read: () => undefined, schema: () => value }).schema();
}

/**
 * Reads `name=value` as given on a command line; the value is YAML.
 *
 * @param text The text.
 * @returns Name and value.
 * @throws {SyntaxError} If the text has another form.
 * @example
 * ```ts
 * import { parseVariable } from "./variables.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseVariable("pages=32"), ["pages", 32]);
 * assertEquals(parseVariable("fill=same"), ["fill", "same"]);
 * assertEquals(parseVariable("ram=1 MiB"), ["ram", 1048576]);
 * ```
 */
export function parseVariable(text: string): [name: string, value: Value] {
  const parts = new RegExp(`^(${NAME_PATTERN})=(.*)$`).exec(text);
  if (parts === null) {
    throw new SyntaxError(`Cannot read variable ${quote(text)}: expected name=value`);
  }
  const value = yamlScalar(parts[2]);
  if (value !== undefined) return [parts[1], withUnit(value)];
  throw new SyntaxError(
    `Cannot read the value of variable "${parts[1]}": expected one number, word or text, got ${
      quote(parts[2])
    }`,
  );
}

function yamlScalar(text: string): Value | undefined {
  try {
    const value = parse(text, { schema: "core" });
    const isScalar = typeof value === "number" || typeof value === "string" ||
      typeof value === "boolean";
    return isScalar ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function withUnit(value: Value): Value {
  if (typeof value !== "string") return value;
  const measure = parseMeasure(value);
  return measure?.dimension === undefined ? value : measure.value;
}
