/**
 * Conditions and expressions over the figures of a session: `guest.faults > 16`, `tick == 3`.
 *
 * They are the expressions of scenarios, with figures for names.
 *
 * @module
 */

import { FIGURES, readFigure } from "../machine/figures.ts";
import {
  evaluate,
  type Expression,
  ExpressionError,
  type NameValues,
  type Value,
} from "../machine/expression.ts";
import { expressionHint } from "../scenario/suggest.ts";
import { parseExpression } from "../scenario/expression_parser.ts";
import type { Session } from "./session.ts";
import { CommandError } from "./words.ts";

/** The captures and figures of a session by name; a value is computed when it is asked for. */
function valuesOf({ tick, machine, journal }: Session): NameValues {
  const last = journal.ticks[tick - 1];
  return {
    get(name) {
      if (name === "tick") return tick;
      if (name === "ret") return last?.result.result.ret;
      if (name.startsWith("values.")) return last?.result.result.values?.[name.slice(7)];
      return machine.captures.get(name) ?? readFigure(machine, name);
    },
  };
}

/**
 * Lists the names that an expression may use.
 *
 * @param session The session.
 * @returns The names: the session's own, then figures.
 */
export function figureNames({ machine }: Session): string[] {
  const owners: [Iterable<string>, readonly string[]][] = [
    ...Object.entries(FIGURES.groups).map(([group, members]) =>
      [[group], members] as [Iterable<string>, readonly string[]]
    ),
    [machine.processes.keys(), FIGURES.process],
    [machine.listeners.keys(), FIGURES.listener],
  ];
  const names = ["tick", "ret", ...machine.captures.keys()];
  for (const [group, members] of owners) {
    for (const owner of group) names.push(...members.map((member) => `${owner}.${member}`));
  }
  return names;
}

/**
 * Parses an expression.
 *
 * @param text The text.
 * @returns The tree.
 * @throws {CommandError} If it is none.
 */
export function expressionOf(text: string): Expression {
  return guarded(text, () => parseExpression(text));
}

/**
 * Computes an expression over the figures of a session.
 *
 * @param session The session.
 * @param text The expression.
 * @returns Its value.
 * @throws {CommandError} If it has none.
 */
export function valueOf(session: Session, text: string): Value {
  const expression = expressionOf(text);
  return guarded(text, () => evaluate(expression, valuesOf(session)), session);
}

/**
 * Tells whether a condition holds.
 *
 * @param session The session.
 * @param text The condition.
 * @returns True if it does.
 * @throws {CommandError} If it is neither true nor false.
 */
export function holds(session: Session, text: string): boolean {
  const value = valueOf(session, text);
  if (typeof value === "boolean") return value;
  throw new CommandError(`Cannot use "${text}" as a condition: its value is ${String(value)}`);
}

function guarded<T>(text: string, compute: () => T, session?: Session): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const advice = expressionHint(error, session === undefined ? [] : figureNames(session));
    const hint = advice === undefined ? "" : `. ${advice}`;
    const message = error.message.replace("variable", "figure");
    throw new CommandError(`Cannot compute "${text}": ${message}${hint}`);
  }
}
