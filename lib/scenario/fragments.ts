/**
 * Steps to be used again, with parameters: `fragments:` of a file, `use:` and `include:` in steps.
 *
 * A fragment sees its parameters and the variables of the file in which it is written, nothing of
 * the place where it is used. Names of mappings and processes are those of the whole scenario.
 *
 * @module
 */

import { newName } from "./arguments.ts";
import { quote } from "./diagnostics.ts";
import type { Entry, Node, ScalarNode } from "./document.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { Value } from "../machine/expression.ts";
import { raiseHint } from "./raised_limits.ts";
import type { Fragment, Scope } from "./scope.ts";
import { listOf, readMap, readScalar, reportUnknown, type Shape, text } from "./shape.ts";
import { suggestion } from "./suggest.ts";
import { measured } from "./variables.ts";

/** Steps to read, and the surroundings in which to read them. */
export interface Expanded {
  /** The list of steps. */
  readonly steps: Node;
  /** Their surroundings: the parameters have values. */
  readonly scope: Scope;
}

/** The keys of a fragment, with their meaning. */
const FRAGMENT_KEYS = {
  about: "What it does",
  params: "Its parameters with their defaults; one without a default must be given",
  steps: "What to do",
} as const;

/** The keys of a file that is included. */
export const PART_KEYS = {
  ...FRAGMENT_KEYS,
  include: "Files whose fragments it uses",
  fragments: "Fragments for it and for those that include it",
} as const;

/**
 * Makes the shape of `fragments:`; reading it puts the fragments in force.
 *
 * @returns The shape.
 */
export function fragments(): Shape<undefined> {
  return {
    read(node, scope) {
      for (const { key, value } of readMap(node, scope, "a map of fragments") ?? []) {
        const name = newName("fragment").read(key, scope);
        const entries = readMap(value, scope, "a fragment as a map") ?? [];
        reportUnknown(entries, Object.keys(FRAGMENT_KEYS), scope, "a fragment");
        const steps = valueOf(entries, "steps");
        if (steps === undefined) scope.report(key, 'Missing key "steps" in a fragment');
        if (name === undefined || steps === undefined) continue;
        bind({ name, params: paramsOf(entries, scope), steps, scope }, key, scope);
      }
      return undefined;
    },
    schema: () => ({ type: "object", additionalProperties: partSchema(FRAGMENT_KEYS) }),
  };
}

/**
 * Makes the shape of a file's `include:`: the fragments of other files come in force.
 *
 * @returns The shape.
 */
export function includedFiles(): Shape<undefined> {
  const paths = listOf("files", text("a path"), { single: true });
  return {
    read(node, scope) {
      for (const item of node.kind === "list" ? node.items : [node]) {
        const part = readPart(item, scope);
        for (const fragment of part?.scope.place.fragments.values() ?? []) {
          bind(fragment, item, scope);
        }
      }
      return undefined;
    },
    schema: () => paths.schema(),
  };
}

/**
 * Finds what `use:` names.
 *
 * @param name The name as written.
 * @param args The entry of `with:`.
 * @param scope The surroundings of the step.
 * @returns The steps of the fragment, or undefined if something was reported.
 */
export function useFragment(
  name: Node,
  args: Entry | undefined,
  scope: Scope,
): Expanded | undefined {
  const { fragments, trail } = scope.place;
  const scalar = readScalar(name, scope, "the name of a fragment");
  if (scalar === undefined) return undefined;
  const fragment = fragments.get(scalar.text);
  if (fragment === undefined) {
    const hint = suggestion(scalar.text, fragments.keys()) ??
      (fragments.size === 0 ? 'There is no key "fragments" in this file' : undefined);
    scope.report(name, `Unknown fragment ${quote(scalar.text)}`, hint);
    return undefined;
  }
  const { file } = fragment.scope.position({ span: fragment.steps.span });
  const inner = enter(`${file}#${fragment.name}`, fragment.name, name, fragment.scope, trail);
  return inner && expand(fragment, { at: name, args, outer: scope, inner });
}

/**
 * Finds what a step's `include:` names.
 *
 * @param path The path as written.
 * @param args The entry of `with:`.
 * @param scope The surroundings of the step.
 * @returns The steps of the file, or undefined if something was reported.
 */
export function includeSteps(
  path: Node,
  args: Entry | undefined,
  scope: Scope,
): Expanded | undefined {
  const part = readPart(path, scope);
  if (part === undefined) return undefined;
  const { steps } = part;
  if (steps === undefined) {
    scope.report(path, `File ${quote(part.name)} has no steps to include`);
    return undefined;
  }
  return expand({ ...part, steps }, { at: path, args, outer: scope, inner: part.scope });
}

/**
 * Describes a fragment or an included file for editors.
 *
 * @param keys The keys with their meaning.
 * @returns A JSON Schema.
 */
