/**
 * What the checker knows at a place of the file: variables, names in force, where to report.
 *
 * @module
 */

import { DEFAULT_MACHINE, type Gate, type SourcePosition } from "../machine/program.ts";
import type { OperationSpec } from "../machine/spec.ts";
import type { Reporter, Span } from "./diagnostics.ts";
import type { Entry, Node, ScalarNode } from "./document.ts";
import { ExpressionError, type Value } from "../machine/expression.ts";
import { Includes } from "./includes.ts";
import { interpolate } from "./interpolate.ts";
import type { SourceText } from "./source.ts";
import type { Dimension } from "./units.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Names that the scenario has introduced so far. */
export class Names {
  /** Processes. */
  readonly processes: Set<string> = new Set();
  /** Listeners, with their kinds. */
  readonly listeners: Map<string, string> = new Map();
  /** Policies: the built-in ones and those of the scenario. */
  readonly policies: Set<string>;
  /** Mappings. */
  readonly mappings: Set<string> = new Set();
  /** Files. */
  readonly files: Set<string> = new Set();
  /** Captures. */
  readonly captures: Set<string> = new Set();
  /** What variables measure that were given with a unit. */
  readonly units: Map<string, Dimension> = new Map();
  /** Seed of the machine, or the one asked for in its place. */
  seed: number = DEFAULT_MACHINE.seed;
  /** Whether a seed is asked for in place of the scenario's. */
  isSeedGiven = false;
  /** Groups of actors so far. */
  groups = 0;

  /**
   * Starts with the names that exist in every scenario.
   *
   * @param policies The built-in policies.
   */
  constructor(policies: Iterable<string>) {
    this.policies = new Set(policies);
  }

  /**
   * Makes names that are the same and can be added to by themselves.
   *
   * @returns The names.
   */
  copy(): Names {
    const copy = new Names(this.policies);
    copy.add(this);
    copy.seed = this.seed;
    copy.groups = this.groups;
    return copy;
  }

  /**
   * Takes over the names of others.
   *
   * @param others The names.
   */
  add(others: Names): void {
    for (const name of others.processes) this.processes.add(name);
    for (const [name, kind] of others.listeners) this.listeners.set(name, kind);
    for (const name of others.mappings) this.mappings.add(name);
    for (const name of others.files) this.files.add(name);
    for (const name of others.captures) this.captures.add(name);
    for (const [name, unit] of others.units) this.units.set(name, unit);
  }
}

/** Steps to be used again. */
export interface Fragment {
  /** Its name, or that of its file. */
  readonly name: string;
  /** Its parameters with their defaults. */
  readonly params: readonly Entry[];
  /** The list of steps. */
  readonly steps: Node;
  /** The surroundings in which it is written. */
  readonly scope: Scope;
}

/** A fragment or an included file that is being expanded. */
export interface Use {
  /** Tells fragments and files apart. */
  readonly id: string;
  /** Name for messages. */
  readonly name: string;
  /** Where it is used. */
  readonly position: SourcePosition;
}

/** Which file a node stands in, and how the reading came there. */
export interface Place {
  /** The fragments of the file. */
  readonly fragments: Map<string, Fragment>;
  /** The files included so far; shared by all. */
  readonly includes: Includes;
  /** What is being expanded, the outermost first. */
  readonly trail: readonly Use[];
  /** Conditions that are asked while running, the outermost first. */
  readonly gates: readonly Gate[];
  /** The operation of the step that is being read. */
  readonly operation?: OperationSpec;
}

/**
 * Makes the place of a file that no other one includes.
 *
 * @param includes The files that it includes.
 * @returns The place.
 */
export function newPlace(includes: Includes = new Includes()): Place {
  return { fragments: new Map(), includes, trail: [], gates: [] };
}

/** The surroundings of a node. */
export class Scope {
  /** Where to report. */
  readonly reporter: Reporter;
  /** The words from below. */
  readonly vocabulary: Vocabulary;
  /** Values of the variables. */
  readonly variables: ReadonlyMap<string, Value>;
  /** Names introduced so far; shared by all scopes of a file. */
  readonly names: Names;
  /** The file. */
  readonly place: Place;

  /**
   * Makes a scope.
   *
   * @param reporter Where to report.
   * @param vocabulary The words from below.
   * @param variables Values of the variables.
   * @param names Names introduced so far.
   * @param place The file.
   */
  constructor(
    reporter: Reporter,
    vocabulary: Vocabulary,
    variables: ReadonlyMap<string, Value> = new Map(),
    names: Names = new Names(vocabulary.policies),
    place: Place = newPlace(),
  ) {
    this.reporter = reporter;
    this.vocabulary = vocabulary;
    this.variables = variables;
    this.names = names;
    this.place = place;
  }

