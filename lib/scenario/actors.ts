/**
 * Who takes part in a scenario: `processes:`, `listeners:` and `policies:`.
 *
 * @module
 */

import type { ProgramListener, ProgramPolicy, ProgramProcess } from "../machine/program.ts";
import type { Arguments, ArgumentValue } from "../machine/spec.ts";
import { EVENT_NAMES, type EventName } from "../notifier/range.ts";
import { argumentFields, newName, policyName, processName } from "./arguments.ts";
import { quote } from "./diagnostics.ts";
import type { Entry, Node, ScalarNode } from "./document.ts";
import { EXPECT_KEYS } from "./expect_keys.ts";
import type { JsonObject, JsonSchema } from "./json_schema.ts";
import type { Scope } from "./scope.ts";
import {
  choice,
  type Field,
  flag,
  mapOf,
  readMap,
  record,
  recordSchema,
  reportUnknown,
  type Shape,
} from "./shape.ts";
import type { ListenerKind, Vocabulary } from "./vocabulary.ts";

const PROCESS = record("a process", {});

/**
 * Makes the shape of `processes:`; reading it puts the names in force.
 *
 * @returns The shape.
 */
export function processes(): Shape<readonly ProgramProcess[]> {
  return {
    read: (node, scope) =>
      readNamed(node, scope, "process", ({ value }, name) => {
        scope.names.processes.add(name);
        return PROCESS.read(value, scope) && { name };
      }),
    schema: () => ({
      type: "object",
      additionalProperties: { type: ["object", "null"], additionalProperties: false },
    }),
  };
}

/**
 * Makes the shape of `listeners:`; reading it puts the names in force.
 *
 * @param vocabulary The kinds of listener.
 * @returns The shape.
 */
export function listeners(vocabulary: Vocabulary): Shape<readonly ProgramListener[]> {
  const kinds = vocabulary.listenerKinds;
  return {
    read: (node, scope) =>
      readNamed(node, scope, "listener", ({ key, value }, name) => {
        const kind = kindOf(value, key, kinds, scope);
        scope.names.listeners.set(name, kind?.kind ?? "");
        return kind && readListener(name, kind, value, scope);
      }),
    schema: () => ({
      type: "object",
      additionalProperties: { anyOf: kinds.map(listenerSchema) },
    }),
  };
}

/**
 * Makes the shape of `policies:`; reading it puts the names in force.
 *
 * @param vocabulary The built-in policies and the actions.
 * @returns The shape.
 */
export function policies(vocabulary: Vocabulary): Shape<Readonly<Record<string, ProgramPolicy>>> {
  const policy = record("a policy", policyFields(vocabulary));
  return {
    read(node, scope) {
      const named = readNamed(node, scope, "policy", ({ value }, name) => {
        const { base, useChangePte, events } = policy.read(value, scope) ?? {};
        const own = useChangePte === undefined ? {} : { useChangePte };
        const actions = Object.fromEntries(events ?? []) as Partial<Record<EventName, string>>;
        scope.names.policies.add(name);
        return [name, { base: base ?? "legacy", ...own, events: actions }] as const;
      });
      return named && Object.fromEntries(named);
    },
    schema: () => ({ type: "object", additionalProperties: policy.schema() }),
  };
}

function policyFields({ policies, policyActions }: Vocabulary) {
  const action = choice("action", policyActions);
  return {
    base: {
      about: "The policy it starts from (default legacy)",
      shape: choice("policy", policies),
    },
    useChangePte: { about: "Leave windows that promise change_pte alone", shape: flag() },
    events: {
      about: "What to do about an event, where the base does something else",
      shape: mapOf("a map of events", { what: "event", words: EVENT_NAMES }, action),
    },
  };
}

function kindOf(
  node: Node,
  key: ScalarNode,
  kinds: readonly ListenerKind[],
  scope: Scope,
): ListenerKind | undefined {
  const entries = readMap(node, scope, "a listener as a map", "{ kind: kvm, process: qemu }") ?? [];
  const entry = entries.find((one) => one.key.text === "kind");
  if (entry === undefined) {
    if (node.kind === "map") scope.report(key, 'Missing key "kind" in a listener');
    return undefined;
  }
  const word = choice("kind of listener", kinds.map(({ kind }) => kind)).read(entry.value, scope);
  return kinds.find(({ kind }) => kind === word);
}

const COMMON = {
  kind: {
    about: "Kind of driver",
    required: true,
    shape: { read: () => undefined, schema: () => ({ type: "string" }) },
  },
  process: { about: "The process it listens on", required: true, shape: processName() },
  policy: { about: "Policy that it keeps whatever the run asks for", shape: policyName() },
} satisfies Record<string, Field<unknown>>;

function readListener(
  name: string,
  { kind, options }: ListenerKind,
  node: Node,
  scope: Scope,
): ProgramListener {
  const what = `listener of kind ${quote(kind)}`;
  const entries = readMap(node, scope, what) ?? [];
  reportUnknown(entries, [...Object.keys(COMMON), ...Object.keys(options)], scope, what);
  const common = record(what, COMMON).read(only(node, Object.keys(COMMON)), scope) ?? {};
  const own = record(what, argumentFields(options)).read(only(node, Object.keys(options)), scope);
  const { process = "", policy } = common;
  const listener = { name, kind, process, options: withOptionDefaults(options, own ?? {}) };
  return policy === undefined ? listener : { ...listener, policy };
}

function withOptionDefaults(
  specs: ListenerKind["options"],
  given: Readonly<Record<string, ArgumentValue | undefined>>,
): Arguments {
  const options: Record<string, ArgumentValue> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = given[name] ?? spec.default;
    if (value !== undefined) options[name] = value;
  }
  return options;
}

/** The part of a map that has certain keys. */
function only(node: Node, keys: readonly string[]): Node {
  if (node.kind !== "map") return node;
  return { ...node, entries: node.entries.filter(({ key }) => keys.includes(key.text)) };
}

function listenerSchema({ kind, about, options }: ListenerKind): JsonSchema {
  const schema = recordSchema({ ...COMMON, ...argumentFields(options) });
  const properties = { ...schema.properties as JsonObject, kind: { const: kind } };
  return { ...schema, description: about, properties };
}

/** Maps by what they name, for hints. */
const EXAMPLES: Readonly<Record<string, string>> = {
  process: "{ qemu: {} }",
  listener: "{ guest: { kind: kvm, process: qemu } }",
};

/** Reads a map of names; a name that is taken or has a meaning already is reported. */
function readNamed<T>(
  node: Node,
  scope: Scope,
  what: string,
  read: (entry: Entry, name: string) => T | undefined,
): readonly T[] | undefined {
  const entries = readMap(node, scope, `a map with a name for each ${what}`, EXAMPLES[what]);
  return entries?.map((entry) => {
    const name = newName(what).read(entry.key, scope);
    if (name === undefined) return undefined;
    const taken = meaningOf(name, scope);
    if (taken) scope.report(entry.key, `Name ${quote(name)} is taken: it is ${taken}`);
    return read(entry, name);
  }).filter((value) => value !== undefined);
}

function meaningOf(name: string, { names, vocabulary }: Scope): string | undefined {
  if (names.processes.has(name)) return "a process";
  if (names.listeners.has(name)) return "a listener";
  if (names.policies.has(name)) return "a policy";
  if (Object.hasOwn(vocabulary.figures?.groups ?? {}, name)) return "a group of figures";
  return Object.hasOwn(EXPECT_KEYS, name) ? "a word of expectations" : undefined;
}
