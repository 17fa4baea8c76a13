/**
 * The `when:` of an expectation block: kernels and policies for which the block holds.
 *
 * @module
 */

import type { Condition } from "../machine/expectation.ts";
import { policyName } from "./arguments.ts";
import type { Entry } from "./document.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { Scope } from "./scope.ts";
import { choice, listOf, record, type Shape, text } from "./shape.ts";

const SINGLE = { single: true } as const;

const CONDITION = record("a condition", {
  kernel: { about: "Kernel profiles", shape: profileNames() },
  policy: { about: "Policies", shape: listOf("policies", policyName(), SINGLE) },
});

/**
 * Reads the condition of a block.
 *
 * @param entries The entries of the block.
 * @param scope Its surroundings.
 * @returns The condition; empty where there is no `when:`.
 */
export function readCondition(entries: readonly Entry[], scope: Scope): Condition {
  const entry = entries.find(({ key }) => key.text === "when");
  if (entry === undefined) return {};
  const { kernel, policy } = CONDITION.read(entry.value, scope) ?? {};
  return { ...(kernel ? { kernels: kernel } : {}), ...(policy ? { policies: policy } : {}) };
}

/**
 * Describes a condition for editors.
 *
 * @returns A JSON Schema.
 */
export function conditionSchema(): JsonSchema {
  return CONDITION.schema();
}

function profileNames(): Shape<readonly string[]> {
  return {
    read(node, scope) {
      const profile = choice("kernel profile", Object.keys(scope.vocabulary.profiles));
      return listOf("kernels", profile, SINGLE).read(node, scope);
    },
    schema: () => listOf("kernels", text(), SINGLE).schema(),
  };
}
