/**
 * The JSON Schema of scenario files, for editors; made from the tables that the checker uses.
 *
 * It is more lenient than the checker: an editor cannot know names and expressions.
 *
 * @module
 */

import { expectationsSchema } from "./expectations.ts";
import { PART_KEYS, partSchema } from "./fragments.ts";
import type { JsonSchema } from "./json_schema.ts";
import { recordSchema } from "./shape.ts";
import { stepSchema } from "./step_keys.ts";
import { topLevelFields } from "./top_level.ts";
import type { Vocabulary } from "./vocabulary.ts";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/**
 * Makes the schema of scenario files.
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
  const schema = recordSchema(topLevelFields(vocabulary));
  return { $schema: DRAFT, title: "mmulab scenario", ...schema, $defs: definitions(vocabulary) };
}

/**
 * Makes the schema of files that scenarios include.
 *
 * @param vocabulary The operations, listeners, kernels and so on.
 * @returns A schema of draft 2020-12.
 */
export function partFileSchema(vocabulary: Vocabulary): JsonSchema {
  const schema = partSchema(PART_KEYS);
  return { $schema: DRAFT, title: "mmulab part", ...schema, $defs: definitions(vocabulary) };
}

function definitions(vocabulary: Vocabulary): JsonSchema {
  return {
    expression: { type: "string", pattern: "\\$\\{" },
    steps: { type: "array", minItems: 1, items: { $ref: "#/$defs/step" } },
    step: stepSchema(vocabulary.operations),
    step_expect: expectationsSchema("step"),
  };
}
