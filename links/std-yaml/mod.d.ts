/**
 * Types of the part of `@std/yaml` 1.2 that this project uses.
 *
 * @module
 */

/** Name of a YAML schema: which tags and scalars are understood. */
export type SchemaType = "failsafe" | "json" | "core" | "default" | "extended";

/** Options for {@linkcode parse}. */
export interface ParseOptions {
  /** Name of the schema to use, `"default"` unless told. */
  schema?: SchemaType;
  /** Whether a duplicate key replaces the earlier one instead of throwing. */
  allowDuplicateKeys?: boolean;
  /** Called with each warning. */
  onWarning?(error: YamlSyntaxError): void;
}

/** Options for {@linkcode stringify}. */
export interface StringifyOptions {
  /** Indentation width in spaces, 2 unless told. */
  indent?: number;
  /** Whether array elements are indented one level, `true` unless told. */
  arrayIndent?: boolean;
  /** Whether values without a YAML form are left out instead of throwing. */
  skipInvalid?: boolean;
  /** Nesting level from which flow style is used; -1 means never. */
  flowLevel?: number;
  /** Name of the schema to use, `"default"` unless told. */
  schema?: SchemaType;
  /** Whether keys are sorted, or the function that orders them. */
  sortKeys?: boolean | ((a: string, b: string, depth: number) => number);
  /** Line width to aim at, 80 unless told. */
  lineWidth?: number;
  /** Whether an object met twice becomes a reference, `true` unless told. */
  useAnchors?: boolean;
  /** Whether words with a meaning in YAML 1.1 are quoted, `true` unless told. */
  compatMode?: boolean;
  /** Whether flow sequences are written without spaces. */
  condenseFlow?: boolean;
}

/** A place in a YAML text. */
export interface YamlPosition {
  /** Line number, from 1. */
  readonly line: number;
  /** Column number, from 1. */
  readonly column: number;
  /** Offset in characters, from 0. */
  readonly offset: number;
}

/** Thrown when a text is not valid YAML. */
export class YamlSyntaxError extends SyntaxError {
  /** Line of the error, from 1. */
  readonly line: number;
  /** Column of the error, from 1. */
  readonly column: number;
  /** Offset of the error in characters, from 0. */
  readonly offset: number;
  /** The source around the error with a caret, if there is a source. */
  readonly snippet?: string;
  /** Constructs the error; position and snippet become part of its message. */
  constructor(message: string, position: YamlPosition, snippet?: string);
}

/** Parses a text of one YAML document; an empty text gives `null`. */
export function parse(content: string, options?: ParseOptions): unknown;

/** Parses a text of any number of YAML documents. */
export function parseAll(content: string, options?: ParseOptions): unknown[];

/** Writes a value as one YAML document. */
export function stringify(data: unknown, options?: StringifyOptions): string;
