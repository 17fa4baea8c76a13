/**
 * Conditions of steps: `if: pages > 8`, `if: guest.faults > before`, and `until:` of loops.
 *
 * @module
 */

import type { Formula, Gate } from "../machine/program.ts";
import { quote } from "./diagnostics.ts";
import type { Entry } from "./document.ts";
import { isFormula, readFormula } from "./formula.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { Scope } from "./scope.ts";
import { describe } from "./shape.ts";

const WANTED = 'a condition such as "pages > 8"';

/**
 * Reads the `if:` of a step.
 *
 * @param entries The entries of the step.
 * @param scope Its surroundings.
 * @returns True or false where that is known, else a gate; false where something was reported.
 */
export function readIf(entries: readonly Entry[], scope: Scope): boolean | Gate {
  const entry = entries.find(({ key }) => key.text === "if");
  if (entry === undefined) return true;
  const condition = readConditionOf(entry, scope);
  if (condition === undefined || typeof condition === "boolean") return condition ?? false;
  return { formula: condition, open: true };
}

/**
 * Reads a condition.
 *
 * @param entry The entry of its key.
 * @param scope Its surroundings.
 * @returns Its value where that is known, else the formula; undefined if something was reported.
 */
export function readConditionOf({ value }: Entry, scope: Scope): boolean | Formula | undefined {
  if (value.kind !== "scalar" || value.value === null) {
    scope.report(value, `Expected ${WANTED}, got ${describe(value)}`);
    return undefined;
  }
  const read = readFormula(value, scope, { result: false });
  if (read === undefined || typeof read === "boolean" || isFormula(read)) return read;
  scope.report(value, `Expected true or false, got ${quote(String(read))}`);
  return undefined;
}

/**
 * Describes a condition for editors.
 *
 * @returns A JSON Schema.
 */
export function conditionTextSchema(): JsonSchema {
  return { type: ["string", "boolean"] };
}
