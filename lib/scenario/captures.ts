/**
 * What a step leaves for later ones: `capture: { merged: ksm.pages_sharing, at: { address: ram } }`.
 *
 * @module
 */

import { PAGE_NUMBERS, type PageNumber } from "../machine/expectation.ts";
import type { Capture, PageSource } from "../machine/program.ts";
import { newName } from "./arguments.ts";
import { quote } from "./diagnostics.ts";
import type { Entry, Node, ScalarNode } from "./document.ts";
import { isFormula, readFormula } from "./formula.ts";
import type { JsonSchema } from "./json_schema.ts";
import { readPlacedRange } from "./range_text.ts";
import type { Scope } from "./scope.ts";
import { readMap, readScalar } from "./shape.ts";
import { suggestion } from "./suggest.ts";

/** What can be captured of the first page of a range, with what it is. */
export const PAGE_FACTS: Readonly<Record<PageSource["fact"], string>> = {
  address: "Its address",
  frame: "Number of the frame that it maps, or -1",
  ...PAGE_NUMBERS,
};

/**
 * Reads what a step captures; the names are known from then on.
 *
 * @param node One name, for the return value, or a map of names.
 * @param scope Its surroundings.
 * @returns The captures; what is wrong is reported and left out.
 */
export function readCaptures(node: Node, scope: Scope): Capture[] {
  if (node.kind === "scalar" && node.value !== null) {
    const name = bind(node, scope);
    if (name === undefined) return [];
    const expression = { kind: "name", name: "ret", at: 0, length: 3 } as const;
    const source = { expression, text: "ret" };
    return [{ name, source, text: "ret", position: scope.position(node) }];
  }
  const found: Capture[] = [];
  for (const { key, value } of readMap(node, scope, "a name or a map of names") ?? []) {
    const source = readSource(value, scope);
    const name = bind(key, scope);
    if (name === undefined || source === undefined) continue;
    found.push({ name, ...source, position: scope.position(key) });
  }
  return found;
}

/**
 * Describes captures for editors.
 *
 * @returns A JSON Schema.
 */
export function capturesSchema(): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries(PAGE_FACTS).map((
      [name, description],
    ) => [name, { type: "string", description }]),
  );
  const page = { type: "object", additionalProperties: false, properties };
  const one = { anyOf: [{ type: ["string", "number"] }, page] };
  return { anyOf: [{ type: "string" }, { type: "object", additionalProperties: one }] };
}

function bind(node: ScalarNode, scope: Scope): string | undefined {
  const name = newName("capture").read(node, scope);
  if (name === undefined) return undefined;
  if (scope.variables.has(name) || name === "ret") {
    scope.report(node, `Name ${quote(name)} is taken: it is a variable`);
    return undefined;
  }
  scope.names.captures.add(name);
  return name;
}

function readSource(node: Node, scope: Scope): Pick<Capture, "source" | "text"> | undefined {
  if (node.kind === "map") return readPageSource(node.entries, node, scope);
  const wanted = 'an expression such as "guest.faults", or { address: "ram[0]" }';
  if (node.kind !== "scalar" || node.value === null) {
    readScalar(node, scope, wanted);
    return undefined;
  }
  const read = readFormula(node, scope, { result: true });
  if (read === undefined) return undefined;
  if (isFormula(read)) return { source: read, text: read.text };
  const text = typeof read === "string" ? `'${read}'` : String(read);
  return { source: { expression: { kind: "literal", value: read, at: 0, length: 1 }, text }, text };
}

function readPageSource(
  entries: readonly Entry[],
  node: Node,
  scope: Scope,
): Pick<Capture, "source" | "text"> | undefined {
  const known = Object.keys(PAGE_FACTS);
  const [entry, other] = entries;
  if (entry === undefined || other !== undefined) {
    scope.report(other?.key ?? node, `Expected one of ${known.join(", ")}`);
    return undefined;
  }
  const fact = entry.key.text;
  if (!known.includes(fact)) {
    scope.report(entry.key, `Unknown fact ${quote(fact)} of a page`, suggestion(fact, known));
    return undefined;
  }
  const scalar = readScalar(entry.value, scope, 'a range such as "ram[0]"');
  const where = scalar && readPlacedRange(scalar.node, scalar.text, scope);
  if (scalar === undefined || where === undefined) return undefined;
  const source = { where, fact: fact as PageNumber | "address" | "frame" };
  return { source, text: `{ ${fact}: "${scalar.text}" }` };
}
