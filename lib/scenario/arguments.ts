/**
 * Shapes of operation arguments and listener options, made from their specifications.
 *
 * @module
 */

import { PAGE_SIZE, TASK_SIZE } from "../kernel/address.ts";
import { NAME_PATTERN } from "../machine/arguments.ts";
import type { ArgumentSpec, ArgumentValue, Fill } from "../machine/spec.ts";
import { quote } from "./diagnostics.ts";
import type { Node } from "./document.ts";
import { type JsonSchema, orExpression } from "./json_schema.ts";
import { address, duration, integer, size } from "./measures.ts";
import { RANGE_PATTERN, readRange } from "./range_text.ts";
import type { Scope } from "./scope.ts";
import { choice, type Field, flag, readScalar, type Shape } from "./shape.ts";
import { suggestion } from "./suggest.ts";

const FILLS = ["same", "unique", "random"] as const;
const NAME = new RegExp(`^${NAME_PATTERN}$`);

/**
 * Makes the field of an argument.
 *
 * @param spec The specification.
 * @returns The field; its value is of the type that the kind of argument becomes.
 */
function argumentField(spec: ArgumentSpec): Field<ArgumentValue> {
  const shape = argumentShape(spec);
  const about = spec.default === undefined
    ? spec.about
    : `${spec.about} (default ${String(spec.default)})`;
  return { shape, about, required: spec.required ?? false };
}

/**
 * Makes fields out of specifications.
 *
 * @param specs The specifications by name.
 * @returns The fields by name.
 */
export function argumentFields(
  specs: Readonly<Record<string, ArgumentSpec>>,
): Record<string, Field<ArgumentValue>> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, argumentField(spec)]),
  );
}

/**
 * Makes the shape of a name that is introduced.
 *
 * @param what What is named, for messages.
 * @param bind Told of the name.
 * @returns The shape.
 */
export function newName(
  what: string,
  bind: (name: string, scope: Scope) => void = () => {},
): Shape<string> {
  return {
    read(node, scope) {
      const scalar = readScalar(node, scope, `a name for a ${what}`);
      if (scalar === undefined) return undefined;
      if (NAME.test(scalar.text)) {
        bind(scalar.text, scope);
        return scalar.text;
      }
      const hint = "A name has letters, digits and underscores, and begins with no digit";
      scope.report(node, `Expected a name for a ${what}, got ${quote(scalar.text)}`, hint);
      return undefined;
    },
    schema: () => orExpression({ type: "string", pattern: `^${NAME_PATTERN}$` }),
  };
}

/**
 * Makes the shape of a process that exists.
 *
 * @returns The shape.
 */
export function processName(): Shape<string> {
  return {
    read: (node, scope) => knownName(node, scope, "process", scope.names.processes),
    schema: () => ({ type: "string" }),
  };
}

/**
 * Makes the shape of a file that exists.
 *
 * @returns The shape.
 */
function fileName(): Shape<string> {
  return {
    read: (node, scope) => knownName(node, scope, "file", scope.names.files),
    schema: () => ({ type: "string" }),
  };
}

/**
 * Makes the shape of a policy that exists.
 *
 * @returns The shape.
 */
export function policyName(): Shape<string> {
  return {
    read: (node, scope) => knownName(node, scope, "policy", scope.names.policies),
    schema: () => ({ type: "string" }),
  };
}

/**
 * Makes the shape of a listener that exists.
 *
 * @param kinds The kinds that it may have; any unless told.
 * @returns The shape.
 */
export function listenerName(kinds?: readonly string[]): Shape<string> {
  return {
    read(node, scope) {
      const { listeners } = scope.names;
      const name = knownName(node, scope, "listener", new Set(listeners.keys()));
      const kind = name === undefined ? undefined : listeners.get(name);
      // A listener whose kind is unknown has been reported where it is declared
      if (!kind || kinds === undefined || kinds.includes(kind)) return name;
      const message = `Expected a listener of kind ${kinds.join(" or ")}, got ${quote(name ?? "")}`;
      scope.report(node, message, `It is of kind ${kind}`);
      return undefined;
    },
    schema: () => ({ type: "string" }),
  };
}

function argumentShape(spec: ArgumentSpec): Shape<ArgumentValue> {
  switch (spec.kind) {
    case "process":
      return processName();
    case "listener":
      return listenerName(spec.listenerKinds);
    case "file":
      return fileName();
    case "name":
      return introducedName(spec.introduces ?? "mapping");
    case "range":
      return { read: readRange, schema: rangeSchema };
    case "size":
      return size({ multipleOf: PAGE_SIZE, max: TASK_SIZE });
    case "address":
      return address();
    case "count":
      return integer({ min: 0 });
    case "flag":
      return flag();
    case "choice":
      return choice("word", spec.choices ?? []);
    case "fill":
      return { read: readFill, schema: fillSchema };
    case "duration":
      return duration();
  }
}

function introducedName(what: "mapping" | "process" | "image" | "file"): Shape<string> {
  return newName(what, (name, { names }) => {
    if (what === "mapping") names.mappings.add(name);
    if (what === "process") names.processes.add(name);
    if (what === "file") names.files.add(name);
  });
}

function knownName(
  node: Node,
  scope: Scope,
  what: string,
  known: ReadonlySet<string>,
): string | undefined {
  const scalar = readScalar(node, scope, `the name of a ${what}`);
  if (scalar === undefined || known.has(scalar.text)) return scalar?.text;
  scope.report(node, `Unknown ${what} ${quote(scalar.text)}`, suggestion(scalar.text, known));
  return undefined;
}

function readFill(node: Node, scope: Scope): Fill | undefined {
  const wanted = `a byte from 0 to 255, or ${FILLS.join(", ")}`;
  const scalar = readScalar(node, scope, wanted);
  if (scalar === undefined) return undefined;
  const word = FILLS.find((one) => one === scalar.text);
  if (word !== undefined) return word;
  const byte = Number(scalar.text.trim() || NaN);
  if (Number.isInteger(byte) && byte >= 0 && byte <= 255) return byte;
  scope.report(
    node,
    `Expected ${wanted}, got ${quote(scalar.text)}`,
    suggestion(scalar.text, FILLS),
  );
  return undefined;
}

function rangeSchema(): JsonSchema {
  return orExpression({ type: "string", pattern: `^${RANGE_PATTERN}$` });
}

function fillSchema(): JsonSchema {
  return orExpression({ anyOf: [{ type: "integer", minimum: 0, maximum: 255 }, { enum: FILLS }] });
}