export function partSchema(keys: Readonly<Record<string, string>>): JsonSchema {
  const scalar = { type: ["string", "number", "boolean", "null"] };
  const shapes: Readonly<Record<string, JsonSchema>> = {
    about: { type: "string" },
    params: { type: ["object", "null"], additionalProperties: scalar },
    steps: { $ref: "#/$defs/steps" },
    include: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
    fragments: { type: "object", additionalProperties: { type: "object" } },
  };
  const properties = Object.fromEntries(
    Object.entries(keys).map(([name, description]) => [name, { description, ...shapes[name] }]),
  );
  return { type: "object", additionalProperties: false, properties };
}

/** A file that is included; it has steps only where it is more than a collection of fragments. */
type Part = Omit<Fragment, "steps"> & { readonly steps: Node | undefined };

function readPart(path: Node, scope: Scope): Part | undefined {
  const { place, reporter } = scope;
  const scalar = readScalar(path, scope, "the path of a file");
  if (scalar === undefined) return undefined;
  const loaded = place.includes.load(scalar.text, path.span, reporter);
  if (loaded === undefined) return undefined;
  const inner = enter(loaded.file, loaded.file, path, scope.alone(), place.trail);
  if (inner === undefined) return undefined;
  const entries = readMap(loaded.node, inner, "a file to include as a map") ?? [];
  reportUnknown(entries, Object.keys(PART_KEYS), inner, "a file to include");
  const others = valueOf(entries, "include");
  if (others !== undefined) includedFiles().read(others, inner);
  const own = valueOf(entries, "fragments");
  if (own !== undefined) fragments().read(own, inner);
  const params = paramsOf(entries, inner);
  return { name: loaded.file, params, steps: valueOf(entries, "steps"), scope: inner };
}

/** The surroundings within a fragment or file; a circle is reported. */
function enter(
  id: string,
  name: string,
  at: Node,
  scope: Scope,
  trail: Scope["place"]["trail"],
): Scope | undefined {
  const before = trail.findIndex((use) => use.id === id);
  if (before >= 0) {
    const circle = [...trail.slice(before).map((use) => use.name), name].join(" -> ");
    scope.report(at, `Parts of the scenario use each other in a circle: ${circle}`);
    return undefined;
  }
  const { include_depth: most } = scope.reporter.limits;
  if (trail.length >= most) {
    const message = `Parts of the scenario use each other too deeply: the limit is ${most} levels`;
    scope.report(at, message, raiseHint("include_depth"));
    return undefined;
  }
  return scope.at([...trail, { id, name, position: scope.position(at) }]);
}

interface Use {
  readonly at: Node;
  readonly args: Entry | undefined;
  readonly outer: Scope;
  readonly inner: Scope;
}

/** Gives the parameters their values. */
function expand(fragment: Fragment, { at, args, outer, inner }: Use): Expanded | undefined {
  const { name, params, steps } = fragment;
  const given = args === undefined ? [] : readMap(args.value, outer, "a map of parameters") ?? [];
  const known = params.map(({ key }) => key.text);
  for (const { key } of given) {
    if (known.includes(key.text)) continue;
    const hint = known.length === 0 ? "It has no parameters" : suggestion(key.text, known);
    outer.report(key, `Unknown parameter ${quote(key.text)} of ${quote(name)}`, hint);
  }
  const values: (readonly [string, Value])[] = [];
  for (const { key, value } of params) {
    const own = given.find((entry) => entry.key.text === key.text);
    if (own === undefined && isNothing(value)) {
      const hint = `Write with: { ${key.text}: ... }`;
      outer.report(at, `Missing parameter ${quote(key.text)} of ${quote(name)}`, hint);
      return undefined;
    }
    const read = own === undefined
      ? readScalar(value, inner, "a number, text, true or false")
      : readScalar(own.value, outer, "a number, text, true or false");
    if (read === undefined) return undefined;
    values.push([key.text, measured(key.text, read.value, inner)]);
  }
  return { steps, scope: inner.with(values) };
}

function paramsOf(entries: readonly Entry[], scope: Scope): readonly Entry[] {
  const node = valueOf(entries, "params");
  const params = node === undefined ? [] : readMap(node, scope, "a map of parameters") ?? [];
  return params.filter(({ key }) => newName("parameter").read(key, scope) !== undefined);
}

function bind(fragment: Fragment, at: Node | ScalarNode, scope: Scope): void {
  const { fragments } = scope.place;
  const { name } = fragment;
  const known = fragments.get(name);
  if (known !== undefined && known.steps !== fragment.steps) {
    scope.report(at, `There are two fragments named ${quote(name)}`);
  }
  fragments.set(name, fragment);
}

function valueOf(entries: readonly Entry[], key: string): Node | undefined {
  return entries.find((entry) => entry.key.text === key)?.value;
}

function isNothing(node: Node): boolean {
  return node.kind === "scalar" && node.value === null;
}
