/**
 * Writes schema/scenario.schema.json and schema/part.schema.json, the JSON Schemas of scenario files
 * and of files that they include, for editors.
 *
 * Run it after a change of operations, listeners or the grammar:
 * `deno run -W=schema tools/schema.ts`.
 *
 * @module
 */

import { VOCABULARY } from "../lib/scenario/builtin_vocabulary.ts";
import { partFileSchema, scenarioSchema } from "../lib/scenario/schema.ts";

/**
 * Writes the schemas as text.
 *
 * @returns JSON with a final newline, by name of the file in the folder of schemas.
 */
export function schemaTexts(): Readonly<Record<string, string>> {
  return {
    "scenario.schema.json": `${JSON.stringify(scenarioSchema(VOCABULARY), null, 2)}\n`,
    "part.schema.json": `${JSON.stringify(partFileSchema(VOCABULARY), null, 2)}\n`,
  };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(schemaTexts())) {
    await Deno.writeTextFile(new URL(`../schema/${name}`, import.meta.url), text);
  }
}