  /**
   * Adds variables for a part of the file.
   *
   * @param variables The variables; they hide those of the same name.
   * @returns A scope within this one.
   */
  with(variables: Iterable<readonly [string, Value]>): Scope {
    const all = new Map([...this.variables, ...variables]);
    return new Scope(this.reporter, this.vocabulary, all, this.names, this.place);
  }

  /**
   * Leaves variables and fragments behind, for another file.
   *
   * @returns A scope with the same names.
   */
  alone(): Scope {
    const place = { ...this.place, fragments: new Map<string, Fragment>() };
    return new Scope(this.reporter, this.vocabulary, new Map(), this.names, place);
  }

  /**
   * Keeps the names that are introduced within to themselves.
   *
   * @param names The names in force.
   * @returns A scope with the same variables.
   */
  naming(names: Names): Scope {
    return new Scope(this.reporter, this.vocabulary, this.variables, names, this.place);
  }

  /**
   * Reports elsewhere.
   *
   * @param reporter Where.
   * @returns A scope with the same variables and names.
   */
  reportingTo(reporter: Reporter): Scope {
    return new Scope(reporter, this.vocabulary, this.variables, this.names, this.place);
  }

  /**
   * Goes behind conditions that are asked while running.
   *
   * @param gates The conditions, in place of those so far.
   * @returns A scope with the same variables and names.
   */
  behind(gates: readonly Gate[]): Scope {
    const place = { ...this.place, gates };
    return new Scope(this.reporter, this.vocabulary, this.variables, this.names, place);
  }

  /**
   * Goes to what stands beside an operation.
   *
   * @param operation The operation.
   * @returns A scope with the same variables and names.
   */
  beside(operation: OperationSpec): Scope {
    const place = { ...this.place, operation };
    return new Scope(this.reporter, this.vocabulary, this.variables, this.names, place);
  }

  /**
   * Says how the reading came here.
   *
   * @param trail What is being expanded.
   * @returns A scope with the same variables and names.
   */
  at(trail: readonly Use[]): Scope {
    const place = { ...this.place, trail };
    return new Scope(this.reporter, this.vocabulary, this.variables, this.names, place);
  }

  /**
   * Reports something wrong with a node.
   *
   * @param node The node, or anything with a span.
   * @param message What was expected and what came.
   * @param hint What to do about it.
   */
  report(node: { readonly span: Span }, message: string, hint?: string): void {
    this.reporter.report(node.span, message, hint);
  }

  /**
   * Reports something wrong with a part of a scalar's text.
   *
   * @param node The scalar.
   * @param at Offset in its text.
   * @param length Characters.
   * @param message What was expected and what came.
   * @param hint What to do about it.
   */
  reportPart(node: ScalarNode, at: number, length: number, message: string, hint?: string): void {
    this.reporter.report(partOf(node, at, length, this.reporter.main), message, hint);
  }

  /**
   * Finds line and column of a node.
   *
   * @param node The node.
   * @returns The position.
   */
  position(node: { readonly span: Span }): SourcePosition {
    return this.reporter.position(node.span);
  }

  /**
   * Replaces the expressions in a scalar; what is wrong with them is reported.
   *
   * @param node The scalar.
   * @returns The value, null for nothing, or undefined if it has none.
   */
  resolve(node: ScalarNode): Value | null | undefined {
    if (typeof node.value !== "string") return node.value;
    try {
      return interpolate(node.value, this.variables, this.reporter.limits);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.reportPart(node, error.at, error.length, error.message, error.hint);
      return undefined;
    }
  }

  /**
   * Replaces the expressions in a scalar that is wanted as text, such as a key.
   *
   * @param node The scalar.
   * @returns The text, or undefined if it has none.
   */
  resolveText(node: ScalarNode): string | undefined {
    const value = this.resolve(node);
    if (value === undefined) return undefined;
    return typeof node.value === "string" ? String(value) : node.text;
  }
}

/** Exact where the scalar is written as it reads; otherwise the whole scalar. */
function partOf(node: ScalarNode, at: number, length: number, main: SourceText): Span {
  const { offset, length: written, source = main } = node.span;
  const inside = source.text.slice(offset, offset + written).indexOf(node.text);
  if (inside < 0 || node.text === "") return node.span;
  return { offset: offset + inside + at, length, source };
}
