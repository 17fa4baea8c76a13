/**
 * The `matrix:` of a scenario: one run of it per cell.
 *
 * Lists are crossed with each other; lists under `zip:` advance together; `exclude:` leaves cells
 * out; `include:` adds values to the cells that it does not contradict, or a cell of its own.
 *
 * @module
 */

import { newName } from "./arguments.ts";
import { quote } from "./diagnostics.ts";
import type { Entry, Node } from "./document.ts";
import type { Value } from "../machine/expression.ts";
import type { JsonSchema } from "./json_schema.ts";
import { raiseHint } from "./raised_limits.ts";
import type { Scope } from "./scope.ts";
import { describe, readMap, readScalar } from "./shape.ts";
import { suggestion } from "./suggest.ts";
import { type Variables, withUnit } from "./variables.ts";

/** The values of one cell, in the order of the file. */
export type Cell = ReadonlyMap<string, Value>;

/** Lists of values that advance together. */
type Axis = readonly Cell[];

/**
 * Reads a matrix.
 *
 * @param node The value of `matrix:`.
 * @param scope Its surroundings.
 * @param overrides Values from outside; a list whose name has one has no other value.
 * @returns The cells in order, at least one.
 */
export function readMatrix(node: Node, scope: Scope, overrides: Variables): Cell[] {
  const entries = readMap(node, scope, "a map of lists") ?? [];
  const axes: Axis[] = [];
  for (const entry of entries) {
    if (entry.key.text === "zip") axes.push(...readZips(entry.value, scope));
    else if (!isRule(entry)) axes.push(readAxis(entry, scope));
  }
  reportTwice(axes, entries, scope);
  const pinned = axes.map((axis) => pin(axis, overrides));
  const count = pinned.reduce((product, axis) => product * axis.length, 1);
  const { cells: most } = scope.reporter.limits;
  if (count > most) {
    scope.report(node, `Matrix has ${count} cells: the limit is ${most}`, raiseHint("cells"));
    return [new Map()];
  }
  const crossed = axes.length === 0 ? [] : pinned.reduce(cross, [new Map()] as Cell[]);
  const names = axes.flatMap((axis) => [...axis.at(0)?.keys() ?? []]);
  const left = withoutExcluded(crossed, readRules("exclude", entries, scope, names));
  const cells = withIncluded(left, names, readRules("include", entries, scope), overrides);
  if (cells.length > most) {
    const message = `Matrix has ${cells.length} cells: the limit is ${most}`;
    scope.report(node, message, raiseHint("cells"));
  } else if (cells.length === 0) {
    scope.report(node, "Matrix has no cell");
  }
  return cells.slice(0, most);
}

/**
 * Describes a matrix for editors.
 *
 * @returns A JSON Schema.
 */
export function matrixSchema(): JsonSchema {
  const scalar = { type: ["string", "number", "boolean"] };
  const lists = { type: "object", additionalProperties: { type: "array", items: scalar } };
  const cells = { type: "array", items: { type: "object", additionalProperties: scalar } };
  return {
    type: "object",
    properties: {
      zip: {
        description: "Lists of the same length whose values go together",
        anyOf: [lists, { type: "array", items: lists }],
      },
      include: { description: "Values to add to cells, or cells to add", ...cells },
      exclude: { description: "Values of cells to leave out", ...cells },
    },
    additionalProperties: { type: "array", items: scalar, description: "Values to cross" },
  };
}

function isRule({ key }: Entry): boolean {
  return key.text === "include" || key.text === "exclude";
}

/** One list; each of its values is a cell of one name. */
function readAxis({ key, value }: Entry, scope: Scope): Axis {
  const name = newName("variable").read(key, scope);
  if (value.kind !== "list" || value.items.length === 0) {
    const came = value.kind === "list" ? "an empty list" : describe(value);
    scope.report(value, `Expected a list of values, got ${came}`);
    return [new Map()];
  }
  return value.items.map((item) => {
    const read = readValue(item, scope);
    return new Map(name === undefined || read === undefined ? [] : [[name, read]]);
  });
}

