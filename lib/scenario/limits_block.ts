/**
 * The `limits:` of a scenario, as the checker and editors see them.
 *
 * @module
 */

import { quote } from "./diagnostics.ts";
import type { Node } from "./document.ts";
import type { JsonSchema } from "./json_schema.ts";
import { type LimitName, limitValue, RAISABLE } from "./raised_limits.ts";
import type { Scope } from "./scope.ts";
import { readMap, reportUnknown, type Shape } from "./shape.ts";

/**
 * Makes the shape of `limits:`; they are in force before it is read.
 *
 * @returns The shape.
 */
export function limits(): Shape<undefined> {
  return {
    read(node, scope) {
      const entries = readMap(node, scope, "a map of limits") ?? [];
      reportUnknown(entries, Object.keys(RAISABLE), scope, "limits");
      for (const { key, value } of entries) {
        if (Object.hasOwn(RAISABLE, key.text)) check(key.text as LimitName, value, scope);
      }
      return undefined;
    },
    schema: limitsSchema,
  };
}

function check(name: LimitName, node: Node, scope: Scope): void {
  const { most } = RAISABLE[name];
  const value = node.kind === "scalar" ? limitValue(node.text) : NaN;
  if (!(value > 0 && value <= most)) {
    const came = node.kind === "scalar" ? quote(node.text) : `a ${node.kind}`;
    scope.report(node, `Expected a number from 1 to ${most}, got ${came}`);
  } else if (scope.reporter.limits[name] !== value) {
    const hint = `Write limits: { ${name}: ${value} } on one line near the beginning of the file`;
    scope.report(node, `Limit ${quote(name)} comes too late`, hint);
  }
}

function limitsSchema(): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries(RAISABLE).map(([name, { about, usual, most }]) => [
      name,
      { type: ["integer", "string"], description: `${about} (default ${usual}, at most ${most})` },
    ]),
  );
  return { type: "object", additionalProperties: false, properties };
}
