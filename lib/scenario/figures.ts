/**
 * Names of figures, `guest.faults`, and of values that a step gives back, `values.moved`.
 *
 * @module
 */

import { quote } from "./diagnostics.ts";
import type { Scope } from "./scope.ts";
import { suggestion } from "./suggest.ts";
import type { FigureNames } from "./vocabulary.ts";

/** What is wrong with a name. */
export interface NameProblem {
  /** The problem. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

const PATH = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/;

/**
 * Checks the path of a figure against the vocabulary and the names in force.
 *
 * @param path The path.
 * @param scope The surroundings.
 * @returns What is wrong, or undefined if the figure may exist.
 */
export function figureProblem(path: string, scope: Scope): NameProblem | undefined {
  if (!PATH.test(path)) {
    return { message: `Expected a figure such as "guest.faults", got ${quote(path)}` };
  }
  const { figures } = scope.vocabulary;
  if (figures === undefined) return undefined;
  const at = path.indexOf(".");
  const group = path.slice(0, at);
  const members = membersOf(group, figures, scope);
  if (members === undefined) return unknown("group of figures", group, groupNames(scope));
  const member = path.slice(at + 1);
  if (members.includes(member)) return undefined;
  return unknown(`figure of ${quote(group)}:`, member, members);
}

/**
 * Checks the name of a value that a step gives back.
 *
 * @param name The name, without `values.`.
 * @param scope What stands beside the operation of the step.
 * @returns What is wrong, or undefined if there is such a value.
 */
export function valueProblem(
  name: string,
  { place: { operation } }: Scope,
): NameProblem | undefined {
  const known = Object.keys(operation?.values ?? {});
  if (operation === undefined || known.includes(name)) return undefined;
  if (known.length > 0) return unknown(`value of ${quote(operation.name)}:`, name, known);
  return { message: `${quote(operation.name)} gives back no values, only "ret"` };
}

/**
 * Lists the groups of figures: of the machine, of listeners and of processes.
 *
 * @param scope The surroundings.
 * @returns The names.
 */
export function groupNames(scope: Scope): string[] {
  const { names, vocabulary } = scope;
  const groups = Object.keys(vocabulary.figures?.groups ?? {});
  return [...groups, ...names.listeners.keys(), ...names.processes];
}

function membersOf(group: string, figures: FigureNames, scope: Scope) {
  if (scope.names.listeners.has(group)) return figures.listener;
  if (scope.names.processes.has(group)) return figures.process;
  return Object.hasOwn(figures.groups, group) ? figures.groups[group] : undefined;
}

function unknown(what: string, name: string, known: readonly string[]): NameProblem {
  const hint = suggestion(name, known);
  const message = `Unknown ${what} ${quote(name)}`;
  return hint === undefined ? { message } : { message, hint };
}