function readZips(node: Node, scope: Scope): Axis[] {
  const groups = node.kind === "list" ? node.items : [node];
  return groups.map((group) => {
    const entries = readMap(group, scope, "a map of lists of the same length") ?? [];
    const axes = entries.map((entry) => ({ entry, axis: readAxis(entry, scope) }));
    const [first, ...others] = axes;
    if (first === undefined) return [new Map()];
    for (const { entry, axis } of others) {
      if (axis.length === first.axis.length) continue;
      const wanted = `${first.axis.length} values as ${quote(first.entry.key.text)} has`;
      scope.report(entry.key, `Expected ${wanted}, got ${axis.length}`);
      return [new Map()];
    }
    return first.axis.map((_, at) => new Map(axes.flatMap(({ axis }) => [...axis[at]])));
  });
}

function reportTwice(axes: readonly Axis[], entries: readonly Entry[], scope: Scope): void {
  const seen = new Set<string>();
  for (const name of axes.flatMap((axis) => [...axis[0].keys()])) {
    const zip = entries.find(({ key }) => key.text === "zip");
    if (seen.has(name) && zip) {
      scope.report(zip.key, `Variable ${quote(name)} has two lists in the matrix`);
    }
    seen.add(name);
  }
}

/** A value from outside stands for the whole list. */
function pin(axis: Axis, overrides: Variables): Axis {
  const given = [...axis[0].keys()].filter((name) => Object.hasOwn(overrides, name));
  if (given.length === 0) return axis;
  const fixed = given.map((name) => [name, overrides[name]] as const);
  const fitting = axis.filter((cell) => fixed.every(([name, value]) => cell.get(name) === value));
  const base = fitting.length > 0 ? fitting : axis.slice(0, 1);
  return base.slice(0, 1).map((cell) => new Map([...cell, ...fixed]));
}

function cross(cells: Cell[], axis: Axis): Cell[] {
  return cells.flatMap((cell) => axis.map((values) => new Map([...cell, ...values])));
}

/** Reads `include:` or `exclude:`; the names are those allowed, any unless given. */
function readRules(
  what: "include" | "exclude",
  entries: readonly Entry[],
  scope: Scope,
  names?: readonly string[],
): Cell[] {
  const node = entries.find(({ key }) => key.text === what)?.value;
  if (node === undefined) return [];
  if (node.kind !== "list") {
    scope.report(node, `Expected a list of cells, got ${describe(node)}`);
    return [];
  }
  return node.items.map((item) => {
    const cell = new Map<string, Value>();
    for (const { key, value } of readMap(item, scope, "values by name") ?? []) {
      if (names !== undefined && !names.includes(key.text)) {
        const hint = suggestion(key.text, names);
        scope.report(key, `Unknown variable ${quote(key.text)} of the matrix`, hint);
      }
      const read = readValue(value, scope);
      if (newName("variable").read(key, scope) && read !== undefined) cell.set(key.text, read);
    }
    return cell;
  });
}

function withoutExcluded(cells: readonly Cell[], rules: readonly Cell[]): Cell[] {
  return cells.filter((cell) =>
    !rules.some((rule) => [...rule].every(([name, value]) => cell.get(name) === value))
  );
}

/** Values of the lists are never replaced; what is added may be, by a later rule. */
function withIncluded(
  cells: readonly Cell[],
  names: readonly string[],
  rules: readonly Cell[],
  overrides: Variables,
): Cell[] {
  let all = [...cells];
  const own: Cell[] = [];
  for (const rule of rules) {
    const fits = (cell: Cell) =>
      names.every((name) => !rule.has(name) || rule.get(name) === cell.get(name));
    if (cells.length > 0 && all.some(fits)) {
      all = all.map((cell) => fits(cell) ? new Map([...cell, ...rule]) : cell);
    } else if ([...rule].every(([name, value]) => (overrides[name] ?? value) === value)) {
      own.push(rule);
    }
  }
  return [...all, ...own];
}

function readValue(node: Node, scope: Scope): Value | undefined {
  const scalar = readScalar(node, scope, "a number, text, true or false");
  return scalar && withUnit(scalar.value);
}
