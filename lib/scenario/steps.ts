/**
 * The `steps:` of a scenario: operations and loops, expanded into a flat list.
 *
 * @module
 */

import { withDefaults } from "../machine/arguments.ts";
import type { Expectation } from "../machine/expectation.ts";
import type { Capture, Formula, Gate, Interlude, Step } from "../machine/program.ts";
import type { Arguments, ArgumentValue, OperationSpec } from "../machine/spec.ts";
import { argumentFields, newName } from "./arguments.ts";
import { quote } from "./diagnostics.ts";
import { readConditionOf, readIf } from "./branches.ts";
import { readCaptures } from "./captures.ts";
import { lateArguments, lateEntries, withCaptures } from "./late_arguments.ts";
import type { Entry, MapNode, Node } from "./document.ts";
import { type Expanded, includeSteps, useFragment } from "./fragments.ts";
import { readExpectations } from "./expectations.ts";
import { type LoopPasses, readLoop } from "./loops.ts";
import { raiseHint } from "./raised_limits.ts";
import { interleaved } from "./schedule.ts";
import { ALL_KEYS, BESIDES, type BlockKey, BLOCKS, INTERLUDE, SCHEDULE } from "./step_keys.ts";
import type { Scope } from "./scope.ts";

import { describe, flag, readMap, record, reportUnknown, text } from "./shape.ts";
import { suggestion } from "./suggest.ts";
import { usesOf } from "./uses.ts";

/**
 * Reads the steps of a scenario and expands its loops.
 *
 * @param node The value of `steps:`.
 * @param scope Its surroundings; names that steps introduce are added to it.
 * @returns The steps in the order of their execution.
 */
export function readSteps(node: Node, scope: Scope): Step[] {
  const reader = new StepReader();
  reader.list(node, scope);
  return [...reader.steps, ...reader.deferred];
}

class StepReader {
  readonly steps: Step[] = [];
  /** Steps for the end, in the order in which they are carried out. */
  readonly deferred: Step[] = [];
  #passes = 0;
  #isFull = false;

  list(node: Node, scope: Scope): void {
    if (node.kind !== "list" || node.items.length === 0) {
      const came = node.kind === "list" ? "an empty list" : describe(node);
      scope.report(node, `Expected a list of steps, got ${came}`);
      return;
    }
    for (const item of node.items) {
      if (this.#isFull || scope.reporter.isFull) return;
      this.#item(item, scope);
    }
  }

  #item(node: Node, scope: Scope): void {
    if (node.kind !== "map") {
      const hint = 'Such as "- read: { range: ram }"';
      scope.report(node, `Expected a step as a map, got ${describe(node)}`, hint);
      return;
    }
    const body = this.#bodyOf(node, scope);
    const isBlock = node.entries.some(({ key }) => Object.hasOwn(BLOCKS, key.text));
    const isDeferred = optional(node.entries, "defer", (value) => flag().read(value, scope));
    const one = (inner: Scope) => {
      const gate = readIf(node.entries, inner);
      if (gate === false) return;
      const { gates } = inner.place;
      const before = this.steps.length;
      body(gate === true ? inner : inner.behind([...gates, gate]));
      if (isBlock) this.#title(before, node.entries, inner);
      if (isDeferred) this.#defer(before);
    };
    const passes = readLoop(node.entries, scope);
    if (passes === undefined) return one(scope);
    this.#loop({ passes, until: entryOf(node.entries, "until") }, scope, one);
  }

