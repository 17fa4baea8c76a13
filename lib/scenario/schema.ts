/**
 * The JSON Schema of scenario files, for editors; made from the tables that the checker uses.
 *
 * It is more lenient than the checker: an editor cannot know names and expressions.
 *
 * @module
 */

import { expectationsSchema } from "./expectations.ts";
import type { JsonSchema } from "./json_schema.ts";
import { recordSchema } from "./shape.ts";
import { stepSchema } from "./steps.ts";
import { topLevelFields } from "./top_level.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * Makes the schema.
 *
 * @param vocabulary The operations, listeners, kernels and so on.
 * @returns A schema of draft 2020-12.
 * @example
 * ```ts
 * import { VOCABULARY } from "./builtin_vocabulary.ts";
 * import { scenarioSchema } from "./schema.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(scenarioSchema(VOCABULARY).required, ["name", "steps"]);
 * ```
 */
export function scenarioSchema(vocabulary: Vocabulary): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "mmulab scenario",
    ...recordSchema(topLevelFields(vocabulary)),
    $defs: {
      expression: { type: "string", pattern: "\\$\\{" },
      steps: { type: "array", minItems: 1, items: { $ref: "#/$defs/step" } },
      step: stepSchema(vocabulary.operations),
      step_expect: expectationsSchema("step"),
    },
  };
}
