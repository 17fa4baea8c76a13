/**
 * Writes schema/scenario.schema.json, the JSON Schema of scenario files for editors.
 *
 * Run it after a change of operations, listeners or the grammar:
 * `deno run -W=schema tools/schema.ts`.
 *
 * @module
 */

import { VOCABULARY } from "../lib/scenario/builtin_vocabulary.ts";
import { scenarioSchema } from "../lib/scenario/schema.ts";

const target = new URL("../schema/scenario.schema.json", import.meta.url);

/**
 * Writes the schema as text.
 *
 * @returns JSON with a final newline.
 */
export function schemaText(): string {
  return `${JSON.stringify(scenarioSchema(VOCABULARY), null, 2)}\n`;
}

if (import.meta.main) await Deno.writeTextFile(target, schemaText());