  /** The title of a block is that of its first step, unless that has one. */
  #title(from: number, entries: readonly Entry[], scope: Scope): void {
    const name = optional(entries, "name", (value) => text().read(value, scope));
    const first = this.steps.at(from);
    if (name === undefined || first === undefined) return;
    this.steps[from] = { name, ...first };
  }

  #actors(block: Entry, schedule: Entry | undefined, scope: Scope): void {
    const before = scope.reporter.count;
    const group = ++scope.names.groups;
    const actors = (readMap(block.value, scope, "a map of actors") ?? []).map(({ key, value }) => {
      const actor = newName("actor").read(key, scope) ?? "";
      const reader = new StepReader();
      const names = scope.names.copy();
      reader.list(value, scope.naming(names));
      this.deferred.unshift(...reader.deferred);
      return { names, queue: [actor, reader.steps.map((step) => ({ ...step, actor }))] as const };
    });
    for (const { names } of actors) scope.names.add(names);
    if (scope.reporter.count > before) return;
    const steps = interleaved(new Map(actors.map(({ queue }) => queue)), schedule, group, scope);
    this.steps.push(...steps);
    if (this.steps.length > scope.reporter.limits.steps) this.#full(block.key, scope);
  }

  /** Puts the steps from an index on before those that are deferred already. */
  #defer(from: number): void {
    const steps = this.steps.splice(from).map((step) => ({ ...step, deferred: true as const }));
    this.deferred.unshift(...steps);
  }

  /** What the step does in one pass: a block of steps, or an operation. */
  #bodyOf(node: MapNode, scope: Scope): (scope: Scope) => void {
    const block = node.entries.find(({ key }) => Object.hasOwn(BLOCKS, key.text));
    if (block === undefined) return (inner) => this.#operation(node, inner);
    const kind = block.key.text as BlockKey;
    const { besides } = BLOCKS[kind];
    reportBesides(node.entries, kind, besides, scope);
    const args = entryOf(node.entries, "with");
    if (kind === "use") {
      return (inner) => this.#expanded(useFragment(block.value, args, inner), inner);
    }
    if (kind === "include") {
      return (inner) => this.#expanded(includeSteps(block.value, args, inner), inner);
    }
    if (kind === "actors") {
      const schedule = entryOf(node.entries, SCHEDULE);
      return (inner) => this.#actors(block, schedule, inner);
    }
    if (!node.entries.some(({ key }) => besides.some((one) => one === key.text))) {
      const known = BESIDES.map(quote).join(", ");
      scope.report(block.key, `Expected one of ${known} beside "do"`);
    }
    return (inner) => this.list(block.value, inner);
  }

  #expanded(expanded: Expanded | undefined, { place: { gates } }: Scope): void {
    if (expanded === undefined) return;
    const { steps } = expanded;
    const scope = expanded.scope.behind(gates);
    if (++this.#passes > scope.reporter.limits.steps) this.#full(steps, scope);
    if (!this.#isFull) this.list(steps, scope);
  }

  /** Runs the body per pass, stopping at the first pass with a mistake; once, if for nothing. */
  #loop({ passes, until }: Loop, scope: Scope, body: (scope: Scope) => void): void {
    const before = scope.reporter.count;
    const outside = scope.place.gates;
    let gates = outside;
    let condition: boolean | Formula | undefined;
    let count = 0;
    for (const variables of passes.values()) {
      if (++this.#passes > scope.reporter.limits.steps) this.#full(passes, scope);
      if (this.#isFull || scope.reporter.count > before) return;
      const inner = scope.with(variables);
      if (condition !== undefined && typeof condition !== "boolean") {
        gates = [...outside, nextPass(condition, gates.at(outside.length))];
      }
      body(inner.behind(gates));
      count++;
      condition = until && readConditionOf(until, inner);
      if (condition === true) return;
    }
    if (until !== undefined) {
      return this.#end({ until, condition, count, gates, hint: passes.hint }, scope);
    }
    if (passes.count > 0) return;
    const length = this.steps.length;
    body(scope.with(passes.sample));
    this.steps.length = length;
  }

  /** What a loop waits for must have come when all passes are made. */
  #end({ until, condition, count, gates, hint }: EndOfLoop, scope: Scope): void {
    if (scope.reporter.isFull || condition === undefined) return;
    if (typeof condition === "boolean") {
      scope.report(until.value, `Condition is not true after ${count} passes, and never will be`);
      return;
    }
    const last = this.steps.pop();
    if (last === undefined) return;
    const position = scope.position(until.value);
    const end = { until: condition, passes: count, gates, hint, position };
    this.steps.push({ ...last, ends: [...last.ends ?? [], end] });
  }

  #operation(node: MapNode, scope: Scope): void {
    const { operations } = scope.vocabulary;
    const entry = operationEntry(node, operations, scope);
    const operation = operations.find(({ name }) => name === entry?.key.text);
    if (entry === undefined || operation === undefined) return;
    const late = lateEntries(operation, entry.value, scope);
    const args = readArguments(operation, entry, late, scope);
    const name = optional(node.entries, "name", (value) => text().read(value, scope));
    const beside = scope.beside(operation);
    const captures = optional(node.entries, "capture", (value) => readCaptures(value, beside));
    const expect = optional(
      node.entries,
      "expect",
      (value) => readExpectations(value, beside, "step").expect,
    );
    const during = optional(node.entries, "during", (value) => readDuring(value, scope));
    if (this.steps.length >= scope.reporter.limits.steps) return this.#full(entry.key, scope);
    const parts = { operation, args, late, entry, name, captures, expect, during, scope };
    this.steps.push(makeStep(parts));
  }

  #full(at: { readonly span: Node["span"] }, scope: Scope): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const { steps: most } = scope.reporter.limits;
    const message = `Too many steps after expansion of loops: the limit is ${most}`;
    scope.report(at, message, raiseHint("steps"));
  }
}

/** A loop to go through. */
interface Loop {
  readonly passes: LoopPasses;
  /** What it waits for. */
  readonly until: Entry | undefined;
}

/** A loop that has made all its passes. */
interface EndOfLoop {
  readonly until: Entry;
  readonly condition: boolean | Formula | undefined;
  readonly count: number;
  readonly gates: readonly Gate[];
  readonly hint: string;
}

/** A further pass is made while the condition does not hold. */
function nextPass(formula: Formula, after: Gate | undefined): Gate {
  return { formula, open: false, ...(after === undefined ? {} : { after }) };
}

interface StepParts {
  readonly operation: OperationSpec;
  readonly args: Arguments;
  readonly late: readonly Entry[];
  readonly entry: Entry;
  readonly name: string | undefined;
  readonly captures: readonly Capture[] | undefined;
  readonly expect: readonly Expectation[] | undefined;
  readonly during: readonly Interlude[] | undefined;
  readonly scope: Scope;
}

