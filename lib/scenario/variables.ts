/**
 * Variables of scenarios: `vars:` in the file.
 *
 * A value with a unit is a number: `64 MiB` becomes bytes, `20 ms` nanoseconds.
 *
 * @module
 */

import { quote } from "./diagnostics.ts";
import type { Node } from "./document.ts";
import type { Value } from "../machine/expression.ts";
import type { JsonSchema } from "./json_schema.ts";
import { raiseHint } from "./raised_limits.ts";
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
  const { variables: most } = scope.reporter.limits;
  if (entries.length > most) {
    const message = `File has ${entries.length} variables: the limit is ${most}`;
    scope.report(entries[most].key, message, raiseHint("variables"));
  }
  let inner = scope;
  for (const { key, value } of entries.slice(0, most)) {
    const name = newName("variable").read(key, scope);
    const own = readScalar(value, inner, "a number, text, true or false");
    if (name === undefined || own === undefined) continue;
    const chosen = Object.hasOwn(overrides, name) ? overrides[name] : own.value;
    inner = inner.with([[name, measured(name, chosen, scope)]]);
  }
  for (const name of Object.keys(overrides)) {
    if (declared.includes(name) || scope.variables.has(name)) continue;
    scope.report(at, `Unknown variable ${quote(name)} given`, suggestion(name, declared));
  }
  return inner;
}

/**
 * Reads values by name, each by itself.
 *
 * @param node The map.
 * @param scope Its surroundings.
 * @returns Names and values; what is wrong is reported and left out.
 */
export function readAssignments(node: Node, scope: Scope): (readonly [string, Value])[] {
  return (readMap(node, scope, "a map of variables") ?? []).flatMap(({ key, value }) => {
    const name = newName("variable").read(key, scope);
    const read = readScalar(value, scope, "a number, text, true or false");
    if (name === undefined || read === undefined) return [];
    return [[name, measured(name, read.value, scope)] as const];
  });
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
 * Replaces a number with a unit by what it measures, and keeps in mind what that is.
 *
 * @param name Name of the variable.
 * @param value The value as written.
 * @param scope The surroundings.
 * @returns The value without a unit.
 */
export function measured(name: string, value: Value, { names }: Scope): Value {
  const unit = typeof value === "string" ? parseMeasure(value)?.dimension : undefined;
  if (unit === undefined) names.units.delete(name);
  else names.units.set(name, unit);
  return withUnit(value);
}

/**
 * Replaces a number with a unit by what it measures.
 *
 * @param value The value as written.
 * @returns Bytes or nanoseconds for a text such as `64 MiB` or `20 ms`; any other value as it is.
 */
export function withUnit(value: Value): Value {
  if (typeof value !== "string") return value;
  const measure = parseMeasure(value);
  return measure?.dimension === undefined ? value : measure.value;
}
