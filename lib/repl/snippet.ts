/**
 * Library code that does what a command does.
 *
 * @module
 */

/** The package that code imports from. */
export const PACKAGE = "@mmulab/mmulab";

/**
 * Writes code that prints a text.
 *
 * @param imports Names that it imports.
 * @param expression The text: an expression.
 * @param before Statements before it.
 * @returns Statements.
 */
export function printing(
  imports: readonly string[],
  expression: string,
  before: readonly string[] = [],
): string {
  return snippet(imports, [...before, `console.log(${expression}.trimEnd());`]);
}

/**
 * Writes code.
 *
 * @param imports Names that it imports.
 * @param statements What it does.
 * @returns Statements.
 */
export function snippet(imports: readonly string[], statements: readonly string[]): string {
  const names = [...new Set(imports)].sort().join(", ");
  const head = names === "" ? [] : [`import { ${names} } from "${PACKAGE}";`, ""];
  return [...head, ...statements].join("\n") + "\n";
}

/**
 * Writes a value as code.
 *
 * @param value Text, a number, or plain data.
 * @returns An expression.
 */
export function literal(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}

/**
 * Writes an address as code.
 *
 * @param address The address.
 * @returns A hexadecimal number.
 */
export function addressLiteral(address: number): string {
  return `0x${address.toString(16)}`;
}
