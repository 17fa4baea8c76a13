/**
 * Shapes: one declaration from which both the checker and the JSON Schema of a value come.
 *
 * A shape reads a node into a typed value, or reports what is wrong and returns undefined.
 *
 * @module
 */

import { quote } from "./diagnostics.ts";
import type { Entry, MapNode, Node, ScalarNode } from "./document.ts";
import type { Value } from "../machine/expression.ts";
import { type JsonSchema, orExpression } from "./json_schema.ts";
import type { Scope } from "./scope.ts";
import { suggestion } from "./suggest.ts";

/** What a value must look like, in the file and in an editor. */
export interface Shape<T> {
  /**
   * Reads a node; what is wrong with it is reported.
   *
   * @param node The node.
   * @param scope Its surroundings.
   * @returns The value, or undefined if something was reported.
   */
  read(node: Node, scope: Scope): T | undefined;
  /**
   * Describes the same for editors.
   *
   * @returns A JSON Schema.
   */
  schema(): JsonSchema;
}

/** One key of a {@linkcode record}. */
export interface Field<T> {
  /** What its value must look like. */
  readonly shape: Shape<T>;
  /** One line of documentation. */
  readonly about: string;
  /** Whether it must be given. */
  readonly required?: boolean;
}

/** Keys of a record by name. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The value of a record: a member per key that was given. */
export type RecordOf<F extends Fields> = {
  [K in keyof F]?: F[K] extends Field<infer T> ? T : never;
};

/** A scalar after its expressions were replaced. */
export interface ResolvedScalar {
  /** The node. */
  readonly node: ScalarNode;
  /** The value. */
  readonly value: Value;
  /** The value as written, or as computed. */
  readonly text: string;
}

/**
 * Reads a node that must be a scalar with a value.
 *
 * @param node The node.
 * @param scope Its surroundings.
 * @param wanted What is expected, for the message: `a size such as "16 pages"`.
 * @returns The scalar, or undefined if something was reported.
 */
export function readScalar(node: Node, scope: Scope, wanted: string): ResolvedScalar | undefined {
  if (node.kind !== "scalar" || node.value === null) {
    scope.report(node, `Expected ${wanted}, got ${describe(node)}`);
    return undefined;
  }
  const value = scope.resolve(node);
  if (value === undefined || value === null) return undefined;
  return { node, value, text: typeof node.value === "string" ? String(value) : node.text };
}

/**
 * Describes a node for a message.
 *
 * @param node The node.
 * @returns Text such as `a list` or `"abc"`.
 */
export function describe(node: Node): string {
  if (node.kind !== "scalar") return `a ${node.kind}`;
  if (node.value === null) return "nothing";
  return typeof node.value === "string" ? quote(node.value) : node.text;
}

/**
 * Makes the shape of free text.
 *
 * @param wanted What is expected, for the message.
 * @returns The shape.
 */
export function text(wanted = "text"): Shape<string> {
  return {
    read: (node, scope) => readScalar(node, scope, wanted)?.text,
    schema: () => ({ type: ["string", "number", "boolean"] }),
  };
}

/**
 * Makes the shape of true or false.
 *
 * @returns The shape.
 */
export function flag(): Shape<boolean> {
  return {
    read(node, scope) {
      const scalar = readScalar(node, scope, "true or false");
      if (scalar === undefined) return undefined;
      if (scalar.value === true || scalar.text === "true") return true;
      if (scalar.value === false || scalar.text === "false") return false;
      scope.report(node, `Expected true or false, got ${quote(scalar.text)}`);
      return undefined;
    },
    schema: () => orExpression({ type: "boolean" }),
  };
}

/**
 * Makes the shape of one word out of several.
 *
 * @param what What the words are, for messages: `kernel profile`.
 * @param words The words.
 * @returns The shape.
 */
export function choice<W extends string>(what: string, words: readonly W[]): Shape<W> {
  return {
    read(node, scope) {
      const scalar = readScalar(node, scope, `a ${what}`);
      if (scalar === undefined) return undefined;
      const word = words.find((one) => one === scalar.text);
      if (word === undefined) {
        const hint = suggestion(scalar.text, words);
        scope.report(node, `Unknown ${what} ${quote(scalar.text)}`, hint);
      }
      return word;
    },
    schema: () => orExpression({ enum: words }),
  };
}

/**
 * Makes the shape of a list.
 *
 * @typeParam T Type of an item.
 * @param what What the items are, for messages: `tags`.
 * @param item Shape of an item.
 * @param options `single` allows one item without a list around it.
 * @returns The shape.
 */
export function listOf<T>(
  what: string,
  item: Shape<T>,
  options: { readonly single?: boolean } = {},
): Shape<readonly T[]> {
  return {
    read(node, scope) {
      if (node.kind !== "list" && options.single) {
        const value = item.read(node, scope);
        return value === undefined ? undefined : [value];
      }
      if (node.kind !== "list") {
        const isOne = node.kind === "scalar" && node.value !== null;
        const hint = isOne ? `Put it into brackets: [${describe(node)}]` : undefined;
        scope.report(node, `Expected a list of ${what}, got ${describe(node)}`, hint);
        return undefined;
      }
      return node.items.map((one) => item.read(one, scope)).filter((value) => value !== undefined);
    },
    schema() {
      const list = { type: "array", items: item.schema() };
      return options.single ? { anyOf: [item.schema(), list] } : list;
    },
  };
}

