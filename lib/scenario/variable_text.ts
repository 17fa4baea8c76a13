/**
 * Variables from outside: `name=value`.
 *
 * @module
 */

import { parse } from "@std/yaml";
import { quote } from "./diagnostics.ts";
import { NAME_PATTERN } from "../machine/arguments.ts";
import type { Value } from "../machine/expression.ts";
import { withUnit } from "./variables.ts";

/**
 * Reads `name=value` as given on a command line; the value is YAML.
 *
 * @param text The text.
 * @returns Name and value.
 * @throws {SyntaxError} If the text has another form.
 * @example
 * ```ts
 * import { parseVariable } from "./variable_text.ts";
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
