/**
 * Types of the part of `@std/yaml` 1.2 that this project uses.
 *
 * @module
 */

/** Options for {@linkcode parse}. */
export interface ParseOptions {
  /** Name of the schema to use, `"default"` unless told. */
  schema?: "core" | "default";
}

/** Parses a text of one YAML document; an empty text gives `null`. A `SyntaxError` if it is none. */
export function parse(content: string, options?: ParseOptions): unknown;