/**
 * Reads a node that must be a map; an empty value is an empty map.
 *
 * @param node The node.
 * @param scope Its surroundings.
 * @param what What the map is, for the message: `a map of listeners`.
 * @param example One that would be right, for the hint.
 * @returns The entries, or undefined if something was reported.
 */
export function readMap(
  node: Node,
  scope: Scope,
  what: string,
  example?: string,
): readonly Entry[] | undefined {
  if (node.kind === "map") return node.entries;
  if (node.kind === "scalar" && node.value === null) return [];
  const hint = example === undefined ? undefined : `Such as ${example}`;
  scope.report(node, `Expected ${what}, got ${describe(node)}`, hint);
  return undefined;
}

/**
 * Makes the shape of a map with known keys; fields are read in the order of their declaration.
 *
 * @typeParam F The fields.
 * @param what What the map is, for messages: `a listener`.
 * @param fields The keys.
 * @returns The shape.
 */
export function record<F extends Fields>(what: string, fields: F): Shape<RecordOf<F>> {
  return {
    read(node, scope) {
      const entries = readMap(node, scope, `${what} as a map`, exampleOf(fields));
      if (entries === undefined) return undefined;
      reportUnknown(entries, Object.keys(fields), scope, what);
      return readFields(node, entries, fields, scope, what);
    },
    schema: () => recordSchema(fields),
  };
}

/** What has to be written, for the hint; undefined where nothing has. */
function exampleOf(fields: Fields): string | undefined {
  const names = Object.keys(fields).filter((name) => fields[name].required);
  if (names.length === 0) return undefined;
  return `{ ${names.map((name) => `${name}: ...`).join(", ")} }`;
}

/**
 * Describes a map with known keys for editors.
 *
 * @param fields The keys.
 * @returns A JSON Schema.
 */
export function recordSchema(fields: Fields): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [name, field] of Object.entries(fields)) {
    properties[name] = { description: field.about, ...field.shape.schema() };
  }
  const required = Object.keys(fields).filter((name) => fields[name].required);
  const schema = { type: "object", additionalProperties: false, properties };
  return required.length > 0 ? { ...schema, required } : schema;
}

/**
 * Reports the keys of a map that have no meaning.
 *
 * @param entries The entries of the map.
 * @param known The keys with a meaning.
 * @param scope Its surroundings.
 * @param what What the map is, for the message.
 */
export function reportUnknown(
  entries: MapNode["entries"],
  known: readonly string[],
  scope: Scope,
  what: string,
): void {
  for (const { key } of entries) {
    if (known.includes(key.text)) continue;
    const hint = known.length > 0 ? suggestion(key.text, known) : "No keys are allowed here";
    scope.report(key, `Unknown key ${quote(key.text)} in ${what}`, hint);
  }
}

/**
 * Makes the shape of a map with free keys.
 *
 * @typeParam T Type of a value.
 * @param what What the map is, for messages: `a map of costs`.
 * @param known The keys allowed, with what they are; without it every key is.
 * @param value Shape of a value.
 * @returns The shape.
 */
export function mapOf<T>(
  what: string,
  known: { readonly what: string; readonly words: readonly string[] } | undefined,
  value: Shape<T>,
): Shape<ReadonlyMap<string, T>> {
  return {
    read(node, scope) {
      const result = new Map<string, T>();
      for (const entry of readMap(node, scope, what) ?? []) {
        const name = entry.key.text;
        if (known && !known.words.includes(name)) {
          const hint = suggestion(name, known.words);
          scope.report(entry.key, `Unknown ${known.what} ${quote(name)}`, hint);
          continue;
        }
        const read = value.read(entry.value, scope);
        if (read !== undefined) result.set(name, read);
      }
      return result;
    },
    schema() {
      const map = { type: ["object", "null"], additionalProperties: value.schema() };
      return known ? { ...map, propertyNames: { enum: known.words } } : map;
    },
  };
}

function readFields<F extends Fields>(
  node: Node,
  entries: readonly Entry[],
  fields: F,
  scope: Scope,
  what: string,
): RecordOf<F> {
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const entry = entries.find((one) => one.key.text === name);
    if (entry === undefined) {
      if (field.required) scope.report(headOf(node), `Missing key ${quote(name)} in ${what}`);
      continue;
    }
    const value = field.shape.read(entry.value, scope);
    if (value !== undefined) result[name] = value;
  }
  return result as RecordOf<F>;
}

/** The first key of a map, so that a missing key is not marked across lines. */
function headOf(node: Node): { readonly span: Node["span"] } {
  return node.kind === "map" && node.entries.length > 0 ? node.entries[0].key : node;
}