/** Reads what others do during a step: one interlude or a list of them. */
function readDuring(node: Node, scope: Scope): Interlude[] {
  const items = node.kind === "list" ? node.items : [node];
  return items.flatMap((item) => {
    const entries = readMap(item, scope, "an interlude as a map") ?? [];
    reportUnknown(entries, [...Object.keys(INTERLUDE), "do"], scope, "an interlude");
    const body = entries.find(({ key }) => key.text === "do");
    if (body === undefined) scope.report(item, 'Missing key "do" in an interlude');
    const rest = entries.filter(({ key }) => key.text !== "do");
    const head = item.kind === "map" ? { ...item, entries: rest } : item;
    const { at, nth, or_after: orAfter } = record("an interlude", INTERLUDE).read(head, scope) ??
      {};
    const steps = body === undefined ? [] : readSteps(body.value, scope);
    return at === undefined ? [] : [{ at, nth: nth ?? 1, steps, ...(orAfter ? { orAfter } : {}) }];
  });
}

function makeStep(
  { operation, args, late, entry, name, captures, expect, during, scope }: StepParts,
): Step {
  const { trail, gates } = scope.place;
  const uses = usesOf([entry.value], scope);
  return {
    operation,
    args,
    label: labelText(entry, late, scope),
    expect: expect ?? [],
    ...(during === undefined ? {} : { during }),
    ...(captures === undefined ? {} : { captures }),
    ...(gates.length === 0 ? {} : { gates }),
    ...(late.length === 0 ? {} : { late: lateArguments(operation, entry, late, scope) }),
    position: scope.position(entry.key),
    ...(trail.length === 0 ? {} : { via: trail.map(({ position }) => position) }),
    ...(name === undefined ? {} : { name }),
    ...(uses.length === 0 ? {} : { uses }),
  };
}

/** Reads the arguments that are known before the run. */
function readArguments(
  operation: OperationSpec,
  { value }: Entry,
  late: readonly Entry[],
  scope: Scope,
): Arguments {
  const what = `operation ${quote(operation.name)}`;
  const names = late.map(({ key }) => key.text);
  const fields = argumentFields(operation.args);
  for (const name of names) delete fields[name];
  const known = value.kind === "map"
    ? { ...value, entries: value.entries.filter((one) => !late.includes(one)) }
    : value;
  const given = record(what, fields).read(known, scope) ?? {};
  const args = withDefaults(operation, given as Record<string, ArgumentValue>);
  return Object.fromEntries(Object.entries(args).filter(([name]) => !names.includes(name)));
}

/** Finds the one key that names an operation; reports every other that has no meaning. */
function operationEntry(
  node: MapNode,
  operations: readonly OperationSpec[],
  scope: Scope,
): Entry | undefined {
  const names = operations.map(({ name }) => name);
  const unknown = node.entries.filter(({ key }) => !names.includes(key.text));
  const strange = unknown.filter(({ key }) => !ALL_KEYS.includes(key.text));
  for (const { key } of strange) {
    const hint = suggestion(key.text, [...names, ...ALL_KEYS]);
    scope.report(key, `Unknown operation or key ${quote(key.text)} in a step`, hint);
  }
  const [first, second] = node.entries.filter(({ key }) => names.includes(key.text));
  if (second !== undefined) {
    const message = `Expected one operation per step, got ${quote(first.key.text)} and ${
      quote(second.key.text)
    }`;
    scope.report(second.key, message, 'Begin another step with "- "');
  }
  if (first === undefined && strange.length === 0) {
    scope.report(node.entries.at(0)?.key ?? node, "Expected an operation in the step");
  }
  return first;
}

/** Reports keys that cannot stand beside a block. */
function reportBesides(
  entries: readonly Entry[],
  block: string,
  besides: readonly string[],
  scope: Scope,
): void {
  for (const { key } of entries) {
    if (key.text === block || besides.includes(key.text)) continue;
    const hint = block === "do"
      ? 'Put it into a step of the list after "do"'
      : `Beside it may stand ${besides.join(", ")}`;
    scope.report(key, `Unexpected key ${quote(key.text)} beside "${block}"`, hint);
  }
}

function optional<T>(
  entries: readonly Entry[],
  name: string,
  read: (value: Node) => T | undefined,
): T | undefined {
  const entry = entryOf(entries, name);
  return entry && read(entry.value);
}

function entryOf(entries: readonly Entry[], name: string): Entry | undefined {
  return entries.find(({ key }) => key.text === name);
}

/** Writes a step as the file does, on one line and with expressions replaced. */
function labelText({ key, value }: Entry, late: readonly Entry[], scope: Scope): string {
  const words = [key.text];
  for (const entry of value.kind === "map" ? value.entries : []) {
    const text = entry.value.kind !== "scalar"
      ? ""
      : late.includes(entry)
      ? withCaptures(entry.value.text, scope)
      : scope.resolveText(entry.value);
    words.push(`${entry.key.text}=${text ?? ""}`);
  }
  return words.join(" ");
}
