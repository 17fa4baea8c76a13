/**
 * Library code that does what a command does.
 *
 * @module
 */

/** The package that code imports from. */
const PACKAGE = "@mmulab/mmulab";

/** Names that code takes from another entry point than that of sessions. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  "/scenario": ["checkScenario", "newStep", "operation", "parseScenario"],
  "/report": [
    "chainText",
    "countersText",
    "eventsText",
    "ftraceText",
    "kmemText",
    "ksmText",
    "listenerText",
    "mapsText",
    "pageListText",
    "pagemapText",
    "pageTypesText",
    "psText",
    "pteText",
    "rmapText",
    "smapsText",
    "stepListText",
    "swapText",
    "vmPagesText",
    "vmText",
    "vmstatText",
    "vtopText",
  ],
};

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
  const names = new Map<string, string[]>();
  for (const name of [...new Set(imports)].sort()) {
    const entry = Object.keys(ELSEWHERE).find((one) => ELSEWHERE[one].includes(name)) ?? "/repl";
    names.set(entry, [...names.get(entry) ?? [], name]);
  }
  const head = [...names.keys()].sort().map((entry) =>
    `import { ${names.get(entry)!.join(", ")} } from "${PACKAGE}${entry}";`
  );
  return [...head, ...(head.length === 0 ? [] : [""]), ...statements].join("\n") + "\n";
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
